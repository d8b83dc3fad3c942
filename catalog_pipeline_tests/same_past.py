"""Holds what the tables tell without Dagster to what Dagster's instance tells of them."""

from pathlib import Path

from dagster import DagsterInstance

from catalog_pipeline.orchestration.instance.asking import table_history
from catalog_pipeline.orchestration.instance.history import (
    MATERIALIZATION,
    OBSERVATION,
    History,
    Kind,
    history_of,
)
from catalog_pipeline.orchestration.instance.sql.table_history import NotPlainError
from catalog_pipeline.orchestration.names import KeyPath

_PLAIN = (str, int, float, bool, list, dict, type(None))


def check_same_past(instance: DagsterInstance, home: Path) -> int:
    """Compare all answers about all assets, save those that the tables do not give; how many."""
    theirs, compared = history_of(instance), 0
    try:
        with table_history(home) as ours:
            for path in ours.asset_paths():
                for kind in (MATERIALIZATION, OBSERVATION):
                    _check_kind(ours, theirs, path, kind)
                compared += 1
                assert ours.unfinished_attempt(path) == theirs.unfinished_attempt(path)
                attempts = ours.attempts(path)
                assert attempts == theirs.attempts(path)
                for run_id in attempts.values():
                    assert ours.run(run_id) == theirs.run(run_id)
            assert sorted(ours.asset_paths()) == sorted(theirs.asset_paths())
    except NotPlainError:
        pass
    return compared


def _check_kind(ours: History, theirs: History, path: KeyPath, kind: Kind) -> None:
    ids = theirs.latest_ids(path, kind)
    assert ours.latest_ids(path, kind) == ids
    assert ours.newest_id(path, kind) == theirs.newest_id(path, kind)
    events = [sorted(each.latest_events(path, kind, set(ids))) for each in (ours, theirs)]
    assert events[0] == events[1]
    mine, newest = ours.newest(path, kind), theirs.newest(path, kind)
    assert (mine is None) == (newest is None)
    if mine is not None and newest is not None:
        assert mine.storage_id == newest.storage_id
        # What is an object of Dagster's, as a column schema is, nobody asks the past for.
        plain = {key for key, value in newest.values.items() if isinstance(value, _PLAIN)}
        assert [mine.values[key] for key in plain] == [newest.values[key] for key in plain]
