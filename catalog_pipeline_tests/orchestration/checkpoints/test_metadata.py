"""A page's record as an event's metadata and back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.metadata import (
    failure_of_values,
    metadata_of_failure,
    metadata_of_page,
    page_of_values,
)
from catalog_pipeline.orchestration.names import KEYS_OF_FAILURES
from catalog_pipeline.records import PageFailure, PageRecord, StoredPage

NOON = datetime(2026, 1, 31, 12, 0, 0, 123457, tzinfo=timezone.utc)
RECORD = PageRecord(
    page=PageKey(7),
    url="https://shop.example/products?page=7",
    http_status=200,
    rows=20,
    body_bytes=12345,
    fetch_seconds=0.1234,
    attempts=2,
    fetched_at=NOON,
    content_type="text/html",
    etag='"abc"',
    last_modified=None,
    not_modified=False,
    data_version="v1",
    code_version="c1",
)
STORED = StoredPage(RECORD, "7-file.page", "0" * 64)
FAILURE = PageFailure(
    PageKey(7), RECORD.url, "status", "page 7: the server answered 500", 500, 4, NOON
)


def _values(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {label: entry.value for label, entry in _of_dagster(metadata).items()}


def _of_dagster(metadata: Mapping[str, Any]) -> Mapping[str, dg.MetadataValue[Any]]:
    return dg.AssetMaterialization("pages", metadata=metadata).metadata


@pytest.mark.parametrize(
    "stored",
    [
        STORED,
        replace(STORED, carried_over=True),
        replace(STORED, record=replace(RECORD, not_modified=True, etag=None, content_type=None)),
        replace(STORED, record=replace(RECORD, not_modified=True, same_since=NOON)),
        replace(STORED, record=replace(RECORD, last_modified="Sat, 31 Jan 2026 12:00:00 GMT")),
        replace(STORED, record=replace(RECORD, asked_at=RECORD.url)),
        replace(STORED, record=replace(RECORD, asked_at="/products?page=7")),
        replace(STORED, record=replace(RECORD, products="p1")),
        replace(STORED, record=replace(RECORD, products="-")),
        replace(STORED, record=replace(RECORD, products="")),
        replace(STORED, record=replace(RECORD, data_version="v 1")),
        replace(STORED, record=replace(RECORD, code_version="")),
    ],
)
def test_a_page_comes_back_as_it_was(stored: StoredPage):
    assert page_of_values(PageKey(7), _values(metadata_of_page(stored))) == stored


def test_a_page_of_an_earlier_release_comes_back_as_it_was():
    values = _values(metadata_of_page(replace(STORED, record=replace(RECORD, products="p1"))))
    del values["versions"], values["asked_at"]
    values |= {"data_version": "v1", "code_version": "c1"}
    assert page_of_values(PageKey(7), values) == STORED
    values |= {"asked_at": RECORD.url, "products": "p2"}
    expected = replace(RECORD, asked_at=RECORD.url, products="p2")
    assert page_of_values(PageKey(7), values) == replace(STORED, record=expected)


@pytest.mark.parametrize(
    "failure",
    [
        FAILURE,
        replace(FAILURE, http_status=None, kind="timeout"),
        replace(FAILURE, message=f"page 7 {RECORD.url}: the server answered 500"),
        replace(FAILURE, message=f"page 7 {RECORD.url}/: another address"),
        replace(FAILURE, message=f"page 7 {RECORD.url}: page 7 {RECORD.url}: twice", url="page 7"),
        replace(FAILURE, message=""),
    ],
)
def test_a_failure_comes_back_as_it_was(failure: PageFailure):
    values = _values(metadata_of_failure(failure))
    assert failure_of_values(PageKey(7), values, NOON.timestamp()) == failure


def test_a_failure_of_an_earlier_release_has_its_own_time_and_nothing_left_out():
    values = _values(metadata_of_failure(FAILURE)) | {
        "http_status": None, "attempts": 1, "failed_at": NOON.timestamp()
    }  # fmt: skip
    expected = replace(FAILURE, http_status=None, attempts=1)
    assert failure_of_values(PageKey(7), values, NOON.timestamp() + 9) == expected


def test_an_address_is_stored_once():
    failure = replace(FAILURE, message=f"page 7 {RECORD.url}: the server answered 500")
    metadata = _of_dagster(metadata_of_failure(failure))
    assert metadata["error"].value == "page 7 at its address: the server answered 500"
    assert metadata["url"].value == RECORD.url


def test_every_instant_survives_to_the_microsecond():
    """A checkpoint that came back a microsecond earlier would be before its own cut-off."""
    for microsecond in range(0, 1_000_000, 7919):
        instant = NOON.replace(microsecond=microsecond)
        stored = replace(STORED, record=replace(RECORD, fetched_at=instant))
        found = page_of_values(PageKey(7), _values(metadata_of_page(stored)))
        assert found is not None
        assert found.record.fetched_at == instant


def test_numbers_are_numbers_so_that_the_web_ui_plots_them():
    metadata = _of_dagster(metadata_of_page(STORED))
    for name in ("rows", "bytes", "http_status", "attempts"):
        assert isinstance(metadata[name], dg.IntMetadataValue), name
    assert isinstance(metadata["fetch_seconds"], dg.FloatMetadataValue)
    assert isinstance(metadata["url"], dg.UrlMetadataValue)


def test_the_keys_of_the_contract_are_there():
    assert set(metadata_of_page(STORED)) >= {
        "url", "http_status", "rows", "bytes", "fetch_seconds", "attempts", "fetched_at", "sha256",
        "etag", "last_modified", "not_modified", "carried_over",
    }  # fmt: skip
    assert set(metadata_of_failure(FAILURE)) == {"error", "kind", "http_status", "url", "attempts"}


def test_what_a_failed_page_lacks_is_not_stored():
    failure = replace(FAILURE, http_status=None, attempts=1)
    assert set(metadata_of_failure(failure)) == KEYS_OF_FAILURES


def test_events_of_other_hands_are_nothing_of_ours():
    for metadata in ({}, {"rows": 3}):
        assert page_of_values(PageKey(7), metadata) is None
        assert failure_of_values(PageKey(7), metadata, 0.0) is None
