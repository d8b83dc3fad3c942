"""How sentences count things."""

import pytest

from catalog_pipeline.wording import changes_told, counted, first_of, percent_told, rate_told


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 pages"), (1, "1 page"), (2, "2 pages"), (1200, "1,200 pages")]
)
def test_one_thing_is_no_plural(number: int, told: str) -> None:
    assert counted(number, "page") == told


@pytest.mark.parametrize(
    ("number", "rest"), [(0, []), (20, []), (21, ["1 more"]), (1220, ["1,200 more"])]
)
def test_of_many_sentences_the_first_are_told_and_how_many_more_there_are(
    number: int, rest: list[str]
) -> None:
    sentences = [f"page {each} is gone" for each in range(number)]
    assert list(first_of(iter(sentences))) == [*sentences[:20], *rest]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((0, 0, 0, 0, 0), "0 new, 0 gone, 0 returned, 0 changed products"),
        ((1, 2, 0, 1, 1), "1 new, 2 gone, 0 returned, 1 changed product (1 value)"),
        ((0, 0, 3, 54, 56), "0 new, 0 gone, 3 returned, 54 changed products (56 values)"),
    ],
)
def test_changed_products_are_told_with_how_many_values_changed(
    counts: tuple[int, int, int, int, int], told: str
) -> None:
    assert changes_told(*counts) == told


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (-20.08, "-20.1 %"),
        (1234.0, "+1,234.0 %"),
        (-0.01, "-0.01 %"),
        (0.00012, "+0.0001 %"),
        (0.0, "+0.0 %"),
        (1.5e308, "+1.5e+308 %"),
    ],
)
def test_a_share_is_neither_nothing_nor_a_line_of_digits(share: float, told: str) -> None:
    assert percent_told(share) == told


@pytest.mark.parametrize(
    ("rate", "told"),
    [(0.04, "0.0 pages/s"), (0.44, "0.4 pages/s"), (9.96, "10 pages/s"), (120.4, "120 pages/s")],
)
def test_a_slow_crawl_is_not_said_to_stand_still(rate: float, told: str) -> None:
    assert rate_told(rate) == told
