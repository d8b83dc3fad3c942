"""What a worker does with one task: exchange, check, then parse and store; the answer is a value.

No decision about what comes next: rate, retries and recording belong to the scheduler. How a page
is parsed and stored is in `page_writer`.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.politeness import FormLogin
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.calls import CallWatched
from catalog_pipeline.crawling.working.failed_answers import without_secrets
from catalog_pipeline.crawling.working.page_writer import PageWriter
from catalog_pipeline.crawling.working.reading_board import ReadingBoard
from catalog_pipeline.crawling.working.request_slots import (
    SLOW_EXCHANGE_SECONDS,
    HeldWaves,
    RequestSlots,
)
from catalog_pipeline.errors import (
    FetchError,
    LoginError,
    PageError,
    ParseError,
    ParseLimitError,
    PoisonousPageError,
    StorageError,
    WorkerError,
)
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.fetching.login import (
    log_in,
    refused_authorization,
    session_has_expired,
)
from catalog_pipeline.fetching.lost_page import require_page
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.fetching.session_file import session_file
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.reading.watch import watched
from catalog_pipeline.records import FailedAnswer, Redirect, Response, Validators
from catalog_pipeline.storing.stores import evidence_of

_THREADS_WITHOUT_A_BOARD = 64


class PageWorker:
    """Does tasks of one catalogue; `do` may be called from several threads at once.

    `before_request` is called before each request, and prevents it by an exception.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        places: CataloguePlaces,
        environ: Mapping[str, str] = os.environ,
        *,
        slots: RequestSlots | None = None,
        board: ReadingBoard | None = None,
        before_request: Callable[[], None] = lambda: None,
        asks: bool = True,
    ) -> None:
        self._catalogue = catalogue
        self._slots = slots or RequestSlots(catalogue.politeness.concurrency, HeldWaves.make())
        self._before_request = before_request
        self._credentials = (
            Credentials.from_environment(catalogue.login, environ)
            if catalogue.login and asks
            else None
        )
        self._cookie_file = session_file(catalogue, places, self._credentials)
        self._cookies = self._cookie_file.load() if self._cookie_file else None
        self._secrets = Secrets.of_site(catalogue, environ, self._cookies)
        self._evidence = evidence_of(places)
        self._board = board or ReadingBoard.make(_THREADS_WITHOUT_A_BOARD)
        self._writer = PageWriter(catalogue, places, self._secrets, self._board)
        unasked = catalogue.model_copy(update={"headers": {}, "cookies": {}})
        self._exchange = Exchange(
            catalogue if asks else unasked,
            cookies=self._cookies,
            authorization=self._credentials.authorization if self._credentials else None,
            environ=environ,
        )

    def do(
        self, task: messages.Task, tell: Callable[[messages.News], None] = lambda news: None
    ) -> messages.Answer:
        """Do one task; what goes wrong comes back as an answer, in which no secret can be seen.
        `tell` is told when a page's request leaves, if the rate is limited, and when a page that
        took its time has arrived, before it is parsed."""
        answer = self._done(task, tell)
        error = getattr(answer, "error", None)
        if error is not None:
            self._secrets.hide_in_error(error)
        if isinstance(answer, messages.PageRefused):
            self._keep_evidence(answer)
        elif isinstance(answer, messages.PageStored):
            self._evidence.forget(answer.page, is_there=getattr(task, "attempt", 1) > 1)
        return answer

    def _keep_evidence(self, refused: messages.PageRefused) -> None:
        """Put what the site answered on the disk, and not on the way to the scheduler."""
        answer, refused.error.answer = refused.error.answer, None
        if answer is not None:
            self._evidence.keep(refused.page, without_secrets(answer, self._secrets))

    def _done(self, task: messages.Task, tell: Callable[[messages.News], None]) -> messages.Answer:
        try:
            if isinstance(task, messages.FetchPage):
                return self._fetch_page(task, tell)
            if isinstance(task, messages.ReparsePage | messages.ReadStored):
                return self._read_again(task)
            if isinstance(task, messages.FetchRobots):
                return self._fetch_robots(task)
            if isinstance(task, CallWatched):
                return task.answer(lambda: self._reading(None), self._before_request)
            return self._log_in(task)
        except (LoginError, StorageError) as error:
            return messages.CrawlBroke(error)
        except Exception:
            which = f"page {task.page}" if messages.is_page(task) else "a task"
            trace = traceback.format_exc()
            return messages.CrawlBroke(WorkerError(f"A worker broke at {which}:\n{trace}"))

    def _fetch_page(
        self, task: messages.FetchPage, tell: Callable[[messages.News], None]
    ) -> messages.Answer:
        previous = self._writer.usable(task.previous, task.asked_at)
        validators = previous.record.validators if previous else Validators()
        with self._slots as slots:
            self._before_request()
            if not slots.may_send(task.wave) or time.monotonic() > task.not_after:
                return messages.PageHeld(task.page)
            if task.is_paced:
                tell(messages.PageSent(task.page, time.monotonic()))
            try:
                answer = self._exchange.get(
                    task.url, validators=validators, page=task.page, visit=task.cookies
                )
            except FetchError as error:
                if error.pushback.slow_down:
                    slots.hold(task.wave + 1)
                return self._refused(task, error)
        if self._has_expired(task.page, answer):
            return messages.SessionExpired(task.page, task.session)
        if isinstance(answer, Redirect):
            shown = self._secrets.hide(answer.location)
            return messages.PageRedirected(task.page, answer.location, shown, answer.cookies)
        if answer.fetch_seconds >= SLOW_EXCHANGE_SECONDS and not task.is_ahead:
            tell(messages.PageArrived(task.page))
        try:
            require_page(self._catalogue, task.page, answer, task.asked_at)
            stored = self._writer.store(
                task.page, task.attempt, answer, previous, asked_at=task.asked_at
            )
        except (FetchError, ParseError, ParseLimitError, PoisonousPageError) as error:
            if not isinstance(error, FetchError):
                error.http_status = answer.status
            error.answer = FailedAnswer(answer.url, answer.status, answer.headers, answer.body)
            return messages.PageRefused(task.page, error)
        return messages.PageStored(task.page, stored)

    def _has_expired(self, page: PageKey, answer: Response | Redirect) -> bool:
        """Whether the page is none of a live session; its content is read for that too."""
        if not isinstance(self._catalogue.login, FormLogin):
            return False
        with self._reading(page):
            return session_has_expired(self._catalogue, answer)

    @contextmanager
    def _reading(self, page: PageKey | None) -> Iterator[None]:
        """What is noted as reading what has to do with the login (None: its own pages)."""
        with self._board.reading(page) as place_begins, watched(place_begins):
            yield

    def _refused(self, task: messages.FetchPage, error: FetchError) -> messages.Answer:
        if session_has_expired(self._catalogue, error):
            return messages.SessionExpired(task.page, task.session)
        refusal = refused_authorization(self._catalogue, error)
        if refusal is not None:
            raise refusal from error
        return messages.PageRefused(task.page, error)

    def _read_again(self, task: messages.ReparsePage | messages.ReadStored) -> messages.Answer:
        try:
            if isinstance(task, messages.ReadStored):
                return messages.PageRead(task.page, self._writer.read_again(task.stored))
            return messages.PageStored(task.page, self._writer.parse_again(task.previous))
        except PageError as error:
            return messages.PageRefused(task.page, error)

    def _fetch_robots(self, task: messages.FetchRobots) -> messages.Answer:
        self._before_request()
        if time.monotonic() > task.not_after:
            return messages.RobotsAnswered(task.url, None, was_late=True)
        try:
            answer = self._exchange.get(task.url, is_page=False)
        except FetchError as error:
            return messages.RobotsAnswered(task.url, error.http_status, error=error)
        if isinstance(answer, Redirect):
            return messages.RobotsAnswered(task.url, answer.status, location=answer.location)
        return messages.RobotsAnswered(task.url, answer.status, answer.body)

    def _log_in(self, task: messages.LogIn) -> messages.Answer:
        if self._credentials is None:
            raise ValueError("a catalogue without a login was asked to log in")
        spacing = _Spacing(task.interval_seconds)

        def before_request() -> None:
            spacing.wait()
            self._before_request()

        try:
            log_in(
                self._exchange,
                self._catalogue,
                self._credentials,
                before_request=before_request,
                reading=lambda: self._reading(None),
            )
            if self._cookie_file and self._cookies is not None:
                self._cookie_file.save(self._cookies)
        except FetchError as error:
            return messages.LoginPutOff(error)
        return messages.LoggedIn(task.session)


class _Spacing:
    """Waits before each request of a login but the first."""

    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._is_first = True

    def wait(self) -> None:
        if not self._is_first:
            time.sleep(self._interval_seconds)
        self._is_first = False
