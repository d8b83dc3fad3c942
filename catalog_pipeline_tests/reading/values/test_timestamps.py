"""Times as pages write them."""

import pytest

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.timestamps import read_timestamp


@pytest.mark.parametrize(
    ("text", "form", "zone", "utc"),
    [
        ("2024-05-01T10:00:00Z", None, "UTC", "2024-05-01T10:00:00+00:00"),
        ("2024-05-01T10:00:00+02:00", None, "UTC", "2024-05-01T08:00:00+00:00"),
        ("2024-02-01", None, "UTC", "2024-02-01T00:00:00+00:00"),
        ("2024-05-01 10:00", None, "Europe/Madrid", "2024-05-01T08:00:00+00:00"),
        ("1 May 2024", None, "UTC", "2024-05-01T00:00:00+00:00"),
        ("May 13, 2024 3:04 PM", None, "UTC", "2024-05-13T15:04:00+00:00"),
        ("Wed, 01 May 2024 10:00:00 GMT", None, "Asia/Tokyo", "2024-05-01T10:00:00+00:00"),
        ("31/12/2024", None, "UTC", "2024-12-31T00:00:00+00:00"),
        ("01/02/2024", "%d/%m/%Y", "UTC", "2024-02-01T00:00:00+00:00"),
        ("24/05/06", "%y/%m/%d", "UTC", "2024-05-06T00:00:00+00:00"),
        ("12/25/24", None, "UTC", "2024-12-25T00:00:00+00:00"),
        ("Monday, 06-May-24 10:00:00 GMT", None, "UTC", "2024-05-06T10:00:00+00:00"),
    ],
)
def test_a_time_is_read_as_utc(text, form, zone, utc):
    assert read_timestamp(text, form, zone) == utc


@pytest.mark.parametrize(
    ("clock", "utc"),
    [
        ("GMT+0200", "08:00"),
        ("UTC+2", "08:00"),
        ("UTC+02:00", "08:00"),
        ("utc +2", "08:00"),
        ("UTC-03:30", "13:30"),
        ("GMT-3", "13:00"),
        ("GMT\N{MINUS SIGN}0330", "13:30"),
        ("UTC+0530", "04:30"),
        ("GMT+0200 (Central European Summer Time)", "08:00"),
        ("+0200 (CEST)", "08:00"),
        ("+0200", "08:00"),
        ("UTC", "10:00"),
        ("UT", "10:00"),
        ("Z", "10:00"),
    ],
)
@pytest.mark.parametrize("date", ["Mon May 06 2024 10:00:00", "2024-05-06 10:00:00"])
def test_an_offset_is_read_with_the_sign_that_browsers_give_it(date, clock, utc):
    if date.startswith("2") and "(" in clock:
        date = "6 May 2024 10:00"
    assert read_timestamp(f"{date} {clock}") == f"2024-05-06T{utc}:00+00:00"
    assert read_timestamp(f"May 6, 2024 10:00{clock}") == f"2024-05-06T{utc}:00+00:00"


@pytest.mark.parametrize(
    "clock",
    ["EST", "CST", "CEST+0200", "BRT-03:00", "EST5EDT", "GMT+5.5", "GMT+99", "UTC+1:2:3",
     "-0300 UTC", "Z+02:00", "Etc/GMT+2"],
)  # fmt: skip
def test_a_zone_that_may_be_meant_in_two_ways_is_refused(clock):
    for date in ("Mon May 06 2024 10:00:00", "2024-05-06T10:00:00"):
        with pytest.raises(ParseError):
            read_timestamp(f"{date} {clock}")


@pytest.mark.parametrize(
    ("text", "form", "utc"),
    [
        ("1714979100", "epoch", "2024-05-06T07:05:00+00:00"),
        ("1714979100.5", "epoch", "2024-05-06T07:05:00.500000+00:00"),
        ("1714979100000", "epoch_ms", "2024-05-06T07:05:00+00:00"),
        ("1714979100123", "epoch_ms", "2024-05-06T07:05:00.123000+00:00"),
        ("0", "epoch", "1970-01-01T00:00:00+00:00"),
        ("0", "epoch_ms", "1970-01-01T00:00:00+00:00"),
        ("-86400", "epoch", "1969-12-31T00:00:00+00:00"),
        ("253402300799", "epoch", "9999-12-31T23:59:59+00:00"),
    ],
)
def test_counted_time_is_read_whatever_the_zone(text, form, utc):
    assert read_timestamp(text, form, "Asia/Tokyo") == utc


@pytest.mark.parametrize(
    ("text", "form", "problem"),
    [
        ("1714979100000", "epoch", "say `format: epoch_ms`"),
        ("1714979100", "epoch_ms", "say `format: epoch`"),
        ("253402300800", "epoch", "out of the years"),
        ("9" * 20, "epoch_ms", "out of the years"),
        ("9" * 40, "epoch", "no number"),
        ("1e9", "epoch", "no number"),
        ("1,714,979,100", "epoch", "no number"),
        ("1714979100", None, "epoch or epoch_ms"),
    ],
)
def test_counted_time_out_of_bounds_is_refused(text, form, problem):
    with pytest.raises(ParseError, match=problem):
        read_timestamp(text, form)


def test_what_the_yaml_assumes_completes_a_date():
    leap = (("year", 2024),)
    assert read_timestamp("29.02. 10:00", "%d.%m. %H:%M", "UTC", leap).startswith("2024-02-29T10")
    assert read_timestamp("May 2024", None, "UTC", (("day", 1),)).startswith("2024-05-01")
    with pytest.raises(ParseError):
        read_timestamp("29.02. 10:00", "%d.%m. %H:%M", "UTC", (("year", 2023),))
    with pytest.raises(ParseError, match="leaves the date open"):
        read_timestamp("10:00", None, "UTC", (("day", 1),))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("01/02/2024", None),
        ("24/05/06", None),
        ("13/02/24 10:00", None),
        ("10:30", None),
        ("May 2024", None),
        ("1700000000", None),
        ("2024-13-01", None),
        ("1 May 2024 10:00 EST", None),
        ("yesterday", None),
        ("", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2024-05-01", "%d/%m/%Y"),
        ("9" * 1000, None),
    ],
)
def test_a_time_that_is_none_or_left_open_is_refused(text, form):
    with pytest.raises(ParseError):
        read_timestamp(text, form)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Mon 7 May 2024", None),
        ("Sunday, 04 May 2024 23:30:00 -0500", None),
        ("Sun 06.05.24", "%a %d.%m.%y"),
    ],
)
def test_a_weekday_that_is_not_the_dates_is_an_error(text, form):
    with pytest.raises(ParseError, match=r"2024 is a \w+day, and the text says \w+: weekday or"):
        read_timestamp(text, form)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Sat, 04 May 2024 23:30:00 -0500", None),  # in UTC it is Sunday
        ("Wednesday 8 May 2024", None),
        ("Wed 08.05.24", "%a %d.%m.%y"),
        ("Sunrise 08.05.24", "Sunrise %d.%m.%y"),
        ("Sun 08.05.24 %a", "Sun %d.%m.%y %%a"),  # the paper's name
    ],
)
def test_a_weekday_that_is_the_dates_or_none_changes_nothing(text, form):
    assert read_timestamp(text, form).startswith("2024-05-0")
