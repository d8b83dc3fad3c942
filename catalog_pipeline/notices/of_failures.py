"""The notices of a crawl that failed, of checks that failed, and of a table that is stale.

Who finds out that they did is in `orchestration`; here it becomes what people are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from catalog_pipeline.catalogue.conditions import CheckFails, CrawlFails, TableIsStale
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.notify import NotifyRule
from catalog_pipeline.notices.notice import Notice, Occasion, notice_of
from catalog_pipeline.wording import counted


@dataclass(frozen=True)
class FailedCheck:
    """A check that failed in a build, and what it said."""

    name: str
    told: str


def rules_about(
    catalogue: Catalogue, kind: type[CrawlFails | CheckFails | TableIsStale]
) -> list[NotifyRule]:
    """The rules of a catalogue that are of a kind."""
    rules = catalogue.notify.rules if catalogue.notify else ()
    return [rule for rule in rules if isinstance(rule.condition, kind)]


def notices_of_crawl(catalogue: Catalogue, crawl: str, at: datetime, sentence: str) -> list[Notice]:
    """What a crawl that failed with a sentence, of one line or several, gives notice of."""
    occasion = Occasion(f"crawl {crawl}", f"crawl of {_minute(at)}", at)
    lines = [line for line in sentence.splitlines() if line.strip()] or ["it did not say why"]
    return [
        notice_of(
            catalogue, rule, occasion, lines, "run " + crawl[:8],
            more=f"catalog-pipeline status {catalogue.name}",
        )
        for rule in rules_about(catalogue, CrawlFails)
    ]  # fmt: skip


def notices_of_checks(
    catalogue: Catalogue, build: str, at: datetime, failed: Sequence[FailedCheck]
) -> list[Notice]:
    """What the checks that failed in a build give notice of; `build` tells it from all others."""
    occasion = Occasion(f"checks {build}", f"build of {_minute(at)}", at)
    notices = []
    for rule in rules_about(catalogue, CheckFails):
        name = rule.condition.name if isinstance(rule.condition, CheckFails) else None
        lines = [
            f"{check.name}: {' '.join(check.told.split()) or 'it failed'}"
            for check in failed
            if name in (None, check.name)
        ]
        if lines:
            what = counted(len(lines), "check")
            notices.append(notice_of(catalogue, rule, occasion, lines, what))
    return notices


def notices_of_stale_table(
    catalogue: Catalogue, built: datetime, due: datetime, allowed: str
) -> list[Notice]:
    """What a table gives notice of that should have been built again since an instant."""
    occasion = Occasion(f"stale since {built.isoformat()}", f"built {_minute(built)}", due)
    line = f"No table was built since {_minute(built)}; {allowed}."
    return [
        notice_of(catalogue, rule, occasion, [line], f"since {_minute(due)}")
        for rule in rules_about(catalogue, TableIsStale)
    ]


def _minute(at: datetime) -> str:
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
