"""Runs every attack and prints one table; exit code 1 if one exceeded its limit."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalog_pipeline_tests.attack import (
    damaged_files,
    event_log,
    hostile_servers,
    page_bombs,
    poisonous_pages,
)
from catalog_pipeline_tests.attack.attacks import Attack, Measured, measured

MODULES = (hostile_servers, page_bombs, event_log, damaged_files, poisonous_pages)


def main() -> int:
    """Run the attacks whose names hold the first argument, or all of them."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    attacks = [attack for module in MODULES for attack in module.ATTACKS if wanted in attack.name]
    table = Table("attack", "came to", "MiB", "limit", "s", "limit", "verdict")
    failed = 0
    for attack in attacks:
        came_to = measured(attack)
        failed += not came_to.is_within(attack)
        table.add_row(*_row(attack, came_to))
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    print(f"{len(attacks) - failed} of {len(attacks)} attacks met their limits.")
    return 1 if failed or not attacks else 0


def _row(attack: Attack, came_to: Measured) -> list[Text]:
    cells = [
        attack.name,
        came_to.outcome[:100],
        f"{came_to.mebibytes}",
        f"{attack.max_mebibytes}",
        f"{came_to.seconds:.1f}",
        f"{attack.max_seconds:g}",
        "held" if came_to.is_within(attack) else "BROKEN",
    ]
    return [Text(cell) for cell in cells]


if __name__ == "__main__":
    sys.exit(main())
