"""A site whose pages a test writes itself, and may change while it is asked for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.message import Message
from pathlib import Path

from catalog_pipeline.catalogue.finding import FILE_NAME
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline_tests.answering import NOT_HERE, Reply, Request, answering
from catalog_pipeline_tests.site import NAME, QUICK, Site, write_catalogue

Answer = Callable[[Message], tuple[int, dict[str, str], str]]


@dataclass
class WrittenSite:
    """Bodies by their paths; other paths are 404. `before_answer` is told each path first."""

    url: str = ""
    bodies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    before_answer: Callable[[str], None] = lambda path: None
    answers: dict[str, Answer] = field(default_factory=dict)
    """Paths that are answered with a status and headers of their own, by the request's headers."""

    def write(self, pages: Mapping[int, str]) -> None:
        """Write listing pages."""
        self.bodies |= {f"/products?page={page}": body for page, body in pages.items()}

    def describe(self, site: Site, fields: Mapping[str, object], **changes: object) -> Catalogue:
        """Write the catalogue `shop` for this site: one product per `li`, unique by `sku`."""
        return self.describe_in(site.folder, fields, **changes)

    def describe_in(
        self, folder: Path, fields: Mapping[str, object], **changes: object
    ) -> Catalogue:
        """The same, for a folder of catalogues."""
        attributes = {
            "base_url": self.url,
            "page_url": "/products?page={page}",
            "last_page": len([path for path in self.bodies if path.startswith("/products")]),
            "product": "li",
            "fields": {"sku": {"select": "b"}, **fields},
            "key": "sku",
            "politeness": {**QUICK, "obey_robots": False},
            **changes,
        }
        return write_catalogue(folder / NAME / FILE_NAME, attributes)


def listing(page: int, *texts: str) -> str:
    """A listing page with a product for each text, in an `i`."""
    products = [
        f"<li><b>{page}-{place}</b> <i>{text}</i></li>" for place, text in enumerate(texts, start=1)
    ]
    return f"<!doctype html><meta charset=utf-8><ul>{''.join(products)}</ul>"


@contextmanager
def written_site() -> Iterator[WrittenSite]:
    """A site without pages, running on loopback."""
    site = WrittenSite()

    def answer(request: Request) -> Reply:
        site.before_answer(request.path)
        site.asked[request.path] += 1
        if request.path in site.answers:
            status, headers, text = site.answers[request.path](request.headers)
            return Reply(text.encode(), status, site.headers | headers)
        if request.path not in site.bodies:
            return replace(NOT_HERE, headers=site.headers)
        return Reply(site.bodies[request.path].encode(), headers=site.headers)

    with answering(answer) as site.url:
        yield site
