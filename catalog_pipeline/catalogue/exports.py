"""What of a catalogue can be exported. How that is done is in `catalog_pipeline.tables.exports`."""

from __future__ import annotations

from typing import Literal, TypeAlias

What: TypeAlias = Literal["table", "history", "changes"]
"""The table, or what is kept of its past."""
