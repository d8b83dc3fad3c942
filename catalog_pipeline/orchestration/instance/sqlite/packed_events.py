"""The events in a run's own file, where what many of them begin with is stored once.

A page has two events there whose texts are the same, eight tenths of them, as those of every other
page. The file's `event_logs`, which Dagster asks and adds to, is a view of a
narrower table in which such a text is a number and its rest. The index has no such view: Dagster's
own storage asks for the id of a row that it has inserted there, and a view gives none. Not here:
the other tables (`schema`), and in what order a text has its parts (`slim_json`).
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

_ENDS_OF_BEGINNINGS = ('"metadata_entries":[', '"partition":')
"""What is after these differs from page to page; the first of them that a text has counts."""
_MOST_BEGINNINGS = 20
"""As many assets and steps as a run with failures has; beyond them events are stored whole."""

_ENTRY = '{"__class__":"EventMetadataEntry","label":"'
_LABELS = (
    *("http_status", "rows", "bytes", "fetch_seconds", "attempts", "fetched_at", "sha256", "file"),
    *("content_type", "etag", "last_modified", "not_modified", "carried_over", "asked_at"),
    *("versions", "told_by", "next_page", "told_as", "told_last_page"),
)
_WRAPPINGS = {
    chr(number): text
    for number, text in enumerate(
        (
            _ENTRY,
            '"value":{"__class__":"UrlMetadataEntryData","url":"',
            *(f'}},{_ENTRY}{label}","value":' for label in _LABELS),
            '{"__class__":"TimestampMetadataValue","value":',
            '],"partition":"',
            '","tags":{"dagster/code_version":"',
            '","dagster/data_version":"',
            '"}}},"message":"Page ',
            ' is stored."},"timestamp":',
        ),
        start=1,
    )
}
"""Characters that JSON cannot hold, and what they stand for in every file that knows them.

A file knows those that were here when it was made: more may be added, and none changed.
"""
_LONGEST_FIRST = sorted(_WRAPPINGS.items(), key=lambda each: len(each[1]), reverse=True)

_TABLES = (
    """CREATE TABLE packed_events (
        id INTEGER NOT NULL PRIMARY KEY, beginning INTEGER, event TEXT NOT NULL,
        dagster_event_type TEXT, timestamp TIMESTAMP, step_key TEXT, asset_key TEXT, partition TEXT
    )""",
    "CREATE INDEX idx_event_type ON packed_events (dagster_event_type, id)",
    """CREATE TABLE event_beginnings (
        id INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL, step_key TEXT, asset_key TEXT
    )""",
)
_VIEW = """CREATE VIEW event_logs AS
    WITH <steps of unpacking>
    SELECT
        id,
        <run_id> AS run_id,
        CASE WHEN beginning IS NULL THEN event ELSE
            (SELECT b.text FROM event_beginnings b WHERE b.id = beginning) || unpacked
        END AS event,
        dagster_event_type,
        timestamp,
        coalesce(
            step_key, (SELECT b.step_key FROM event_beginnings b WHERE b.id = beginning)
        ) AS step_key,
        coalesce(
            asset_key, (SELECT b.asset_key FROM event_beginnings b WHERE b.id = beginning)
        ) AS asset_key,
        partition
    FROM <last step>"""
_STEP = """<step> AS (
        SELECT id, beginning, event, dagster_event_type, timestamp, step_key, asset_key, partition,
            <unpacked> AS unpacked
        FROM <source>
    )"""
_MARKS_PER_STEP = 8
"""SQLite does not read texts of more calls within each other than about twenty."""
_TRIGGERS = (
    """CREATE TRIGGER event_logs_insert INSTEAD OF INSERT ON event_logs BEGIN
        INSERT INTO packed_events
            (id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
        VALUES (
            NEW.id, NEW.event, NEW.dagster_event_type, NEW.timestamp, NEW.step_key, NEW.asset_key,
            NEW.partition
        );
    END""",
    """CREATE TRIGGER event_logs_update INSTEAD OF UPDATE ON event_logs BEGIN
        UPDATE packed_events SET
            beginning = NULL, event = NEW.event, dagster_event_type = NEW.dagster_event_type,
            timestamp = NEW.timestamp, step_key = NEW.step_key, asset_key = NEW.asset_key,
            partition = NEW.partition
        WHERE id = OLD.id;
    END""",
    """CREATE TRIGGER event_logs_delete INSTEAD OF DELETE ON event_logs BEGIN
        DELETE FROM packed_events WHERE id = OLD.id;
    END""",
)
_BETWEEN = "\0"
"""Between texts: none of them holds it, for JSON writes it as an escape."""
_INSERT = (
    "INSERT INTO packed_events "
    "(id, beginning, event, dagster_event_type, timestamp, step_key, asset_key, partition) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def statements(run_id: str) -> list[str]:
    """What makes the table and the view of it in the file of that run."""
    quoted = "'" + run_id.replace("'", "''") + "'"
    steps, last = _steps()
    view = _VIEW.replace("<steps of unpacking>", ",\n    ".join(steps))
    return [*_TABLES, view.replace("<last step>", last).replace("<run_id>", quoted), *_TRIGGERS]


@cache
def _steps() -> tuple[list[str], str]:
    """The parts of the view that put wrappings back, some at a time, and the last one's name."""
    wrappings = list(_WRAPPINGS.items())
    steps, source, unpacked = [], "packed_events", "event"
    for start in range(0, len(wrappings), _MARKS_PER_STEP):
        for mark, wrapping in wrappings[start : start + _MARKS_PER_STEP]:
            unpacked = f"replace({unpacked}, {_sql_of(mark)}, '{wrapping}')"
        name = f"unpacked_{start}"
        step = _STEP.replace("<step>", name).replace("<unpacked>", unpacked)
        steps.append(step.replace("<source>", source))
        source, unpacked = name, "unpacked"
    return steps, source


def packs(cursor: Any) -> bool:
    """Whether the file is one with such a table; those of earlier releases are not."""
    cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'packed_events'")
    return cursor.fetchone() is not None


def insert_packed(cursor: Any, rows: Sequence[tuple[Any, ...]], slim: Sequence[bool]) -> None:
    """Inserts rows with the columns of `event_logs`; those that are slim become shorter."""
    known = {
        tuple(found[1:]): found[0]
        for found in cursor.execute("SELECT id, text, step_key, asset_key FROM event_beginnings")
    }
    cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'event_logs'")
    view = str(cursor.fetchone()[0])
    wrappings = [(mark, text) for mark, text in _LONGEST_FIRST if _sql_of(mark) in view]
    packed, shortened = [], []
    for (event_id, _, event, *others), is_slim in zip(rows, slim, strict=True):
        kind, timestamp, step_key, asset_key, partition = others
        at = _end_of_beginning(event) if is_slim else 0
        beginning = (event[:at], step_key, asset_key)
        if at and beginning not in known and len(known) < _MOST_BEGINNINGS:
            known[beginning] = len(known) + 1
            cursor.execute(
                "INSERT INTO event_beginnings (id, text, step_key, asset_key) VALUES (?, ?, ?, ?)",
                (known[beginning], *beginning),
            )
        number = known.get(beginning)
        if number is not None:
            shortened.append(event[at:])
            event = step_key = asset_key = None
        packed.append((event_id, number, event, kind, timestamp, step_key, asset_key, partition))
    texts = iter(_packed(shortened, wrappings))
    cursor.executemany(
        _INSERT,
        [row if row[1] is None else (*row[:2], next(texts), *row[3:]) for row in packed],
    )


def _end_of_beginning(text: str) -> int:
    """Where what differs from page to page begins; 0 if a text is not of that kind."""
    for end in _ENDS_OF_BEGINNINGS:
        at = text.find(end)
        if at >= 0:
            return at + len(end)
    return 0


def _packed(texts: Sequence[str], wrappings: Sequence[tuple[str, str]]) -> list[str]:
    """The texts with their wrappings as marks; all at once, since a call costs more than a look."""
    joined = _BETWEEN.join(texts)
    for mark, wrapping in wrappings:
        joined = joined.replace(wrapping, mark)
    return joined.split(_BETWEEN)


def _sql_of(mark: str) -> str:
    return f"char({ord(mark)})"
