"""What the YAML says of notices: when somebody is told, and where to.

An address holds secrets, so that the YAML only names the environment variable that has it. What a
rule may say is in `conditions`; how notices come about is in `catalog_pipeline.notices`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic import Field as Bounded
from pydantic.json_schema import JsonSchemaValue

from catalog_pipeline.catalogue.conditions import Condition, condition_of, why_not
from catalog_pipeline.catalogue.fields import Field, OneOrMore, StrictModel
from catalog_pipeline.catalogue.history import History

_VARIABLE = re.compile(r"\$?([A-Za-z_][A-Za-z0-9_]*)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _variable(value: str) -> str:
    """The name of an environment variable; what is no name may be a secret, and is not told."""
    name = _VARIABLE.fullmatch(value)
    if name is None:
        raise ValueError(
            "it is no name of an environment variable. An address, with the password that is in "
            "it, does not belong in a YAML: put it into the environment and write its name here, "
            "such as `to: NOTIFY_URL`"
        )
    return name[1] or name[2]


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


Addresses = Annotated[
    tuple[Annotated[str, AfterValidator(_variable)], ...],
    Bounded(max_length=20),
    AfterValidator(_once),
    OneOrMore,
]
"""Names of environment variables with an address each, as the Apprise library writes them."""


def _without_addresses(given: object) -> object:
    """A section none of whose keys may be an address, which would be told as a wrong key."""
    if isinstance(given, Mapping) and any("://" in str(key) for key in given):
        raise ValueError("an address stands where a key belongs; see `to`")
    return given


class NotifyRule(StrictModel):
    """When a notice is sent, and where to if not where all are."""

    when: str
    """What has to happen: `price falls 5%` (or more), `price rises`, `price changes`, `in_stock
    becomes true`, `new`, `gone`, `returned`, `crawl fails`, `check fails`, `check NAME fails` or
    `table is stale`. Those of products need `history`."""
    to: Addresses = ()
    """Environment variables with the addresses of this rule alone."""

    _keys = model_validator(mode="before")(_without_addresses)

    @model_validator(mode="after")
    def _is_understood(self) -> NotifyRule:
        condition_of(self.when)
        return self

    @property
    def condition(self) -> Condition:
        """What the rule says."""
        return condition_of(self.when)


def _from_short_form(value: object) -> object:
    return {"when": value} if isinstance(value, str) else value


class _ShortForm:
    """Lets a schema take what has to happen alone."""

    def __get_pydantic_json_schema__(
        self, core: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(core)]}


RuleOrText = Annotated[NotifyRule, BeforeValidator(_from_short_form), _ShortForm()]


def _several(value: object) -> object:
    """One rule alone is a list of one."""
    return (value,) if isinstance(value, str) else value


def _at_least_one(rules: tuple[NotifyRule, ...]) -> tuple[NotifyRule, ...]:
    if not rules:
        raise ValueError("there is no rule; without `notify` nobody is told anything")
    return rules


class Notify(StrictModel):
    """Who is told of what after crawls and builds."""

    to: Addresses = ()
    """Environment variables that hold where to, one address each, as the Apprise library writes
    them: `mailto://`, `slack://`, `json://` for a webhook, and a hundred others."""
    rules: Annotated[
        tuple[RuleOrText, ...],
        Bounded(max_length=100),
        AfterValidator(_at_least_one),
        BeforeValidator(_several, json_schema_input_type=tuple[RuleOrText, ...] | str),
    ]
    """When notices are sent. A rule counts from the next crawl or build on."""

    _keys = model_validator(mode="before")(_without_addresses)

    def addresses_of(self, rule: NotifyRule) -> tuple[str, ...]:
        """The variables with the addresses to which a rule's notices go."""
        return rule.to or self.to


def checked_notices(
    notify: Notify,
    fields: Mapping[str, Field],
    key: Sequence[str],
    history: History | None,
) -> Notify:
    """The notices, if each of them can come about and has somewhere to go.

    Raises:
        ValidationError: names each rule that cannot, and why.
    """
    columns = {
        column: (kind, field.many)
        for name, field in fields.items()
        for column, kind in field.typed_columns(name).items()
    }
    tracked = history.tracked_columns(fields, key) if history is not None else None
    problems: dict[int, str] = {}
    seen: dict[str, int] = {}
    for place, rule in enumerate(notify.rules):
        text = str(rule.condition)
        if (problem := why_not(rule.condition, columns, tracked)) is not None:
            problems[place] = problem
        elif not notify.addresses_of(rule):
            problems[place] = "say under `to` which environment variable holds where it is sent"
        elif text in seen:
            problems[place] = f"`{text}` is there twice; list all its addresses under its `to`"
        seen.setdefault(text, place)
    if not problems:
        return notify
    places: list[Any] = [
        {
            "type": "value_error",
            "loc": ("rules", place),
            "input": None,
            "ctx": {"error": ValueError(problem)},
        }
        for place, problem in problems.items()
    ]
    raise ValidationError.from_exception_data("Notify", places)
