"""Fields as the YAML describes them, and their mistakes."""

import pytest
from pydantic import ValidationError

from catalog_pipeline.catalogue.fields import Field


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ({"type": "text"}, ("x",)),
        ({"type": "money"}, ("x", "x_currency")),
        ({"type": "money", "range": True}, ("x", "x_max", "x_currency")),
        ({"type": "timestamp"}, ("x",)),
    ],
)
def test_a_field_fills_its_columns(field, columns):
    assert Field(select="a", **field).columns("x") == columns


def test_one_selector_may_stand_without_a_list():
    assert Field(select="a").select == ("a",)
    assert Field(select=["a", "b"]).select == ("a", "b")


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ({"select": []}, "at least one selector"),
        ({"select": ["a", " "]}, "at least one selector"),
        ({"type": "price"}, "'text', 'integer'"),
        ({"pattern": "("}, "no regular expression"),
        ({"group": 1}, "group needs a pattern"),
        ({"pattern": "a(b)", "group": 2}, "no group 2; it has"),
        ({"pattern": "a(?P<n>b)", "group": "m"}, "no group 'm'"),
        ({"type": "money", "currency": "dollars"}, "ISO 4217"),
        ({"currency": "USD"}, "currency is for fields of type money"),
        ({"range": True}, "range is for fields of type money"),
        ({"decimal_separator": ","}, "fields of type money or number"),
        ({"exists": True}, "exists is for fields of type boolean"),
        ({"format": "%Y"}, "format is for fields of type timestamp"),
        ({"timezone": "Mars/Olympus"}, "no time zone"),
        ({"selector": "a"}, "Extra inputs"),
    ],
)
def test_a_mistake_in_a_field_is_refused(field, problem):
    with pytest.raises(ValidationError, match=problem):
        Field(**{"select": "a", **field})
