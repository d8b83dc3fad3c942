"""What of the index of the event log is superseded, and how it is removed.

An announcement whose page has come since says nothing any more, and takes as much room as a third
of a checkpoint. The first and the last one of each run stay: by them one tells when a run was made,
and which one announced pages last. The logs of the runs keep all. Not here: transactions and files
(`event_log`), and which runs are old (`instance/old_runs`).
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)

Events = SqlEventLogStorageTable.c
_PLANNED = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value
_MADE = dg.DagsterEventType.ASSET_MATERIALIZATION.value
_SEEN = dg.DagsterEventType.ASSET_OBSERVATION.value
_PER_STATEMENT = 5000


def forget_plans(connection: db.Connection, asset_key: dg.AssetKey, run_id: str) -> int:
    """Removes the announcements of a run whose partitions have come since; returns how many."""
    key = asset_key.to_string()
    of_run = db.and_(
        Events.asset_key == key, Events.dagster_event_type == _PLANNED, Events.run_id == run_id
    )
    ends = connection.execute(
        db.select(db.func.min(Events.id), db.func.max(Events.id)).where(of_run)
    ).one()
    gone = SqlEventLogStorageTable.delete().where(of_run, Events.id.not_in(ends), _comes_later())
    return connection.execute(gone).rowcount


def runs_that_stand(
    connection: db.Connection, keys: Collection[dg.AssetKey], telling: str
) -> set[str]:
    """The runs by whose events something stands: a partition's latest materialization, a failure
    that is newer, an observation that tells with that label, a check's latest verdict.

    And the one that an asset was announced by last, and the one of the latest event of all: SQLite
    would give that event's id to the next one.
    """
    texts = [key.to_string() for key in keys]
    latest = _latest(texts, _MADE)
    seen = _latest(texts, _SEEN)
    observations = db.select(Events.run_id).where(
        Events.id.in_(seen), db.or_(~_comes_later(), Events.event.contains(f'"{telling}"'))
    )
    checks = AssetCheckExecutionsTable.c
    verdicts = db.select(db.func.max(checks.id)).where(checks.asset_key.in_(texts))
    verdicts = verdicts.group_by(checks.asset_key, checks.check_name, checks.partition)
    assets = AssetKeyTable.c
    questions = (
        db.select(Events.run_id).where(Events.id.in_(latest)),
        observations,
        db.select(checks.run_id).where(checks.id.in_(verdicts)),
        db.select(assets.last_run_id).where(assets.asset_key.in_(texts)),
        db.select(Events.run_id).order_by(Events.id.desc()).limit(1),
    )
    return {row[0] for question in questions for row in connection.execute(question) if row[0]}


def events_of_runs(connection: db.Connection, run_ids: Sequence[str]) -> dict[int, int]:
    """The events of the runs by their ids, with the bytes of their texts."""
    found: dict[int, int] = {}
    size = db.func.length(Events.event)
    for some in _some(run_ids):
        asked = db.select(Events.id, size).where(Events.run_id.in_(some))
        found |= {row[0]: row[1] for row in connection.execute(asked)}
    return found


def superseded_events(
    connection: db.Connection, asset_key: dg.AssetKey, run_ids: Sequence[str], telling: str
) -> dict[int, int]:
    """Of those runs the events of partitions that say nothing any more, with their bytes.

    A materialization or an observation after which its partition was materialized, but for an
    observation that tells with that label; an announcement of such a partition.
    """
    found: dict[int, int] = {}
    size = db.func.length(Events.event)
    for some in _some(run_ids):
        of_runs = db.and_(Events.asset_key == asset_key.to_string(), Events.run_id.in_(some))
        ends = (
            db.select(each(Events.id))
            .where(of_runs, Events.dagster_event_type == _PLANNED)
            .group_by(Events.run_id)
            for each in (db.func.min, db.func.max)
        )
        asked = db.select(Events.id, size).where(
            of_runs,
            Events.dagster_event_type.in_((_PLANNED, _MADE, _SEEN)),
            Events.partition.is_not(None),
            _comes_later(),
            *(Events.id.not_in(each) for each in ends),
            ~db.and_(Events.dagster_event_type == _SEEN, Events.event.contains(f'"{telling}"')),
        )
        found |= {row[0]: row[1] for row in connection.execute(asked)}
    return found


def remove_events(connection: db.Connection, ids: Sequence[int]) -> None:
    """Removes events and their tags."""
    tags = AssetEventTagsTable
    connection.execute(tags.delete().where(tags.c.event_id.in_(ids)))
    connection.execute(SqlEventLogStorageTable.delete().where(Events.id.in_(ids)))


def remove_verdicts(connection: db.Connection, run_ids: Sequence[str]) -> None:
    """Removes what the runs had to say of checks."""
    table = AssetCheckExecutionsTable
    for some in _some(run_ids):
        connection.execute(table.delete().where(table.c.run_id.in_(some)))


def _latest(asset_keys: Sequence[str], kind: str) -> db.Select[tuple[int]]:
    """The ids of the latest event of that kind of each partition."""
    latest = db.select(db.func.max(Events.id)).where(
        Events.asset_key.in_(asset_keys), Events.dagster_event_type == kind
    )
    return latest.group_by(Events.asset_key, Events.partition)


def _comes_later() -> db.ColumnElement[bool]:
    """Whether the event's partition is materialized by a later one."""
    later = SqlEventLogStorageTable.alias()
    return db.exists().where(
        later.c.asset_key == Events.asset_key,
        later.c.dagster_event_type == _MADE,
        # In SQLite `IS`, for which there is an index; with `OR IS NULL` it would read all events.
        later.c.partition.is_not_distinct_from(Events.partition),
        later.c.id > Events.id,
    )


def _some(run_ids: Sequence[str]) -> Iterator[list[str]]:
    left = iter(run_ids)
    while some := list(islice(left, _PER_STATEMENT)):
        yield some
