"""A page's record as an event's metadata, and back.

The one place that knows the metadata keys of checkpoints and of recorded failures. Numbers stay
numbers, so that the web UI plots them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.metadata_values import address, instant
from catalog_pipeline.records import (
    Discarded,
    PageFailure,
    PageNotes,
    PageRecord,
    StoredPage,
    Told,
)

Values = Mapping[str, Any]
"""Metadata as plain values by their keys, as they are read from the event log."""

_USUAL_ATTEMPTS = 1
_TEXTS_TOLD = 20
_AT_ITS_ADDRESS = "page {} at its address: "
_AS_URL = "as url"
"""The address that was asked for, where the answer came from the same: no address is that."""
_NO_PRODUCTS = "-"
_SAME_SINCE = "same_since"


def metadata_of_page(stored: StoredPage) -> dict[str, Any]:
    """Metadata of a checkpoint, of which Dagster makes its own kinds."""
    record = stored.record
    return {
        "url": address(record.url),
        "http_status": record.http_status,
        "rows": record.rows,
        "bytes": record.body_bytes,
        "fetch_seconds": round(record.fetch_seconds, 4),
        "attempts": record.attempts,
        "fetched_at": instant(record.fetched_at),
        "sha256": stored.sha256,
        "file": stored.file_name,
        "content_type": record.content_type,
        "etag": record.etag,
        "last_modified": record.last_modified,
        "not_modified": record.not_modified,
        "carried_over": stored.carried_over,
        "asked_at": _AS_URL if record.asked_at == record.url else record.asked_at,
        **({_SAME_SINCE: instant(record.same_since)} if record.same_since is not None else {}),
        **_of_versions(record),
        **(_of_notes(record.notes) if record.notes is not None else {}),
        **(_of_told(record.told) if record.told is not None else {}),
    }


def page_of_values(page: PageKey, values: Values) -> StoredPage | None:
    """The stored page that a checkpoint speaks of; None if the event is not of our writing."""
    try:
        asked_at = values.get("asked_at")
        data_version, code_version, products = _versions_of(values)
        record = PageRecord(
            page=page,
            url=values["url"],
            http_status=values["http_status"],
            rows=values["rows"],
            body_bytes=values["bytes"],
            fetch_seconds=values["fetch_seconds"],
            attempts=values["attempts"],
            fetched_at=_time(values["fetched_at"]),
            content_type=values["content_type"],
            etag=values["etag"],
            last_modified=values["last_modified"],
            not_modified=values["not_modified"],
            data_version=data_version,
            code_version=code_version,
            asked_at=values["url"] if asked_at == _AS_URL else asked_at,
            products=products,
            notes=_notes_of(values),
            told=_told_of(values),
            same_since=_time(values[_SAME_SINCE]) if _SAME_SINCE in values else None,
        )
        return StoredPage(record, values["file"], values["sha256"], values["carried_over"])
    except KeyError:
        return None


def _of_versions(record: PageRecord) -> dict[str, Any]:
    """By what one tells other rows, another YAML and other products: in one entry, as each entry
    takes more room than what it holds; in several if one could not be told from the next."""
    told = (record.data_version, record.code_version, record.products)
    texts = [_NO_PRODUCTS if text is None else text for text in told]
    if texts == " ".join(texts).split() and record.products != _NO_PRODUCTS:
        return {"versions": " ".join(texts)}
    return {
        "data_version": record.data_version,
        "code_version": record.code_version,
        "products": record.products,
    }


def _versions_of(values: Values) -> tuple[str, str, str | None]:
    """Of the rows, the YAML and the products."""
    if "versions" not in values:
        return values["data_version"], values["code_version"], values.get("products")
    data_version, code_version, products = values["versions"].split()
    return data_version, code_version, None if products == _NO_PRODUCTS else products


def _of_notes(notes: PageNotes) -> dict[str, Any]:
    """What was noted of a page, each of it only where there is something."""
    told: dict[str, Any] = {}
    if notes.several:
        told["several_values"] = dict(notes.several)
    if notes.discarded:
        told["discarded_rows"] = notes.rows
        told["discarded_values"] = sum(notes.discarded.values())
        told["discarded"] = {
            "by_field": notes.discarded,
            "texts": [asdict(text) for text in notes.texts[:_TEXTS_TOLD]],
        }
    if notes.total is not None:
        told["told_total"] = notes.total
    return told


def _notes_of(values: Values) -> PageNotes | None:
    several, discarded = values.get("several_values"), values.get("discarded")
    total = values.get("told_total")
    if several is None and discarded is None and total is None:
        return None
    texts = (discarded or {}).get("texts", ())
    return PageNotes(
        several=several or {},
        discarded=(discarded or {}).get("by_field", {}),
        rows=values.get("discarded_rows", 0),
        texts=tuple(Discarded(**text) for text in texts),
        total=total,
    )


def _of_told(told: Told) -> dict[str, Any]:
    """What a page tells of its listing, each of it only where there is something."""
    texts = {
        "told_by": told.by,
        "next_page": told.successor,
        "told_as": told.found,
        "told_problem": told.problem,
    }
    values: dict[str, Any] = {key: text for key, text in texts.items() if text}
    numbers = {"told_last_page": told.last, "told_products": told.total}
    return values | {key: number for key, number in numbers.items() if number is not None}


def _told_of(values: Values) -> Told | None:
    if "told_by" not in values:
        return None
    return Told(
        values["told_by"],
        last=values.get("told_last_page"),
        total=values.get("told_products"),
        successor=values.get("next_page"),
        found=values.get("told_as", ""),
        problem=values.get("told_problem", ""),
    )


def metadata_of_failure(failure: PageFailure) -> dict[str, Any]:
    """Metadata of the observation that records a page's failure.

    A hundred thousand pages may fail: what is not there is left out, as are a single attempt and
    the time, which the event has itself.
    """
    told: dict[str, Any] = {}
    if failure.http_status is not None:
        told["http_status"] = failure.http_status
    if failure.attempts != _USUAL_ATTEMPTS:
        told["attempts"] = failure.attempts
    if failure.unread_by is not None:
        told["unread_by"] = failure.unread_by
    what = {"error": _sentence_without_address(failure), "kind": failure.kind}
    return {**what, "url": address(failure.url), **told}


def failure_of_values(page: PageKey, values: Values, recorded_at: float) -> PageFailure | None:
    """The failure that an observation of that time speaks of; None if not of our writing."""
    try:
        return PageFailure(
            page=page,
            url=values["url"],
            kind=values["kind"],
            message=_sentence_with_address(page, values["url"], values["error"]),
            http_status=values.get("http_status"),
            attempts=values.get("attempts", _USUAL_ATTEMPTS),
            failed_at=_time(values.get("failed_at", recorded_at)),
            unread_by=values.get("unread_by"),
        )
    except KeyError:
        return None


def _sentence_without_address(failure: PageFailure) -> str:
    """The failure's sentence; the address, which stands beside it, is not stored twice."""
    named = f"page {failure.page} {failure.url}: "
    if not failure.message.startswith(named):
        return failure.message
    return _AT_ITS_ADDRESS.format(failure.page) + failure.message[len(named) :]


def _sentence_with_address(page: PageKey, url: str, sentence: str) -> str:
    short = _AT_ITS_ADDRESS.format(page)
    if not sentence.startswith(short):
        return sentence
    return f"page {page} {url}: {sentence[len(short) :]}"


def _time(seconds: float) -> datetime:
    """UTC time of a metadata timestamp, to the microsecond that it was stored with."""
    return datetime.fromtimestamp(round(seconds, 6), timezone.utc)
