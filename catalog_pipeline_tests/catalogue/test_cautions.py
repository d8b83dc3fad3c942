"""What a YAML may say and is better said otherwise."""

from typing import Any

import pytest

from catalog_pipeline.catalogue.cautions import cautions_of
from catalog_pipeline.catalogue.model import Catalogue

EXPLODING, TAME = "^((a+)+)+$", "[0-9]+"


def _catalogue(pattern: str, **changes: Any) -> Catalogue:
    attributes: dict[str, Any] = {
        "name": "shop",
        "base_url": "https://shop.example",
        "page_url": "/{page}",
        "last_page": 2,
        "product": "li",
        "fields": {"sku": {"select": "b"}, "pattern": {"select": "i", "pattern": pattern}},
        "key": "sku",
    }
    given = {key: value for key, value in (attributes | changes).items() if value is not None}
    return Catalogue.model_validate(given)


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        ("total.pattern", {"total": {"select": "p", "pattern": EXPLODING}}),
        ("checks.sku.pattern", {"checks": {"sku": {"pattern": EXPLODING}}}),
        (
            "pages.last.pattern",
            {
                "last_page": None,
                "pages": {"kind": "told", "last": {"select": "b", "pattern": EXPLODING}},
            },
        ),
        (
            "pages.last.total.pattern",
            {
                "last_page": None,
                "pages": {
                    "kind": "told",
                    "last": {"total": {"select": "b", "pattern": EXPLODING}, "per_page": 9},
                },
            },
        ),
    ],
)
def test_a_pattern_whose_time_can_explode_is_found_wherever_it_stands(
    place: str, changes: dict[str, Any]
):
    (caution,) = cautions_of(_catalogue(TAME, **changes))
    assert caution.field == place
    assert "has a loop that can read the same text in many ways" in caution.problem


@pytest.mark.parametrize(("kind", "mirrors", "told"), [
    ("url", ["https://old.example"], True), ("url", [], False),
    ("text", ["https://old.example"], False),
])  # fmt: skip
def test_a_key_with_its_host_is_told_where_pages_of_several_hosts_are_one_site(
    kind: str, mirrors: list[str], told: bool
):
    fields = {"link": {"select": "a", "attribute": "href", "type": kind}}
    found = list(cautions_of(_catalogue(TAME, fields=fields, key="link", mirrors=mirrors)))
    assert [caution.field for caution in found] == ["key"] * told


def test_a_field_may_be_called_pattern():
    (caution,) = cautions_of(_catalogue(EXPLODING))
    assert caution.field == "fields.pattern.pattern"
    assert list(cautions_of(_catalogue(TAME))) == []
