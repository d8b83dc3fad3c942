"""What a catalogue's requests need of the environment and do not find there.

Asked before a crawl and by `check`, so that nobody has to begin in order to learn it. How the
values are read belongs in `credentials`; here is only what is amiss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.politeness import BearerLogin
from catalog_pipeline.catalogue.request_values import FromEnvironment
from catalog_pipeline.catalogue.site import Site
from catalog_pipeline.errors import LoginError
from catalog_pipeline.fetching.credentials import cookie_of_environment, environment_value


def missing_for_login(site: Site, environ: Mapping[str, str]) -> list[Mistake]:
    """What is wrong with the variables of the site's login, each by itself."""
    login = site.login
    if login is None:
        return []
    if isinstance(login, BearerLogin):
        variables = [login.token_env]
    else:
        variables = [login.username_env, login.password_env]
    return [
        mistake
        for variable in variables
        for mistake in _amiss(environment_value, environ, variable, "login")
    ]


def missing_for_requests(site: Site, environ: Mapping[str, str]) -> list[Mistake]:
    """What is wrong with the variables of the site's headers and cookies, each by itself."""
    found: list[Mistake] = []
    for name, source in site.headers.items():
        if isinstance(source, FromEnvironment):
            key = f"headers.{name}"
            found += _amiss(environment_value, environ, source.env, key)
    for name, source in site.cookies.items():
        if isinstance(source, FromEnvironment):
            key = f"cookies.{name}"
            found += _amiss(cookie_of_environment, environ, source.env, key)
    return found


def _amiss(
    read: Callable[[Mapping[str, str], str, str], str],
    environ: Mapping[str, str],
    variable: str,
    key: str,
) -> list[Mistake]:
    try:
        read(environ, variable, key)
    except LoginError as error:
        # The mistake stands behind its key already.
        text = str(error).removesuffix(".").replace(f"The {key} needs", "it needs")
        return [Mistake(key, text[:1].lower() + text[1:])]
    return []
