"""Where notices go: addresses out of the environment, and which of them may be used.

An address holds secrets. It is never told, recorded or logged: people know it by its variable.
"""

from __future__ import annotations

from collections.abc import Mapping

_ON_THIS_MACHINE = frozenset(
    {"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"}
)
"""Schemes that reach nobody else, and for which Apprise starts programs or speaks to devices."""


class AddressError(ValueError):
    """An address cannot be used; the text says why, and nothing of what it is."""


def address_of(variable: str, environ: Mapping[str, str]) -> str:
    """The address that a variable holds.

    Raises:
        AddressError: it holds none, several, or one that leads to nobody.
    """
    address = environ.get(variable, "").strip()
    if not address:
        raise AddressError("it is not set")
    scheme, separator, _ = address.partition("://")
    if not separator or any(character.isspace() for character in address):
        raise AddressError(
            "it holds no address such as mailto://… or https://…; one variable has one "
            "address, without blanks"
        )
    if address.count("://") > 1 and ("," in address or ";" in address):
        raise AddressError("it holds several addresses; give each a variable of its own")
    if scheme.lower() in _ON_THIS_MACHINE:
        raise AddressError("it holds an address of this machine alone")
    return address
