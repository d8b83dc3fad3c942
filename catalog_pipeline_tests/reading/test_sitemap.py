"""What a sitemap lists, compressed or not, and what is none."""

import gzip

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.sitemap import Sitemap, read_sitemap
from catalog_pipeline_tests.catalogue.attributes import attributes

URL = "https://shop.example/maps/sitemap.xml"
SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def _catalogue(**limits: object) -> Catalogue:
    return catalogue_from_attributes("shop", attributes(limits=limits))


def _read(text: str | bytes, **limits: object) -> Sitemap:
    body = text.encode() if isinstance(text, str) else text
    return read_sitemap(_catalogue(**limits), body, url=URL)


def _urls(*addresses: str, space: str = SPACE) -> str:
    entries = "".join(
        f"<url><loc> {each}\n</loc><priority>1</priority></url>" for each in addresses
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="{space}">{entries}</urlset>'


def _gzip(text: str) -> bytes:
    """The text compressed, without the time: it is part of a test's name."""
    return gzip.compress(text.encode(), mtime=0)


@pytest.mark.parametrize("space", [SPACE, "http://www.google.com/schemas/sitemap/0.84", ""])
@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())])
def test_addresses_are_read_in_order_each_once(space, pack):
    text = _urls("https://shop.example/c/a", "/c/b?x=1&amp;y=2", "https://shop.example/c/a")
    if not space:
        text = text.replace(' xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"', "")
    found = _read(pack(text))
    assert found == Sitemap(
        ("https://shop.example/c/a", "https://shop.example/c/b?x=1&y=2"), is_index=False
    )


def test_an_index_lists_sitemaps_and_pictures_are_no_pages():
    index = f'<sitemapindex xmlns="{SPACE}"><sitemap><loc>a.xml.gz</loc></sitemap></sitemapindex>'
    assert _read(index) == Sitemap(("https://shop.example/maps/a.xml.gz",), is_index=True)
    pictures = _urls("/c/a").replace(
        "<priority>", '<i:image xmlns:i="urn:i"><i:loc>/a.png</i:loc></i:image><priority>'
    )
    assert _read(pictures).addresses == ("https://shop.example/c/a",)
    assert _read(_urls("/c/<!-- the best -->a")).addresses == ("https://shop.example/c/a",)
    assert _read(
        gzip.compress(_urls("/a").encode()[:70]) + gzip.compress(_urls("/a").encode()[70:])
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "it is no XML"),
        (b"User-agent: *", "it is no XML"),
        (_urls("/a")[:-20].encode(), "it is no XML: "),
        (b"<rss><channel/></rss>", "outermost element is rss"),
        (b"<html><title>Just a moment</title></html>", "it looks like a challenge"),
        (b"<!doctype html><title>Just a moment...</title><p>x<br>", "it looks like a challenge"),
        (_gzip(_urls("/a"))[:-9], "cut short"),
        (b"\x1f\x8b" + b"x" * 40, "its compressed content is damaged"),
        (_gzip(" " * 20_000), "decompressed it has more than 10000 bytes"),
        (_urls("javascript:x").encode(), "no web address"),
        (_urls("/a<b>c</b>").encode(), "has markup within"),
    ],
)
def test_what_is_no_sitemap_is_told_as_what_it_is(body: bytes, said: str):
    with pytest.raises(ParseError) as refused:
        _read(body, max_decoded_bytes=10_000)
    assert said in refused.value.problem


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a "https://evil.example/">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % b SYSTEM "http://127.0.0.1:9/x"> %b;',
    ],
)
def test_entities_are_neither_read_nor_asked_for(declared: str):
    text = f"<!DOCTYPE urlset [{declared}]>" + _urls("&a;").split("?>")[1]
    with pytest.raises(ParseError, match="entit"):
        _read(text)
