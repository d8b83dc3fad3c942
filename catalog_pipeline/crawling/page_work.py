"""What a worker does with one task: exchange, check, parse, store; the answer is a value.

No decision about what comes next: pace, retries and recording belong to the scheduler.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.politeness import FormLogin
from catalog_pipeline.crawling import tasks
from catalog_pipeline.crawling.request_slots import SLOW_EXCHANGE_SECONDS, RequestSlots
from catalog_pipeline.errors import (
    FetchError,
    LoginError,
    ParseError,
    StorageError,
    StoredPageError,
)
from catalog_pipeline.fetching.cookies import CookieFile
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.fetching.exchange import Exchange
from catalog_pipeline.fetching.login import (
    log_in,
    refused_authorization,
    session_has_expired,
)
from catalog_pipeline.parsing.listing import ListingParser
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.records import PageRecord, Redirect, Response, StoredPage, Validators
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.page_file import PageFile
from catalog_pipeline.storing.page_store import PageStore


class PageWorker:
    """Does tasks of one catalogue; `do` may be called from several threads at once."""

    def __init__(
        self,
        catalogue: Catalogue,
        places: CataloguePlaces,
        environ: Mapping[str, str] = os.environ,
        *,
        requests: int | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._slots = RequestSlots(requests or catalogue.politeness.concurrency)
        self._store = PageStore(places.pages)
        self._parser = ListingParser(catalogue)
        self._code_version = catalogue.code_version
        self._credentials = (
            Credentials.from_environment(catalogue.login, environ) if catalogue.login else None
        )
        self._cookie_file = (
            CookieFile(places.cookies) if isinstance(catalogue.login, FormLogin) else None
        )
        self._cookies = self._cookie_file.load() if self._cookie_file else None
        self._exchange = Exchange(
            catalogue,
            cookies=self._cookies,
            authorization=self._credentials.authorization if self._credentials else None,
        )

    def hold(self, first_wave: int) -> None:
        """Ask for no page any more of the waves before that one."""
        self._slots.hold(first_wave)

    def do(
        self, task: tasks.Task, tell: Callable[[tasks.News], None] = lambda news: None
    ) -> tasks.Answer:
        """Do one task; whatever goes wrong comes back as an answer.

        `tell` is told when a page's request leaves, if its pace matters, and when a page that took
        its time has arrived, before it is parsed.
        """
        try:
            if isinstance(task, tasks.FetchPage):
                return self._fetch_page(task, tell)
            if isinstance(task, tasks.ReparsePage):
                return self._reparse_page(task)
            if isinstance(task, tasks.FetchRobots):
                return self._fetch_robots(task)
            return self._log_in(task)
        except StorageError as error:
            return tasks.StorageRefused(getattr(task, "page", 0), str(error))
        except Exception:
            return tasks.WorkerBroke(getattr(task, "page", None), traceback.format_exc())

    def _fetch_page(
        self, task: tasks.FetchPage, tell: Callable[[tasks.News], None]
    ) -> tasks.Answer:
        previous = self._previous_file(task.previous)
        validators = previous.record.validators if previous else Validators()
        with self._slots as slots:
            if not slots.may_send(task.wave):
                return tasks.PageHeld(task.page)
            if task.is_paced:
                tell(tasks.PageSent(task.page, time.monotonic()))
            try:
                answer = self._exchange.get(task.url, validators=validators, page=task.page)
            except FetchError as error:
                if error.pushback.slow_down:
                    slots.hold(task.wave + 1)
                return self._refused(task, error)
        if session_has_expired(self._catalogue, answer):
            return tasks.SessionExpired(task.page, task.session)
        if isinstance(answer, Redirect):
            return tasks.PageRedirected(task.page, answer.location)
        if answer.fetch_seconds >= SLOW_EXCHANGE_SECONDS and not task.is_ahead:
            tell(tasks.PageArrived(task.page))
        try:
            stored = self._stored(task, answer, previous)
        except ParseError as error:
            return tasks.PageRefused(task.page, answer.url, error.kind, str(error), answer.status)
        return tasks.PageStored(task.page, stored)

    def _refused(self, task: tasks.FetchPage, error: FetchError) -> tasks.Answer:
        if session_has_expired(self._catalogue, error):
            return tasks.SessionExpired(task.page, task.session)
        refusal = refused_authorization(self._catalogue, error)
        if refusal is not None:
            return tasks.LoginRefused(str(refusal))
        return tasks.PageRefused(
            task.page, error.url or task.url, error.kind, str(error), error.http_status,
            error.pushback,
        )  # fmt: skip

    def _stored(
        self, task: tasks.FetchPage, response: Response, previous: PageFile | None
    ) -> StoredPage:
        if response.status != 304:
            return self._store_body(task, response, response.body, not_modified=False)
        if previous is None:
            raise ParseError("304 for a request without a condition", page=task.page, url=task.url)
        if previous.record.code_version != self._code_version:
            return self._store_body(task, response, previous.body, not_modified=True)
        record = replace(
            previous.record,
            fetched_at=_now(),
            fetch_seconds=response.fetch_seconds,
            attempts=task.attempt,
            not_modified=True,
        )
        return self._store.write_again(record, previous)

    def _store_body(
        self, task: tasks.FetchPage, response: Response, body: bytes, *, not_modified: bool
    ) -> StoredPage:
        kept = task.previous.record if not_modified and task.previous else None
        content_type = kept.content_type if kept else response.content_type
        columns = self._parser.parse(
            body, url=response.url, page=task.page, content_type=content_type
        )
        rows = page_file.rows_json(columns)
        validators = kept.validators if kept else response.validators
        record = PageRecord(
            page=task.page,
            url=response.url,
            http_status=kept.http_status if kept else response.status,
            rows=len(next(iter(columns.values()))),
            body_bytes=len(body),
            fetch_seconds=response.fetch_seconds,
            attempts=task.attempt,
            fetched_at=_now(),
            content_type=content_type,
            etag=validators.etag,
            last_modified=validators.last_modified,
            not_modified=not_modified,
            data_version=page_file.data_version(rows),
            code_version=self._code_version,
        )
        return self._store.write(record, rows, body)

    def _reparse_page(self, task: tasks.ReparsePage) -> tasks.Answer:
        record = task.previous.record
        try:
            file = self._store.read(task.page, task.previous.file_name, task.previous.sha256)
            columns = self._parser.parse(
                file.body, url=record.url, page=task.page, content_type=record.content_type
            )
        except (ParseError, StoredPageError) as error:
            return tasks.PageRefused(task.page, record.url, error.kind, str(error))
        rows = page_file.rows_json(columns)
        mended = replace(
            record,
            rows=len(next(iter(columns.values()))),
            data_version=page_file.data_version(rows),
            code_version=self._code_version,
        )
        return tasks.PageStored(task.page, self._store.write(mended, rows, file.body))

    def _previous_file(self, previous: StoredPage | None) -> PageFile | None:
        """The stored page, if it may stand in for a 304: a damaged one is downloaded in full."""
        if previous is None or previous.record.validators == Validators():
            return None
        try:
            return self._store.read(previous.record.page, previous.file_name, previous.sha256)
        except StoredPageError:
            return None

    def _fetch_robots(self, task: tasks.FetchRobots) -> tasks.Answer:
        try:
            answer = self._exchange.get(task.url, is_page=False)
        except FetchError as error:
            return tasks.RobotsAnswered(
                error.http_status, kind=error.kind, message=str(error), pushback=error.pushback
            )
        if isinstance(answer, Redirect):
            return tasks.RobotsAnswered(answer.status, location=answer.location)
        return tasks.RobotsAnswered(answer.status, answer.body)

    def _log_in(self, task: tasks.LogIn) -> tasks.Answer:
        if self._credentials is None:
            raise ValueError("a catalogue without a login was asked to log in")
        try:
            log_in(
                self._exchange,
                self._catalogue,
                self._credentials,
                before_request=_Spacing(task.interval_seconds).wait,
            )
            if self._cookie_file and self._cookies is not None:
                self._cookie_file.save(self._cookies)
        except LoginError as error:
            return tasks.LoginRefused(str(error))
        except FetchError as error:
            return tasks.LoginPutOff(error.url, error.kind, str(error), error.pushback)
        return tasks.LoggedIn(task.session)


class _Spacing:
    """Waits before each request of a login but the first."""

    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._is_first = True

    def wait(self) -> None:
        if not self._is_first:
            time.sleep(self._interval_seconds)
        self._is_first = False


def _now() -> datetime:
    return datetime.now(timezone.utc)
