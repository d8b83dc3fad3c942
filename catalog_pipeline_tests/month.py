"""A month with one catalogue: daily refreshes with failures, edits and stops, against a ledger.

    python -m catalog_pipeline_tests.month --days 30 --seed 7

The ledger is the site's own: what it answered for each page last. At the end of each day the
command goes on with whatever is left, and then status and table have to be what the ledger says.
How things are done to a catalogue belongs in `orchestration/life_of_pages`.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd

from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import HOME_VARIABLE, catalogue_places
from catalog_pipeline_tests.orchestration.life_of_pages import (
    BARE,
    BROKEN,
    GONE,
    GOOD,
    PAGES,
    PLAIN,
    STRICT,
    TEXT,
    Scene,
)
from catalog_pipeline_tests.written_site import written_site

_ALL = (PAGES[0], PAGES[-1])


class Month:
    """Plays days on a scene; the choices follow from the seed."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._chance = random.Random(seed)
        self._variant = PLAIN
        self._today = 0
        self._shown: dict[int, tuple[str, str]] = {}
        self._answered: dict[int, tuple[str, str]] = {}
        self._came: dict[int, str] = {}
        scene.site.before_answer = self._enter

    def day(self) -> list[str]:
        """One day; what is wrong at its end."""
        self._today += 1
        text = f"day {self._today}"
        for page in PAGES:
            kinds, weights = [GOOD, BARE, GONE, BROKEN], [6, 1, 1, 1]
            self._shown[page] = self._chance.choices(kinds, weights)[0], text
            self._scene.show(page, self._shown[page][0], text)
        if self._chance.random() < 0.3:
            self._variant = self._chance.choice([PLAIN, TEXT, STRICT])
            self._scene.edit(self._variant)
        ways: list[Callable[[], object]] = [self._by_command, self._killed, self._by_web]
        self._chance.choice(ways)()
        self._scene.command(self._scene.catalogue.pages)
        return [f"day {self._today}: {wrong}" for wrong in self._wrong()]

    def _enter(self, path: str) -> None:
        """Write down what is about to be answered."""
        page = int(path.rpartition("=")[2])
        self._answered[page] = self._shown[page]

    def _by_command(self) -> None:
        stop_after = self._chance.choice([0, 1, 2])
        now = datetime.now(timezone.utc)
        self._scene.command(self._scene.catalogue.pages, refresh_at=now, stop_after=stop_after)

    def _killed(self) -> None:
        wiped = self._chance.choice(PAGES)
        self._scene.wipe(wiped)
        self._came.pop(wiped, None)
        self._scene.killed_command(self._scene.catalogue.pages, after=self._chance.choice([1, 2]))

    def _by_web(self) -> None:
        run = self._scene.web_run(*_ALL)
        if self._chance.random() < 0.2:
            self._scene.instance.report_run_canceled(run)
            return
        ended = self._scene.execute(run, terminate_after=self._chance.choice([0, 1, 2]))
        if self._chance.random() < 0.5 and not ended.is_success:
            self._scene.execute(self._scene.web_run(*_ALL, retry_of=ended))

    def _wrong(self) -> list[str]:
        statuses = read_standing(self._scene.instance, self._scene.catalogue).statuses
        failed = {page.number for page in statuses.failed}
        wrong: list[str] = []
        for page in PAGES:
            kind, text = self._answered[page]
            is_good = kind == GOOD or (kind == BARE and self._variant != STRICT)
            if is_good == (page in failed):
                wrong.append(f"page {page} answered {kind!r} last, and failed are {sorted(failed)}")
            if is_good:
                self._came[page] = "" if kind == BARE else text
        return wrong + self._wrong_in_table()

    def _wrong_in_table(self) -> list[str]:
        path = catalogue_places("shop").table
        if self._variant == PLAIN or not path.exists():
            return []
        table = pd.read_parquet(path)
        texts = zip(table["page"], table["text"], strict=True)
        found = {int(page): "" if pd.isna(text) else str(text) for page, text in texts}
        return [] if found == self._came else [f"the table has {found}, the ledger {self._came}"]


def main() -> int:
    """Play the month; 1 if status or table were ever wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, written_site() as site:
        folder = Path(name)
        home, untouched = folder / "home", folder / "untouched"
        os.environ[HOME_VARIABLE] = str(untouched)
        with open_instance():
            pass
        os.environ[HOME_VARIABLE] = str(home)
        scene = Scene(folder / "catalogues", home, lambda: shutil.copytree(untouched, home), site)
        scene.begin()
        month = Month(scene, options.seed)
        wrong: list[str] = []
        for _ in range(options.days):
            wrong += month.day()
        scene.end()
        scene.close()
    print("\n".join(wrong) or f"{options.days} days, and every figure was right.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
