"""The attacks that take seconds hold; `make attack` runs all, and holds them to their times too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog_pipeline_tests.attack.__main__ import MODULES
from catalog_pipeline_tests.attack.attacks import Attack, measured

QUICK_SECONDS = 60
QUICK = [
    attack for module in MODULES for attack in module.ATTACKS if attack.max_seconds <= QUICK_SECONDS
]


def test_there_are_quick_attacks_of_which_each_has_a_name_of_its_own() -> None:
    assert len({attack.name for attack in QUICK}) == len(QUICK) > 10


@pytest.mark.parametrize("attack", QUICK, ids=lambda attack: attack.name)
def test_a_quick_attack_holds(attack: Attack) -> None:
    """By its end and its memory; how long it takes is the machine's affair as well."""
    came_to = measured(attack)
    assert replace(came_to, seconds=0.0).is_within(attack), came_to
