"""What a `run` was asked to do: which pages of which catalogue, and how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages


@dataclass(frozen=True)
class RunOrder:
    """One `run`. Done pages that were fetched before `cutoff` are due; None: done stays done.

    `base_url` is the one that the command line gave, if it did.
    """

    catalogue: Catalogue
    pages: tuple[PageKey, ...]
    cutoff: datetime | None
    reparse: bool
    base_url: str | None

    @property
    def is_whole(self) -> bool:
        """Whether it is about all pages of the catalogue."""
        return len(self.pages) == len(self.catalogue.pages)

    @property
    def resume_command(self) -> str:
        """What to type to go on with what this run leaves."""
        options = [
            f" --pages {format_pages(self.pages)}" if not self.is_whole else "",
            f" --base-url {self.base_url}" if self.base_url else "",
            f" --cutoff {self.cutoff.isoformat()}" if self.cutoff else "",
            " --reparse" if self.reparse else "",
        ]
        return f"catalog-pipeline run {self.catalogue.name}{''.join(options)}"
