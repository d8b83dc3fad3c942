"""What a build is made of, as far as the history goes by it: its pages, and what they lack."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.tables.key_codes import Codes


@dataclass(frozen=True)
class PageSeen:
    """A page of a build: its name, when it was fetched, which rows it had then, and since when its
    body is known to be the same."""

    page: str
    fetched_at: datetime
    data_version: str
    same_since: datetime


@dataclass(frozen=True)
class PagesSeen:
    """The pages of a build: `lacks` says why it has not all of them, `lost` why not all rows."""

    pages: Sequence[PageSeen]
    lacks: str | None = None
    lost: str | None = None

    @property
    def newest(self) -> datetime:
        """When the newest page was fetched."""
        return max(page.fetched_at for page in self.pages)


@dataclass(frozen=True)
class Elsewhere:
    """Pages that products are on besides those of their rows: each with the place of that row."""

    rows: Codes
    pages: pa.StringArray


def evidence_of(catalogue: Catalogue, tracked: Sequence[str], seen: PagesSeen) -> str:
    """A digest that is equal exactly for builds which have the same to say."""
    made_of = [
        catalogue.code_version,
        list(catalogue.key_columns),
        sorted(tracked),
        seen.lacks is None,
        sorted((each.page, each.fetched_at.isoformat(), each.data_version) for each in seen.pages),
    ]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]
