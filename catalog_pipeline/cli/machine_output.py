"""What several subcommands print for machines, in one form."""

from __future__ import annotations

from typing import Any

from catalog_pipeline.records import PageFailure


def failure_as_json(failure: PageFailure) -> dict[str, Any]:
    """A failed page; times are ISO 8601."""
    return {
        "page": failure.page.plain,
        "url": failure.url,
        "kind": failure.kind,
        "of_stored_page": failure.unread_by is not None,
        "error": failure.message,
        "http_status": failure.http_status,
        "attempts": failure.attempts,
        "failed_at": failure.failed_at.isoformat(),
    }
