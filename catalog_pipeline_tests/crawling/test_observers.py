"""Several observers of one crawl as one."""

import inspect

import pytest

from catalog_pipeline.crawling.observers import Together
from catalog_pipeline.crawling.ports import Observer

TOLD = [name for name, _ in inspect.getmembers(Observer, inspect.isfunction)]


class _Notes(Observer):
    """Notes all that it is told."""

    def __init__(self, name: str, notes: list[tuple[str, str, tuple[object, ...]]]) -> None:
        for told in TOLD:
            setattr(self, told, lambda *what, told=told: notes.append((name, told, what)))


@pytest.mark.parametrize("told", TOLD)
def test_each_is_told_everything_in_their_order(told: str):
    notes: list[tuple[str, str, tuple[object, ...]]] = []
    tell = getattr(Together([_Notes("first", notes), _Notes("second", notes)]), told)
    what = tuple(object() for _ in inspect.signature(tell).parameters)
    tell(*what)
    assert notes == [("first", told, what), ("second", told, what)]
