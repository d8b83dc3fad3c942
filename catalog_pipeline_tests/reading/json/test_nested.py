"""JSON nested deeper than Python's own decoder goes: the same values, the same places of errors."""

import json
import random
from typing import Any

import pytest

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.json.document import parse_json, value_and_end
from catalog_pipeline.reading.json.nested import MAX_DEPTH, TooDeepError, decode_nested
from catalog_pipeline.reading.json.paths import what_is

DECODER = json.JSONDecoder(strict=False)


def _made(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.random()
    if depth > 5 or kind < 0.4:
        return chance.choice([1, -2.5, 'a"\\b', None, True, "é\n", -1e9, ""])
    if kind < 0.7:
        return [_made(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice('abc"é'): _made(chance, depth + 1) for _ in range(chance.randrange(4))}


@pytest.mark.parametrize("seed", range(20))
def test_it_reads_what_pythons_own_decoder_reads_and_finds_the_same_mistakes(seed: int):
    chance = random.Random(seed)
    for _ in range(50):
        value = _made(chance)
        text = json.dumps(value, indent=chance.choice([None, 1]))
        assert decode_nested(DECODER, text, 0) == (value, len(text))
        place = chance.randrange(1, len(text) + 1)
        broken = text[:place] + chance.choice('[]{}",: x1') + text[place + 1 :]
        try:
            expected = DECODER.raw_decode(broken, 0)
        except json.JSONDecodeError:
            with pytest.raises(json.JSONDecodeError):
                decode_nested(DECODER, broken, 0)
        else:
            assert decode_nested(DECODER, broken, 0) == expected


def _nested(depth: int, opening: str = "[", closing: str = "]", core: str = "7") -> str:
    return opening * depth + core + closing * depth


@pytest.mark.parametrize("pair", [("[", "]"), ('{"a": ', "}"), (' [ {"a"\n:', "}, 1]")])
def test_a_text_is_read_down_to_the_deepest_level(pair: tuple[str, str]):
    """And not one level deeper, where a page is no page any more."""
    per_pair = sum(pair[0].count(each) for each in "[{")
    value = parse_json(_nested(MAX_DEPTH // per_pair, *pair))
    for _ in range(MAX_DEPTH):
        value = value[0] if isinstance(value, list) else value["a"]
    assert value == 7
    with pytest.raises(TooDeepError):
        decode_nested(DECODER, _nested(MAX_DEPTH // per_pair + 1, *pair), 0)
    with pytest.raises(ParseError, match="the page is JSON that is nested too deep to be read"):
        parse_json(_nested(100_000, *pair))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_nested(3000)[:-1], "expecting ',' delimiter .*column 6001"),
        (_nested(3000) + " x", "extra data .*column 6003"),
        (_nested(3000, core="[1,]"), "column 3004"),
        (_nested(3000, core='{"a" 1}'), "expecting ':' delimiter .*column 3006"),
        (_nested(3000, core="{a: 1}"), "property name .*column 3002"),
        (_nested(3000, core="NaN"), "holds NaN, which is no number"),
    ],
)
def test_mistakes_in_the_depth_are_told_with_their_place(text: str, problem: str):
    with pytest.raises(ParseError, match=problem):
        parse_json(text)


def test_what_a_script_assigns_may_be_as_deep():
    assigned, _ = value_and_end(f"a = {_nested(3000)}; b = 1", 4, "it")
    assert what_is(assigned) == "a list of 1, the first a list of 1"


def test_what_is_nested_deep_is_told_in_a_few_words():
    assert what_is(parse_json(_nested(4000))) == "a list of 1, the first a list of 1"
