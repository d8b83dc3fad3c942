"""Patterns that cut numbers: what they pick is all of a number, with its sign, or an error."""

import pytest

from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.conversion import converter, fold
from catalog_pipeline.reading.values.links import LinkResolver


def _read(text: str, pattern: str, kind: str) -> object:
    field = Field.model_validate({"select": "i", "type": kind, "pattern": pattern})
    return converter("shop", "n", field)(LinkResolver(None))(fold(text))


@pytest.mark.parametrize(
    ("text", "pattern", "kind"),
    [
        ("1,234 reviews", r"(\d+) reviews", "integer"),
        ("1\N{NO-BREAK SPACE}234 avis", r"(\d+) avis", "integer"),
        ("1 234 avis", r"\d+", "integer"),
        ("12 345 678 avis", r"(\d+) avis", "integer"),
        ("1 234,5 kg", r"([\d,]+) kg", "number"),
        ("-12.99", r"([0-9.]+)", "number"),
        ("\N{MINUS SIGN}3 in stock", r"(\d+) in stock", "integer"),
        ("now -3 in stock", r"(\d+) in stock", "integer"),
        ("-$5.50", r"\$([\d.]+)", "number"),
        ("£-5.50", r"([\d.]+)", "number"),
        ("-R$ 50", r"([\d.]+)", "number"),
        ("-US$5.00", r"([\d.]+)", "number"),
        ("-CHF 5.00", r"([\d.]+)", "number"),
        ("-kr 5", r"(\d+)", "integer"),
        ("\N{EN DASH}5,00", r"([\d,]+)", "number"),
        ("Stock:-3", r"(\d+)", "integer"),
        ("now -3", r".*(\d+)", "integer"),
        ("1 234 reviews", r".* (\d+) reviews", "integer"),
        ("1234 in stock", r"(\d{1,3}) in stock", "integer"),
        ("1234", r".*(\d+)", "integer"),
        ("150 pieces", r"(\d{2}) pieces", "integer"),
        ("1.2K", r"(\d+)K", "integer"),
        ("4.7 stars", r"(\d+) stars", "integer"),
        ("1,23,456 ratings", r"(\d+)", "integer"),
    ],
)
def test_a_part_of_a_number_is_refused(text: str, pattern: str, kind: str):
    with pytest.raises(ParseError, match="let it pick the whole number"):
        _read(text, pattern, kind)


@pytest.mark.parametrize(
    ("text", "pattern", "kind", "value"),
    [
        ("1 234 avis", r"([\d ]+) avis", "integer", 1234),
        ("Rated 5 234 reviews", r"Rated \d (\d+) reviews", "integer", 234),
        ("4.5 123 reviews", r"(\d+) reviews", "integer", 123),
        ("2024 123 reviews", r"(\d+) reviews", "integer", 123),
        ("4/5 128 avis", r"(\d+) avis", "integer", 128),
        ("10:30 128 reviews", r"(\d+) reviews", "integer", 128),
        ("2024-05-13 128 reviews", r"(\d+) reviews", "integer", 128),
        ("DDR4 512 GB", r"(\d+) GB", "integer", 512),
        ("Galaxy S23 256 GB", r"Galaxy S(\d+)", "integer", 23),
        ("-20%", r"(\d+)%", "integer", 20),
        ("- 20 %", r"(\d+) %", "integer", 20),
        ("129900", r"(\d+)\d{2}", "integer", 1299),
        ("4.7 stars", r"(\d+)\.", "integer", 4),
        ("20240506", r"^(\d{4})", "integer", 2024),
        ("v1.2", r"1\.(\d+)", "integer", 2),
        ("12 12 reviews", r"(\d+) reviews", "integer", 12),
        ("0 123 reviews", r"(\d+) reviews", "integer", 123),
        ("-3 in stock", r"(-?\d+) in stock", "integer", -3),
        ("Save -3 now", r"Save -(\d+)", "integer", 3),
        ("Save -$3 now", r"-\$(\d+)", "integer", 3),
        ("now - $3", r"\$(\d+)", "integer", 3),
        ("iPhone-12 black", r"(\d+) black", "integer", 12),
        ("5-7 days", r"-(\d+) days", "integer", 7),
    ],
)
def test_a_number_beside_another_one_is_picked(text: str, pattern: str, kind: str, value: object):
    assert _read(text, pattern, kind) == value
