"""What a reader would refuse of a catalogue, part by part, so that no mistake hides another one.

A reader itself ends at the first (`reader`). What is refused is said where it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from catalog_pipeline.catalogue.fields import Field
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.parts import Total
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.reading.composed import check_templates
from catalog_pipeline.reading.discovery import ListingLinks
from catalog_pipeline.reading.reader import check_unwatched_patterns, products_reader
from catalog_pipeline.reading.told import telling_reader


def mistakes_of_parts(catalogue: Catalogue) -> Iterator[Mistake]:
    """Selectors, paths, patterns, templates and value maps that cannot be used, each by itself."""
    for part in (*_of_pages(catalogue), *_of_products(catalogue), *_of_fields(catalogue)):
        try:
            part()
        except CatalogueError as error:
            yield from error.mistakes


def _of_pages(catalogue: Catalogue) -> Iterator[Callable[[], object]]:
    """What finds listings and their pages."""
    for view in catalogue.described_listings():
        yield partial(telling_reader, view)
    if (discover := catalogue.discover) is not None:
        for each in discover.select:
            yield partial(ListingLinks, catalogue, discover.model_copy(update={"select": (each,)}))
    yield partial(check_unwatched_patterns, catalogue)


def _of_products(catalogue: Catalogue) -> Iterator[Callable[[], object]]:
    """What finds the products, and how many there are."""
    bare = _without_fields(catalogue)
    for each in catalogue.product:
        yield partial(products_reader, bare.model_copy(update={"product": (each,)}))
    yield partial(products_reader, bare)
    if catalogue.total is not None:
        for part in _each_selector(catalogue.total):
            total = {**_any_product(catalogue), "total": part}
            yield partial(products_reader, bare.model_copy(update=total))


def _of_fields(catalogue: Catalogue) -> Iterator[Callable[[], object]]:
    yield partial(check_templates, catalogue)
    bare = _without_fields(catalogue).model_copy(update=_any_product(catalogue))
    for name, field in catalogue.fields.items():
        for part in _parts_of_field(field, is_json=catalogue.records.is_json):
            alone = {"fields": {name: part}, "key": (name,)}
            yield partial(products_reader, bare.model_copy(update=alone))


def _without_fields(catalogue: Catalogue) -> Catalogue:
    return catalogue.model_copy(update={"fields": {}, "key": (), "total": None})


def _any_product(catalogue: Catalogue) -> dict[str, Any]:
    return {} if catalogue.records.is_json else {"product": ("*",)}


def _each_selector(total: Total) -> Iterator[Total]:
    yield from (total.model_copy(update={"select": (each,)}) for each in total.select)
    yield total


def _parts_of_field(field: Field, *, is_json: bool) -> Iterator[Field]:
    """A field with one of its sources at a time, and with all else that is said of it."""
    key, anything = ("json_", "@") if is_json else ("select", ".")
    single = {"many": False, "join": None} if field.many else {}
    if field.template is not None:
        # What it is made of is looked at in the templates.
        yield field.model_copy(update={key: (anything,), "template": None, **single})
        return
    sources: tuple[str, ...] = getattr(field, key)
    for each in sources:
        yield field.model_copy(update={key: (each,), "values": None, "exists": False, **single})
    yield field.model_copy(update={**({key: (anything,)} if sources else {}), **single})
