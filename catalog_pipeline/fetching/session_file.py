"""Whose session the cookies in a catalogue's file are: that of one user at one login page.

Not here: how cookies are written and read (`cookies`), how a session begins (`login`).
"""

from __future__ import annotations

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.politeness import FormLogin
from catalog_pipeline.fetching.cookies import CookieFile
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.places import CataloguePlaces


def session_file(
    catalogue: Catalogue, places: CataloguePlaces, credentials: Credentials | None
) -> CookieFile | None:
    """The file that keeps the session of a login form; None for a catalogue without one.

    With `credentials` a session of another user, site or login page is not used: other users may
    be shown other prices. Without them nobody logs in, and the file is read whoever's it is.
    """
    login = catalogue.login
    if not isinstance(login, FormLogin):
        return None
    if credentials is None:
        return CookieFile(places.cookies)
    account = "\n".join((catalogue.absolute(login.page), login.form, credentials.username))
    return CookieFile(places.cookies, account)
