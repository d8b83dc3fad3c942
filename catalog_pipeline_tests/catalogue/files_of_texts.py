"""Catalogue files for tests, made of a small valid one with some of its lines exchanged."""

from pathlib import Path

SMALL = """\
type: catalog_pipeline.CatalogueComponent
attributes:
  base_url: https://shop.example
  page_url: /list?page={page}
  last_page: 9
  product: .card
  key: name
  fields:
    name: {select: h2}
"""


def catalogue_file(folder: Path, *changes: tuple[str, str], more: str = "") -> Path:
    """Write the small catalogue `shop` with texts exchanged and lines added at its end."""
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "shop" / "defs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + more, encoding="utf-8")
    return path
