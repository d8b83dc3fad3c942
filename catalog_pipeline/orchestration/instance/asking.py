"""Asks the past without Dagster where the files tell it, and by Dagster's instance where not.

Whatever is amiss with the files is for Dagster's storages to mend, or to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from catalog_pipeline.orchestration.instance.history import Source
from catalog_pipeline.orchestration.instance.sqlite.file_history import (
    FileHistory,
    NotPlainError,
    file_history,
)
from catalog_pipeline.places import dagster_home

_Answer = TypeVar("_Answer")


def ask(question: Callable[[Source], _Answer]) -> _Answer:
    """The answer; the question is put a second time where the files alone do not tell it."""
    try:
        return ask_files(question)
    except NotPlainError:
        from catalog_pipeline.orchestration.instance.open import open_instance

        with open_instance() as instance:
            return question(instance)


def ask_files(question: Callable[[FileHistory], _Answer]) -> _Answer:
    """The answer of the files alone.

    Raises:
        NotPlainError: they do not tell it.
    """
    with file_history(dagster_home()) as history:
        return question(history)
