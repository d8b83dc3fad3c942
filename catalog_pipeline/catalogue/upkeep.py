"""How a catalogue is kept: when it is refreshed, and how complete and how fresh it must be.

Only what the YAML says of it and whether that can be; who acts on it is in `orchestration`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Bounded
from pydantic import field_validator, model_validator

from catalog_pipeline.catalogue.bounds import Hours, Rows, Share
from catalog_pipeline.catalogue.fields import StrictModel
from catalog_pipeline.catalogue.time_formats import checked_timezone


class Schedule(StrictModel):
    """When the catalogue is refreshed."""

    cron: str
    """When: minute, hour, day of the month, month, day of the week, as cron writes them."""
    timezone: str = "UTC"
    """The time zone of `cron`."""
    enabled: bool = False
    """Whether the schedule runs from the start; it can be switched in the web UI, too."""

    @field_validator("cron")
    @classmethod
    def _has_five_parts(cls, value: str) -> str:
        if len(value.split()) != 5:
            raise ValueError(f"{value!r} is no cron text of five parts such as '0 6 * * *'")
        return value

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, value: str) -> str:
        return checked_timezone(value)


class Coverage(StrictModel):
    """How complete the pages must be for the table to be replaced."""

    minimum: Annotated[float, Bounded(ge=0, le=1)] = 0.0
    """Share of the catalogue's pages that must be done; with less the old table stays."""
    minimum_rows: Rows = 1
    """Rows of the table with fewer of which a check warns."""
    maximum_rows: Rows | None = None
    """Rows of the table with more of which a check warns; as many as there are if not given."""
    stale_after_hours: Hours = 48.0
    """Age from which a done page counts as stale, and the table too where no schedule runs."""

    @model_validator(mode="after")
    def _rows_agree(self) -> Coverage:
        if self.maximum_rows is not None and self.maximum_rows < self.minimum_rows:
            raise ValueError(
                f"maximum_rows ({self.maximum_rows}) is less than minimum_rows "
                f"({self.minimum_rows})"
            )
        return self


class Duplicates(StrictModel):
    """How many rows may give way to others of the same key."""

    at_most: Share = 0.2
    """Share of all rows; with more the build fails and the old table stays, as a wrong key or a
    site that shows one page at every address would swallow products."""

    @property
    def share(self) -> float:
        """The share as a number from 0 to 1."""
        return float(self.at_most)


class DiscardedShare(StrictModel):
    """How much may be left out because it cannot be read."""

    at_most: Share = 0.2
    """Share of the products whose value of one field is left out, alone or with its row; with more
    the check `values_are_readable` is an error, with fewer a warning."""

    @property
    def share(self) -> float:
        """The share as a number from 0 to 1."""
        return float(self.at_most)
