"""What has to be true of a crawl once it is complete, however often it was killed on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq

from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.sandbox.shop import page_products
from catalog_pipeline.storing.damage import damage_of
from catalog_pipeline.storing.stores import table_of
from catalog_pipeline_tests.crash.scene import Scene

_COLUMNS = ("page", "position", "product_id", "name", "price")
_TEMPORARY = (".writing-*", ".*.building-*")


@dataclass
class Deaths:
    """The deaths of one crawl: which pages were on their way at each."""

    scene: Scene
    in_flight: Counter[int] = field(default_factory=Counter)
    largest: int = 0
    _asked: Counter[int] = field(default_factory=Counter)

    def note(self, since: datetime | None = None) -> None:
        """Take down, after a death, which pages it had asked for and not stored."""
        self.scene.wait_until_dead()
        asked = self.scene.downloads()
        on_the_way = set(asked - self._asked) - self.scene.stored(since)
        self._asked = asked
        self.in_flight.update(on_the_way)
        self.largest = max(self.largest, len(on_the_way))

    def note_one(self, stored_before: set[int]) -> None:
        """Take down, after the death of one worker of a crawl that goes on, what was on the way.

        What another worker has on its way at that moment cannot be told from it.
        """
        asked = self.scene.downloads()
        lost_or_on_the_way = {page for page in asked if asked[page] > self.in_flight[page]}
        self.in_flight.update(lost_or_on_the_way - stored_before)

    @property
    def downloaded_again(self) -> int:
        """How many downloads there were beyond one per page."""
        return sum(count - 1 for count in self.scene.downloads().values())

    def stored_pages_downloaded_again(self) -> list[int]:
        """Pages that were asked for although they had been stored."""
        allowed = self.in_flight
        counts = self.scene.downloads().items()
        return [page for page, count in counts if count > 1 + allowed[page]]


def truth(scene: Scene) -> list[tuple[object, ...]]:
    """The rows that the table must have, from the shop itself, as far as no page was revised."""
    size = scene.shop.settings.page_size
    return [
        (page, position, item.id, item.name, item.price)
        for page in scene.numbers
        for position, item in enumerate(page_products(page, size), 1)
    ]


def table_rows(table: Path) -> list[tuple[object, ...]]:
    """The rows of a table, in its order."""
    columns = pq.read_table(table, columns=list(_COLUMNS)).to_pydict()
    return list(zip(*(columns[name] for name in _COLUMNS), strict=True))


def leftovers(scene: Scene) -> list[Path]:
    """Half-written files in the data folder."""
    return [path for pattern in _TEMPORARY for path in scene.data.rglob(pattern)]


def complaints(scene: Scene, deaths: Deaths) -> list[str]:
    """What is wrong with a crawl that should be complete; empty if nothing is."""
    asked = scene.downloads()
    again = deaths.stored_pages_downloaded_again()
    found = [
        *(f"page {page} was never downloaded" for page in set(scene.numbers) - set(asked)),
        *(f"page {page} was stored and downloaded again" for page in again),
        *complaints_of_events(scene),
        *complaints_of_table(scene, scene.places),
        *(f"process {pid} is left" for pid in scene.processes()),
        *(f"file {path} is left" for path in leftovers(scene)),
    ]
    if deaths.largest > (most := most_in_flight(scene)):
        found.append(f"{deaths.largest} pages were in flight at once, and {most} are allowed")
    return found


def most_in_flight(scene: Scene) -> int:
    """How many pages may be on their way: while one is exchanged, another is parsed and stored."""
    return 2 * scene.catalogue.politeness.concurrency


def complaints_of_events(scene: Scene) -> list[str]:
    """What the event log and the page files that it names lack, or have too much."""
    pages = set(scene.catalogue.pages)
    with scene.instance() as instance:
        statuses = read_statuses(instance, scene.catalogue, pages)
        checkpoints = read_checkpoints(instance, scene.catalogue, pages)
    found = [f"page {page} is not done" for page in pages - statuses.done]
    found += [f"page {page} counts as interrupted" for page in statuses.interrupted]
    damages = (damage_of(stored, scene.store) for stored in checkpoints.values())
    return found + [damage for damage in damages if damage]


def complaints_of_table(scene: Scene, places: CataloguePlaces) -> list[str]:
    """In what the table there is not that of the shop."""
    if not table_of(places).exists():
        return ["there is no table"]
    rows, expected = table_rows(places.table), truth(scene)
    keys = Counter(row[2] for row in rows)
    found = [f"product {key} is in {count} rows" for key, count in keys.items() if count > 1]
    found += [f"product {row[2]} is lost" for row in expected if row[2] not in keys]
    if not found and rows != expected:
        found.append("the table's rows are not those of the shop")
    return found
