"""The colours of a report: each is readable on what it stands on, in both schemes."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

LEAST_OF_TEXT = 4.5
"""WCAG 2.2, level AA."""


def schemes() -> list[dict[str, str]]:
    style = files("catalog_pipeline.report").joinpath("page.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in blocks]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "card"])
@pytest.mark.parametrize("colour", ["ink", "faint", "accent", "second", "third", "fourth"])
def test_texts_are_readable(scheme: int, ground: str, colour: str) -> None:
    light, dark = schemes()
    colours = (light, dark)[scheme]
    assert colours.keys() == light.keys()
    assert contrast(colours[colour], colours[ground]) >= LEAST_OF_TEXT
