"""Builds that keep a history, killed again and again, beside the same builds without a kill.

    python -m catalog_pipeline_tests.crash.killed_builds --kills 200 --seed 7

Each build is a process of its own, forked from this one: it is killed at a random instant, or with
`--steps` before each sync, rename and removal that it makes. After each death the table, and the
past that belongs to it, must be those of the day before or of this day, and never of both.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from catalog_pipeline.errors import TableError
from catalog_pipeline.records import Columns
from catalog_pipeline.tables.history.reading import read_changes, read_periods
from catalog_pipeline_tests.crash.forked_deaths import KILLED, die_before, exit_code_of
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import Days

DAYS = 10
PRODUCTS = 90
PAGES = 3
STEPS = ((os, "fsync"), (os, "rename"), (os, "unlink"))

Past = tuple[list[Any], list[Any]]


def shown(day: int) -> list[Columns]:
    """The pages of a day: prices move, a fifth of the products come and go."""
    chance = random.Random(day)
    pages: list[Columns] = []
    for page in range(PAGES):
        skus = [
            f"p{number}"
            for number in range(page, PRODUCTS, PAGES)
            if number % 5 or chance.random() < 0.5
        ]
        prices = [f"{10 + chance.randrange(3)}.50" for _ in skus]
        pages.append(shop.rows(skus, price=prices))
    return pages


def past_of(table: Path) -> Past:
    """All periods and changes that belong to a table; nothing before there are any."""
    try:
        periods = [row for group in read_periods(table) for row in group.to_pylist()]
        return periods, list(read_changes(table))
    except TableError:
        return [], []


@dataclass
class Scene:
    """A shop whose builds die, and what it must be after each day."""

    days: Days
    reference: Days
    expected: list[tuple[list[Any], Past]] = field(default_factory=lambda: [([], ([], []))])
    kills: int = 0
    wrong: list[str] = field(default_factory=list)
    longest: float = 0.0
    """How long a build took that nobody killed, the last time, and a little more."""

    def begin(self, day: int) -> None:
        """A day's pages, and what comes of them without a kill."""
        for each in (self.days, self.reference):
            each.fetch(day, *shown(day))
        self.reference.build()
        table = pq.read_table(self.reference.table).to_pylist()
        self.expected.append((table, past_of(self.reference.table)))

    def killed_build(self, die: Callable[[], object], delay: float | None) -> bool:
        """A build that dies, or comes to its end: then true."""

        def build() -> None:
            die()
            self.days.build()

        began = time.perf_counter()
        code = exit_code_of(build, delay)
        if not code:
            self.longest = 1.2 * (time.perf_counter() - began)
        if code == KILLED:
            self.kills += 1
        elif code:
            self.wrong.append(f"a build ended with {code}")
        self.look()
        return code == 0

    def look(self) -> None:
        """Hold what is there against what it may be."""
        path = self.days.table
        table = pq.read_table(path).to_pylist() if path.exists() else []
        if (table, past_of(path)) not in self.expected[-2:]:
            self.wrong.append(f"after kill {self.kills}: neither of the day before nor of this one")


def kill_at_steps(scene: Scene, days: int) -> None:
    """Kill the builds of some days before each of their steps."""
    for day in range(days):
        scene.begin(day)
        step = 1
        while not scene.killed_build(partial(die_before, step, STEPS), None):
            step += 1


def kill_at_random(scene: Scene, kills: int, chance: random.Random) -> None:
    """Kill the builds of all days at random instants."""
    for day in range(DAYS):
        began = time.perf_counter()
        scene.begin(day)
        scene.longest = 1.2 * (time.perf_counter() - began)
        wanted = kills * (day + 1) // DAYS
        while scene.kills < wanted:
            scene.killed_build(lambda: None, chance.random() * scene.longest)
        if not scene.killed_build(lambda: None, None):
            scene.wrong.append("a build did not come to its end")


def main() -> int:
    """Play it; 1 if anything was ever wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--steps", action="store_true")
    asked = parser.parse_args()
    print(f"seed {asked.seed}")
    with tempfile.TemporaryDirectory() as name:
        scene = Scene(Days(Path(name) / "killed"), Days(Path(name) / "reference"))
        if asked.steps:
            kill_at_steps(scene, 3)
        else:
            kill_at_random(scene, asked.kills, random.Random(asked.seed))
        left = {path.name for path in scene.days.folder.iterdir()}
        if left != {path.name for path in scene.reference.folder.iterdir()}:
            scene.wrong.append(f"left over: {left}")
        if past_of(scene.days.table) != past_of(scene.reference.table):
            scene.wrong.append("the past is not that of builds without kills")
    print("\n".join(scene.wrong) or f"{scene.kills} kills, and nothing was ever wrong.")
    return 1 if scene.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
