"""What a table is like against what the YAML and its past demand: one verdict for each check.

Values in, sentences and numbers out. What comes of a verdict is decided by who asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.checks import ValuesCheck
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.tables.quality.merged_verdict import KEYS_UNIQUE
from catalog_pipeline.tables.quality.past import Past
from catalog_pipeline.verdict import Verdict
from catalog_pipeline.wording import counted

if TYPE_CHECKING:
    from catalog_pipeline.tables.quality.broken_values import BrokenValues
    from catalog_pipeline.tables.quality.facts import TableFacts

ROWS_ENOUGH = "rows_are_as_many_as_demanded"
ROWS_AS_BEFORE = "rows_have_not_dropped"
FILLED = "columns_are_filled"
FILLED_AS_BEFORE = "columns_are_filled_as_before"
COLUMNS_FROZEN = "columns_are_frozen"
VALUES_PREFIX = "values_of_"
FALL = 0.1
"""Part of all rows by which a column's filled share may fall unless the YAML says otherwise."""


def check_names(catalogue: Catalogue) -> dict[str, str]:
    """The checks that a catalogue's table has, each with what it says."""
    checks = catalogue.checks
    most = _share(catalogue.duplicates.share)
    names = {KEYS_UNIQUE: f"At most {most} of the rows gave way to another row of the same key."}
    if checks.rows.minimum is not None or checks.rows.maximum is not None:
        names[ROWS_ENOUGH] = "The table has as many rows as the YAML demands."
    if checks.rows.drop is not None:
        names[ROWS_AS_BEFORE] = (
            f"The table has not more than {_share(float(checks.rows.drop))} fewer rows than the "
            f"last builds of complete crawls had in the middle."
        )
    if checks.filled:
        names[FILLED] = "Columns have values in as many rows as the YAML demands."
    names[FILLED_AS_BEFORE] = (
        f"No column has values in a part of the rows that is smaller by {_share(FALL)} of all than "
        f"in the last builds of complete crawls."
    )
    if checks.columns == "frozen":
        names[COLUMNS_FROZEN] = "The table has the same columns as the one that was there."
    for column in checks.values:
        names[VALUES_PREFIX + column] = f"The values of {column} are what the YAML demands."
    return names


def verdicts(
    catalogue: Catalogue, facts: TableFacts, past: Past, columns_before: Mapping[str, str] | None
) -> list[Verdict]:
    """What each check of a table's rows comes to; of those that gave way `merged_verdict` knows.

    `columns_before` are those of the table that is there, None if there is none.
    """
    checks = catalogue.checks
    found = [
        _rows_enough(catalogue, facts),
        _rows_as_before(catalogue, facts, past),
        _filled(checks.filled, facts),
        _filled_as_before(catalogue, facts, past),
        _columns_frozen(facts, columns_before),
        *(_values(name, check, facts.broken[name]) for name, check in checks.values.items()),
    ]
    names = check_names(catalogue)
    return [each for each in found if each.name in names]


def _rows_enough(catalogue: Catalogue, facts: TableFacts) -> Verdict:
    demanded = catalogue.checks.rows
    least, most = demanded.minimum, demanded.maximum
    problem = ""
    if least is not None and facts.rows < least:
        problem = f"fewer than the {least:,} of checks.rows.minimum"
    if most is not None and facts.rows > most:
        problem = f"more than the {most:,} of checks.rows.maximum"
    allowed = {"minimum": least, "maximum": most}
    return Verdict(
        ROWS_ENOUGH,
        not problem,
        f"the table has {counted(facts.rows, 'row')}" + (f", {problem}" if problem else ""),
        {"rows": facts.rows},
        {name: value for name, value in allowed.items() if value is not None},
    )


def _rows_as_before(catalogue: Catalogue, facts: TableFacts, past: Past) -> Verdict:
    drop = float(catalogue.checks.rows.drop or 0)
    middle = past.rows
    if middle is None:
        return Verdict(ROWS_AS_BEFORE, True, _NO_PAST, {"rows": facts.rows})
    least = middle * (1 - drop)
    passed = facts.rows >= least
    fewer = 1 - facts.rows / middle if middle else 0.0
    told = (
        f"the table has {counted(facts.rows, 'row')}, and the last "
        f"{counted(len(past.builds), 'build')} of complete crawls had {middle:,g} in the middle"
    )
    if not passed:
        told += f": {_share(fewer)} fewer, and checks.rows.drop allows {_share(drop)}"
    seen = {"rows": facts.rows, "before": middle, "builds": len(past.builds)}
    return Verdict(ROWS_AS_BEFORE, passed, told, seen, {"rows": least})


def _filled(demanded: Mapping[str, float | str], facts: TableFacts) -> Verdict:
    shares = {name: _share_of_rows(name, facts) for name in demanded}
    too_few = [
        f"{name} in {_share(shares[name])} of the rows and not in {_share(float(least))}"
        for name, least in demanded.items()
        if shares[name] < float(least)
    ]
    told = "columns have values in too few rows: " + "; ".join(too_few) if too_few else ""
    return Verdict(
        FILLED,
        not too_few,
        told or "columns have values in as many rows as demanded",
        {name: round(share, 4) for name, share in shares.items()},
        {name: float(least) for name, least in demanded.items()},
    )


def _filled_as_before(catalogue: Catalogue, facts: TableFacts, past: Past) -> Verdict:
    before = {
        name: share
        for name in catalogue.columns
        if name in facts.filled and (share := past.share(name)) is not None
    }
    if not before:
        return Verdict(FILLED_AS_BEFORE, True, _NO_PAST, is_demanded=False)
    fallen = {
        name: (share, now)
        for name, share in before.items()
        if (now := _share_of_rows(name, facts)) < share - FALL
    }
    told = "; ".join(
        f"{name} has values in {_share(now)} of the rows, and had in {_share(share)}"
        for name, (share, now) in fallen.items()
    )
    return Verdict(
        FILLED_AS_BEFORE,
        not fallen,
        told or "columns have values in as many rows as before",
        {name: round(_share_of_rows(name, facts), 4) for name in before},
        {name: round(max(0.0, share - FALL), 4) for name, share in before.items()},
        is_demanded=False,
    )


def _columns_frozen(facts: TableFacts, before: Mapping[str, str] | None) -> Verdict:
    if before is None:
        return Verdict(COLUMNS_FROZEN, True, "there is no table yet that it could be held against")
    problems = list(_changes_of_columns(before, facts.columns))
    return Verdict(
        COLUMNS_FROZEN,
        not problems,
        "the table's columns are others than before: " + "; ".join(problems)
        if problems
        else "the columns are those of the table that was there",
        {"columns": _listed(facts.columns)},
        {"columns": _listed(before)},
    )


def _changes_of_columns(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    if gone := [name for name in before if name not in now]:
        yield f"{', '.join(gone)} {'is' if len(gone) == 1 else 'are'} gone"
    if new := [name for name in now if name not in before]:
        yield f"{', '.join(new)} {'is' if len(new) == 1 else 'are'} new"
    for name, kind in now.items():
        if name in before and before[name] != kind:
            yield f"{name} is {kind} and was {before[name]}"
    if not gone and not new and [*before] != [*now]:
        yield "their order is another"


def _values(column: str, check: ValuesCheck, found: BrokenValues) -> Verdict:
    share = found.broken / found.values if found.values else 0.0
    passed = share <= float(check.at_most)
    rules = ", ".join(f"{name}: {count:,}" for name, count in found.by_rule.items())
    breaks = "breaks" if found.broken == 1 else "break"
    told = f"{column}: {found.broken:,} of {counted(found.values, 'value')} {breaks} a rule"
    if rules:
        told += f" ({rules})"
    if not passed:
        told += f"; {_share(share)}, and {_share(float(check.at_most))} may"
    if found.compared == 0:
        told += "; no product has a last value that it could be held against"
    allowed = check.model_dump(exclude_defaults=True)
    seen: dict[str, object] = {"values": found.values, "broken": found.broken}
    if found.compared is not None:
        seen["compared"] = found.compared
    return Verdict(
        VALUES_PREFIX + column, passed, told, {**seen, **found.by_rule}, allowed, found.examples
    )


_NO_PAST = "there is no earlier build of a complete crawl that it could be held against"


def _share_of_rows(column: str, facts: TableFacts) -> float:
    """The share of rows with a value; a table without rows lacks none."""
    return facts.filled.get(column, 0) / facts.rows if facts.rows else 1.0


def _share(share: float) -> str:
    return f"{100 * share:.4g}%"


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())
