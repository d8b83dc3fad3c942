"""JMESPath's functions: the digits as they are written, and no key of several values."""

import pytest

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.json.document import parse_json
from catalog_pipeline.reading.json.paths import path_of


def _search(path: str, text: str) -> object:
    return path_of("shop", "fields.x.json", path).search(parse_json(text))


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("to_string(n)", '{"n": 1.10}', "1.10"),
        ("to_string(n)", '{"n": 12345678901.12345678901}', "12345678901.12345678901"),
        ("to_string(n)", '{"n": "a"}', "a"),
        ("to_string(n)", '{"n": [1.10, {"a": null, "b": true}]}', '[1.10,{"a":null,"b":true}]'),
        ("merge(@, {z: n}).z", '{"n": 1, "d": 1, "d": 2}', 1),
        ("merge(@, {d: n}).d", '{"n": 3, "d": 1, "d": 2}', 3),
        ("join(' ', ['BRL', to_string(n)])", '{"n": 1.299}', "BRL 1.299"),
        ("join('-', ['a', 'b'])", "{}", "a-b"),
        ("length(to_string(n))", '{"n": 1.10}', 4),
    ],
)
def test_a_function_keeps_what_is_written(path: str, text: str, found: object):
    assert _search(path, text) == found


@pytest.mark.parametrize("path", ["to_string(@)", "merge(@, {z: n}).d", "merge({z: n}, @).d"])
def test_a_function_chooses_no_value_of_a_key_that_has_several(path: str):
    with pytest.raises(ParseError, match="the key d more than once"):
        _search(path, '{"n": 1, "d": 1, "d": 2}')
