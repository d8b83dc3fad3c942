"""What crawls and builds leave in the event log for notices: by which rules, and of what.

So a rule counts from the first crawl or build on that knew it, and a table that is built once more
out of the same pages is the same build. Who reads it is `notices_found`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import dagster as dg

from catalog_pipeline.catalogue.conditions import CheckFails, CrawlFails
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.versions import fingerprint
from catalog_pipeline.notices.of_changes import rules_of_changes
from catalog_pipeline.notices.of_failures import rules_about
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.checkpoints.table_state import NOTICES_KEY, read_last_build
from catalog_pipeline.orchestration.names import (
    CRAWL_NOTICE_TAG,
    REFUSAL_NOTICE_TAG,
    REFUSED_PAGES_TAG,
    qualified_name,
)
from catalog_pipeline.verdict import Verdict

if TYPE_CHECKING:
    from catalog_pipeline.tables.history.report import HistoryReport


def mark_crawl(context: dg.AssetExecutionContext, catalogue: Catalogue) -> None:
    """Let notice be given of a crawl, should it fail."""
    if rules_about(catalogue, CrawlFails):
        tags = {CRAWL_NOTICE_TAG: qualified_name(catalogue)}
        context.instance.add_run_tags(context.run.run_id, tags)


def mark_refusal(
    context: dg.AssetExecutionContext, catalogue: Catalogue, verdicts: Sequence[Verdict]
) -> None:
    """Let notice be given of checks that refused a table."""
    if verdicts and rules_about(catalogue, CheckFails):
        tags = {
            REFUSAL_NOTICE_TAG: qualified_name(catalogue),
            REFUSED_PAGES_TAG: _made_of(context.instance, catalogue),
        }
        context.instance.add_run_tags(context.run.run_id, tags)


def notice_marks(
    instance: dg.DagsterInstance, catalogue: Catalogue, past: HistoryReport | None
) -> dict[str, Any]:
    """What a table says of itself for notices, its history's build and that of its checks.

    Of what is the same as at the last build it says what that one said.
    """
    changes, checks = rules_of_changes(catalogue), rules_about(catalogue, CheckFails)
    if not changes and not checks:
        return {}
    last = read_last_build(instance, catalogue)
    before = last.values.get(NOTICES_KEY) or {} if last else {}
    now = datetime.now(timezone.utc).isoformat()
    told: dict[str, Mapping[str, Any]] = {}
    if changes and past is not None:
        told["changes"] = _mark([past.build, past.at.isoformat()], now, changes)
    if checks:
        told["checks"] = _mark(_made_of(instance, catalogue), now, checks)
    for kind, mark in told.items():
        known = before.get(kind) or {}
        if known.get("build") == mark["build"]:
            told[kind] = known
    return {NOTICES_KEY: dg.MetadataValue.json(told)}


def _mark(build: Any, since: str, rules: Sequence[Any]) -> dict[str, Any]:
    return {"build": build, "since": since, "rules": [str(rule.condition) for rule in rules]}


def _made_of(instance: dg.DagsterInstance, catalogue: Catalogue) -> str:
    """A digest that is equal for tables of the same pages, by the same YAML."""
    known = with_known_pages(instance, catalogue)
    checkpoints = read_checkpoints(instance, known, known.pages)
    demands = (catalogue.coverage, catalogue.duplicates, catalogue.checks, catalogue.discarded)
    pages = [
        (str(page), stored.record.fetched_at.isoformat(), stored.record.data_version)
        for page, stored in sorted(checkpoints.items())
    ]
    described = [each.model_dump(mode="json") for each in demands]
    return fingerprint([catalogue.table_version, described, pages])
