"""Moving the history of a home from SQLite files to the PostgreSQL database of another profile.

Here: which home goes where, and what came of it. Not here: how the rows get there
(`postgres/moving`), words (`cli/migrate`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog_pipeline.errors import UsageError
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.postgres.address import settings_of_home
from catalog_pipeline.orchestration.instance.sqlite.whole_home import whole_home
from catalog_pipeline.orchestration.instance.unmoved import check_not_gone_on
from catalog_pipeline.places import SETTINGS_NAME, dagster_home


@dataclass(frozen=True)
class Moved:
    """What was moved, and when (ISO-8601); the rows of each table by its name."""

    home: str
    at: str
    rows: Mapping[str, int]


def move_home(source: Path, on_events: Callable[[int, int], None]) -> tuple[Moved, bool]:
    """Move the history in the files of `source` into the database that `DAGSTER_HOME` names.

    Exactly once, however often it is begun and killed. Returns what was moved, and whether that was
    now: it may have been done before.

    Raises:
        UsageError: the home's settings name no database of ours, it holds something else, or
            `source` holds no such files, or went on after it was moved.
        StorageError: somebody uses one of them, or one cannot be used.
    """
    home = dagster_home()
    if settings_of_home(home) is None:
        raise UsageError(
            f"{home / SETTINGS_NAME} names no database of this package. Put the profile for "
            f"PostgreSQL there (deploy/postgres/dagster.yaml), and start again."
        )
    with open_instance(is_moving=True) as instance:
        # What an extra brings is imported where its settings have been found.
        from catalog_pipeline.orchestration.instance.postgres.event_log import (
            BatchedPostgresEventLogStorage,
        )
        from catalog_pipeline.orchestration.instance.postgres.moving import move, what_was_moved

        storage = instance.event_log_storage
        assert isinstance(storage, BatchedPostgresEventLogStorage)  # noqa: S101 - its settings
        before = what_was_moved(storage.server)
        if before is not None and Path(before.home).resolve() == source.resolve():
            check_not_gone_on(source, before.home, before.at)
            return before, False
        with whole_home(source) as files:
            return move(storage.server, files, on_events), True
