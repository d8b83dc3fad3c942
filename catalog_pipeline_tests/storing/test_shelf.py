"""Tables of a bucket: copies are what the bucket has, and what is done here is done there first."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.errors import StorageError
from catalog_pipeline.storing.objects import Objects
from catalog_pipeline.storing.shelf import HERE, Shelf
from catalog_pipeline_tests.object_server import Bucket

NAME = "products.parquet"


@pytest.fixture
def shelf(bucket: Bucket) -> Shelf:
    """A shelf with nothing on it."""
    return Shelf(Objects(f"{bucket.address}/shop"))


def written(path: Path, content: str) -> Path:
    """A file that is there whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def everything(name: str) -> bool:
    """Every name is wanted."""
    return True


def test_what_one_machine_puts_another_brings(shelf: Shelf, bucket: Bucket, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for content in ("first", "second"):
        shelf.put_in_place(written(one / "new", content), one / NAME)
        assert bucket.get(f"data/shop/{NAME}") == content.encode()
        shelf.bring(other, everything)
        assert (other / NAME).read_text() == (one / NAME).read_text() == content


def test_a_copy_that_is_what_the_bucket_has_is_not_fetched_again(
    shelf: Shelf, bucket: Bucket, tmp_path: Path
) -> None:
    shelf.put_in_place(written(tmp_path / "new", "first"), tmp_path / NAME)
    before, asked = (tmp_path / NAME).stat(), bucket.server.gate.asked["GET"]
    shelf.bring(tmp_path, everything)
    assert (tmp_path / NAME).stat() == before
    assert bucket.server.gate.asked["GET"] == asked + 1


@pytest.mark.parametrize("harm", ["altered", "gone", "its mark is gone", "its mark is no JSON"])
def test_a_copy_that_somebody_harmed_is_brought_anew(
    shelf: Shelf, tmp_path: Path, harm: str
) -> None:
    shelf.put_in_place(written(tmp_path / "new", "whole"), tmp_path / NAME)
    mark = tmp_path / f".mark-of-{NAME}"
    if harm == "altered":
        (tmp_path / NAME).write_text("other")
    elif harm == "gone":
        (tmp_path / NAME).unlink()
    elif harm == "its mark is gone":
        (tmp_path / NAME).write_text("other")
        mark.unlink()
    else:
        (tmp_path / NAME).write_text("other")
        mark.write_text("no JSON")
    shelf.bring(tmp_path, everything)
    assert (tmp_path / NAME).read_text() == "whole"


def test_a_copy_goes_with_its_object(shelf: Shelf, bucket: Bucket, tmp_path: Path) -> None:
    shelf.put_in_place(written(tmp_path / "new", "whole"), tmp_path / NAME)
    written(tmp_path / "crawl.lock", "ours")
    bucket.remove(f"data/shop/{NAME}")
    shelf.bring(tmp_path, everything)
    assert [path.name for path in tmp_path.iterdir()] == ["crawl.lock"]


@pytest.mark.parametrize("answered", ["a listing", "the old file"])
@pytest.mark.parametrize("was_there", [True, False])
def test_a_file_that_is_put_while_another_looks_stays(
    shelf: Shelf,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answered: str,
    was_there: bool,
) -> None:
    """Whoever looks has an answer of before, and comes to act on it when the new file is here."""
    other = Shelf(Objects(f"{bucket.address}/shop"))
    if was_there or answered == "the old file":
        shelf.put_in_place(written(tmp_path / "new", "old"), tmp_path / NAME)
        (tmp_path / NAME).unlink()
    if answered == "a listing":
        bucket.remove(f"data/shop/{NAME}")
    elif not was_there:
        (tmp_path / f".mark-of-{NAME}").unlink()
    gate, app = bucket.server.gate, bucket.server.gate.app

    def overtaken(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        answer = list(app(environ, start))
        is_listing = "list-type" in environ["QUERY_STRING"]
        if environ["REQUEST_METHOD"] == "GET" and is_listing == (answered == "a listing"):
            monkeypatch.setattr(gate, "app", app)
            other.put_in_place(written(tmp_path / "new", "new"), tmp_path / NAME)
        return answer

    monkeypatch.setattr(gate, "app", overtaken)
    shelf.bring(tmp_path, everything)
    assert gate.app is app
    assert (tmp_path / NAME).read_text() == "new"
    assert not list(tmp_path.glob(".*fetching*"))
    asked = gate.asked["GET"]
    shelf.bring(tmp_path, everything)
    assert gate.asked["GET"] == asked + 1


def test_readers_never_lose_what_a_builder_renames_and_puts(
    shelf: Shelf, bucket: Bucket, tmp_path: Path
) -> None:
    """Four that look all the time, and one that builds: its copies are what it has just put."""
    staged, own = tmp_path / ".staged", tmp_path / NAME
    is_over = threading.Event()

    def look() -> None:
        reader = Shelf(Objects(f"{bucket.address}/shop"))
        while not is_over.is_set():
            reader.bring(tmp_path, everything)

    with ThreadPoolExecutor(4) as readers:
        looking = [readers.submit(look) for _ in range(4)]
        try:
            for number in range(40):
                shelf.put_in_place(written(tmp_path / "new", str(number)), staged)
                shelf.rename(staged, own)
                assert own.read_text() == str(number)
                shelf.put_in_place(written(tmp_path / "new", f"{number}, put"), own)
                assert own.read_text() == f"{number}, put"
        finally:
            is_over.set()
    for each in looking:
        each.result()
    assert bucket.get(f"data/shop/{NAME}") == b"39, put"


def test_names_change_there_as_here(shelf: Shelf, bucket: Bucket, tmp_path: Path) -> None:
    staged, own, kept = (tmp_path / name for name in ("staged", "own", "kept"))
    shelf.put_in_place(written(tmp_path / "new", "rows"), staged)
    shelf.rename(staged, own)
    shelf.keep(own, kept)
    assert bucket.names == {"data/shop/own", "data/shop/kept"}
    assert {path.name for path in tmp_path.iterdir() if path.suffix == ""} >= {"own", "kept"}
    shelf.remove(own)
    shelf.remove(own)
    assert bucket.names == {"data/shop/kept"}
    assert not own.exists()


def test_what_is_set_aside_takes_no_name_that_is_taken_here_or_there(
    shelf: Shelf, bucket: Bucket, tmp_path: Path
) -> None:
    """As of a machine whose `work/` was emptied since, and of another one."""
    for content in ("first", "second"):
        shelf.put_in_place(written(tmp_path / content / "new", content), tmp_path / content / NAME)
        shelf.set_aside(tmp_path / content / NAME)
    assert bucket.get(f"data/shop/{NAME}.aside-1") == b"first"
    assert bucket.get(f"data/shop/{NAME}.aside-2") == b"second"
    written(tmp_path / "second" / f"{NAME}.aside-3", "somebody's")
    shelf.put_in_place(written(tmp_path / "second" / "new", "third"), tmp_path / "second" / NAME)
    assert shelf.set_aside(tmp_path / "second" / NAME).name == f"{NAME}.aside-4"
    assert bucket.get(f"data/shop/{NAME}.aside-4") == b"third"


def test_a_file_that_cannot_be_put_does_not_come_to_be_here(bucket: Bucket, tmp_path: Path) -> None:
    shelf = Shelf(Objects(f"s3://not-{bucket.name}/data"))
    old = written(tmp_path / NAME, "old")
    with pytest.raises(StorageError, match="there is no such bucket"):
        shelf.put_in_place(written(tmp_path / "new", "new"), tmp_path / NAME)
    assert old.read_text() == "old"


def test_where_files_are_kept_here_nothing_is_brought(tmp_path: Path) -> None:
    HERE.put_in_place(written(tmp_path / "new", "rows"), tmp_path / NAME)
    assert HERE.bring(tmp_path, everything) == []
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
