"""How long is kept what crawls leave behind: the YAML's `retention`.

Only what it says and whether that can be; what is removed, and what never is, is known to
`orchestration.runs.pruning`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from catalog_pipeline.catalogue.fields import StrictModel

FOREVER = "forever"
LATEST = "latest"
_AGE = re.compile(r"([1-9][0-9]{0,9})([shdw])")
_UNITS = {
    "s": timedelta(seconds=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_LONGEST = timedelta(days=36_500)


def _checked_age(value: Any) -> str:
    """A text such as `90d`, or `forever`.

    Raises:
        ValueError: it is neither.
    """
    if value == FOREVER:
        return FOREVER
    if isinstance(value, int | float) or (isinstance(value, str) and _is_number(value)):
        raise ValueError(f"{value} has no unit; write {value}d for days, or {FOREVER}")
    if not isinstance(value, str) or not _AGE.fullmatch(value):
        raise ValueError(f"{value!r} is no age such as 90d, 12w or 36h, and not {FOREVER}")
    if int(value[:-1]) > _LONGEST // _UNITS[value[-1]]:
        raise ValueError(f"{value} is longer than a hundred years; write {FOREVER}")
    return value


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text))


def _age(text: str) -> timedelta:
    return int(text[:-1]) * _UNITS[text[-1]]


def _only(word: str, what: str) -> Any:
    """Takes that word alone, and says so of anything else."""

    def check(value: Any) -> Any:
        if value != word:
            raise ValueError(f"{value!r} is not possible; {what} always `{word}`")
        return value

    return BeforeValidator(check)


class Retention(StrictModel):
    """How long is kept what crawls leave behind."""

    runs: Annotated[str, BeforeValidator(_checked_age, json_schema_input_type=str)] = "90d"
    """Age from which finished runs are removed with their logs and events, such as `90d`, `12w` or
    `36h`; or `forever`. What stands of pages, failures, tables and their checks stays."""
    history: Annotated[Literal["forever"], _only(FOREVER, "history and changes are kept")] = (
        "forever"
    )
    """The past of products, `history` and `changes`, is kept `forever`."""
    pages: Annotated[Literal["latest"], _only(LATEST, "of the files of a page is kept")] = "latest"
    """Of a page's files the one of its `latest` checkpoint is kept."""

    @property
    def runs_kept(self) -> timedelta | None:
        """How long finished runs are kept; None for ever."""
        return None if self.runs == FOREVER else _age(self.runs)
