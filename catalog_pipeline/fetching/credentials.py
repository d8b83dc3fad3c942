"""A login's user name, password or token, from the environment and nowhere else.

What is done with them belongs in `catalog_pipeline.fetching.login`. No value is ever part of a
message or a `repr`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog_pipeline.catalogue.politeness import BearerLogin, FormLogin, Login
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
        """Read the variables that the YAML names; raises LoginError for one that is missing."""
        if isinstance(login, BearerLogin):
            return cls(authorization=f"Bearer {_variable(environ, login.token_env)}")
        username = _variable(environ, login.username_env)
        password = _variable(environ, login.password_env)
        if isinstance(login, FormLogin):
            return cls(username, password)
        pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
        return cls(username, password, f"Basic {pair}")


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise LoginError(f"The login needs the environment variable {name}, which is not set.")
    if not value.isprintable():
        raise LoginError(f"The environment variable {name} holds a line break or the like.")
    return value
