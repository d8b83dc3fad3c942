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
    assert Field.model_validate({"select": "a", **field}).columns("x") == columns


def test_one_selector_may_stand_without_a_list():
    assert Field.model_validate({"select": "a"}).select == ("a",)
    assert Field.model_validate({"select": ["a", "b"]}).select == ("a", "b")


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ({"select": []}, "at least one selector"),
        ({"select": ["a", " "]}, "at least one selector"),
        ({"type": "price"}, "'text', 'integer'"),
        ({"pattern": "("}, "no regular expression"),
        ({"pattern": "(" * 3000 + "a" + ")" * 3000}, "no regular expression: maximum recursion"),
        ({"pattern": "a{99999999999999}"}, "no regular expression: the repetition number"),
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


@pytest.mark.parametrize(
    ("form", "assume", "problem"),
    [
        ("%d.%m. %H:%M", None, "does not settle the year"),
        ("%H:%M", None, "the year and the month and the day"),
        ("%m/%Y", None, "does not settle the day"),
        ("%A %H:%M", {"year": 2024, "month": 5}, "does not settle the day"),
        ("%Y-%U", None, "does not settle the month and the day"),
        ("%Y-%m-%d %I:%M", None, "before or after noon"),
        ("%Y-%m-%d %H:%M %p", None, "%p counts with %I only"),
        ("%Y-%m-%d %M", None, "%M says nothing without an hour"),
        ("%Y-%m-%d %H %S", None, "%S says nothing without %M"),
        ("%Y-%m-%d %H:%M %Z", None, "declare `timezone`"),
        ("%s", None, "say epoch"),
        ("%d %d.%m.%Y", None, "a part of the time twice"),
        ("%c %Y", None, "a part of the time twice"),
        ("%d.%m.%Y %b", None, "a part of the time twice"),
        ("%Q", None, "none of strptime's directives"),
        ("%Y-%m-%d", {"year": 2024}, "which the format reads already"),
        ("epoch", {"year": 2024}, "nothing to assume"),
        ("%d.%m.", {"year": 0}, "greater than or equal to 1"),
        ("%d.%m.", {"hour": 1}, "Extra inputs"),
    ],
)
def test_a_format_that_leaves_a_part_of_an_instant_open_is_refused(form, assume, problem):
    with pytest.raises(ValidationError, match=problem):
        _timestamp(form, assume)


@pytest.mark.parametrize(
    ("form", "assume"),
    [
        ("%d.%m. %H:%M", {"year": 2024}),
        ("%Y-%j", None),
        ("%G-W%V-%u", None),
        ("%% %a %d.%m.%Y %%", None),
        ("%y%m%d %I:%M %p", None),
        ("%c", None),
        ("epoch", None),
        ("epoch_ms", None),
        (None, {"day": 1}),
    ],
)
def test_a_format_may_be_completed_by_what_is_assumed(form, assume):
    field = _timestamp(form, assume)
    assert field.format == form


def _timestamp(form: object, assume: object) -> Field:
    written = {"select": "a", "type": "timestamp", "format": form, "assume": assume}
    return Field.model_validate(written)
