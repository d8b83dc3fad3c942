"""Headers and cookies of a YAML: what is refused, with a way out."""

from typing import Any

import pytest
from pydantic import ValidationError

from catalog_pipeline_tests.fetching.raw_server import catalogue_at


@pytest.mark.parametrize(
    ("key", "values", "problem"),
    [
        ("headers", {"User-Agent": "x"}, "politeness.user_agent"),
        ("headers", {"cookie": "a=b"}, "under cookies"),
        ("headers", {"Accept-Encoding": "lzma"}, "can undo"),
        ("headers", {"Host": "other.example"}, "address"),
        ("headers", {"If-None-Match": "x"}, "last download"),
        ("headers", {"X Y": "z"}, "no name of a header"),
        ("headers", {"X": "y\r\nZ: 1"}, "printable ASCII"),
        ("headers", {"X": " y"}, "blank"),
        ("headers", {"X": "y" * 5000}, "4096"),
        ("headers", {"X": "1", "x": "2"}, "given twice"),
        ("headers", {"Authorization": "Bearer s"}, "env: NAME"),
        ("headers", {"X": {"env": "no name"}}, "env"),
        ("headers", {"X": {"environment": "NAME"}}, "env"),
        ("headers", {f"X{number}": "y" for number in range(51)}, "50"),
        ("cookies", {"a;b": "c"}, "no name of a cookie"),
        ("cookies", {"a": "b; c=d"}, "semicolons"),
        ("cookies", {"a": "b c"}, "blanks"),
        ("cookies", {"a": 21}, "string"),
    ],
)
def test_what_no_request_can_carry_is_refused(
    key: str, values: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        catalogue_at("http://shop.example", **{key: values})


def test_two_authorizations_are_refused() -> None:
    with pytest.raises(ValidationError, match="both login and headers"):
        catalogue_at(
            "http://shop.example",
            headers={"authorization": {"env": "A"}},
            login={"kind": "bearer", "token_env": "B"},
        )
