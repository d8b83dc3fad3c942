"""The tables of a report and its tiles, as texts that are not gated yet."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from catalog_pipeline.report.facts import Gathered, Product, Recorded, RecordedBuild
from catalog_pipeline.report.links import as_link
from catalog_pipeline.report.packing import LONGEST_TEXT
from catalog_pipeline.report.plots import MOST_BUILDS_OF_COLUMNS, median_told, medians_of
from catalog_pipeline.showing import shortened
from catalog_pipeline.tables.history.courses import ProductKey
from catalog_pipeline.tables.history.lately import Lately, Mover
from catalog_pipeline.wording import counted, percent_told

MOST_BUILD_ROWS = 100
MOST_FAILURES = 500
A_FALL = 0.1
"""By which part of all rows a column must be emptier than before to be marked, as in the checks."""


@dataclass(frozen=True)
class Tile:
    """A figure that is seen first."""

    label: str
    value: str
    is_bad: bool = False


@dataclass(frozen=True)
class Shown:
    """What the page's template shows, by its own names."""

    tiles: Sequence[Tile]
    searched: str | None
    lately: dict[str, Any] | None
    builds: Sequence[dict[str, Any]]
    builds_told: str
    medians: Sequence[str]
    columns: Sequence[dict[str, Any]]
    columns_told: str
    pages_told: str
    failures: Sequence[dict[str, Any]]


def shown_tables(recorded: Recorded, gathered: Gathered) -> Shown:
    """All tables of a report."""
    medians = medians_of(recorded.builds)
    return Shown(
        list(_tiles(recorded, gathered)),
        counted(len(gathered.products), "product") if gathered.products else None,
        _lately(gathered, gathered.lately) if gathered.lately else None,
        [_build(build, medians) for build in reversed(recorded.builds[-MOST_BUILD_ROWS:])],
        _builds_told(recorded),
        [median_told(name) for name in medians],
        list(_columns(recorded.builds)),
        _columns_told(recorded.builds),
        _told(recorded),
        list(_failures(recorded)),
    )


def _tiles(recorded: Recorded, gathered: Gathered) -> Iterator[Tile]:
    last = recorded.builds[-1] if recorded.builds else None
    rows = gathered.rows if gathered.rows is not None else last.rows if last else None
    yield Tile("products in the table", "none" if rows is None else f"{rows:,}")
    if last is not None and last.coverage is not None:
        yield Tile("coverage of the last build", _share(last.coverage), last.coverage < 1)
    yield Tile("failed pages now", f"{recorded.failed:,}", recorded.failed > 0)
    if gathered.lately is not None:
        counts = gathered.lately.counts
        span = _span(gathered.lately.until - gathered.lately.since)
        for kind, label in {"new": "new", "gone": "gone", "changed": "changed values"}.items():
            yield Tile(f"{label} in {span}", f"{counts.get(kind, 0):,}")


def _lately(gathered: Gathered, lately: Lately) -> dict[str, Any]:
    places = {product.key: place for place, product in enumerate(gathered.products)}

    def named(key: ProductKey) -> dict[str, Any]:
        place = places.get(key)
        product = None if place is None else gathered.products[place]
        return {"place": place, "name": _name(key, product)}

    def moved(movers: Sequence[Mover]) -> list[dict[str, Any]]:
        return [
            {
                **named(mover.key),
                "column": mover.column,
                "before": mover.before,
                "after": mover.after,
                "percent": percent_told(mover.percent),
            }
            for mover in movers
        ]

    counts = {kind: lately.counts.get(kind, 0) for kind in ("new", "gone", "returned")}
    told = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
    more = sum(counts.values()) - len(lately.comings)
    return {
        "of": ", ".join(lately.columns) or "no column",
        "since": _time(lately.since),
        "until": _time(lately.until),
        "movers": [("Fell most", moved(lately.fell)), ("Rose most", moved(lately.rose))],
        "told": f"{told} since {_time(lately.since)} UTC"
        + (f"; the newest {len(lately.comings)} are shown." if more > 0 else "."),
        "comings": [
            {**named(each.key), "change": each.change, "at": _time(each.at)}
            for each in lately.comings
        ],
    }


def _name(key: ProductKey, product: Product | None) -> str:
    title = product.title if product is not None else None
    return shortened(title or ", ".join(key), LONGEST_TEXT)


def _builds_told(recorded: Recorded) -> str:
    count = len(recorded.builds)
    of = f"more than {count:,}" if recorded.lacks_builds else f"{count:,}"
    if recorded.lacks_builds or count > MOST_BUILD_ROWS:
        return f"The newest {min(count, MOST_BUILD_ROWS)} of {of} builds as a table"
    return "The builds as a table"


def _build(build: RecordedBuild, medians: Sequence[str]) -> dict[str, Any]:
    found = [build.medians.get(name) for name in medians]
    return {
        "at": _time(build.at),
        "rows": f"{build.rows:,}",
        "coverage": "" if build.coverage is None else _share(build.coverage),
        "failed": f"{build.pages_failed:,}",
        "medians": ["" if value is None else _number(value) for value in found],
    }


def _number(value: float) -> str:
    """As the plots say it."""
    told = f"{value:,.4f}".rstrip("0").rstrip(".")
    return told if value == 0 or told.strip("-0.") else f"{value:.4g}"


def _columns_told(builds: Sequence[RecordedBuild]) -> str:
    """Which builds the plot of the columns shows, from the left to the right."""
    shown = [build for build in builds[-MOST_BUILDS_OF_COLUMNS:] if build.filled]
    if len(shown) < 2:
        return "The share of rows that have a value, in the only build that says it."
    return (
        f"The share of rows that have a value, in {len(shown)} builds from {_time(shown[0].at)} "
        f"to {_time(shown[-1].at)} UTC: the stronger the colour, the fuller."
    )


def _columns(builds: Sequence[RecordedBuild]) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys(name for build in reversed(builds) for name in build.filled):
        shares = [share for build in builds if (share := build.share(name)) is not None]
        if not shares:
            continue
        now = builds[-1].share(name)
        before = statistics.median(shares[:-1]) if len(shares) > 1 else None
        yield {
            "name": name,
            "now": "not there" if now is None else _share(now),
            "before": "" if before is None else _share(before),
            "least": _share(min(shares)),
            "most": _share(max(shares)),
            "is_bad": before is not None and (now is None or now < before - A_FALL),
        }


def _told(recorded: Recorded) -> str:
    """Where the pages stand, in a line."""
    parts = {"done": recorded.done, "failed": recorded.failed, "in progress": recorded.in_progress,
             "missing": recorded.missing}  # fmt: skip
    told = ", ".join(f"{number:,} {name}" for name, number in parts.items() if number)
    unexplained = recorded.failed - len(recorded.failures)
    more = ""
    if unexplained > 0:
        more = f" {counted(unexplained, 'failed page')} had not been reached when the run failed."
    if len(recorded.failures) > MOST_FAILURES:
        more += f" The first {MOST_FAILURES} are shown."
    return f"{counted(recorded.total, 'page')}: {told or 'nothing yet'}.{more}"


def _failures(recorded: Recorded) -> Iterator[dict[str, Any]]:
    for failure in recorded.failures[:MOST_FAILURES]:
        yield {
            "page": failure.page,
            "link": as_link(failure.url),
            "at": _time(failure.at),
            "status": "" if failure.http_status is None else str(failure.http_status),
            "reason": failure.reason,
        }
    for page, reason in recorded.left_out.items():
        told = f"done, and not in the table: {reason}" if reason else "done, and not in the table"
        yield {"page": page, "link": None, "at": "", "status": "", "reason": told}


def _span(time: timedelta) -> str:
    hours = round(time / timedelta(hours=1))
    return counted(hours, "hour") if hours < 48 else counted(round(hours / 24), "day")


def _share(share: float) -> str:
    """A share with one decimal; only all is 100 %, and only nothing is 0 %."""
    tenths = round(share * 1000)
    if 0 < share < 1:
        tenths = min(max(tenths, 1), 999)
    return f"{tenths / 10:g} %"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
