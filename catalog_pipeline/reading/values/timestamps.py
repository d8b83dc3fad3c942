"""Points in time as pages write them, as ISO 8601 text in UTC.

A date without a time is midnight. A text that leaves the date open (`10:30`, `May 2024`), that two
countries would read differently (`01/02/2024`, `24/05/06`), or that is of two days or times
(`doubtful_times`), is an error; `format` and `assume` settle it. `GMT+0200` and `UTC-3` are offsets
as browsers write them: two hours before UTC's clock, three behind it. Other names of zones (`EST`,
`CST`) stand for several and are errors, as is a weekday that is not the date's, and a time that the
zone's clock shows twice, or never. Which formats make sense is checked in
`catalog_pipeline.catalogue.time_formats`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from catalog_pipeline.catalogue.time_formats import EPOCHS
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.doubtful_times import (
    check_hours,
    check_moment,
    check_shown_once,
    check_text_of_time,
)

MAX_TEXT = 100
_ISO_DATE = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}(?:[T ].*)?")
_ONLY_DIGITS = re.compile(r"[0-9.+-]*")
_UTC_NAMES = ("UTC", "GMT", "Z")
_NAMED_UTC = re.compile(
    r"(?<=[0-9\sM])\s*(?<![A-Z])(?:UTC|GMT|UT)(?![A-Z])"
    r"(?:\s*([+-])\s*([0-9]{1,2})(?::?([0-9]{2}))?(?![0-9.:]))?(?=\s|$)(?!\s*[+-]\s*[0-9])",
    re.IGNORECASE,
)
_ODD_OFFSET = re.compile(
    r"(?<![A-Z])(?:UTC|GMT|UT|Z)\s*[+-]\s*[0-9]"
    r"|:[0-9]{2}\s*(?:[AP]M)?\s*[+-][0-9]{2}:?[0-9]{2}\s*[+-][0-9]{2}:",
    re.IGNORECASE,
)
"""An offset that is written in no usual way, or two of them."""
_COMMENT = re.compile(r"(?<=[0-9])\s*\([^()]*\)$")
"""`(Central European Summer Time)` after an offset says nothing new."""
_OFFSET_AND_COMMENT = re.compile(r"[+-][0-9]{2}:?[0-9]{2}\s*\([^()]*\)$")
_BLANK_BEFORE_OFFSET = re.compile(r"(?<=:[0-9]{2})\s+(?=(?:[+-][0-9]{2}:?[0-9]{2}|Z)$)")
_SHORT_DATE = re.compile(r"(?<![0-9])[0-9]{2}([/.-])[0-9]{1,2}\1[0-9]{1,2}(?![0-9])")
"""Some write the year first in it; with a month's name nobody does."""
_WEEKDAY = re.compile(
    r"(?<![a-z])(mon|tue|wed|thu|fri|sat|sun)(?:day|sday|s|nesday|r|rs|rsday|urday)?(?![a-z])",
    re.IGNORECASE,
)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY_DIRECTIVE = re.compile(r"(?<!%)(?:%%)*%[aA]")
_EPOCH_TEXT = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FEWEST_MILLISECONDS = 10**11
"""Fewer since 1970 than this are a day before March 1973, and far more often they are seconds."""

Assumed = tuple[tuple[str, int], ...]
"""Parts of a date (`year`, `month`, `day`) that the YAML gives, as pairs."""


@lru_cache(maxsize=4096)
def read_timestamp(
    text: str, form: str | None = None, zone: str = "UTC", assumed: Assumed = ()
) -> str:
    """The instant that a text names; `zone` is where its clock hangs if it does not say.

    Raises:
        ParseError: it names none, or leaves open which.
    """
    if len(text) > MAX_TEXT:
        raise ParseError(f"a text of {len(text)} characters is no time")
    try:
        moment = _moment(text, form, assumed)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
            check_shown_once(moment)
        return moment.astimezone(timezone.utc).isoformat()
    except ParseError:
        raise
    except (
        ValueError,
        OverflowError,
        TypeError,
        AttributeError,
        IndexError,
        ArithmeticError,
    ) as error:
        expected = f"of the format {form!r}" if form else "that is understood; see `format`"
        raise ParseError(f"no time {expected}: {error}") from error


def _moment(text: str, form: str | None, assumed: Assumed) -> datetime:
    if form is None:
        moment = _understood(text, dict(assumed))
        check_moment(text, moment)
        return _of_its_weekday(text, moment)
    if form in EPOCHS:
        return _counted(text, form)
    # Read along with the text, so that 29 February is one in leap years and an error in others.
    numbers = "".join(f" {value}" for _, value in assumed)
    directives = "".join(f" %{_DIRECTIVES[part]}" for part, _ in assumed)
    moment = datetime.strptime(text + numbers, form + directives)
    return _of_its_weekday(text, moment) if _WEEKDAY_DIRECTIVE.search(form) else moment


def _of_its_weekday(text: str, moment: datetime) -> datetime:
    """The moment, if it is of the weekday that the text names: one of the two is wrong else."""
    named = _WEEKDAY.search(text)
    if named and _WEEKDAYS[moment.weekday()] != named[1].lower():
        raise ParseError(
            f"{moment:%-d %B %Y} is a {moment:%A}, and the text says {named[0]}: weekday or date "
            f"is wrong, and which is not known"
        )
    return moment


_DIRECTIVES = {"year": "Y", "month": "m", "day": "d"}


def _counted(text: str, form: str) -> datetime:
    if not _EPOCH_TEXT.fullmatch(text):
        raise ParseError(f"no number of the format {form}")
    number = Decimal(text)
    if form == "epoch_ms" and 0 < abs(number) < _FEWEST_MILLISECONDS:
        raise ParseError(
            "as milliseconds this is a day within three years of 1970; if it counts seconds, "
            "say `format: epoch`"
        )
    try:
        return _EPOCH + timedelta(microseconds=int(number * 1_000_000 / EPOCHS[form]))
    except OverflowError:
        hint = "; if it counts milliseconds, say `format: epoch_ms`" if form == "epoch" else ""
        raise ParseError(f"the time is out of the years 1 to 9999{hint}") from None


def _understood(text: str, assumed: dict[str, int]) -> datetime:
    from dateutil import parser as dates  # slow to import, and few catalogues have timestamps

    plain = _with_plain_offset(text)
    if _ISO_DATE.fullmatch(plain):
        check_hours(text)
        return dates.isoparse(plain)
    check_text_of_time(text)
    check_hours(text)
    text = plain
    if _ONLY_DIGITS.fullmatch(text):
        raise ParseError(
            "a bare number may be any time; declare `format`, such as epoch or epoch_ms"
        )
    readings = {
        dates.parse(
            text,
            default=default.replace(**assumed),  # type: ignore[arg-type]
            dayfirst=day_first,
            yearfirst=year_first,
            tzinfos=_zone,
        )
        for default in (datetime(2001, 1, 1), datetime(2004, 2, 2))
        for day_first in (False, True)
        for year_first in {False, bool(_SHORT_DATE.search(text))}
    }
    if len(readings) > 1:
        raise ParseError("the text leaves the date open; declare `format` or `assume`")
    return readings.pop()


def _with_plain_offset(text: str) -> str:
    """The text with `GMT+2` and such as the offset `+02:00`, whose sign every parser understands.

    After a zone's name dateutil turns the sign round, as POSIX does in `TZ` and pages do not.
    """
    text = text.replace("\N{MINUS SIGN}", "-")
    if ":" in text:
        text = _BLANK_BEFORE_OFFSET.sub("", _NAMED_UTC.sub(_offset, text))
    if _ODD_OFFSET.search(text):
        raise ParseError("the offset from UTC is not understood; declare `format`")
    return _COMMENT.sub("", text) if _OFFSET_AND_COMMENT.search(text) else text


def _offset(match: re.Match[str]) -> str:
    sign, hours, minutes = match[1] or "+", int(match[2] or 0), int(match[3] or 0)
    if hours > 14 or minutes > 59:
        raise ParseError(f"no clock is {match[2]}:{match[3] or '00'} hours from UTC")
    return f"{sign}{hours:02}:{minutes:02}"


def _zone(name: str | None, offset_seconds: int | None) -> tzinfo | None:
    from dateutil import tz

    if name is None:
        return None if offset_seconds is None else tz.tzoffset(None, offset_seconds)
    if name in _UTC_NAMES and not offset_seconds:
        return timezone.utc
    if offset_seconds is None:
        problem = f"the time zone {name} is not known; write its offset or declare `timezone`"
    else:
        problem = f"an offset after the time zone {name} may be meant either way; declare `format`"
    raise ParseError(problem)
