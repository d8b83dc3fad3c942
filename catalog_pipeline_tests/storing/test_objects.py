"""What is peculiar to an object store: one that is away, refuses, or is not there."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StorageError, UsageError
from catalog_pipeline.storing.object_errors import ReplacedMeanwhileError
from catalog_pipeline.storing.object_store import ObjectStore
from catalog_pipeline.storing.objects import Objects
from catalog_pipeline_tests.crash.forked_deaths import exit_code_of
from catalog_pipeline_tests.object_server import Bucket, Gate, ObjectServer
from catalog_pipeline_tests.storing import samples
from catalog_pipeline_tests.waiting import wait_for


@pytest.fixture
def store(bucket: Bucket) -> ObjectStore:
    """A store of page files with nothing in it."""
    return ObjectStore(Objects(f"{bucket.address}/shop/pages"))


def test_a_store_that_has_no_time_for_a_while_loses_nothing(store: ObjectStore, gate: Gate) -> None:
    gate.refuses_all = True
    found = []
    writer = threading.Thread(target=lambda: found.append(samples.store_page(store, 7)))
    writer.start()
    wait_for("refusals", lambda: gate.refused >= 3)
    assert not found
    gate.refuses_all = False
    writer.join()
    assert store.read(PageKey(7), found[0].file_name, found[0].sha256).body == samples.body(7)


def test_puts_that_are_refused_now_and_then_are_made_again(store: ObjectStore, gate: Gate) -> None:
    gate.refuses_every_put = 5
    stored = [samples.store_page(store, page) for page in range(1, 31)]
    assert gate.refused >= 6
    assert {str(name) for name in store.files()} == {each.file_name for each in stored}


def test_a_file_that_is_stored_twice_is_there_once(store: ObjectStore, bucket: Bucket) -> None:
    """As after an answer that was lost."""
    first, second = (samples.store_page(store, 7) for _ in range(2))
    assert first == second
    assert bucket.names == {f"data/shop/pages/{first.file_name}"}


def test_an_object_that_is_not_there_is_named_without_the_words_of_the_store(
    bucket: Bucket,
) -> None:
    objects = Objects(bucket.address)
    for ask in (lambda: objects.copy("a", "b"), lambda: objects.get("a", max_bytes=1)):
        with pytest.raises(FileNotFoundError) as error:
            ask()
        told = f"[Errno 2] there is no such object: '{bucket.address}/a'"
        assert str(error.value) == told


def test_files_further_below_are_not_taken_for_those_of_the_store(bucket: Bucket) -> None:
    above = ObjectStore(Objects(f"{bucket.address}/shop"))
    samples.store_page(ObjectStore(Objects(f"{bucket.address}/shop/pages")), 7)
    assert above.files() == {}


def test_a_bucket_that_is_not_there_is_said(bucket: Bucket) -> None:
    address = f"s3://not-{bucket.name}/data"
    told = "there is no such bucket. Make it, or name another one in CATALOG_PIPELINE_DATA"
    store = ObjectStore(Objects(address))
    with pytest.raises(StorageError, match=f"Cannot list {address}: {told}"):
        store.newest()
    with pytest.raises(StorageError, match=f"Cannot write {address}/7-.*: {told}"):
        samples.store_page(store, 7)
    with pytest.raises(StorageError, match=f"Cannot read {address}/7-.*: {told}"):
        store.read(PageKey(7), "7-x.page", "")


def test_refused_credentials_are_said(store: ObjectStore, gate: Gate) -> None:
    gate.forbids = True
    with pytest.raises(StorageError, match=r"refuses the credentials, .*AWS_ACCESS_KEY_ID"):
        store.newest()
    with pytest.raises(StorageError, match=r"Cannot write .*/7-.*refuses the credentials"):
        samples.store_page(store, 7)


def test_a_store_that_is_away_is_said_when_patience_is_over(bucket: Bucket) -> None:
    away = {**os.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    objects = Objects(bucket.address, away, patience_seconds=0.3)
    with pytest.raises(StorageError, match=r"does not answer, .* AWS_ENDPOINT_URL"):
        objects.put("7.page", b"")
    with pytest.raises(StorageError, match="does not answer"):
        objects.list()


def test_a_store_that_has_no_time_for_good_is_said(bucket: Bucket, gate: Gate) -> None:
    gate.refuses_all = True
    objects = Objects(bucket.address, patience_seconds=0.3)
    with pytest.raises(StorageError, match=r"does not answer, or has no time"):
        objects.get("7.page", max_bytes=1)


def test_a_store_that_accepts_and_stays_silent_is_given_up(bucket: Bucket, gate: Gate) -> None:
    """Before it answers in the end."""
    objects = Objects(bucket.address, patience_seconds=0.3)
    gate.keeps_silent_until = threading.Event()
    try:
        with pytest.raises(StorageError, match=r"does not answer, or has no time"):
            objects.list()
    finally:
        gate.keeps_silent_until.set()


def test_a_long_file_goes_there_and_back_by_a_line_that_is_slower_than_the_patience(
    bucket: Bucket, gate: Gate, tmp_path: Path
) -> None:
    """Each part has its own time: the whole takes longer than one request may."""
    objects = Objects(bucket.address, patience_seconds=2.0)
    content = os.urandom(1 << 20) * 25
    (tmp_path / "here").write_bytes(content)
    gate.seconds_per_mebibyte = 0.1
    tag = objects.put_file("table", tmp_path / "here")
    assert objects.fetch("table", tmp_path / "there") == tag
    assert (tmp_path / "there").read_bytes() == content
    assert objects.get("table", max_bytes=len(content)) == content


def test_a_file_that_is_replaced_while_it_is_fetched_is_fetched_anew(
    bucket: Bucket, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = Objects(bucket.address)
    old, new = (letter * (12 << 20) for letter in (b"a", b"b"))
    objects.put("table", old)
    asked = gate.asked["GET"]
    app = gate.app

    def replacing(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET" and gate.asked["GET"] == asked + 3:
            monkeypatch.setattr(gate, "app", app)
            objects.put("table", new)
        return app(environ, start)

    monkeypatch.setattr(gate, "app", replacing)
    objects.fetch("table", tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == new


def test_the_end_of_an_object_is_that_of_the_one_that_was_listed(bucket: Bucket) -> None:
    objects = Objects(bucket.address)
    for content, end in ((b"0123456789", b"789"), (b"01", b"01"), (b"", b"")):
        objects.put("a", content)
        (found,) = objects.list()
        assert objects.end_of(found, 3) == end
    objects.put("a", b"another")
    (found,) = objects.list()
    objects.put("a", b"one more")
    with pytest.raises(ReplacedMeanwhileError):
        objects.end_of(found, 3)
    objects.remove(["a"])
    with pytest.raises(FileNotFoundError):
        objects.end_of(found, 3)


def test_a_disk_that_refuses_is_not_taken_for_the_store(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = Objects(bucket.address)
    objects.put("table", b"rows")

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", "the disk")

    monkeypatch.setattr(os, "fsync", refused)
    monkeypatch.setattr(Path, "open", refused)
    for act in (objects.put_file, objects.fetch):
        with pytest.raises(PermissionError, match="the disk"):
            act("table", tmp_path / "file")


@pytest.mark.parametrize(
    ("bucket_name", "code", "told"),
    [
        ("connect-shop", "EntityTooLarge", r"Cannot write .*EntityTooLarge"),
        ("credentials-team", "AccessDenied", "refuses the credentials"),
    ],
)
def test_the_name_of_a_bucket_is_no_cause(
    store_server: ObjectServer, gate: Gate, bucket_name: str, code: str, told: str
) -> None:
    named = store_server.new_bucket(f"{bucket_name}-{os.getpid()}")
    gate.forbids, gate.forbids_with = True, code
    with pytest.raises(StorageError, match=told):
        Objects(named.address).put("credential-timed out", b"rows")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("RequestTimeTooSkewed", "the clock of this machine"),
        ("QuotaExceeded", "the store is full"),
        ("AuthorizationHeaderMalformed", r"Look at AWS_REGION"),
        ("PermanentRedirect", r"Look at AWS_REGION"),
        ("MadeUp", r": the store says MadeUp\. "),
    ],
)
def test_what_the_store_says_is_told_by_its_code(
    bucket: Bucket, gate: Gate, code: str, told: str
) -> None:
    gate.forbids, gate.forbids_with = True, code
    with pytest.raises(StorageError, match=told) as error:
        Objects(bucket.address).put("7.page", b"rows")
    assert f"the store says {code}" in str(error.value)


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    with pytest.raises(UsageError, match=r"obstore.*pip install 'catalog-pipeline\[objects\]'"):
        Objects("s3://shop/data")


def test_an_address_of_which_something_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(UsageError, match=r"az://shop/data: .*Account must be specified\."):
        Objects("az://shop/data")


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("AWS_ENDPOINT_URL", "127.0.0.1:1", "write http://HOST:PORT or https://HOST"),
        ("AWS_ENDPOINT_URL", "http:///x", "write http://HOST:PORT or https://HOST"),
        ("AWS_ENDPOINT_URL_S3", "http://store:port", "write http://HOST:PORT or https://HOST"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1\n", "has a newline"),
        ("AWS_REGION", "eu\n", "has a newline"),
        ("AWS_SECRET_ACCESS_KEY", "se\ncret", "has a newline"),
    ],
)
def test_a_variable_at_which_the_library_panics_is_named_and_its_value_is_not_told(
    bucket: Bucket, variable: str, value: str, told: str
) -> None:
    with pytest.raises(UsageError, match=f"^{variable} .*{told}") as error:
        Objects(bucket.address, environ={**os.environ, variable: value})
    assert value not in str(error.value)


def test_more_objects_than_one_request_may_name_are_removed(bucket: Bucket) -> None:
    objects = Objects(bucket.address)
    objects.put("kept", b"")
    objects.remove(["gone", *(f"never-{number}" for number in range(1500))])
    assert [each.name for each in objects.list()] == ["kept"]


@pytest.mark.processes
def test_a_fork_of_a_process_that_has_used_it_refuses(bucket: Bucket) -> None:
    """It would wait for threads for ever that it does not have."""
    objects = Objects(bucket.address)
    objects.list()

    def refused() -> None:
        with pytest.raises(StorageError, match="was forked of one that has used the object store"):
            objects.list()

    assert exit_code_of(refused, killed_after=20) == 0
