"""The progress of a run on a terminal as a bar, elsewhere as a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from catalog_pipeline.cli.terminal import GuardedConsole
from catalog_pipeline.cli.times import duration_text
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.crawling.scheduling.stats import told_of_secrets
from catalog_pipeline.orchestration.commands.spectator import Spectator
from catalog_pipeline.records import CrawlOutcome, PageFailure, StoredPage
from catalog_pipeline.showing import as_line
from catalog_pipeline.wording import counted, first_of, rate_told

_SECONDS_BETWEEN_LINES = 5.0
_SHORT_WAIT_SECONDS = 2.0
_DISCOVERY = "the site is asked which listings it has"
_HOW_FOUND = {
    "open": "further ones are asked for as long as the site goes on",
    "told": "the first page tells how many there are",
    "linked": "each page leads to the next one as long as there is one",
}


class _PagesPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(rate_told(speed) if speed else "", style="dim")


class RunProgress(Spectator):
    """Shows a crawl as it goes on, on standard error; a context manager."""

    def __init__(self, catalogue: str, *, is_shown: bool, tells_pages: bool = False) -> None:
        self._catalogue = catalogue
        self._is_shown = is_shown
        self._tells_pages = tells_pages
        self._console = GuardedConsole(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._further: list[str] = []
        self._to_parse = 0
        self._total = self._finished = 0
        self._started = self._last_line = time.monotonic()

    def __enter__(self) -> RunProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_bar()

    def looks_further(self, kinds: Sequence[str], *, discovers: bool) -> None:
        self._further = [_DISCOVERY] if discovers else []
        self._further += [_HOW_FOUND[kind] for kind in kinds]

    def parses_again(self, pages: int) -> None:
        self._to_parse = pages

    def crawl_starts(self, pages: int, *, reparse: bool) -> None:
        verb = "Parsing again" if reparse else "Crawling"
        self._total, self._finished = pages, 0
        self._started = self._last_line = time.monotonic()
        if self._is_shown and self._console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn(f"{verb} {self._catalogue}"),
                BarColumn(),
                MofNCompleteColumn(),
                _PagesPerSecond(),
                TimeRemainingColumn(compact=True),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task("", total=pages)
            self._bar.start()
        else:
            self._say(f"{verb} {self._catalogue}: {self._told(pages, reparse=reparse)}.")
        self._further, self._to_parse = [], 0

    def _told(self, pages: int, *, reparse: bool) -> str:
        """What there is to do, in words."""
        if reparse:
            return f"{counted(pages, 'stored page')}, no download"
        due = pages - self._to_parse
        parts = [f"{counted(due, 'page') if due else 'no page'} {'are' if due > 1 else 'is'} due"]
        if self._to_parse:
            stored = counted(self._to_parse, "stored page")
            parts.append(f"{stored} {'are' if self._to_parse > 1 else 'is'} parsed again")
        return ", and ".join([*parts, *self._further])

    def table_starts(self, damage: str | None) -> None:
        self._stop_bar()
        if damage is not None:
            self._say(f"Building the table anew out of the stored pages: {damage}.", "yellow")

    def planned(self, plan: CrawlPlan) -> None:
        self._advance(len(plan.carried_over) + len(plan.recovered))
        if plan.recovered:
            stored = counted(len(plan.recovered), "page")
            self._say(f"{stored} had been stored and not recorded; recorded now.")
        self.found_damaged(plan.damaged)

    def found_damaged(self, problems: Iterable[str]) -> None:
        for problem in first_of(problems):
            self._say(f"Downloading again: {problem}.", style="yellow")

    def found_moved(self, sentence: str) -> None:
        self._say(f"{self._catalogue}: {sentence}.", style="yellow")

    def found_other_history(self, sentence: str) -> None:
        self._say(f"{self._catalogue}: {sentence}.", style="yellow")

    def waiting_for(self, holder: str) -> None:
        self._say(f"Another crawl of {self._catalogue} is on ({holder}); waiting for its end.")

    def pages_found(self, number: int) -> None:
        self._total += number
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, total=self._total)

    def page_stored(self, stored: StoredPage) -> None:
        self._advance(1)
        if self._tells_pages:
            record = stored.record
            how = "unchanged (304)" if record.not_modified else f"{record.body_bytes:,} bytes"
            seconds = duration_text(record.fetch_seconds)
            self._say(f"Page {record.page}: {counted(record.rows, 'product')}, {how}, {seconds}")

    def page_failed(self, failure: PageFailure) -> None:
        self._advance(1)
        self._say(f"Failed: {failure.message}", style="red")

    def put_off(self, reason: str, seconds: float) -> None:
        if seconds >= _SHORT_WAIT_SECONDS:
            self._say(f"Trying again in {seconds:.0f} s: {reason}", style="yellow")

    def slowed_down(self, reason: str) -> None:
        self._say(f"Slowly: {reason}.", style="yellow")

    def stopping(self, reason: str) -> None:
        self._say(f"Stopping ({reason}); finishing the pages in flight.", style="yellow")

    def finished(self, outcome: CrawlOutcome) -> None:
        if outcome.with_secrets:
            self._say(told_of_secrets(outcome.with_secrets), style="yellow")

    def _advance(self, pages: int) -> None:
        self._finished += pages
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=pages, total=max(self._total, self._finished))
            return
        now = time.monotonic()
        if now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._say(self._how_far(self._finished / (now - self._started)))

    def _how_far(self, rate: float) -> str:
        """How the crawl gets on; how long it takes is not known where more pages come than were."""
        if self._finished >= self._total:
            return f"{self._finished} pages, {rate_told(rate)}"
        left = (self._total - self._finished) / rate if rate else 0
        return (
            f"{self._finished} of {self._total} pages, {rate_told(rate)}, about {left:.0f} s left"
        )

    def _say(self, text: str, style: str = "") -> None:
        if not self._is_shown:
            return
        if self._bar is not None:
            self._bar.console.print(text, style=style or None, markup=False)
        elif self._console.is_terminal:
            self._console.print(text, style=style or None, markup=False)
        else:
            print(as_line(text), file=sys.stderr, flush=True)

    def _stop_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
