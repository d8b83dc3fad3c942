"""Where a crawl stands with its session: whether a login is wanted, under way, or in vain."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.politeness import FormLogin
from catalog_pipeline.crawling.scheduling.retry_policy import next_attempt
from catalog_pipeline.errors import FetchError, LoginError, ParseLimitError


class Session:
    """One login at a time, shared by all pages; `session` counts those that succeeded.

    A catalogue without a login form never wants one.
    """

    def __init__(self, catalogue: Catalogue, *, has_session: bool) -> None:
        self._name = catalogue.name
        self._politeness = catalogue.politeness
        self.session = 0
        self.is_wanted = isinstance(catalogue.login, FormLogin) and not has_session
        self.is_under_way = False
        self.try_at = 0.0
        """When, by the crawl's clock, the next try may begin, or the latest one did."""
        self._tries = 0
        self._first_try_at = 0.0
        self._sessions_in_vain = 0
        self._has_had_pages = False

    def expired(self, session: int) -> None:
        """The site did not know the session that a page was asked with."""
        if session == self.session:
            self.is_wanted = True

    def begin(self, now: float) -> int:
        """A login starts, with no page in flight; returns the number that its session will have.

        Raises:
            LoginError: there was a session, and no page came to it nor to any before.
        """
        if self._sessions_in_vain and not self._has_had_pages:
            raise LoginError(
                f"{self._name}: the login succeeds, but the site shows no page to its session; "
                f"check login.page and login.logged_in."
            )
        self.is_under_way = True
        self.try_at = now
        if self._tries == 0:
            self._first_try_at = now
        self._tries += 1
        return self.session + 1

    def succeeded(self, session: int) -> None:
        """A session is there."""
        self.session = session
        self.is_wanted = self.is_under_way = False
        self._tries = 0
        self._sessions_in_vain += 1

    def failed(self, error: FetchError, now: float) -> None:
        """The site could not be asked for a login; it is tried again by the rules for pages.

        Raises:
            LoginError: `error` does not pass, or did not in time.
        """
        self.is_under_way = False
        again_at = next_attempt(error, self._tries, self._first_try_at, now, self._politeness)
        if again_at is None:
            tries = "1 try" if self._tries == 1 else f"{self._tries} tries"
            raise LoginError(f"{self._name}: no login after {tries}: {error.problem}")
        self.try_at = again_at

    def interrupted(self, exceeded: Sequence[ParseLimitError] = ()) -> None:
        """The worker that logged in has ended without a word: it begins anew, as if it had not.

        Raises:
            LoginError: it was ended because of what the login's pages `exceeded`.
        """
        problem = next((error.problem for error in exceeded if error.page is None), None)
        if problem is not None:
            raise LoginError(f"{self._name}: no login, as a page of it cannot be read: {problem}")
        self.is_under_way = False
        self._tries -= 1

    def page_came(self) -> None:
        """A page was shown to the present session."""
        self._has_had_pages = True
        self._sessions_in_vain = 0

    def why_not_again(self, expiries: int) -> str:
        """Why no new session is tried for a page that found its session expired; "" if one is.

        `expiries` is how often the page had found that before. A session may be over after a
        single request, and each page in flight may be unlucky once for each of the others.
        """
        most = self._politeness.concurrency
        if expiries > most:
            return f"the site wants a login for it after {expiries} new sessions too"
        if self._sessions_in_vain > most + 1:
            count = self._sessions_in_vain
            return f"the site wants a login for it, and {count} new sessions showed no page"
        return ""
