"""What the YAML may say of retention, and that anything else is told."""

from datetime import timedelta
from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.retention import Retention
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.catalogue.attributes import attributes


def _retention(given: Any) -> Retention:
    return catalogue_from_attributes("shop", attributes(retention=given)).retention


def _problem(given: Any) -> tuple[str, str]:
    with pytest.raises(CatalogueError) as told:
        _retention(given)
    (mistake,) = told.value.mistakes
    return mistake.field, mistake.problem


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("90d", timedelta(days=90)),
        ("36h", timedelta(hours=36)),
        ("12w", timedelta(weeks=12)),
        ("1s", timedelta(seconds=1)),
        ("36500d", timedelta(days=36_500)),
        ("forever", None),
    ],
)
def test_runs_are_kept_for_an_age_or_for_ever(given: str, kept: timedelta | None) -> None:
    assert _retention({"runs": given}).runs_kept == kept


def test_without_a_word_runs_are_kept_for_ninety_days() -> None:
    default = catalogue_from_attributes("shop", attributes()).retention
    assert default == _retention({}) == Retention()
    assert default.runs_kept == timedelta(days=90)
    assert (default.history, default.pages) == ("forever", "latest")


@pytest.mark.parametrize("given", ["90", 90, 90.5, "-90", "+1", "1.5"])
def test_a_number_without_a_unit_is_told(given: Any) -> None:
    field, problem = _problem({"runs": given})
    assert field == "retention.runs"
    assert "has no unit" in problem


@pytest.mark.parametrize(
    "given",
    ["", "0d", "00d", "-1d", "1.5d", "90 d", " 90d", "90D", "90days", "3y", "\u0663d", "never",
     "30m", "Forever", "90d 1h", "d", None, True, [], ["90d"], {"d": 90}],
)  # fmt: skip
def test_what_is_no_age_is_told(given: Any) -> None:
    assert _problem({"runs": given})[0] == "retention.runs"


@pytest.mark.parametrize("given", ["36501d", "999999999w"])
def test_an_age_beyond_all_runs_is_told(given: str) -> None:
    assert "hundred years" in _problem({"runs": given})[1]


@pytest.mark.parametrize("given", ["90d", "latest", 3, None, True])
def test_history_is_kept_forever_and_nothing_else(given: Any) -> None:
    field, problem = _problem({"history": given})
    assert field == "retention.history"
    assert "`forever`" in problem


@pytest.mark.parametrize("given", ["all", "forever", "90d", 3, None])
def test_of_pages_the_latest_is_kept_and_nothing_else(given: Any) -> None:
    field, problem = _problem({"pages": given})
    assert field == "retention.pages"
    assert "`latest`" in problem


@pytest.mark.parametrize("given", ["90d", 90, [], True, "forever"])
def test_what_has_no_keys_is_told(given: Any) -> None:
    assert _problem(given)[0] == "retention"


def test_another_key_is_told() -> None:
    assert _problem({"run": "90d"})[0] == "retention.run"
