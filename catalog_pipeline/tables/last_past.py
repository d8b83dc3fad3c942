"""What the last build that kept a past recorded of it, by which its files are known again.

Without Arrow: whether files are those of that build is seen in `past_damage` and `history`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LastPast:
    """The number of that build in the history, and the version that its files have."""

    build: int
    version: str

    @staticmethod
    def recorded(history: Mapping[str, Any]) -> LastPast | None:
        """What was recorded of a build; None if it kept no past, or did not say which."""
        build, version = history.get("build"), history.get("version")
        return LastPast(build, version) if build is not None and version is not None else None
