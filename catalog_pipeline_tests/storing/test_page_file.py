"""The format of a page file and of its name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StoredPageError
from catalog_pipeline.records import Columns
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.page_file import FileName, PageFile
from catalog_pipeline_tests.storing import samples

WHOLE = page_file.encode(samples.record(7), page_file.rows_json(samples.columns(7)), b"<html>")


@pytest.mark.parametrize(
    ("columns", "body"),
    [
        (samples.columns(7), b"<html>"),
        ({"name": []}, b""),
        (
            {"name": ["日本\n\x00 | \U0001f600"], "n": [2**60], "x": [0.1], "b": [False]},
            b"\n\n\x00",
        ),
        ({"name": ["a"] * 5000}, samples.body(1, 300_000)),
    ],
)
def test_a_page_reads_back_as_it_was_written(columns: Columns, body: bytes) -> None:
    record = samples.record(7)
    content = page_file.encode(record, page_file.rows_json(columns), body)
    file = page_file.decode(content, page=PageKey(7), name="x")
    assert (file.record, file.columns, file.body) == (record, columns, body)


def test_a_file_that_ends_early_anywhere_is_refused() -> None:
    for size in range(len(WHOLE)):
        with pytest.raises(StoredPageError, match="page 7: stored file x"):
            page_file.decode(WHOLE[:size], page=PageKey(7), name="x")


@pytest.mark.parametrize(
    "content",
    [WHOLE + b"x", b"\x00" * len(WHOLE), b"<html>\n\n", WHOLE.replace(b'"page":7', b'"page":x')],
)
def test_what_is_no_page_file_is_refused(content: bytes) -> None:
    with pytest.raises(StoredPageError, match="stored file x"):
        page_file.decode(content, page=PageKey(7), name="x")


def test_parts_that_do_not_decompress_are_refused_by_page() -> None:
    broken = PageFile(samples.record(7), b"garbage", b"garbage")
    with pytest.raises(StoredPageError, match=r"page 7: .*decompress"):
        _ = broken.columns
    with pytest.raises(StoredPageError, match=r"page 7: .*decompress"):
        _ = broken.body


def test_the_data_version_tells_equal_rows_from_others() -> None:
    one, same, other = (
        page_file.data_version(page_file.rows_json(samples.columns(page))) for page in (1, 1, 2)
    )
    assert one == same != other


@pytest.mark.parametrize(
    "fetched_at",
    [
        samples.NOON,
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_a_name_tells_page_and_time_and_digest(fetched_at: datetime) -> None:
    record = samples.record(123, fetched_at=fetched_at)
    name = page_file.name_of(record, page_file.file_digest(WHOLE))
    assert FileName.parse(str(name)) == name
    assert (name.page, name.fetched_at) == (PageKey(123), fetched_at)
    assert page_file.file_digest(WHOLE).startswith(name.digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7.page",
        ".writing-1-2",
        "7-20260301T120000123456Z-0123456789abcdef.part",
        "7-20260301T120000123456Z-0123.page",
        "x-20260301T120000123456Z-0123456789abcdef.page",
        "7-20261301T120000123456Z-0123456789abcdef.page",
        "7-2026030T120000123456Z-0123456789abcdef.page",
        "²-20260301T120000123456Z-0123456789abcdef.page",
    ],
)
def test_other_names_are_not_taken_for_page_files(text: str) -> None:
    assert FileName.parse(text) is None


def test_names_of_a_page_sort_by_the_time_of_the_fetch() -> None:
    early = page_file.name_of(samples.record(7), "f" * 64)
    late = page_file.name_of(
        replace(samples.record(7), fetched_at=samples.NOON + timedelta(microseconds=1)), "0" * 64
    )
    assert early < late
