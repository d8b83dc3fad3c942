"""Asks a site which listings it has, before a crawl begins: politely, logged in, again if need be.

How an answer is read is in `catalog_pipeline.reading.discovery`. What follows for listings that are
new or gone is decided by whoever knows which there were.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from catalog_pipeline.catalogue.discovered import Discover, FoundListing
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_format import Records
from catalog_pipeline.catalogue.politeness import FormLogin
from catalog_pipeline.crawling.scheduling.retry_policy import next_attempt
from catalog_pipeline.crawling.scheduling.throttle import AdaptiveThrottle
from catalog_pipeline.errors import (
    DiscoveryError,
    FetchError,
    ParseError,
    ParseLimitError,
)
from catalog_pipeline.fetching.client import Exchange
from catalog_pipeline.fetching.cookies import CookieFile, new_session
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.fetching.login import log_in, refused_authorization, session_has_expired
from catalog_pipeline.fetching.redirects import is_within
from catalog_pipeline.fetching.retry_table import is_retried
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.fetching.visit import Visit
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.reading.discovery import ListingLinks, listings_among
from catalog_pipeline.records import Response

_LONGEST_WAIT_SECONDS = 0.25
"""How long at most a wait goes on without a look at `must_stop`."""
_LONGEST_DELAY_SECONDS = 24 * 60 * 60
_PAGE_TYPES = Records().page_types


class _Stopped(Exception):
    """The crawl was asked to stop while its listings were looked for."""


@dataclass(frozen=True)
class Discovery:
    """What a site says of its listings."""

    listings: tuple[FoundListing, ...]
    addresses: int
    """How many addresses were looked at."""
    others: tuple[str, ...] = ()
    """Those of them that are no listings."""


class Discoverer:
    """Asks the site of one catalogue; it is closed by leaving it as a context manager.

    A session that a login opens is kept in `places`, for the crawl that follows; without them it
    is nobody's. What the site answers is read within what `reading` gives.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rule: Discover,
        environ: Mapping[str, str],
        *,
        places: CataloguePlaces | None = None,
        must_stop: Callable[[], bool] = lambda: False,
        reading: Callable[[], AbstractContextManager[object]] = nullcontext,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue, self._rule, self._reading = catalogue, rule, reading
        self._must_stop, self._clock = must_stop, clock
        login = catalogue.login
        self._credentials = Credentials.from_environment(login, environ) if login else None
        self._file = CookieFile(places.cookies) if places and isinstance(login, FormLogin) else None
        self._cookies = None
        if isinstance(login, FormLogin):
            self._cookies = self._file.load() if self._file else new_session()
        self._has_session = bool(self._cookies)
        self._secrets = Secrets.of_site(catalogue, environ, self._cookies)
        authorization = self._credentials.authorization if self._credentials else None
        self._exchange = Exchange(
            catalogue, cookies=self._cookies, authorization=authorization, environ=environ
        )
        politeness = catalogue.politeness
        self._throttle = AdaptiveThrottle(politeness.requests_per_second, clock=clock)
        self._visit = Visit(
            self._exchange,
            catalogue,
            before_request=self._wait_for_turn,
            told_of_delay=self._slow_down,
        )
        self._links = ListingLinks(catalogue, rule)

    def __enter__(self) -> Discoverer:
        return self

    def __exit__(self, *error: object) -> None:
        self._exchange.close()

    def find(self) -> Discovery | None:
        """The listings that the site names now; None if it was asked to stop.

        Raises:
            DiscoveryError: they cannot be had, or none are named.
            LoginError: the site does not accept the login.
        """
        url = self._catalogue.absolute(self._rule.place)
        try:
            answer = self._had(url)
            with self._reading():
                addresses = self._links.addresses(
                    answer.body, url=answer.url, content_type=answer.content_type
                )
                listings = listings_among(self._catalogue, self._rule, addresses)
            for listing in listings:
                self._check(listing)
            self._catalogue.with_listings(listings)
        except _Stopped:
            return None
        except (FetchError, ParseError, ParseLimitError, ValueError) as error:
            raise self._error_of(error, url) from error
        theirs = {each.address for each in listings}
        paths = map(self._catalogue.path_of_address, addresses)
        return Discovery(listings, len(addresses), tuple(p for p in paths if p not in theirs))

    def _check(self, listing: FoundListing) -> None:
        """Hold a listing to where a crawl may go, and to what may be kept."""
        address = self._catalogue.absolute(listing.address)
        if not is_within(self._catalogue, address):
            raise ParseError(
                f"the listing {listing.name} is on another host, {address}; let the pattern leave "
                f"it out, or name the host in limits.redirect_hosts if it is the same shop"
            )
        if self._secrets.are_in(address):
            raise ParseError(
                "the address of a listing holds a secret of the crawl, and is not kept"
            )

    def _error_of(self, error: Exception, url: str) -> DiscoveryError:
        if isinstance(error, FetchError | ParseError | ParseLimitError):
            self._secrets.hide_in_error(error)
        problem = getattr(error, "problem", str(error))
        may_pass = isinstance(error, FetchError) and is_retried(error.kind)
        return DiscoveryError(problem, url=self._secrets.hide(url), may_pass=may_pass)

    def _had(self, url: str) -> Response:
        """What is at an address, after as many tries and logins as a page has."""
        began_at, attempt, logins = self._clock(), 1, 0
        while True:
            try:
                if self._cookies is not None and not self._has_session:
                    self._log_in()
                    logins += 1
                answer = self._visit.followed(url, _PAGE_TYPES)
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
            if not self._has_session and self._cookies is not None and logins < 2:
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
                raise _Stopped
            time.sleep(min(seconds, _LONGEST_WAIT_SECONDS))
        if self._must_stop():
            raise _Stopped
