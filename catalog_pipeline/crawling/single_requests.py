"""Asks a site for single addresses outside the loop of a crawl, as politely as that does.

Robots.txt, pace, login and further tries are those of the pages. What is asked for, and how it is
read, is the caller's affair.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.politeness import FormLogin
from catalog_pipeline.crawling.scheduling.retry_policy import next_attempt
from catalog_pipeline.crawling.scheduling.throttle import AdaptiveThrottle
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.cookies import new_session
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.fetching.login import log_in, refused_authorization, session_has_expired
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.fetching.session_file import session_file
from catalog_pipeline.fetching.visit import Visit
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.records import Response

_LONGEST_WAIT_SECONDS = 0.25
"""How long at most a wait goes on without a look at `must_stop`."""
_LONGEST_DELAY_SECONDS = 24 * 60 * 60
_MOST_LOGINS = 2


class Stopped(Exception):
    """It was asked to stop."""


class SingleRequests:
    """Asks the site of one catalogue; `close` ends its connections.

    A session that a login opens is kept in `places`, for the crawl that follows; without them it
    is nobody's. What a login's pages hold is read within what `reading` gives.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        environ: Mapping[str, str],
        *,
        places: CataloguePlaces | None,
        must_stop: Callable[[], bool],
        reading: Callable[[], AbstractContextManager[object]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue, self._reading = catalogue, reading
        self._must_stop, self._clock = must_stop, clock
        login = catalogue.login
        self._credentials = Credentials.from_environment(login, environ) if login else None
        self._file = session_file(catalogue, places, self._credentials) if places else None
        self._cookies = None
        if isinstance(login, FormLogin):
            self._cookies = self._file.load() if self._file else new_session()
        self._has_session = bool(self._cookies)
        self.secrets = Secrets.of_site(catalogue, environ, self._cookies)
        authorization = self._credentials.authorization if self._credentials else None
        self._exchange = Exchange(
            catalogue, cookies=self._cookies, authorization=authorization, environ=environ
        )
        self._throttle = AdaptiveThrottle(catalogue.politeness.requests_per_second, clock=clock)
        self._visit = Visit(
            self._exchange,
            catalogue,
            before_request=self._wait_for_turn,
            told_of_delay=self._slow_down,
        )

    def close(self) -> None:
        """End all connections."""
        self._exchange.close()

    def answer(self, url: str, types: frozenset[str]) -> Response:
        """What is at an address, of one of those media types, after as many tries as a page has.

        Raises:
            FetchError: it cannot be had.
            LoginError: the site does not accept the login.
            Stopped: it was asked to stop.
        """
        began_at, attempt, logins = self._clock(), 1, 0
        while True:
            try:
                if self._cookies is not None and not self._has_session:
                    self._log_in()
                    logins += 1
                answer = self._visit.followed(url, types)
                if not session_has_expired(self._catalogue, answer):
                    return answer
                error = FetchError("the site wants a login", kind="session_expired", url=url)
                self._has_session = False
            except FetchError as failed:
                error = failed
                self._has_session = self._has_session and not session_has_expired(
                    self._catalogue, failed
                )
                refusal = refused_authorization(self._catalogue, failed)
                if refusal is not None:
                    raise refusal from failed
            if not self._has_session and self._cookies is not None and logins < _MOST_LOGINS:
                continue
            now = self._clock()
            again_at = next_attempt(error, attempt, began_at, now, self._catalogue.politeness)
            if again_at is None:
                raise error
            attempt += 1
            self._wait_until(again_at)

    def _log_in(self) -> None:
        if self._credentials is None:
            raise ValueError("there is a session without a login")
        log_in(
            self._exchange,
            self._catalogue,
            self._credentials,
            before_request=self._wait_for_turn,
            reading=self._reading,
        )
        self._has_session = True
        if self._file is not None and self._cookies is not None:
            self._file.save(self._cookies)

    def _slow_down(self, seconds: float) -> None:
        cap = self._catalogue.politeness.max_crawl_delay_seconds
        wanted = seconds if cap is None else min(seconds, cap)
        if wanted > _LONGEST_DELAY_SECONDS:
            problem = f"robots.txt asks for {seconds:g} s between two requests"
            raise FetchError(problem, kind="robots", url=self._catalogue.base_url)
        self._throttle.limit_to(1 / wanted, self._clock())

    def _wait_for_turn(self) -> None:
        now = self._clock()
        self._wait_until(now + self._throttle.seconds_until_free(now))
        self._throttle.take(self._clock())

    def _wait_until(self, instant: float) -> None:
        while (seconds := instant - self._clock()) > 0:
            if self._must_stop():
                raise Stopped
            time.sleep(min(seconds, _LONGEST_WAIT_SECONDS))
        if self._must_stop():
            raise Stopped
