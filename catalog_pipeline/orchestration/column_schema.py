"""The columns of a catalogue as the web UI shows them: name, type, and where each is read.

No Arrow here: the types of pages are the YAML's, those of a table come from its build.
"""

from collections.abc import Mapping

import dagster as dg

from catalog_pipeline.catalogue.field_types import RANGE_END_SUFFIX, CellType
from catalog_pipeline.catalogue.fields import PROVENANCE_COLUMNS, Field
from catalog_pipeline.catalogue.history import CHANGE_COLUMNS, PERIOD_COLUMNS
from catalog_pipeline.catalogue.listing_attributes import LISTING_COLUMNS
from catalog_pipeline.catalogue.model import Catalogue

_PROVENANCE = dict(
    zip(
        PROVENANCE_COLUMNS,
        (
            "Number of the listing page.",
            "Place of the product on its page, from 1.",
            "URL of the page.",
            "When the page was downloaded.",
        ),
        strict=True,
    )
)
_LISTINGS = dict(
    zip(
        LISTING_COLUMNS,
        ("Listing of the page.", "All listings in which the product stands."),
        strict=True,
    )
)
_PERIODS = dict(
    zip(
        PERIOD_COLUMNS,
        (
            "When the product was first seen with these values: the newest fetch of that build; of "
            "a widened one its own.",
            "When it was first seen otherwise, or first not found; empty while it goes on.",
            "Number of the build that saw it first.",
            "first, new, returned, changed, reread, tracked, resumed or widened.",
            "Number of the build that ended it.",
            "gone, changed, reread, tracked, resumed or narrowed.",
            "When the product was last fetched with these values.",
            "How many complete crawls have not found it since.",
            "When it was first not found.",
            "The newest fetch of the build that last saw it, or looked for it in vain.",
            "The page on which the product was last, as its partition is called.",
        ),
        strict=True,
    )
)
_CHANGES = dict(
    zip(
        CHANGE_COLUMNS,
        (
            "Number of the build that found it.",
            "The newest fetch of that build.",
            "new, gone, returned or changed.",
            "Which value changed.",
            "The value until then, as text.",
            "The value from then on, as text.",
            "By how many per cent of what it was a number changed.",
        ),
        strict=True,
    )
)


def page_schema(catalogue: Catalogue) -> dg.TableSchema:
    """The fields that are read from a page's products, with the types that the YAML gives them."""
    types = {
        column: _told_type(field, kind)
        for name, field in catalogue.fields.items()
        for column, kind in field.typed_columns(name).items()
    }
    return table_schema(catalogue, types)


def _told_type(field: Field, kind: CellType) -> str:
    told = "text" if kind is CellType.CURRENCY else kind.value
    return f"list of {told}" if field.many else told


def history_schema(catalogue: Catalogue, types: Mapping[str, str]) -> dg.TableSchema:
    """Columns of the history, of the given types."""
    return _schema({**_field_descriptions(catalogue), **_PERIODS}, types)


def changes_schema(catalogue: Catalogue, types: Mapping[str, str]) -> dg.TableSchema:
    """Columns of the changes, of the given types."""
    return _schema({**_field_descriptions(catalogue), **_CHANGES}, types)


def _schema(descriptions: Mapping[str, str], types: Mapping[str, str]) -> dg.TableSchema:
    columns = [dg.TableColumn(name, kind, descriptions.get(name)) for name, kind in types.items()]
    return dg.TableSchema(columns)


def table_schema(catalogue: Catalogue, types: Mapping[str, str]) -> dg.TableSchema:
    """Columns of the given types, described after the catalogue's YAML."""
    of_listings = _LISTINGS if catalogue.has_named_listings else {}
    descriptions = {**_field_descriptions(catalogue), **_PROVENANCE, **of_listings}
    return dg.TableSchema(
        [dg.TableColumn(name, kind, descriptions.get(name)) for name, kind in types.items()],
        constraints=dg.TableConstraints(other=[f"unique: {', '.join(catalogue.key_columns)}"]),
    )


def _field_descriptions(catalogue: Catalogue) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, field in catalogue.fields.items():
        for column in field.columns(name):
            if column == name:
                found[column] = _origin(field)
            elif column == name + RANGE_END_SUFFIX:
                found[column] = f"Upper end of {name}."
            else:
                found[column] = f"ISO 4217 code of the currency of {name}."
    return found


def _origin(field: Field) -> str:
    if field.template is not None:
        return f"Made of other fields: `{field.template}`."
    selectors = " or ".join(f"`{selector}`" for selector in field.select)
    what = f"Attribute `{field.attribute}`" if field.attribute else "Text"
    if field.exists:
        what = "Whether there is one"
    return f"{what} of {selectors}." + (" Required." if field.required else "")
