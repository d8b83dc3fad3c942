"""Prunes of a catalogue to which everything has happened, killed again and again.

    python -m catalog_pipeline_tests.crash.killed_prunes --kills 20 --seed 7

Each prune is of a copy of the same home and is killed before one of its steps, and with `--kills`
at random instants besides. What is told of the catalogue must be what it was, after the death and
after the next prune, which has to leave exactly what a prune without a death leaves. No process
here opens a database and is forked afterwards: SQLite's connections do not outlive that.
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.catalogue.finding import FILE_NAME
from catalog_pipeline.orchestration.instance import home_files, old_runs
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.sql import superseded
from catalog_pipeline.orchestration.instance.sqlite.run_storage import PooledSqliteRunStorage
from catalog_pipeline.orchestration.runs.pruning import prune
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE, ensure_dagster_home
from catalog_pipeline_tests.crash.forked_deaths import KILLED, die_before, exit_code_of
from catalog_pipeline_tests.orchestration.life_of_pages import Scene
from catalog_pipeline_tests.orchestration.long_life import a_long_life, facts
from catalog_pipeline_tests.written_site import written_site

STEPS: tuple[tuple[Any, str], ...] = (
    (os, "unlink"),
    (shutil, "rmtree"),
    (superseded, "remove_events"),
    (superseded, "remove_verdicts"),
    (PooledSqliteRunStorage, "delete_run"),
    (home_files, "give_back"),
)
_IN_A_YEAR = timedelta(days=365)


class Prunes:
    """Copies of one home and its data, pruned in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kills = 0
        self.wrong: list[str] = []
        for name in ("untouched", "home", "data"):
            (folder / name).mkdir()
        self._use(folder)
        if exit_code_of(self._live) != 0:
            raise SystemExit("the catalogue's life could not be acted out")
        self._before = self._told(self._look)
        self._fresh_copy()
        self.seconds = self._timed_prune()
        self._after = self._told(self._look_around)

    def killed(self, arm: Callable[[], object], delay: float | None = None) -> bool:
        """A prune that dies, or comes to its end: then false."""
        self._fresh_copy()
        status = exit_code_of(lambda: self._prune(arm), delay)
        if status not in (0, KILLED):
            self.wrong.append(f"a prune ended with {status}")
        was_killed = status == KILLED
        self.kills += was_killed
        found = self._told(self._look_prune_and_look)
        for told, wanted, when in zip(
            found,
            (self._before, self._before, self._after),
            ("after the death", "after the next prune", "what is left"),
            strict=True,
        ):
            self._hold(told, wanted, when)
        return was_killed

    def _hold(self, told: Any, wanted: Any, when: str) -> None:
        if told != wanted:
            names = wanted if isinstance(wanted, dict) else {}
            different = [name for name in names if told[name] != wanted[name]]
            self.wrong.append(f"kill {self.kills}, {when}: other than before: {different or told}")

    def _use(self, folder: Path) -> None:
        os.environ[HOME_VARIABLE] = str(folder / "home")
        os.environ[DATA_VARIABLE] = str(folder / "data")

    def _fresh_copy(self) -> None:
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in ("home", "data"):
            shutil.copytree(self.folder / name, copy / name)
        self._use(copy)

    def _timed_prune(self) -> float:
        began = time.perf_counter()
        if exit_code_of(self._prune) != 0:
            raise SystemExit("a prune without a death failed")
        return time.perf_counter() - began

    def _told(self, ask: Callable[[], object]) -> Any:
        answer = self.folder / "answer"
        answer.unlink(missing_ok=True)
        exit_code_of(lambda: answer.write_bytes(pickle.dumps(ask())))
        return pickle.loads(answer.read_bytes())

    def _live(self) -> None:
        untouched = self.folder / "untouched"
        os.environ[HOME_VARIABLE] = str(untouched)
        ensure_dagster_home()
        self._use(self.folder)
        with written_site() as site:
            home = self.folder / "home"
            scene = Scene(
                self.folder / "catalogues", home, lambda: shutil.copytree(untouched, home), site
            )
            scene.begin()
            a_long_life(scene)
            scene.end()
            scene.close()

    def _look(self) -> dict[str, Any]:
        catalogue = read_catalogue(self.folder / "catalogues" / "shop" / FILE_NAME)
        with open_instance() as instance:
            return facts(instance, catalogue)

    def _look_prune_and_look(self) -> tuple[Any, Any, Any]:
        before = self._look()
        self._prune()
        return before, self._look(), self._look_around()

    def _look_around(self) -> tuple[list[str], list[str]]:
        with open_instance() as instance:
            runs = sorted(instance.get_run_ids())
            folder = Path(instance.root_directory)
            names = [path.name for path in (folder / "history" / "runs").glob("*.db")]
            pages = [path.name for path in (folder.parent / "data" / "shop" / "pages").iterdir()]
        return runs, sorted([*names, *pages])

    def _prune(self, arm: Callable[[], object] = lambda: None) -> None:
        arm()
        catalogue = read_catalogue(self.folder / "catalogues" / "shop" / FILE_NAME)
        with open_instance() as instance:
            prune(instance, [catalogue], datetime.now(timezone.utc) + _IN_A_YEAR)


def before_step(number: int) -> Callable[[], None]:
    """Lets this process die before that one of its steps."""

    def arm() -> None:
        # Events are removed in many steps.
        old_runs._EVENTS_AT_ONCE = 40
        die_before(number, STEPS)

    return arm


def main() -> int:
    """Play it; 1 if anything was ever wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = parser.parse_args()
    print(f"seed {asked.seed}")
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        prunes = Prunes(Path(name))
        step = 1
        while prunes.killed(before_step(step)):
            step += 1
        wanted = prunes.kills + asked.kills
        while prunes.kills < wanted and not prunes.wrong:
            prunes.killed(lambda: None, chance.random() * prunes.seconds)
    print("\n".join(prunes.wrong) or f"{prunes.kills} kills, and nothing was ever wrong.")
    return 1 if prunes.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
