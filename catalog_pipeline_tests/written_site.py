"""A site whose pages a test writes itself, and may change while it is asked for them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

from catalog_pipeline.catalogue.files import read_catalogue
from catalog_pipeline.catalogue.finding import FILE_NAME
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline_tests.site import NAME, QUICK, Site

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
        path = site.folder / NAME / FILE_NAME
        kind = "catalog_pipeline.orchestration.definitions.component.CatalogueComponent"
        path.write_text(yaml.safe_dump({"type": kind, "attributes": attributes}, sort_keys=False))
        return read_catalogue(path)


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

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A head and a body in two packets would each wait for the other's acknowledgement.
        wbufsize = -1

        def do_GET(self) -> None:
            site.before_answer(self.path)
            site.asked[self.path] += 1
            body = site.bodies.get(self.path)
            status, headers = 404 if body is None else 200, dict(site.headers)
            if self.path in site.answers:
                status, more, body = site.answers[self.path](self.headers)
                headers |= more
            self.send_response(status)
            for name, value in ({"Content-Type": "text/html; charset=utf-8"} | headers).items():
                self.send_header(name, value)
            content = (body or "not here").encode()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        site.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
