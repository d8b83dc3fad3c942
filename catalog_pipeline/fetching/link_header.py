"""Where the header `Link` of an answer leads: the next page of a listing (RFC 8288, `rel=next`).

What follows from it is decided in `catalog_pipeline.crawling`.
"""

from __future__ import annotations

from collections.abc import Iterable


def next_links(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The addresses with `rel=next`, as they are written, in their order."""
    found: list[str] = []
    for name, value in headers:
        if name.lower() != "link":
            continue
        # What reads a saved page, or is mistyped, does not wait for an HTTP library.
        from requests.utils import parse_header_links

        for link in parse_header_links(value):
            relations = next((link[key] for key in link if key.lower() == "rel"), "")
            if "next" in relations.lower().split():
                found.append(link["url"])
    return tuple(found)
