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
    ],
)
def test_a_time_is_read_as_utc(text, form, zone, utc):
    assert read_timestamp(text, form, zone) == utc


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("01/02/2024", None),
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
