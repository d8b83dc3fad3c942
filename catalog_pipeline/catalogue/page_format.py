"""What the records of a page are made of: its HTML, JSON, or JSON that its HTML holds."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field as Bounded
from pydantic import ValidationError, model_validator

from catalog_pipeline.catalogue.fields import StrictModel

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
_JSON_TYPES = frozenset(
    {
        "application/json",
        "text/json",
        "application/ld+json",
        "application/vnd.api+json",
        "application/hal+json",
        "application/javascript",
        "text/javascript",
        "text/plain",
    }
)


class Records(StrictModel):
    """Where the products of a page are, if they are not elements of HTML."""

    from_: Literal["html", "json", "embedded"] = Bounded(default="html", alias="from")
    """`html`: elements that `product` selects. `json`: the page is JSON. `embedded`: the page is
    HTML with JSON in its scripts."""
    path: str | None = None
    """JMESPath of the list of products in the JSON, such as `data.products`; `@` is all of it."""
    script: str | None = None
    """Embedded: selector of the scripts with the JSON, such as `"#__NEXT_DATA__"`; of several the
    products are taken together."""
    assigned: str | None = None
    """Embedded: what the JSON is assigned to in the script, such as `window.__STATE__`."""

    @property
    def is_json(self) -> bool:
        """Whether the products are records of JSON."""
        return self.from_ != "html"

    @property
    def page_types(self) -> frozenset[str]:
        """The media types that a listing page may be served as."""
        return _JSON_TYPES if self.from_ == "json" else _HTML_TYPES

    @model_validator(mode="after")
    def _keys_fit_the_format(self) -> Records:
        if self.from_ == "html" and (self.path or self.script or self.assigned):
            raise ValueError("path, script and assigned are for JSON; say from: json or embedded")
        if self.from_ != "html" and not self.path:
            raise ValueError("say where the products are in the JSON, as in path: products")
        if self.from_ == "json" and (self.script or self.assigned):
            raise ValueError("a page of JSON has no scripts; say from: embedded")
        if self.from_ == "embedded" and not self.script:
            raise ValueError('say which script holds the JSON, as in script: "#__NEXT_DATA__"')
        return self


def check_product(product: tuple[str, ...], records: Records) -> None:
    """Refuse a way to the products that the pages' format has no use for.

    Raises:
        ValueError: there is one, or none is given.
    """
    if not records.is_json and not product:
        missing: Any = {"type": "missing", "loc": ("product",), "input": None}
        raise ValidationError.from_exception_data("CatalogueAttributes", [missing])
    if records.is_json and product:
        raise ValueError("product selects elements of HTML; the records of JSON have a path alone")
