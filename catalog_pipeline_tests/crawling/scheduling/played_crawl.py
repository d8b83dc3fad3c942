"""Crawls that find pages, played with values: the real searches and what settles their pages.

The shop is a list of products that may change between any two answers. Answers come in any order,
and a crawl may be cut off after each of them: what it had recorded by then is kept.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.length import LinkedLength, OpenLength, ToldLength
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.politeness import Politeness
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.crawling.repeats import Repeats
from catalog_pipeline.crawling.scheduling.ledger import Ledger
from catalog_pipeline.crawling.scheduling.linked_search import LinkedSearch
from catalog_pipeline.crawling.scheduling.open_search import OpenSearch
from catalog_pipeline.crawling.scheduling.page_source import PageSource
from catalog_pipeline.crawling.scheduling.settlement import Settlement
from catalog_pipeline.crawling.scheduling.told_search import ToldSearch
from catalog_pipeline.errors import FetchError, NoProductError, PageError
from catalog_pipeline.records import ListingFindings, PageRecord, StoredPage, Told
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.catalogue.attributes import attributes
from catalog_pipeline_tests.crawling.recorders import KeptRecords

PER_PAGE = 3
WINDOW = 4
RULE = "the rule"
RULES: dict[str, OpenLength | ToldLength | LinkedLength] = {
    "open": OpenLength(kind="open", shrink="100%"),
    "told": ToldLength.model_validate(
        {"kind": "told", "last": {"header": "X-Pages"}, "shrink": "100%"}
    ),
    "linked": LinkedLength.model_validate(
        {"kind": "linked", "next": {"header": "link"}, "shrink": "100%"}
    ),
}
_moments = itertools.count()


def status(number: int, kind: str) -> FetchError:
    """The error of an answer with that status."""
    return FetchError(f"HTTP {number}", kind=kind, url="http://shop", http_status=number)


def without_products(looks_like: str | None = None) -> NoProductError:
    """The error of a page that shows none."""
    error = NoProductError("no product on the page")
    error.looks_like = looks_like
    return error


@dataclass
class PlayedShop:
    """Products by their numbers, in an order, some on each page; faults by page."""

    products: list[int]
    faults: dict[int, Callable[[], PageError]] = field(default_factory=dict)
    has_cursors_of_its_own: bool = False
    """Whether the address of the next page is another one each time."""

    @property
    def pages(self) -> int:
        return -(-len(self.products) // PER_PAGE)

    def shown(self, page: int) -> list[int]:
        """The products of a page."""
        return self.products[(page - 1) * PER_PAGE : page * PER_PAGE]

    def answer(self, kind: str, page: int) -> tuple[list[int], Told | None] | PageError:
        """What a page shows, and what it tells of the listing."""
        if page in self.faults:
            return self.faults[page]()
        if page > self.pages:
            return without_products() if page % 2 else status(404, "status_404_410")
        told = None
        if kind == "told" and page == 1:
            told = Told(RULE, last=self.pages)
        if kind == "linked":
            cursor = f"?v={next(_moments)}" if self.has_cursors_of_its_own else ""
            told = Told(RULE, successor=f"/{page + 1}{cursor}" if page < self.pages else None)
        return self.shown(page), told


@dataclass
class KeptCatalogue:
    """What is kept between crawls: partitions, checkpoints, files without one, failed pages."""

    kind: str
    keys: list[int] = field(default_factory=lambda: [1])
    done: dict[int, StoredPage] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    """The products of each file."""
    files: dict[int, StoredPage] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    observed_end: int | None = None

    @property
    def is_end_known(self) -> bool:
        last, telling = max(self.keys), 1 if self.kind == "told" else max(self.keys)
        if self.kind == "open":
            return self.observed_end == last and last not in self.failed
        stored = self.done.get(telling)
        if stored is None or stored.record.told is None or {telling, last} & self.failed:
            return False
        told = stored.record.told
        return told.last == last if self.kind == "told" else told.successor is None

    @property
    def table(self) -> list[int]:
        """The products of all done pages, in the order of the pages."""
        return [row for n in sorted(self.done) for row in self.rows[self.done[n].file_name]]

    def due(self, *, refreshes: bool) -> list[int]:
        return [n for n in self.keys if refreshes or n not in self.done or n in self.failed]


class SettledCrawl:
    """A crawl whose answers are given by whoever plays it, into what is kept of its catalogue."""

    def __init__(
        self,
        kept: KeptCatalogue,
        folder: Path,
        due: Sequence[int],
        source: PageSource,
        *,
        looks: bool = True,
    ) -> None:
        self.kept, self.due, self.source, self.looks = kept, list(due), source, looks
        self.asked: list[int] = []
        store = FolderStore(folder)
        store.prepare()
        self.records = KeptRecords()
        self.ledger = Ledger(Politeness(), store, self.records, Observer())
        others = [stored for n, stored in kept.done.items() if n not in self.due]
        catalogue = catalogue_from_attributes("shop", attributes())
        self.settlement = Settlement(
            catalogue, self.ledger, store, Repeats(others), source, time.monotonic
        )
        self.settlement.previous = {PageKey(n): kept.done[n] for n in self.due if n in kept.done}
        self.records.pages_found(source.take_found())

    @property
    def findings(self) -> ListingFindings:
        return self.source.findings

    def play(
        self,
        answer: Callable[[int], None],
        chance: random.Random,
        cut_after: int | None = None,
        meanwhile: Callable[[int], None] = lambda answers: None,
    ) -> bool:
        """Ask for everything; False if it was cut off after so many answers.

        `answer` settles a page, `meanwhile` is told how many were before.
        """
        ready = [] if self.source.gives_out_all else list(self.due)
        answers = 0
        while True:
            while len(ready) < WINDOW:
                page = self.source.next_page()
                if page is not None:
                    ready.append(page.number)
                elif not self.settlement.settle_held():
                    break
            if not ready:
                again = self.settlement.conclude()
                if again is None:
                    break
                ready.append(again.number)
            if answers == cut_after:
                self._keep(died=True)
                return False
            meanwhile(answers)
            number = ready.pop(chance.randrange(min(len(ready), WINDOW)))
            self.asked.append(number)
            answer(number)
            answers += 1
            if chance.random() < 0.3:
                self.ledger.flush()
        self.ledger.flush()
        self._keep(died=False)
        return True

    def _keep(self, *, died: bool) -> None:
        """What outlives the crawl; partitions are made in the order in which pages are recorded."""
        kept, findings = self.kept, self.findings
        failed = [failure.page.number for failure in self.records.failures]
        for stored in (each for group in self.records.groups for each in group):
            number = stored.record.page.number
            kept.done[number] = stored
            kept.failed.discard(number)
            kept.files.pop(number, None)
        found = {page.number for page in self.records.found}
        kept.keys += sorted({*kept.done, *failed, *found} - set(kept.keys))
        kept.failed.update(failed)
        for number in failed:
            kept.files.pop(number, None)
        for page in () if died else findings.gone:
            kept.keys.remove(page.number)
            kept.done.pop(page.number, None)
            kept.files.pop(page.number, None)
            kept.failed.discard(page.number)
        ends = findings.end.page.number if not died and findings.end is not None else None
        kept.observed_end = ends if ends is not None or self.looks else kept.observed_end


class PlayedCrawl(SettledCrawl):
    """One crawl of a shop into what is kept of its catalogue."""

    def __init__(
        self,
        kept: KeptCatalogue,
        folder: Path,
        due: Sequence[int],
        *,
        looks: bool,
        refreshes: bool = False,
    ) -> None:
        source = _source_of(kept, due, looks=looks, refreshes=refreshes)
        super().__init__(kept, folder, due, source, looks=looks)

    def run(
        self,
        shop: PlayedShop,
        chance: random.Random,
        cut_after: int | None = None,
        meanwhile: Callable[[int], None] = lambda answers: None,
    ) -> bool:
        """Ask for everything; False if it was cut off after so many answers."""
        return self.play(lambda number: self._answer(number, shop), chance, cut_after, meanwhile)

    def _answer(self, number: int, shop: PlayedShop) -> None:
        answer = shop.answer(self.kept.kind, number)
        page = PageKey(number)
        if isinstance(answer, PageError):
            self.settlement.page_failed(page, "http://shop", 1, answer)
            return
        shown, told = answer
        at = datetime.fromtimestamp(1_700_000_000 + next(_moments), timezone.utc)
        products = ",".join(map(str, sorted(shown)))
        record = PageRecord(
            page, f"http://shop/{number}", 200, len(shown), 900, 0.1, 1, at, "text/html", None,
            None, False, f"rows {products}", "c", self.source.address_of(page) or f"/{number}",
            products=products, told=told,
        )  # fmt: skip
        stored = StoredPage(record, f"{next(_moments)}.page", "0")
        self.kept.rows[stored.file_name] = shown
        self.kept.files[number] = stored
        self.settlement.page_came(stored, 1)


def _source_of(
    kept: KeptCatalogue, numbers: Sequence[int], *, looks: bool, refreshes: bool
) -> PageSource:
    known, due = [PageKey(n) for n in kept.keys], [PageKey(n) for n in numbers]
    left = {PageKey(n): file for n, file in kept.files.items() if n not in kept.keys}
    # A refresh has a cut-off, after which none of the files without a checkpoint was made.
    left = {} if refreshes else left
    rules = RULES[kept.kind]
    if isinstance(rules, LinkedLength):
        return LinkedSearch(
            rules, known, due, version=RULE, first_path="/1",
            path_of=lambda record: record.asked_at or "",
            recorded={PageKey(n): stored for n, stored in kept.done.items()},
            looks=looks, left=left,
        )  # fmt: skip
    if not looks:
        return PageSource()
    if isinstance(rules, ToldLength):
        first = kept.done.get(1) if 1 not in numbers else None
        return ToldSearch(rules, known, due, told=first.record.told if first else None, left=left)
    return OpenSearch(rules, known, due, window=WINDOW, left=left)
