"""Pooled connections to a folder of SQLite files, one file per shard of the event log.

Here: opening, reusing and closing connections, and noticing that a file was deleted by another
process or that this process was forked. Not here: what the tables are (`schema`) and
what is written to them (`event_log`).
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

import sqlalchemy as db
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy.pool import NullPool

from catalog_pipeline.orchestration.instance.sqlite.addresses import database_url
from catalog_pipeline.orchestration.instance.sqlite.damage import tells_of_damage

FileId = tuple[int, int]
"""Device and inode: a file that was put in another's place is another one."""

MAX_IDLE_SHARDS = 16
"""Shards whose connections are kept open; each connection holds three open files."""

_of_the_parent: list[Any] = []
"""Connections inherited through a fork: never used, and never closed, by the child."""


@dataclass
class _Shard:
    engine: db.Engine
    idle: list[db.Connection] = field(default_factory=list)
    file_id: FileId | None = None


class ConnectionPool:
    """Connections by shard, for many threads; the shards used last stay open.

    `prepare` is called with a path before its first connection; it makes the file and its
    tables if there are none. `on_damage` is called with a path, which file that was, and what
    SQLite said, when a file turns out to be damaged; its exception says what is to be said.
    `checkpoint_pages` is how long a write-ahead log may grow; SQLite's own 1,000 are 4 MB.
    """

    def __init__(
        self,
        prepare: Callable[[str], None],
        on_damage: Callable[[str, FileId | None, Exception], NoReturn],
        max_idle_shards: int = MAX_IDLE_SHARDS,
        checkpoint_pages: int | None = None,
    ):
        self._prepare = prepare
        self._on_damage = on_damage
        self._max_idle_shards = max_idle_shards
        self._checkpoint_pages = checkpoint_pages
        self._forget_all()

    def _forget_all(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._shards: OrderedDict[str, _Shard] = OrderedDict()
        self._held = threading.local()

    @contextmanager
    def transaction(self, path: str, *, immediate: bool = False) -> Iterator[db.Connection]:
        """A connection with a transaction, committed at the end; a nested call joins it.

        `immediate` takes the write lock at once, so that what is read in the transaction still
        holds when it writes.
        """
        if self._pid != os.getpid():
            _of_the_parent.append((self._shards, self._held))
            self._forget_all()
        held: dict[str, db.Connection] = self._held.__dict__
        if path in held:
            yield held[path]
            return
        shard, connection = self._take(path)
        held[path] = connection
        try:
            with connection.begin():
                if immediate:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        except BaseException as error:
            with suppress(db.exc.SQLAlchemyError):
                connection.close()
            if isinstance(error, db.exc.DatabaseError) and tells_of_damage(error):
                self._on_damage(path, shard.file_id, error)
            raise
        else:
            self._give_back(path, shard, connection)
        finally:
            held.pop(path, None)

    def close(self, path: str | None = None) -> None:
        """Closes the idle connections of one file, or all."""
        with self._lock:
            paths = list(self._shards) if path is None else [path]
            shards = [self._shards.pop(each) for each in paths if each in self._shards]
        for shard in shards:
            _close_idle(shard)

    def _take(self, path: str) -> tuple[_Shard, db.Connection]:
        file_id = _file_id(path)
        with self._lock:
            shard = self._shards.get(path)
            if shard and (file_id is None or shard.file_id != file_id):
                _close_idle(self._shards.pop(path))
                shard = None
            if shard:
                self._shards.move_to_end(path)
                if shard.idle:
                    return shard, shard.idle.pop()
        if shard is None:
            self._prepare(path)
            shard = _Shard(_engine(path, self._checkpoint_pages), file_id=_file_id(path))
        return shard, shard.engine.connect()

    def _give_back(self, path: str, shard: _Shard, connection: db.Connection) -> None:
        surplus = []
        with self._lock:
            kept = self._shards.setdefault(path, shard)
            if kept is shard:
                shard.idle.append(connection)
            else:
                surplus.append(_Shard(shard.engine, [connection]))
            while len(self._shards) > self._max_idle_shards:
                surplus.append(self._shards.popitem(last=False)[1])
        for each in surplus:
            _close_idle(each)


def _close_idle(shard: _Shard) -> None:
    while shard.idle:
        with suppress(db.exc.SQLAlchemyError):
            shard.idle.pop().close()


def _file_id(path: str) -> FileId | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _engine(path: str, checkpoint_pages: int | None) -> db.Engine:
    engine = db.create_engine(
        database_url(path),
        poolclass=NullPool,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )

    def prepare(connection: Any, record: Any) -> None:
        # Every commit is on the disk when it returns: a stored event survives a power cut.
        connection.execute("PRAGMA synchronous=FULL")
        if checkpoint_pages is not None:
            connection.execute(f"PRAGMA wal_autocheckpoint={checkpoint_pages}")

    db.event.listen(engine, "connect", prepare)
    return engine
