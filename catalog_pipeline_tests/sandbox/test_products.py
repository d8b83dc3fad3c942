"""The goods are a pure function of their id."""

import subprocess
import sys
from decimal import Decimal

import pytest

from catalog_pipeline.sandbox.products import CATEGORIES, category_of, product

IDS = range(1, 1001)


@pytest.mark.processes
def test_products_are_the_same_in_another_process() -> None:
    """No hash seed, clock or random state leaks in."""
    script = (
        "from catalog_pipeline.sandbox.products import product\n"
        "print([product(n) for n in range(1, 101)])"
    )
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == repr([product(number) for number in range(1, 101)])


def test_a_name_is_colour_material_and_noun() -> None:
    item = product(334)
    assert item.name == "Black Wooden Cable"
    assert item.path == "/products/334-black-wooden-cable"
    assert item.category == "cables"


def test_a_thousand_products_have_different_names() -> None:
    assert len({product(number).name for number in IDS}) == len(IDS)


def test_prices_are_dollars_and_cents_and_offers_are_cheaper() -> None:
    items = [product(number) for number in IDS]
    assert all(item.price.as_tuple().exponent == -2 and item.price > 0 for item in items)
    offers = [item for item in items if item.old_price is not None]
    assert 100 < len(offers) < 400
    assert all(item.old_price is not None and item.price < item.old_price for item in offers)
    assert all(1 <= item.discount_percent <= 60 for item in offers)


def test_the_goods_vary() -> None:
    items = [product(number) for number in IDS]
    assert {item.in_stock for item in items} == {True, False}
    assert {item.category for item in items} == set(CATEGORIES)
    assert all(1 <= item.rating <= 5 for item in items)
    assert any(item.price > 1000 for item in items)


def test_the_category_is_known_without_the_rest() -> None:
    assert all(category_of(number) == product(number).category for number in IDS)


def test_a_revision_adds_a_dollar() -> None:
    assert product(7, revision=2).price == product(7).price + Decimal(2)
    assert product(7, revision=2).name == product(7).name


def test_ids_start_at_one() -> None:
    with pytest.raises(ValueError, match="start at 1"):
        product(0)
