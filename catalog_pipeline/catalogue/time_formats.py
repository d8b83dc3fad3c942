"""What a timestamp's `format` in a YAML may be, and which parts of an instant it settles.

A format is a `strptime` format or one of the words for counted time. Reading texts with it belongs
in `catalog_pipeline.reading.values.timestamps`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

EPOCHS = {"epoch": 1, "epoch_ms": 1000}
"""Words for the time since 1970-01-01 UTC, and how many of their units are a second."""

_DIRECTIVE = re.compile(r"%(.?)")
_KNOWN = frozenset("aAbBcdGfHIjmMpSuUVwWxXyYz%")
_SETTLES = {
    "year": ("y", "Y", "c", "x"),
    "month": ("m", "b", "B", "j", "c", "x"),
    "day": ("d", "j", "c", "x"),
}
_WEEK_OF_YEAR = ({"G", "V"}, {"Y", "U"}, {"Y", "W"}, {"y", "U"}, {"y", "W"})
_HOURS = ("H", "I", "c", "X")
_WEEKDAY = {"a", "A", "u", "w"}
_FINER = (("S", "M"), ("f", "S"))
"""A part of a time that says nothing without another."""


def format_problem(form: str, assumed: Collection[str] = ()) -> str | None:
    """Why no instant follows from texts of this format and the date's assumed parts, if so."""
    if form in EPOCHS:
        return "epoch and epoch_ms leave nothing to assume" if assumed else None
    found = set(_DIRECTIVE.findall(form))
    unknown = sorted(found - _KNOWN)
    if unknown:
        return _unknown(unknown[0])
    if _is_double(form, found):
        return "the format reads a part of the time twice; leave one of its directives out"
    return _open_date(found, assumed) or _open_time(found)


def _is_double(form: str, found: set[str]) -> bool:
    """Whether two directives read one part, so that texts could contradict themselves."""
    directives = _DIRECTIVE.findall(form)
    return any(len(found & set(each)) > 1 for each in (*_SETTLES.values(), _HOURS)) or any(
        each != "%" and directives.count(each) > 1 for each in found
    )


def _unknown(directive: str) -> str:
    if directive == "s":
        return "%s is not read; say epoch (seconds since 1970) or epoch_ms (milliseconds)"
    if directive == "Z":
        return (
            "%Z would read a zone's name by this machine's settings; write the name into the "
            "format as it stands and declare `timezone`"
        )
    return f"%{directive} is none of strptime's directives"


def _open_date(found: set[str], assumed: Collection[str]) -> str | None:
    is_by_week = any(week <= found for week in _WEEK_OF_YEAR) and found & _WEEKDAY
    settled = {part for part, directives in _SETTLES.items() if found & set(directives)}
    double = sorted(settled & set(assumed)) if not is_by_week else sorted(assumed)
    if double:
        return f"`assume` gives the {double[0]}, which the format reads already"
    missing = [part for part in _SETTLES if part not in settled and part not in assumed]
    if missing and not is_by_week:
        return (
            f"the format does not settle the {' and the '.join(missing)}; read it too, or say what "
            f"to take, as in `assume: {{{missing[0]}: {2024 if missing[0] == 'year' else 1}}}`"
        )
    return None


def _open_time(found: set[str]) -> str | None:
    if found & {"c", "X"}:
        return None
    if "I" in found and "p" not in found:
        return "%I leaves open whether it is before or after noon; add %p, or read %H"
    if "p" in found and "I" not in found:
        return "%p counts with %I only; with %H it would be ignored"
    if "M" in found and not found & {"H", "I"}:
        return "%M says nothing without an hour"
    for finer, coarser in _FINER:
        if finer in found and coarser not in found:
            return f"%{finer} says nothing without %{coarser}"
    return None


def checked_timezone(name: str) -> str:
    """Return `name`, a time zone that the system knows.

    Raises:
        ValueError: it knows none of that name.
    """
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone such as Europe/London") from error
    return name
