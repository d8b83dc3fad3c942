"""Catalogues of a few lines for the tests of this package."""

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue


def attributes(
    fields: dict[str, dict], product: object = ".p", key: object = None
) -> dict[str, object]:
    """What the YAML of such a catalogue holds; its key is the first of the fields."""
    return {
        "base_url": "https://shop.example",
        "page_url": "/list/{page}",
        "last_page": 9,
        "product": product,
        "fields": fields,
        "key": key or next(iter(fields)),
    }


def catalogue(fields: dict[str, dict], product: object = ".p", key: object = None) -> Catalogue:
    """A catalogue of these fields whose key is the first of them."""
    return catalogue_from_attributes("shop", attributes(fields, product, key))
