"""What one part of a YAML needs of others: fields that are there, a history that is kept.

Each part is looked at as soon as those are known that it needs, so that a mistake elsewhere hides
none of its own. Not here: what a part is by itself (its own module), and what only the whole shows
(`model`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalog_pipeline.catalogue.checks import checked_for_fields
from catalog_pipeline.catalogue.exports import check_exports
from catalog_pipeline.catalogue.history import check_history
from catalog_pipeline.catalogue.notify import checked_notices
from catalog_pipeline.catalogue.parts import check_key, columns_of
from catalog_pipeline.catalogue.politeness import BasicLogin, BearerLogin

PARTS = ("key", "headers", "history", "checks", "exports", "notify")
"""The parts that need others, all of which stand before them in the model."""


def agreed(part: str, value: Any, known: Mapping[str, Any]) -> Any:
    """The part, if it agrees with those parts that are known to be sound.

    Raises:
        ValueError: it does not.
    """
    needed, check = _NEEDS[part]
    return check(value, *(known[each] for each in needed)) if known.keys() >= {*needed} else value


def needs_of(part: str) -> tuple[str, ...]:
    """The parts without which another one is not judged; none for one that stands alone."""
    return _NEEDS[part][0] if part in _NEEDS else ()


def _key(value: Sequence[str], fields: Any) -> Sequence[str]:
    check_key(value, fields)
    return value


def _headers(value: Mapping[str, Any], login: Any) -> Mapping[str, Any]:
    if isinstance(login, BasicLogin | BearerLogin):
        for name in value:
            if name.lower() == "authorization":
                raise ValueError("both login and headers give an Authorization header")
    return value


def _history(value: Any, fields: Any, key: Sequence[str]) -> Any:
    if value is not None:
        check_history(value, key, fields)
    return value


def _exports(value: Any, fields: Any, history: Any) -> Any:
    check_exports(value, columns_of(fields), has_history=history is not None)
    return value


def _notices(value: Any, fields: Any, key: Sequence[str], history: Any) -> Any:
    return None if value is None else checked_notices(value, fields, key, history)


_NEEDS: Mapping[str, tuple[tuple[str, ...], Callable[..., Any]]] = {
    "key": (("fields",), _key),
    "headers": (("login",), _headers),
    "history": (("fields", "key"), _history),
    "checks": (("fields",), checked_for_fields),
    "exports": (("fields", "history"), _exports),
    "notify": (("fields", "key", "history"), _notices),
}
