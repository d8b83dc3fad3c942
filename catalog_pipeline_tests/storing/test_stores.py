"""What is asked of a bucket by whoever opens a catalogue's files again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.records import FailedAnswer
from catalog_pipeline.storing.stores import evidence_of, objects_of
from catalog_pipeline_tests.crash.forked_deaths import exit_code_of
from catalog_pipeline_tests.object_server import Bucket, Gate


@pytest.fixture
def places(bucket: Bucket, tmp_path: Path) -> CataloguePlaces:
    """Those of a catalogue in a bucket."""
    return CataloguePlaces(tmp_path / "work" / "shop", f"{bucket.address}/shop")


@pytest.mark.processes
def test_connections_are_those_of_before_unless_something_is_another(
    places: CataloguePlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = objects_of(places, places.pages)
    assert objects_of(places, places.pages) is opened
    assert objects_of(places, places.folder) is not opened

    def have_others() -> None:
        assert objects_of(places, places.pages) is not opened

    assert exit_code_of(have_others, killed_after=20) == 0
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    have_others()


def test_that_an_answer_is_there_is_not_looked_up_where_it_is_known(
    places: CataloguePlaces, gate: Gate, bucket: Bucket
) -> None:
    answer, page = FailedAnswer("http://shop.example/7", 500, (), b"no"), PageKey(7)
    evidence_of(places).keep(page, answer)
    evidence = evidence_of(places)
    assert evidence.read(page) == answer
    listed = gate.listed["failures"]
    evidence.forget(page, is_there=True)
    assert (evidence.read(page), gate.listed["failures"]) == (None, listed)
    for number in range(8, 12):
        evidence.forget(PageKey(number))
    assert gate.listed["failures"] == listed + 1
