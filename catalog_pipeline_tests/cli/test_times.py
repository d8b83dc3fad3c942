"""Times that people write and read."""

from datetime import datetime, timedelta, timezone

import pytest

from catalog_pipeline.cli.times import age_text, duration_text, parse_age
from catalog_pipeline.crawling.plan import parse_cutoff
from catalog_pipeline.errors import UsageError

NOW = datetime(2026, 1, 31, 6, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("24h", 86400), ("7d", 604800), ("2w", 1209600), ("1.5 h", 5400)],
)
def test_ages_are_a_number_and_a_unit(text: str, seconds: float):
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "24 hours", "1h30m"])
def test_other_texts_are_no_ages(text: str):
    with pytest.raises(UsageError, match="is no age; write 90s"):
        parse_age(text)


@pytest.mark.parametrize("text", ["101000d", "99999999999999999999h", "9" * 400 + "s"])
def test_ages_that_no_page_has_are_refused(text: str):
    with pytest.raises(UsageError, match="longer ago than a hundred years"):
        parse_age(text)


@pytest.mark.parametrize("text", ["2026-01-31T06:00+00:00", "2026-01-31T06:00:00Z",
                                  "2026-01-31T08:00+02:00"])  # fmt: skip
def test_instants_name_their_zone(text: str):
    assert parse_cutoff(text) == NOW


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s ago"), (119, "119 s ago"), (120, "2 min ago"), (7200, "2 h ago"),
     (172800, "2 days ago"), (-5, "0 s ago"),
     (-299, "0 s ago"), (-301, "in 5 min"), (-432000, "in 5 days")],
)  # fmt: skip
def test_ages_are_read_roughly(seconds: float, text: str):
    assert age_text(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.94, "1.9 s"), (125, "2 min 5 s"), (4320, "1 h 12 min")]
)
def test_durations_are_short(seconds: float, text: str):
    assert duration_text(seconds) == text
