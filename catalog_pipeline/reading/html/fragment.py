"""HTML that is a text of JSON: what a browser would show of it.

The pages themselves are parsed in `document`; which texts are HTML is said by the YAML.
"""

from __future__ import annotations

import re

from catalog_pipeline.reading.html.document import drop_templates, parse_document
from catalog_pipeline.reading.html.text import number_text, visible_text

_MARKUP = re.compile("[<&]")
_HALF = re.compile("[\ud800-\udfff]")


def fragment_text(markup: str, *, is_number: bool) -> str:
    """The text of a piece of HTML, in which digits of a number keep their borders.

    Raises:
        ParseError: it exceeds a limit on nesting, attributes, tags or text.
    """
    # Half of a pair of surrogates can be in no tree; it is refused where the value is read.
    if not _MARKUP.search(markup) or _HALF.search(markup):
        return markup
    root = parse_document(f"<!doctype html><body><div>{markup}</div>".encode())
    drop_templates(root)
    return number_text(root) if is_number else visible_text(root)
