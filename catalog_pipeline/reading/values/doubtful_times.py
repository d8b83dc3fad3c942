"""What makes a text with a date leave two readings, of which a parser of dates takes one.

Only texts without a declared format are held to it. How they are read is in `timestamps`.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from itertools import chain

from catalog_pipeline.errors import ParseError

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?<![0-9:./-])[0-9]{1,2}(?:st|nd|rd|th)?"
_DAYS = re.compile(
    rf"{_DAY}\s*[-/,&+\u2013\u2014]\s*[0-9]{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}(?![a-z])"
    rf"|(?<![a-z]){_MONTH}\s+[0-9]{{1,2}}(?:st|nd|rd|th)?\s*[-/&+\u2013\u2014]\s*[0-9]{{1,2}}(?![0-9:])",
    re.IGNORECASE,
)
"""`5-7 May`, `May 5-7`: a parser takes one of the numbers for the year."""
_DASH = r"(?:[-\u2013\u2014]|\s*[-\u2013\u2014]\s+)"
_HALF, _ALONE = r"\s*[ap]m", r"(?![\w:./-])"
_SPANS = tuple(
    re.compile(
        rf"{before}(?P<begin>{clock})(?P<half>{_HALF})?{dash}"
        rf"(?P<end>{clock})(?P<other_half>{_HALF})?{_ALONE}",
        re.IGNORECASE,
    )
    for before, clock, dash in (
        (r"(?<![0-9:T.])", "[0-9]{1,2}:[0-9]{2}", _DASH),
        (r"(?<![0-9:T.])", "[0-9]{4}", "-"),
        (r"(?<=\s)", "[0-9]{1,2}", _DASH),
    )
)
"""`10:30-12:30`, `0900-1200`, `9-11am`: from and to, or a clock and its distance from UTC."""
_POINTED_TIME = re.compile(r"(?<![0-9.:])[0-9]{1,2}\.[0-9]{2}(?![0-9.])")
"""`10.30`: a time, or day and month."""
_YEAR = re.compile(r"(?<![0-9:.])(?:1[89]|2[01])[0-9]{2}(?![0-9:])")
_FARTHEST_WEST, _FARTHEST_EAST = timedelta(hours=-12), timedelta(hours=14)


def check_text_of_time(text: str) -> None:
    """See that a text is of one day and one time, written in no way that two countries read apart.

    Raises:
        ParseError: it is not.
    """
    if found := _DAYS.search(text):
        raise ParseError(f"{found[0]} are several days, or one of them is a year; declare `format`")
    if found := _POINTED_TIME.search(text):
        raise ParseError(
            f"{found[0]} may be a time, or a day and a month; declare `format` or pick one with "
            f"`pattern`"
        )


def check_hours(text: str) -> None:
    """See that a text does not say from when to when on the same day.

    What a machine writes, with a `T` before the time or with seconds, has offsets; so has a time
    that would end before it begins.

    Raises:
        ParseError: it does.
    """
    for found in chain.from_iterable(span.finditer(text) for span in _SPANS):
        begin, end = _minutes(found["begin"]), _minutes(found["end"])
        if begin < end or found["half"] or found["other_half"]:
            raise ParseError(
                f"{found[0]} are two times, or one and its offset from UTC; pick one with `pattern`"
            )


def _minutes(clock: str) -> int:
    digits = "".join(filter(str.isdigit, clock))
    return int(digits[:-2]) * 60 + int(digits[-2:]) if len(digits) > 2 else int(digits) * 60


def check_moment(text: str, moment: datetime) -> None:
    """See that what a text was read as is of the year that it names, in a zone that there is.

    Raises:
        ParseError: it is not.
    """
    years = _YEAR.findall(text)
    if years and f"{moment.year:04}" not in text:
        raise ParseError(
            f"read as {moment:%-d %B %Y %H:%M}, the {years[0]} in it would be no year; declare "
            f"`format` or pick one date with `pattern`"
        )
    offset = moment.utcoffset()
    if offset is not None and not _FARTHEST_WEST <= offset <= _FARTHEST_EAST:
        raise ParseError("no clock is that far from UTC; pick one time with `pattern`")


def check_shown_once(moment: datetime) -> None:
    """See that the clock of a zone shows a time once, and neither twice nor never.

    Midnight stands for a day, which begins when its clock first shows that day.

    Raises:
        ParseError: the clock is set forward or back over it.
    """
    first, second = moment.utcoffset(), moment.replace(fold=1).utcoffset()
    if first is None or second is None or first == second or moment.time() == time():
        return
    raise ParseError(
        f"the clock of {moment.tzinfo} shows {moment:%-d %B %Y %H:%M} "
        f"{'never' if first < second else 'twice'}, as it is set then; only a text with an offset "
        f"from UTC tells when it is"
    )
