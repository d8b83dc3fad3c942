"""From the bytes of a page to its products, which are records of JSON.

What a text means is decided in `catalog_pipeline.reading.values`, as for pages of HTML.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lxml import etree

from catalog_pipeline.catalogue.field_types import FieldType
from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import NoProductError, ParseError, ParseLimitError
from catalog_pipeline.reading.charset import charset_of, in_utf8, of_charset
from catalog_pipeline.reading.composed import check_templates, composed_texts
from catalog_pipeline.reading.findings import Findings, Texts, reading_of
from catalog_pipeline.reading.html.document import drop_templates, parse_document
from catalog_pipeline.reading.html.page_links import link_resolver
from catalog_pipeline.reading.html.selectors import page_selector
from catalog_pipeline.reading.json.document import parse_json
from catalog_pipeline.reading.json.embedded import documents_in
from catalog_pipeline.reading.json.fields import JsonField, json_field
from catalog_pipeline.reading.json.paths import path_of, what_is, why_nothing
from catalog_pipeline.reading.text_budget import TextBudget
from catalog_pipeline.reading.values.links import LinkResolver
from catalog_pipeline.reading.watch import Place, at_most, field_begins, place_begins
from catalog_pipeline.records import Columns, Reading


class JsonListingParser:
    """Reads the pages of one catalogue; may be shared by threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Check and compile all paths, patterns and value maps.

        Raises:
            CatalogueError: one of them cannot be used.
        """
        self.catalogue = catalogue
        records = catalogue.records
        self.path = path_of(catalogue.name, "records.path", records.path or "@")
        self.script = (
            page_selector(catalogue.name, "records.script", records.script)
            if records.script
            else None
        )
        self.fields = tuple(
            json_field(catalogue, name, field) for name, field in catalogue.fields.items()
        )
        self.total = _total_of(catalogue)
        check_templates(catalogue)

    def read(
        self, body: bytes, *, url: str, page: PageKey, content_type: str | None = None
    ) -> Reading:
        """The products of a page, and what was noted while they were read.

        Raises:
            ParseError: the page is not what the catalogue's YAML says, in any respect.
            ParseLimitError: looking for a pattern takes longer than a page may take.
        """
        # What looks like a `meta` in a text of JSON says nothing of its charset.
        start = body[:4] if self.script is None else body
        charset = charset_of(start, content_type, self.catalogue.encoding)
        try:
            with at_most(self.catalogue.limits.parse_seconds):
                utf8 = in_utf8(body, charset, marks_stray_bytes=True)
                root = self._root(utf8)
                documents = self._documents(utf8, root)
                links = LinkResolver(url) if root is None else link_resolver(root, url, charset)
                return self._reading(documents, self._records(documents), links)
        except ParseError as error:
            error.page, error.url = page, url
            error.problem = of_charset(error.problem, charset)
            raise
        except ParseLimitError as error:
            error.page, error.url = page, url
            raise

    def why_empty(
        self, body: bytes, reading: Reading, content_type: str | None = None
    ) -> dict[str, str]:
        """Of each field that no product of the page has, why its path finds nothing in the first.

        The page has been read already, so that nothing of it can fail.
        """
        start = body[:4] if self.script is None else body
        charset = charset_of(start, content_type, self.catalogue.encoding)
        utf8 = in_utf8(body, charset, marks_stray_bytes=True)
        documents = self._documents(utf8, self._root(utf8))
        first = self._records(documents)[0]
        return {
            field.name: why_nothing(field.paths[0], documents[0] if field.of_page else first)
            for field in self.fields
            if field.paths and not any(cell is not None for cell in reading.columns[field.name])
        }

    def _root(self, utf8: bytes) -> etree._Element | None:
        """The tree of a page whose scripts hold the JSON."""
        place_begins(Place.PRODUCTS)
        if self.script is None:
            return None
        root = parse_document(utf8)
        drop_templates(root)
        return root

    def _documents(self, utf8: bytes, root: etree._Element | None) -> list[Any]:
        """The JSON of a page: the page itself, or what its scripts hold."""
        if self.script is None or root is None:
            return [parse_json(utf8.decode("utf-8"))]
        return documents_in(root, self.script, self.catalogue.records, self.catalogue.name)

    def _records(self, documents: list[Any]) -> list[Any]:
        """The products of all documents.

        Raises:
            NoProductError: there is none.
            ParseError: the path gives no list of objects.
        """
        found = [
            record for document in documents for record in self._listed(self.path.search(document))
        ]
        if not found:
            reasons = [why_nothing(self.path, document) for document in documents]
            error = NoProductError(f"no product on the page: {reasons[0]}", selector=self.path.text)
            if any(self.path.search(document) != [] for document in documents):
                error.looks_like = reasons[0]
            raise error
        for position, record in enumerate(found, start=1):
            if not isinstance(record, dict):
                problem = f"a product is no object but {what_is(record)}"
                raise ParseError(problem, position=position, selector=self.path.text)
        return found

    def _listed(self, found: Any) -> Iterable[Any]:
        if found is None or isinstance(found, list):
            return found or ()
        if isinstance(found, dict) and self.script is not None:
            return (found,)
        raise ParseError(f"the path of the products gives {what_is(found)}, and no list of them")

    def _reading(self, documents: list[Any], records: list[Any], links: LinkResolver) -> Reading:
        budget = TextBudget(self.catalogue.limits)
        findings = Findings()
        columns: Columns = {}
        composed: list[tuple[int, JsonField]] = []
        for number, field in enumerate(self.fields, start=1):
            field_begins(number, field.name)
            if field.template is not None:
                composed.append((number, field))
            elif field.of_page:
                found = field.columns(documents, links, budget, findings, of_all=True)
                columns.update({name: cells * len(records) for name, cells in found.items()})
            else:
                columns.update(field.columns(records, links, budget, findings))
        for number, field in composed:
            field_begins(number, field.name)
            fields = self.catalogue.fields
            texts = Texts(composed_texts(field.values, fields, columns, len(records)))
            columns.update(field.columns_of(texts, records, links, findings))
        if composed:
            columns = {name: columns[name] for name in self.catalogue.columns}
        if self.total is not None:
            place_begins(Place.TOTAL)
            told = self.total.columns(documents, links, budget, findings, of_all=True)["total"][0]
            findings.total = told if isinstance(told, int) else None
        return reading_of(columns, findings)


def _total_of(catalogue: Catalogue) -> JsonField | None:
    """What reads how many products the site says that it has, if the YAML says where it is."""
    total = catalogue.total
    if total is None or total.json_ is None:
        return None
    kind = FieldType.INTEGER
    field = Field(json=(total.json_,), pattern=total.pattern, type=kind, of="page")
    return json_field(catalogue, "total", field)
