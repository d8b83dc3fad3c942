"""What stands at the place of a page that tells something of its listing: texts, nothing more.

A selector, a path in JSON, or a header of the answer. What the texts mean is in `told`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from lxml import etree

from catalog_pipeline.catalogue.field_types import FieldType
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.catalogue.length import NextPage, TellingPlace
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.charset import Charset, charset_of, in_utf8
from catalog_pipeline.reading.html.diagnosis import best, diagnose
from catalog_pipeline.reading.html.document import drop_templates, parse_document
from catalog_pipeline.reading.html.matching import FieldMatcher, Products
from catalog_pipeline.reading.html.page_links import link_resolver
from catalog_pipeline.reading.html.selectors import page_selector
from catalog_pipeline.reading.json.document import WrittenNumber, parse_json
from catalog_pipeline.reading.json.embedded import documents_in
from catalog_pipeline.reading.json.paths import path_of, what_is, why_nothing
from catalog_pipeline.reading.text_budget import TextBudget
from catalog_pipeline.reading.values.links import LinkResolver

Headers = Sequence[tuple[str, str]]


class PlaceOnPage:
    """One such place of a catalogue's pages; `key` is where the YAML says it. Threads share it."""

    def __init__(self, catalogue: Catalogue, place: TellingPlace | NextPage, key: str) -> None:
        """Check selectors and paths.

        Raises:
            CatalogueError: one of them cannot be used.
        """
        self._catalogue, self._place, self._key = catalogue, place, key
        self._kind = FieldType.INTEGER if isinstance(place, TellingPlace) else FieldType.TEXT
        if place.json_ and not catalogue.records.is_json:
            problem, allowed = "the pages are no JSON", "select, or records: {from: json}"
            raise CatalogueError(catalogue.name, f"{key}.json", problem, allowed)
        if place.select and catalogue.records.from_ == "json":
            problem, allowed = (
                "nothing can be selected in JSON",
                "json, a path in the page",
            )
            raise CatalogueError(catalogue.name, f"{key}.select", problem, allowed)
        self._selectors = tuple(
            page_selector(catalogue.name, f"{key}.select", text) for text in place.select
        )
        path, script = place.json_, catalogue.records.script
        self._path = path_of(catalogue.name, f"{key}.json", path) if path else None
        self._script = page_selector(catalogue.name, "records.script", script) if script else None

    def __str__(self) -> str:
        """The place as the YAML has it."""
        place = self._place
        return f"header {place.header}" if place.header else place.json_ or " | ".join(place.select)

    @property
    def is_header(self) -> bool:
        """Whether a stored body alone does not have it."""
        return self._place.header is not None

    def texts(self, body: bytes, content_type: str | None, headers: Headers) -> list[str]:
        """The texts at the place; none if nothing is there.

        Raises:
            ParseError: the page cannot be read, or what is there is no text.
        """
        if self._place.header is not None:
            name = self._place.header.lower()
            return [value for key, value in headers if key.lower() == name and value.strip()]
        if self._path is not None:
            values = map(self._path.search, self._documents(body, content_type))
            value = next((each for each in values if each is not None), None)
            return _as_texts(value, self._path.text)
        return self._selected(self._root(body, content_type)[0])

    def links(self, body: bytes, url: str, content_type: str | None) -> LinkResolver:
        """What makes addresses absolute that stand there."""
        if not self._selectors and self._script is None:
            return LinkResolver(url)
        root, charset = self._root(body, content_type)
        return link_resolver(root, url, charset)

    def why_nothing(self, body: bytes, content_type: str | None, headers: Headers) -> str:
        """Why nothing is there, and what is there instead."""
        if self.is_header:
            names = ", ".join(sorted({key.lower() for key, _ in headers}))
            return f"the answer has no such header; it has {names or 'none'}"
        if self._path is not None:
            return why_nothing(self._path, self._documents(body, content_type)[0])
        root, _ = self._root(body, content_type)
        make = partial(page_selector, self._catalogue.name, self._key)
        brief = best([diagnose(each, [root], make) for each in self._selectors]).brief
        return f"it finds nothing on the page{f'; {brief}' if brief else ''}"

    def _root(self, body: bytes, content_type: str | None) -> tuple[etree._Element, Charset]:
        charset = charset_of(body, content_type, self._catalogue.encoding)
        root = parse_document(in_utf8(body, charset))
        drop_templates(root)
        return root, charset

    def _selected(self, root: etree._Element) -> list[str]:
        attribute = self._place.attribute
        field = Field(select=self._place.select, attribute=attribute, many=True, type=self._kind)
        matcher = FieldMatcher(self._selectors, field)
        texts = matcher.texts(Products([root], {}), TextBudget(self._catalogue.limits))
        return texts.every[0] if texts.every else []

    def _documents(self, body: bytes, content_type: str | None) -> list[Any]:
        """The JSON of the page: the page itself, or what its scripts hold; at least one."""
        if self._script is not None:
            root, _ = self._root(body, content_type)
            return documents_in(root, self._script, self._catalogue.records, self._catalogue.name)
        # What looks like a `meta` in a text of JSON says nothing of its charset.
        charset = charset_of(body[:4], content_type, self._catalogue.encoding)
        return [parse_json(in_utf8(body, charset).decode("utf-8"))]


def _as_texts(value: object, path: str) -> list[str]:
    """A value of JSON as a list of one text or none: null, false and "" are nothing."""
    if value is None or value is False or value == "":
        return []
    if isinstance(value, WrittenNumber):
        return [value.text]
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ParseError(f"{path} gives {what_is(value)}, and neither a number nor a text")
    return [str(value)]
