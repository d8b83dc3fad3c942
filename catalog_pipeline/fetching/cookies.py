"""A catalogue's session as a checkpoint: its cookies in a file that only its owner can read.

The file is written whole or not at all, and a damaged one costs a login, never a crawl.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any

from requests.cookies import RequestsCookieJar

from catalog_pipeline.errors import StorageError
from catalog_pipeline.showing import as_line
from catalog_pipeline.system.durable_files import read_plain, replace_content

logger = logging.getLogger(__name__)

_FORMAT = 1
_MAX_BYTES = 64 << 20
"""More than the cookies that are kept can come to."""
_TEXTS = ("name", "domain", "path")
_FLAGS = (
    "port_specified",
    "domain_specified",
    "domain_initial_dot",
    "path_specified",
    "secure",
    "discard",
    "rfc2109",
)


def new_session() -> RequestsCookieJar:
    """The cookies of a session that nobody keeps; none as yet."""
    return RequestsCookieJar()


class CookieFile:
    """The cookies of one catalogue at `path` (mode 0600). Its text never shows a value.

    With an `account`, which names a user of a site, those of another one are not used.
    """

    def __init__(self, path: Path, account: str | None = None) -> None:
        self.path = path
        self._account = account

    def __repr__(self) -> str:
        return f"CookieFile({str(self.path)!r})"

    def load(self) -> RequestsCookieJar:
        """Return the stored cookies that are still valid; none if there is no usable file, or if
        they are of another account.

        Session cookies are kept too: that is what lets a crawl go on after a restart.
        """
        jar = RequestsCookieJar()
        try:
            text = read_plain(self.path, max_bytes=_MAX_BYTES).decode()
        except FileNotFoundError:
            return jar
        except (OSError, UnicodeDecodeError) as error:
            self._warn(type(error).__name__)
            return jar
        try:
            stored = json.loads(text)
            if stored["format"] != _FORMAT:
                raise ValueError("unknown format")
            cookies = [_cookie(item) for item in stored["cookies"]]
            is_of_account = self._account is None or _is_of(stored.get("of"), self._account)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._warn(type(error).__name__)
            return jar
        if not is_of_account:
            logger.info("The cookies in %s are of another login", as_line(str(self.path)))
            return jar
        for cookie in cookies:
            if not cookie.is_expired():
                jar.set_cookie(cookie)
        return jar

    def save(self, jar: RequestsCookieJar) -> None:
        """Replace the file with the cookies of `jar`, durably.

        Raises:
            StorageError: it cannot be written.
        """
        items = [_described(cookie) for cookie in jar]
        of = None if self._account is None else _sealed(self._account, secrets.token_hex(8))
        text = json.dumps({"format": _FORMAT, "of": of, "cookies": items}, indent=1)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_content(self.path, text.encode(), mode=0o600)
        except OSError as error:
            raise StorageError(
                f"The cookies cannot be stored in {self.path}: {error.strerror}"
            ) from error

    def _warn(self, problem: str) -> None:
        logger.warning(
            "The cookie file %s is damaged (%s) and is not used; the crawl logs in anew",
            as_line(str(self.path)),
            as_line(problem),
        )


def _sealed(account: str, salt: str) -> str:
    """By what an account is recognised, and not read."""
    return f"{salt}:{hashlib.sha256(f'{salt}{account}'.encode()).hexdigest()}"


def _is_of(sealed: object, account: str) -> bool:
    return isinstance(sealed, str) and sealed == _sealed(account, sealed.partition(":")[0])


def _described(cookie: Cookie) -> dict[str, Any]:
    described = {name: getattr(cookie, name) for name in (*_TEXTS, *_FLAGS)}
    return {
        **described,
        "value": cookie.value,
        "port": cookie.port,
        "expires": cookie.expires,
        "version": cookie.version,
        "http_only": cookie.has_nonstandard_attr("HttpOnly"),
    }


def _cookie(item: dict[str, Any]) -> Cookie:
    """Build a cookie from its description.

    Raises:
        ValueError, KeyError, TypeError: it is no description of a cookie.
    """
    texts = {name: _typed(item[name], str) for name in _TEXTS}
    flags = {name: _typed(item[name], bool) for name in _FLAGS}
    return Cookie(
        **texts,
        **flags,
        version=_typed(item["version"], int),
        value=item["value"] if item["value"] is None else _typed(item["value"], str),
        port=item["port"] if item["port"] is None else _typed(item["port"], str),
        expires=item["expires"] if item["expires"] is None else _typed(item["expires"], int),
        comment=None,
        comment_url=None,
        rest={"HttpOnly": ""} if item["http_only"] else {},
    )


def _typed(value: Any, wanted: type) -> Any:
    if type(value) is not wanted:
        raise TypeError(f"expected {wanted.__name__}")
    return value
