"""Points in time as pages write them, as ISO 8601 text in UTC.

A date without a time is midnight. A text that leaves the date open (`10:30`, `May 2024`), or that
two countries would read differently (`01/02/2024`), is an error; `format` settles it.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from catalog_pipeline.errors import ParseError

MAX_TEXT = 100
_ISO_DATE = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}(?:[T ].*)?")
_ONLY_DIGITS = re.compile(r"[0-9.+-]*")
_UTC_NAMES = ("UTC", "GMT", "Z")


@lru_cache(maxsize=4096)
def read_timestamp(text: str, form: str | None = None, zone: str = "UTC") -> str:
    """The instant that a text names; `zone` is where its clock hangs if it does not say.

    Raises:
        ParseError: it names none, or leaves open which.
    """
    if len(text) > MAX_TEXT:
        raise ParseError(f"a text of {len(text)} characters is no time")
    try:
        moment = datetime.strptime(text, form) if form else _understood(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
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


def _understood(text: str) -> datetime:
    from dateutil import parser as dates  # slow to import, and few catalogues have timestamps

    if _ISO_DATE.fullmatch(text):
        return dates.isoparse(text)
    if _ONLY_DIGITS.fullmatch(text):
        raise ParseError("a bare number may be any time; declare `format`")
    readings = {
        dates.parse(text, default=default, dayfirst=day_first, tzinfos=_zone)
        for default in (datetime(2001, 1, 1), datetime(2004, 2, 2))
        for day_first in (False, True)
    }
    if len(readings) > 1:
        raise ParseError("the text leaves the date open; declare `format`")
    return readings.pop()


def _zone(name: str | None, offset_seconds: int | None) -> tzinfo | None:
    from dateutil import tz

    if offset_seconds is not None:
        return tz.tzoffset(None, offset_seconds)
    if name is None:
        return None
    if name in _UTC_NAMES:
        return timezone.utc
    raise ParseError(f"the time zone {name} is not known; write its offset or declare `timezone`")
