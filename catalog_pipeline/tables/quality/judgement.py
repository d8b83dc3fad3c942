"""Looks at a table before it takes the place of the one that is there, and judges it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.system.durable_files import kind_of
from catalog_pipeline.tables.quality.facts import TableFacts, columns_of, read_facts
from catalog_pipeline.tables.quality.last_values import LastValues, read_last_values
from catalog_pipeline.tables.quality.past import Past
from catalog_pipeline.tables.quality.verdicts import verdicts
from catalog_pipeline.verdict import Verdict


@dataclass(frozen=True)
class Judgement:
    """What a table is like, and what each of its checks comes to."""

    facts: TableFacts
    verdicts: Sequence[Verdict]

    @property
    def failed_demands(self) -> list[Verdict]:
        """What the YAML demands of the table and it is not."""
        return [each for each in self.verdicts if each.is_demanded and not each.passed]


def judge(catalogue: Catalogue, new: Path, there: Path, past: Past, *others: Verdict) -> Judgement:
    """Hold a new table file against the YAML, its past and the table that is `there`, if it is.

    `others` are verdicts on what the file does not hold any more.

    Raises:
        ParseLimitError: a pattern of the checks takes too long.
        OSError, pyarrow.ArrowException: the new file cannot be read.
    """
    # Whoever opens a pipe waits for somebody to write to it.
    is_there = kind_of(there) == "a file"
    facts = read_facts(new, catalogue, _last_values(catalogue, there) if is_there else None)
    columns = _columns(there) if is_there else None
    return Judgement(facts, (*others, *verdicts(catalogue, facts, past, columns)))


def _last_values(catalogue: Catalogue, there: Path) -> LastValues | None:
    wanted = [name for name, check in catalogue.checks.values.items() if "jump" in check.rules]
    return read_last_values(there, catalogue.key_columns, wanted) if wanted else None


def _columns(there: Path) -> Mapping[str, str] | None:
    try:
        return columns_of(pq.read_schema(there))
    except (OSError, pa.ArrowException):
        return None
