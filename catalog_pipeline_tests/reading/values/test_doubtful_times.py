"""Dates and times that may be meant in two ways: none is chosen."""

import pytest

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.timestamps import read_timestamp


@pytest.mark.parametrize(
    "text",
    [
        "5-7 May 2024",
        "5/7 May 2024",
        "5, 7 May 2024",
        "5\N{EN DASH}7 May",
        "5-7 May",
        "May 5-7",
        "May 5-7, 2024",
        "5th-7th May 2024",
    ],
)
def test_several_days_are_none_of_them(text: str):
    with pytest.raises(ParseError, match="several days, or one of them is a year"):
        read_timestamp(text)


@pytest.mark.parametrize(
    "text",
    [
        "10.30, 5 May 2024",
        "21.45 5 May 2024",
        "10.30am, 5 May 2024",
        "9.15 May 5 2024",
        "5 May 21.45",
        "13.05.2024 10.30",
    ],
)
def test_a_time_with_a_point_is_no_day_or_year(text: str):
    with pytest.raises(ParseError, match="may be a time, or a day and a month"):
        read_timestamp(text)
    with pytest.raises(ParseError, match="may be a time, or a day and a month"):
        read_timestamp("7 Sep 10.30", None, "UTC", (("year", 2024),))


@pytest.mark.parametrize(
    "text",
    [
        "5 May 2024 10:30-12:30",
        "5 May 2024 10:30 - 12:30",
        "2024-05-13 09:00-12:00",
        "2024-05-13 10:30-11:30",
        "13 May 2024 0900-1200",
        "13 May 2024 9am-5pm",
        "13 May 2024 10-11am",
        "13 May 2024 10am-2pm",
        "2024-05-13 09-12",
        "2024-05-13 09:00-10:30",
        "13 May 2024 9:00 am - 5:00 pm",
    ],
)
def test_two_times_are_no_time_and_offset(text: str):
    with pytest.raises(ParseError, match="two times, or one and its offset from UTC"):
        read_timestamp(text)


@pytest.mark.parametrize("text", ["3 May 5 2024", "3 May 5 1949"])
def test_a_year_is_read_as_nothing_else(text: str):
    with pytest.raises(ParseError, match=r"the \d{4} in it would be no year"):
        read_timestamp(text)


@pytest.mark.parametrize("text", ["2024-05-05T10:30-12:30", "2024-05-05T10:30+14:30"])
def test_an_offset_that_no_clock_has_is_refused(text: str):
    with pytest.raises(ParseError, match="no clock is that far from UTC"):
        read_timestamp(text)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("5 May 2024 10:30 -05:00", "2024-05-05T15:30:00"),
        ("5 May 2024 10:30:15-05:00", "2024-05-05T15:30:15"),
        ("2024-05-05T10:30-05:00", "2024-05-05T15:30:00"),
        ("2024-05-05T03:30-05:00", "2024-05-05T08:30:00"),
        ("2024/05/13 10:30-07:00", "2024-05-13T17:30:00"),
        ("13 May 2024 10:30-07:00", "2024-05-13T17:30:00"),
        ("13 May 2024 1830", "2024-05-13T18:30:00"),
        ("20240513 1830", "2024-05-13T18:30:00"),
        ("Sun, 05 May 2024 10:30:00 -0500", "2024-05-05T15:30:00"),
        ("2024-05-13 10:30:15.25", "2024-05-13T10:30:15.250000"),
        ("5 May 2024 - 10:30", "2024-05-05T10:30:00"),
        ("5 May 2024 - 21:45", "2024-05-05T21:45:00"),
        ("13/05/2024 - 21:45", "2024-05-13T21:45:00"),
        ("Sunday 5 May 2024 21:45", "2024-05-05T21:45:00"),
        ("2024-05-13 21:45 +0200", "2024-05-13T19:45:00"),
        ("Mon, 13 May 2024 21:45:00 -0700", "2024-05-14T04:45:00"),
        ("05-May-24", "2024-05-05T00:00:00"),
        ("May 5, 24", "2024-05-05T00:00:00"),
        ("20:15 13/05/2024", "2024-05-13T20:15:00"),
    ],
)
def test_what_only_looks_like_it_is_read(text: str, utc: str):
    assert read_timestamp(text) == f"{utc}+00:00"


@pytest.mark.parametrize("form", [None, "%Y-%m-%d %H:%M"])
def test_a_time_that_a_clock_shows_twice_or_never_is_refused(form: str | None):
    for text, how in (("2024-10-27 02:30", "twice"), ("2024-03-31 02:30", "never")):
        with pytest.raises(ParseError, match=f"shows .* {how}, as it is set then"):
            read_timestamp(text, form, "Europe/Berlin")
    assert read_timestamp("2024-10-27 03:30", form, "Europe/Berlin") == "2024-10-27T02:30:00+00:00"


def test_a_day_begins_where_its_clock_first_shows_it():
    assert read_timestamp("2018-11-04", None, "America/Sao_Paulo") == "2018-11-04T03:00:00+00:00"
