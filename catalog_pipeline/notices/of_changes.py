"""The notices that a build gives by what it found otherwise than the build before it.

Changes in, notices out: nothing here knows whether they were sent, nor what products are called
besides their keys, which whoever reads the table says. Amounts are compared exactly, and never with
those of another currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from catalog_pipeline.catalogue.conditions import ProductCondition, ValueCondition
from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.notify import NotifyRule
from catalog_pipeline.catalogue.parts import cell_type_of
from catalog_pipeline.notices.notice import LINES_SHOWN, Notice, Occasion, notice_of
from catalog_pipeline.showing import shortened
from catalog_pipeline.wording import counted, percent_told

if TYPE_CHECKING:
    from catalog_pipeline.tables.history.reading import Change

Met: TypeAlias = "list[tuple[NotifyRule, list[Change]]]"
"""The rules that a build has met, in their order, each with the changes that it was met by."""
ProductKey: TypeAlias = tuple[str, ...]
"""The texts of a product's key columns."""
_NUMBERS = frozenset({CellType.INTEGER, CellType.NUMBER, CellType.AMOUNT})
_LONGEST_NAME = 100


def rules_of_changes(catalogue: Catalogue) -> list[NotifyRule]:
    """The rules of a catalogue that are about its products."""
    rules = catalogue.notify.rules if catalogue.notify else ()
    kinds = (ValueCondition, ProductCondition)
    return [rule for rule in rules if isinstance(rule.condition, kinds)]


def rules_met(catalogue: Catalogue, changes: Iterable[Change], build: int) -> Met:
    """What a build gives notice of; `changes` of others do not count."""
    of_build = [change for change in changes if change.build == build]
    return [
        (rule, found)
        for rule in rules_of_changes(catalogue)
        if (found := [each for each in of_build if is_met(catalogue, rule, each)])
    ]


def products_named(met: Met) -> set[ProductKey]:
    """The products that the notices name one by one."""
    return {each.product_key for _, found in met for each in found[:LINES_SHOWN]}


def notices_of_changes(
    catalogue: Catalogue, met: Met, build: int, at: datetime, names: Mapping[ProductKey, str]
) -> list[Notice]:
    """The notices of a build; `names` says what products are called, as far as that is known."""
    return [_notice(catalogue, rule, found, build, at, names) for rule, found in met]


def is_met(catalogue: Catalogue, rule: NotifyRule, change: Change) -> bool:
    """Whether a change is what the rule is about."""
    condition = rule.condition
    if isinstance(condition, ProductCondition):
        return change.change == condition.event
    if not isinstance(condition, ValueCondition) or change.column != condition.column:
        return False
    if condition.verb == "changes":
        return True
    is_number = cell_type_of(catalogue.fields, condition.column) in _NUMBERS
    if condition.verb == "becomes":
        return _is_same(change.after, condition.value, is_number=is_number)
    return is_number and _has_moved(condition, change)


def _is_same(after: str | None, wanted: str | None, *, is_number: bool) -> bool:
    if after is None or wanted is None:
        return False
    if is_number:
        one, other = _number(after), _number(wanted)
        return one is not None and one == other
    return " ".join(after.split()) == wanted


def _has_moved(condition: ValueCondition, change: Change) -> bool:
    """Whether a number fell, or rose, by the share that is asked for, or more."""
    before, after = _number(change.before), _number(change.after)
    if before is None or after is None:
        return False
    # Without a share although there is something to compare with, the currency is another one.
    if change.difference_percent is None and before:
        return False
    moved = before - after if condition.verb == "falls" else after - before
    if condition.percent is None or not before:
        return moved > 0
    return moved * 100 >= Fraction(condition.percent) * abs(before)


def _number(text: str | None) -> Fraction | None:
    try:
        return Fraction(text) if text is not None else None
    except ValueError:
        return None


def _notice(
    catalogue: Catalogue,
    rule: NotifyRule,
    found: Sequence[Change],
    build: int,
    at: datetime,
    names: Mapping[ProductKey, str],
) -> Notice:
    at = at.astimezone(timezone.utc)
    told = f"build {build} of {at:%Y-%m-%d %H:%M} UTC"
    occasion = Occasion(f"build {build} of {at.isoformat()}", told, at)
    condition = rule.condition
    what = condition.column if isinstance(condition, ValueCondition) else str(condition)
    return notice_of(
        catalogue,
        rule,
        occasion,
        [_line(change, names) for change in found],
        counted(len(found), "product"),
        more=f"catalog-pipeline changes {catalogue.name} --what {what}",
    )


def _line(change: Change, names: Mapping[ProductKey, str]) -> str:
    product = change.product or "(without a key)"
    name = names.get(change.product_key, product)
    if name != product:
        product = f"{shortened(name, _LONGEST_NAME)} ({product})"
    if change.column is None:
        return f"{product}: {change.change}"
    share = change.difference_percent
    told = "" if share is None else f" ({percent_told(share)})"
    return f"{product}: {change.column} {_told(change.before)} → {_told(change.after)}{told}"


def _told(value: str | None) -> str:
    return "nothing" if value is None else value
