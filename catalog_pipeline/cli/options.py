"""Options that several subcommands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from catalog_pipeline.catalogue.files import file_of_name
from catalog_pipeline.catalogue.finding import find_catalogues
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.project import project_environment
from catalog_pipeline.errors import PageKeyError, UsageError

DEFAULT_CATALOGUE = "sandbox"
"""The catalogue that is meant where none is named, if it is there."""

base_url_option = click.option(
    "--base-url", metavar="URL", help="Crawl this address instead, for instance a mirror."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


class PageParameter(click.ParamType):
    """A listing page by its key: `7`, or `phones-7`."""

    name = "page"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> PageKey:
        if isinstance(value, PageKey):
            return value
        try:
            return PageKey.parse(value)
        except PageKeyError:
            self.fail(f"{value!r} is no page; write 7, or phones-7.", param, ctx)


PAGE = PageParameter()


def chosen_catalogues(named: Sequence[str], *, is_all: bool) -> list[str]:
    """The catalogues that were named, or all; without a name the practice shop, or the only one.

    Raises:
        UsageError: one is unknown, or none was named and several could be meant.
    """
    if is_all and named:
        raise UsageError("Give names or --all.")
    names = _all_names()
    if is_all and names:
        return names
    if named:
        found = find_catalogues()
        for name in named:
            if name not in found.doubled:
                file_of_name(name)
        return list(dict.fromkeys(named))
    if DEFAULT_CATALOGUE in names:
        return [DEFAULT_CATALOGUE]
    if len(names) == 1:
        return names
    raise UsageError(f"Name a catalogue. Known: {', '.join(names) or 'none'}.")


def complete_names(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """The names of catalogues that begin as what was typed, for a shell's completion."""
    with project_environment(Path.cwd()):
        return [name for name in _all_names() if name.startswith(incomplete)]


def _all_names() -> list[str]:
    """Also of those that two files have, so that each is either crawled or said to be wrong."""
    found = find_catalogues()
    return sorted([*found.files, *found.doubled])
