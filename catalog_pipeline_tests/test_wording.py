"""How sentences count things."""

import pytest

from catalog_pipeline.wording import counted


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 pages"), (1, "1 page"), (2, "2 pages"), (1200, "1,200 pages")]
)
def test_one_thing_is_no_plural(number: int, told: str) -> None:
    assert counted(number, "page") == told
