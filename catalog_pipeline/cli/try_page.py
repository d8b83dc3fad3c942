"""`catalog-pipeline try`: one page, fetched or from a file, parsed and shown; nothing is stored.

The tool for writing a catalogue's YAML: where something does not match it says what, how often,
and with which text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path

import click
from rich.console import Console

from catalog_pipeline.catalogue.cautions import cautions_of
from catalog_pipeline.catalogue.files import catalogue_at, crawlable, file_of, with_base_url
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import check_page
from catalog_pipeline.cli.grids import output_console, print_rows
from catalog_pipeline.cli.kept_pages import saved_response, stored_response
from catalog_pipeline.cli.options import PAGE, base_url_option, complete_names, json_option
from catalog_pipeline.cli.page_findings import findings_of, sign_of_end
from catalog_pipeline.cli.reading_limits import within_limits
from catalog_pipeline.cli.terminal import GuardedConsole, say
from catalog_pipeline.cli.tried_listings import with_discovered_listings, with_listing_of
from catalog_pipeline.cli.tried_page import TriedPage, tried_page
from catalog_pipeline.errors import (
    CatalogPipelineError,
    FetchError,
    LoginError,
    PageError,
    ParseError,
    UsageError,
)
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.reading.explaining import Explanation, FieldMatch
from catalog_pipeline.reading.reader import reader_of
from catalog_pipeline.records import Cell, Columns, Response
from catalog_pipeline.sandbox.on_demand import served
from catalog_pipeline.wording import counted

_ROWS_SHOWN = 20


@click.command()
@click.argument("catalogue", shell_complete=complete_names)
@click.option("--page", type=PAGE, help="The page to fetch; without it the first one.")
@click.option(
    "--file",
    "saved",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A saved page to parse instead of fetching one; may be given several times.",
)
@click.option("--stored", type=PAGE, metavar="PAGE", help="What is stored of this page, or failed.")
@click.option("--all", "shows_all", is_flag=True, help="Show all rows of the page.")
@base_url_option
@json_option
def command(
    catalogue: str,
    page: PageKey | None,
    saved: tuple[Path, ...],
    stored: PageKey | None,
    shows_all: bool,
    base_url: str | None,
    as_json: bool,
) -> int:
    """Fetch and parse one page of CATALOGUE, a name or a YAML file; store nothing."""
    described = with_base_url(catalogue_at(catalogue), base_url)
    if stored is not None and (page is not None or saved):
        raise UsageError("--stored goes with neither --page nor --file.")
    chosen = page if stored is None else stored
    with crawlable(file_of(catalogue)):
        reader_of(described)
    if described.is_discovered and (saved or stored is not None):
        described = with_listing_of(described, chosen)
    elif described.is_discovered:
        described = with_discovered_listings(described, shows=not as_json, shows_all=shows_all)
    number = described.first_key if chosen is None else chosen
    check_page(described, number)
    listing = described.listing_of(number)
    if listing.is_linked and number != listing.first_key and stored is None:
        raise UsageError(
            f"The address of page {number} is told by the page before it; try shows page "
            f"{listing.first_key}, or with --stored what a crawl has of another one."
        )
    parser = reader_of(described)
    for caution in cautions_of(described):
        say(f"Warning: {caution}", err=True)
    session = CookieJar()
    secrets = Secrets.of_site(described, os.environ, session)
    shown_rows = None if shows_all else _ROWS_SHOWN
    found: list[TriedPage] = []
    for path in saved or (None,):
        try:
            if stored is not None:
                response = stored_response(described, number)
            elif path is not None:
                response = saved_response(described, number, path)
            else:
                response = _fetched(described, number, session)
        except (FetchError, LoginError) as error:
            secrets.hide_in_error(error)
            _show_sign(described, number, error)
            raise
        response = replace(response, url=secrets.hide(response.url))
        tried = tried_page(described, parser, number, response, path, secrets)
        found.append(tried)
        if not as_json:
            _show(described, number, tried, shown_rows)
    if as_json:
        _print_json(found)
    return max(int(_is_amiss(tried)) for tried in found)


def _is_amiss(tried: TriedPage) -> bool:
    """Whether a crawl would fail with this page."""
    return tried.error is not None or (tried.told is not None and bool(tried.told.problem))


def _show(catalogue: Catalogue, page: PageKey, tried: TriedPage, most_rows: int | None) -> None:
    if tried.path is not None and tried.error is not None:
        output_console().print(str(tried.path), soft_wrap=True, markup=False)
    if tried.error is not None:
        _show_mismatch(tried.error, tried.explanation)
        _show_sign(catalogue, page, tried.error)
    elif tried.reading is not None:
        _show_rows(tried.reading.columns, tried.response, most_rows)
        console = GuardedConsole(highlight=False, soft_wrap=True)
        lines = findings_of(
            catalogue,
            tried.reading,
            tried.explanation,
            tried.told,
            page=page,
            empty=tried.empty,
        )
        for line in lines:
            console.print(line, markup=False)


def _show_sign(catalogue: Catalogue, page: PageKey, error: CatalogPipelineError) -> None:
    sign = sign_of_end(catalogue, page, error) if isinstance(error, PageError) else None
    if sign is not None:
        say(sign, err=True)


def _print_json(found: Sequence[TriedPage]) -> None:
    """The rows of all pages, or the first error."""
    for tried in found:
        if tried.error is not None:
            error = tried.error
            print(json.dumps({"error": str(error), "field": error.field, "found": error.found}))
            return
    columns = [tried.reading.columns for tried in found if tried.reading is not None]
    print(json.dumps([row for each in columns for row in _rows(each)]))


def _rows(columns: Columns) -> list[dict[str, Cell]]:
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _fetched(catalogue: Catalogue, page: PageKey, session: CookieJar) -> Response:
    """Download the page as a crawl would, with its login and redirects, but alone."""
    from catalog_pipeline.fetching.single import fetch_single

    with served(catalogue) as at_its_address:
        reading = partial(within_limits, catalogue)
        return fetch_single(at_its_address, page, os.environ, session, reading)


def _show_rows(columns: Columns, response: Response, most: int | None) -> None:
    rows = _rows(columns)
    console = output_console()
    console.print(
        f"{response.url}: {counted(len(rows), 'product')}, {len(response.body):,} bytes, "
        f"{response.fetch_seconds * 1000:.0f} ms",
        soft_wrap=True,
        markup=False,
    )
    shown = [{"#": position, **row} for position, row in enumerate(rows[:most], start=1)]
    print_rows(console, shown)
    if most is not None and len(rows) > most:
        console.print(f"… and {len(rows) - most} more (--all shows them)")


def _show_mismatch(error: ParseError, explanation: Explanation | None) -> None:
    console = GuardedConsole(highlight=False, soft_wrap=True)
    console.print(str(error), style="red", markup=False)
    if explanation is None:
        return
    console.print(
        f"Title: {explanation.title or '(none)'}; charset: {explanation.charset}", markup=False
    )
    for selector in explanation.products:
        console.print(f"product  {selector.selector!r} found {selector.matched}", markup=False)
    for reason in explanation.reasons:
        console.print(f"    {reason}", markup=False)
    for match in explanation.fields:
        _show_field(console, match)


def _show_field(console: Console, match: FieldMatch) -> None:
    counts = ", ".join(
        f"{selector.selector!r} matched {selector.matched} of {match.products}"
        for selector in match.selectors
    )
    style = None if match.is_good else "red"
    needed = " (required)" if match.is_required else ""
    console.print(f"{match.field}{needed}: {counts}", style=style, markup=False)
    for reason in match.reasons:
        console.print(f"    {reason}", markup=False)
    for failure in match.failures:
        console.print(
            f"    product {failure.position}: {failure.problem} (found: {failure.found!r})",
            style="red",
            markup=False,
        )
