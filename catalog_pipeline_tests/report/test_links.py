"""What may be a link in a report."""

from __future__ import annotations

import pytest

from catalog_pipeline.report.links import as_link


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://shop.example/a?b=1&c=%22#d", "https://shop.example/a?b=1&c=%22#d"),
        ("HTTP://SHOP.example", "http://shop.example/"),
        ("https://shop.example/é \"'<>", "https://shop.example/%C3%A9%20%22%27%3C%3E"),
        (" https://shop.example/\n", "https://shop.example/"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
    ],
)
def test_an_address_of_the_web_is_one_as_a_browser_writes_it(address: str, link: str) -> None:
    assert as_link(address) == link.replace("%27", "'")


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "/a",
        "//shop.example/a",
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "blob:https://shop.example/1",
        "view-source:https://shop.example",
        "https://bank.example@shop.example/",
        "https://user:secret@shop.example/",
        "https://",
        "https://shop.example/" + "a" * 1000,
    ],
)
def test_anything_else_is_none(address: str | None) -> None:
    assert as_link(address) is None
