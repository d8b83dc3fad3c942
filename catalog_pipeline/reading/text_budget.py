"""How much text a page may give its products, counted as it is found."""

from __future__ import annotations

from catalog_pipeline.catalogue.politeness import Limits
from catalog_pipeline.errors import ParseError


class TextBudget:
    """How many bytes of texts a page may still give, and each of its values at most."""

    __slots__ = ("_left", "_limits", "_most")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._most = limits.max_cell_bytes
        self._left = limits.max_rows_bytes

    def anew(self) -> TextBudget:
        """The whole budget once more."""
        return TextBudget(self._limits)

    def take(self, text: str) -> str:
        """Count a text that a selector gave, and return it.

        Raises:
            ParseError: it is too long for a value, or the page's texts are together.
        """
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if size > self._most:
            raise ParseError(
                f"a text of {size} bytes is more than the {self._most} that "
                f"limits.max_cell_bytes allows"
            )
        self._left -= size
        if self._left < 0:
            raise ParseError(
                f"the texts of the page's products are more than the "
                f"{self._limits.max_rows_bytes} bytes that limits.max_rows_bytes allows"
            )
        return text
