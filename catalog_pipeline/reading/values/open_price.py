"""The error of a price or another number that has several readings, of which a key of the YAML
would choose one."""

from __future__ import annotations

from catalog_pipeline.errors import ParseError


class OpenPriceError(ParseError):
    """A price or number that can be read in several ways; `key` of its field would settle which.

    `possible` are the currencies that its sign may stand for, none if it has no sign.
    """

    def __init__(self, problem: str, *, key: str, possible: frozenset[str] = frozenset()) -> None:
        super().__init__(problem)
        self.key = key
        self.possible = possible
