"""A login's user name, password or token, and cookies, from the environment and nowhere else.

What is done with them belongs in `catalog_pipeline.fetching.login`. No value is ever part of a
message or a `repr`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog_pipeline.catalogue.politeness import BearerLogin, FormLogin, Login
from catalog_pipeline.catalogue.request_values import checked_cookie_value
from catalog_pipeline.errors import LoginError


@dataclass(frozen=True)
class Credentials:
    """What a login is done with; hidden from `repr`.

    `authorization` is the Authorization header of HTTP basic and bearer logins, None for a form.
    """

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, login: Login, environ: Mapping[str, str]) -> Credentials:
        """Read the variables that the YAML names.

        Raises:
            LoginError: one is missing, or cannot be sent.
        """
        if isinstance(login, BearerLogin):
            token = environment_value(environ, login.token_env, "login")
            return cls(authorization=f"Bearer {token}")
        username = environment_value(environ, login.username_env, "login")
        password = environment_value(environ, login.password_env, "login")
        if isinstance(login, FormLogin):
            return cls(username, password)
        pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
        return cls(username, password, f"Basic {pair}")


def environment_value(environ: Mapping[str, str], name: str, key: str) -> str:
    """The variable that the YAML names under `key`.

    Raises:
        LoginError: it is not set, or holds what no header and no form can carry.
    """
    value = environ.get(name, "")
    if not value:
        raise LoginError(f"The {key} needs the environment variable {name}, which is not set.")
    if not value.isprintable():
        raise LoginError(f"The environment variable {name} holds a line break or the like.")
    return value


def cookie_of_environment(environ: Mapping[str, str], variable: str, key: str) -> str:
    """The cookie's value in the variable that the YAML names under `key`.

    Raises:
        LoginError: it is not set, or holds what no cookie can carry.
    """
    value = environment_value(environ, variable, key)
    try:
        return checked_cookie_value(value)
    except ValueError as error:
        raise LoginError(f"The environment variable {variable} is no cookie: {error}.") from None
