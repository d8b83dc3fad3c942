"""A practice shop in which poisonous pages of every kind lie among good ones; helpers, no tests."""

from __future__ import annotations

from typing import Any

from catalog_pipeline.sandbox.poison import POISON
from catalog_pipeline_tests.site import bundled_attributes

PARSE_SECONDS = 1.0
HANGING = ("slow-selector", "slow-pattern")
"""Kinds on which a deadline has to run."""
_OTHER_KINDS = {
    **dict.fromkeys(HANGING, "parse_seconds"),
    **dict.fromkeys(
        ("gzip-bomb", "deflate-bomb", "brotli-bomb", "zstd-bomb", "double-bomb", "long-body"),
        "too_large",
    ),
    **dict.fromkeys(("cut-gzip", "no-gzip"), "decoding"),
    **dict.fromkeys(("pdf", "picture", "json"), "content_type"),
    **{kind: "redirect_refused" for kind in POISON if kind.startswith("redirect")},
    **dict.fromkeys(
        ("open-comment", "open-script", "open-style", "open-title", "open-textarea",
         "only-escapes", "refresh", "challenge", "frameset", "script-only", "utf-7", "ebcdic"),
        "no_product",
    ),
}  # fmt: skip
REASONS = {kind: _OTHER_KINDS.get(kind, "parse") for kind in POISON}
"""The kind of failure that each kind of poison comes to."""


def poisoned(good: int) -> dict[int, str]:
    """Which pages are poisonous, spread evenly among so many good ones, and of which kind."""
    pages = good + len(POISON)
    return {1 + number * pages // len(POISON): kind for number, kind in enumerate(POISON)}


def changes_of_the_catalogue(pages: int) -> dict[str, Any]:
    """What the shop's catalogue has besides its own: a pattern and a selector that can hang."""
    fields = bundled_attributes("sandbox")["fields"]
    fields["name"]["pattern"] = "^(([A-Za-z ]+)+)+$"
    # Grows with the square of all that is of that name on the page.
    twins = "xpath:count(ancestor::main//i[count(preceding::i) > count(following::i)])"
    fields["twins"] = {"select": twins, "type": "integer"}
    return {
        "last_page": pages,
        "fields": fields,
        "limits": {"parse_seconds": PARSE_SECONDS},
        "politeness": {"concurrency": 8, "max_attempts": 1, "stop_window": pages + 1},
    }
