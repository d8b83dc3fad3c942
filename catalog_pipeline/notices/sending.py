"""Hands a text to the Apprise library, which knows how mail, chats and webhooks are spoken to.

Each address has a thread and a time limit, so that one that hangs holds up nobody; a thread that
is still at it then is left behind. Nothing of an address is told or logged, neither here nor by the
libraries: of a failure people hear the status of the answer, if there was one.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Thread
from typing import TypeAlias

Answer: TypeAlias = "tuple[str, str | None]"
"""An address by its name, and why it did not take a text; None if it did."""
SECONDS = 30.0
"""How long an address may take for one notice."""
NUMBER_HEADER = "Idempotency-Key"
_TALKATIVE = ("apprise", "urllib3.connectionpool", "requests_oauthlib.oauth1_auth")
"""Loggers that tell addresses, some of them only when everything is logged."""
_STATUS = re.compile(r"error=([1-5][0-9]{2})\b")


@dataclass
class _Attempt:
    """One address that is being spoken to."""

    name: str
    address: str
    title: str
    text: str
    number: str
    statuses: list[str] = field(default_factory=list)

    def run(self, answers: Queue[Answer]) -> None:
        _attempts.of_thread = self
        answers.put((self.name, self._reason()))

    def _reason(self) -> str | None:
        """Why the address did not take the text; None if it did."""
        try:
            is_taken = _say(self)
        except UnknownAddressError:
            return "the Apprise library knows no such address"
        except Exception as error:
            # Whatever breaks within a library may name the address; its kind does not.
            return f"sending broke: {type(error).__name__}"
        told = f" (HTTP {self.statuses[-1]})" if self.statuses else ""
        return None if is_taken else f"it was not reached, or did not take it{told}"


class _Attempts(threading.local):
    of_thread: _Attempt | None = None


_attempts = _Attempts()


class _Hushed(logging.Filter):
    """Keeps what is logged by threads that send; of it only a status is noted."""

    def filter(self, record: logging.LogRecord) -> bool:
        attempt = _attempts.of_thread
        if attempt is None:
            return True
        if found := _STATUS.search(record.getMessage()):
            attempt.statuses.append(found[1])
        return False


_hushed = _Hushed()


def send(
    addresses: Mapping[str, str],
    title: str,
    text: str,
    number: str,
    *,
    seconds: float | None = None,
) -> Iterator[Answer]:
    """Send a text to addresses at once, and tell of each, as it comes, how it took it.

    Where the medium has headers, `number` goes along as the key by which a receiver can tell what
    it was sent twice.
    """
    _hush()
    seconds = SECONDS if seconds is None else seconds
    answers: Queue[Answer] = Queue()
    for name, address in addresses.items():
        attempt = _Attempt(name, address, title, text, number)
        Thread(target=attempt.run, args=(answers,), daemon=True).start()
    end = time.monotonic() + seconds
    waiting = set(addresses)
    while waiting:
        try:
            name, reason = answers.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            break
        waiting.discard(name)
        yield name, reason
    yield from ((name, f"it did not answer within {seconds:g} s") for name in sorted(waiting))


class UnknownAddressError(Exception):
    """Apprise knows no such address."""


def _say(attempt: _Attempt) -> bool:
    # It takes half a second to import, and most commands send nothing.
    import apprise

    asset = apprise.AppriseAsset(
        # Nothing is loaded from a disk but Apprise's own, and nothing is kept on it.
        plugin_paths=[],
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        allow_templates=False,
        pgp_autogen=False,
        pem_autogen=False,
        # A redirected POST becomes a GET, and the notice would be lost without a word.
        http_redirects=False,
        async_mode=False,
        secure_logging=True,
        app_id="catalog_pipeline",
        app_desc="Notices of catalogues",
        app_url="",
    )
    service = apprise.Apprise.instantiate(attempt.address, asset=asset)
    if service is None:
        raise UnknownAddressError
    headers = getattr(service, "headers", None)
    if isinstance(headers, dict):
        headers[NUMBER_HEADER] = attempt.number
    # Plain text: what a site's text brings along is no HTML and no Markdown to anybody.
    return bool(
        service.notify(
            body=attempt.text,
            title=attempt.title,
            body_format=apprise.NotifyFormat.TEXT,
            overflow=apprise.OverflowMode.TRUNCATE,
        )
    )


def _hush() -> None:
    """The filter stays: a thread that was left behind may still log."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if _hushed not in logger.filters:
            logger.addFilter(_hushed)
