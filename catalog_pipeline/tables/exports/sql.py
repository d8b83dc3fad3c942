"""What databases have in common: how a name is written so that nothing in it counts as SQL."""

from __future__ import annotations

from catalog_pipeline.errors import ExportError


def quoted(name: str) -> str:
    """A table's or column's name in SQL.

    Raises:
        ExportError: no database could hold it.
    """
    if not name or "\0" in name:
        raise ExportError(f"{name!r} is no name for a table or column.")
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
