"""Asks the past without Dagster where the tables tell it, and by Dagster's instance where not.

Whatever is amiss with them is for Dagster's storages to mend, or to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from catalog_pipeline.errors import UsageError
from catalog_pipeline.orchestration.instance.history import Source
from catalog_pipeline.orchestration.instance.postgres.address import settings_of_home
from catalog_pipeline.orchestration.instance.sql.table_history import NotPlainError, TableHistory
from catalog_pipeline.orchestration.instance.sqlite.file_history import file_history
from catalog_pipeline.orchestration.instance.unmoved import check_moved
from catalog_pipeline.places import dagster_home

_Answer = TypeVar("_Answer")


def ask(question: Callable[[Source], _Answer]) -> _Answer:
    """The answer; the question is put a second time where the tables alone do not tell it."""
    try:
        return ask_tables(question)
    except NotPlainError:
        from catalog_pipeline.orchestration.instance.open import open_instance

        with open_instance() as instance:
            return question(instance)


def ask_tables(question: Callable[[TableHistory], _Answer]) -> _Answer:
    """The answer of the tables alone.

    Raises:
        NotPlainError: they do not tell it.
    """
    with table_history(dagster_home()) as history:
        return question(history)


@contextmanager
def table_history(home: Path) -> Iterator[TableHistory]:
    """The past that the tables of a home hold, wherever its settings say that they are.

    Raises:
        NotPlainError: they are not plain, or what is asked of them within the block is not.
    """
    try:
        config = settings_of_home(home)
    except UsageError as error:
        raise NotPlainError(str(error)) from error
    if config is None:
        with file_history(home) as files:
            yield files
        return
    try:
        from catalog_pipeline.orchestration.instance.postgres.reaching import HAS_PAST
        from catalog_pipeline.orchestration.instance.postgres.server_history import server_history
    except ModuleNotFoundError as error:
        raise NotPlainError(str(error)) from error
    with server_history(config) as server:
        try:
            check_moved(home, lambda: server.ask_runs(HAS_PAST) == [(True,)])
        except UsageError as error:
            raise NotPlainError(str(error)) from error
        yield server
