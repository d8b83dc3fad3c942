"""Where a crawl stands with its session: whether a login is wanted, under way, or in vain."""

from __future__ import annotations

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.politeness import FormLogin
from catalog_pipeline.errors import LoginError

_MAX_FAILED_TRIES = 3


class LoginState:
    """One login at a time, shared by all pages; `session` counts those that succeeded.

    A catalogue without a login form never wants one.
    """

    def __init__(self, catalogue: Catalogue, *, has_session: bool) -> None:
        self._name = catalogue.name
        self.session = 0
        self.is_wanted = isinstance(catalogue.login, FormLogin) and not has_session
        self.is_under_way = False
        self._failed_tries = 0
        self._has_pages = True

    def expired(self, session: int) -> None:
        """The site did not know the session that a page was asked with."""
        if session == self.session:
            self.is_wanted = True

    def begin(self) -> int:
        """A login starts, with no page in flight; returns the number that its session will have.

        Raises:
            LoginError: the latest session never gave a single page.
        """
        if self.session > 0 and not self._has_pages:
            raise LoginError(
                f"{self._name}: the login succeeds, but the site shows no page to its session; "
                f"check login.page and login.logged_in."
            )
        self.is_under_way = True
        return self.session + 1

    def succeeded(self, session: int) -> None:
        """A session is there."""
        self.session = session
        self.is_wanted = self.is_under_way = False
        self._failed_tries = 0
        self._has_pages = False

    def failed(self, message: str) -> None:
        """The site could not be asked for a login, which may pass.

        Raises:
            LoginError: it did not pass.
        """
        self.is_under_way = False
        self._failed_tries += 1
        if self._failed_tries >= _MAX_FAILED_TRIES:
            raise LoginError(f"{self._name}: no login after {_MAX_FAILED_TRIES} tries: {message}")

    def page_came(self) -> None:
        """A page was shown to the present session."""
        self._has_pages = True
