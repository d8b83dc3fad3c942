"""`catalog-pipeline run`: crawl what is due, build the table, say how it went.

The order matters: the catalogue's crawl lock is taken before pages are planned, so that two
commands at once never plan the same ones. What is imported late is what a request with nothing to
do, or a mistake in usage, does not wait for.
"""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from catalog_pipeline.catalogue.files import crawlable, file_of, load_catalogue, with_base_url
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import select_pages
from catalog_pipeline.cli.advice import say_once_what_is_slow
from catalog_pipeline.cli.cutoffs import cutoff_of
from catalog_pipeline.cli.exit_codes import code_of_result
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.options import (
    base_url_option,
    chosen_catalogues,
    complete_names,
    json_option,
)
from catalog_pipeline.cli.run_many import run_many
from catalog_pipeline.cli.run_summary import show_summary
from catalog_pipeline.errors import CatalogueError, UsageError
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult
from catalog_pipeline.places import catalogue_places, dagster_home
from catalog_pipeline.sandbox.on_demand import served
from catalog_pipeline.storing.stores import page_store
from catalog_pipeline.system.private_files import private_files

if TYPE_CHECKING:
    from catalog_pipeline.cli.progress import RunProgress


@click.command()
@click.argument("catalogues", nargs=-1, metavar="[CATALOGUE ...]", shell_complete=complete_names)
@click.option("--all", "is_all", is_flag=True, help="All catalogues.")
@click.option("--pages", help="Only these: 1-50 or 7,9,12-15, or phones-1,laptops of listings.")
@click.option("--refresh", is_flag=True, help="Download all pages again, done or not.")
@click.option("--stale-after", metavar="AGE", help="Download again what is older: 24h, 7d, 30m.")
@click.option(
    "--cutoff",
    metavar="TIME",
    help="Download again what was fetched before this ISO 8601 time; resumes a cut-short refresh.",
)
@click.option("--reparse", is_flag=True, help="Parse the stored pages again; no download.")
@click.option(
    "--profile",
    metavar="FILE",
    help="Write where all processes spend their time: .svg, a flame graph, or .json, speedscope.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something is amiss.")
@click.option("-v", "--verbose", is_flag=True, help="Say each page that has come.")
@base_url_option
@json_option
def command(
    catalogues: tuple[str, ...],
    is_all: bool,
    pages: str | None,
    refresh: bool,
    stale_after: str | None,
    cutoff: str | None,
    reparse: bool,
    profile: str | None,
    quiet: bool,
    verbose: bool,
    base_url: str | None,
    as_json: bool,
) -> int:
    """Crawl what is due in CATALOGUE (missing, failed, interrupted) and build its table.

    Several catalogues are crawled one after the other on a site, side by side across sites.

    Exit code: 0 all pages of the selection are done, 1 some failed, 2 wrong usage or
    configuration, 130 interrupted; of several catalogues the worst.
    """
    started = time.monotonic()
    if quiet and verbose:
        raise UsageError("Give -q or -v.")
    names = chosen_catalogues(catalogues, is_all=is_all)
    if is_all or len(names) > 1:
        if base_url is not None:
            raise UsageError("--base-url is the address of one catalogue.")
        cutoff_of(refresh, stale_after, cutoff)
        options = _given(pages, refresh, stale_after, cutoff, reparse)
        options += ["--verbose"] if verbose else []
        with _profiled(profile, is_quiet=quiet):
            return run_many(names, options, as_json=as_json, is_quiet=quiet)
    described = with_base_url(load_catalogue(names[0]), base_url)
    selection = _selection(described, pages)
    instant = cutoff_of(refresh, stale_after, cutoff)
    if reparse and instant is not None:
        raise UsageError("--reparse downloads nothing; it does not go with a refresh.")
    request = CrawlRequest(described, selection, instant, reparse, base_url)
    with _profiled(profile, is_quiet=quiet):
        if not reparse:
            _check_environment(described)
        lacks_pages = not reparse and _lacks_pages(request)
        result = None if reparse or lacks_pages else _result_if_nothing_is_due(request)
        if result is None:
            from catalog_pipeline.cli.progress import RunProgress

            progress = RunProgress(
                described.name, is_shown=verbose or not (quiet or as_json), tells_pages=verbose
            )
            result = _notified(_run(request, progress, lacks_pages=lacks_pages))
    if as_json or not (quiet and not result.is_amiss):
        show_summary(result, seconds=time.monotonic() - started, as_json=as_json)
    return code_of_result(result)


def _profiled(file: str | None, *, is_quiet: bool) -> AbstractContextManager[None]:
    if file is None:
        return nullcontext()
    from catalog_pipeline.cli.profile import profiled

    return profiled(file, is_quiet=is_quiet)


def _selection(catalogue: Catalogue, text: str | None) -> tuple[PageKey, ...] | None:
    """The pages that were asked for; None for all that there are, where crawls find them."""
    if catalogue.is_fixed:
        return catalogue.pages if text is None else tuple(select_pages(catalogue, text))
    if text is None:
        return None
    from catalog_pipeline.orchestration.checkpoints.known_pages import seed_pages, with_known_pages
    from catalog_pipeline.orchestration.instance.open import open_instance

    with open_instance() as instance:
        seed_pages(instance, catalogue)
        return tuple(select_pages(with_known_pages(instance, catalogue), text))


def _lacks_pages(request: CrawlRequest) -> bool:
    """Whether pages are due for certain, since they have no file."""
    store = page_store(catalogue_places(request.catalogue.name))
    return not (store.newest() if request.pages is None else store.has_all(request.pages))


def _given(
    pages: str | None, refresh: bool, stale_after: str | None, cutoff: str | None, reparse: bool
) -> list[str]:
    """The options as they were given."""
    values = {"--pages": pages, "--stale-after": stale_after, "--cutoff": cutoff}
    flags = {"--refresh": refresh, "--reparse": reparse}
    given = [f"{name}={value}" for name, value in values.items() if value is not None]
    return [*given, *(name for name, is_set in flags.items() if is_set)]


def _check_environment(catalogue: Catalogue) -> None:
    """Refuse a crawl that lacks a credential, before anything of it is planned."""
    # It brings requests along, which a mistake in usage does not wait for.
    from catalog_pipeline.fetching.environment import missing_for_login, missing_for_requests

    missing = [
        *missing_for_login(catalogue, os.environ),
        *missing_for_requests(catalogue, os.environ),
    ]
    if missing:
        raise CatalogueError.of(catalogue.name, missing)


def _result_if_nothing_is_due(request: CrawlRequest) -> CrawlResult | None:
    """What is told without the catalogue's lock: nothing is planned, and a crawl that goes on
    elsewhere has pages in progress. Selectors that page and table were read by need no check."""
    from catalog_pipeline.orchestration.commands.nothing_due import result_if_nothing_is_due

    return result_if_nothing_is_due(request)


def _run(request: CrawlRequest, progress: RunProgress, *, lacks_pages: bool) -> CrawlResult:
    from catalog_pipeline.crawling.context import CrawlContext
    from catalog_pipeline.crawling.lock import COMMAND, catalogue_lock
    from catalog_pipeline.crawling.scheduling.robots_gate import ask_robots_early
    from catalog_pipeline.crawling.workforce import Workforce
    from catalog_pipeline.orchestration.instance.postgres.address import settings_of_home
    from catalog_pipeline.reading.reader import reader_of

    catalogue = request.catalogue
    # A selector that cannot be used is a mistake in the YAML, to be told before anything runs.
    with crawlable(file_of(catalogue.name)):
        reader_of(catalogue)
    places = catalogue_places(catalogue.name)
    waited_for: list[str] = []

    def tell(holder: str) -> None:
        waited_for.append(holder)
        progress.waiting_for(holder)

    with ExitStack() as stack:
        stack.enter_context(progress)
        if catalogue.is_private:
            stack.enter_context(private_files())
        lease = stack.enter_context(catalogue_lock(places.folder, COMMAND, on_wait=tell))
        crawl_context = CrawlContext(served, lease=lease)
        is_known = not (request.reparse or catalogue.is_discovered)
        # Whoever was waited for may have brought them.
        if is_known and lacks_pages and (not waited_for or _lacks_pages(request)):
            workforce = stack.enter_context(Workforce(served(catalogue), places, lease))
            if settings_of_home(dagster_home()) is None:
                # Otherwise it is not known yet whether another machine crawls the site.
                ask_robots_early(workforce.catalogue, workforce.pool)
            crawl_context = replace(crawl_context, workforce=workforce)
        # Dagster takes the better part of a second to import: mistakes in usage do not wait for
        # it, and the workers start meanwhile.
        with heavy_imports():
            from catalog_pipeline.orchestration.commands.crawl_and_build import crawl_and_build
            from catalog_pipeline.orchestration.commands.exporting import with_exports
            from catalog_pipeline.orchestration.definitions.catalogue_check import check_catalogue
            from catalog_pipeline.orchestration.instance.open import open_instance

            check_catalogue(catalogue)
            say_once_what_is_slow()
            instance = stack.enter_context(open_instance())
        result = crawl_and_build(instance, request, progress, crawl_context)
        return with_exports(instance, result)


def _notified(result: CrawlResult) -> CrawlResult:
    """Tell people what there is to tell, if the YAML says so."""
    if result.request.catalogue.notify is None:
        return result
    from catalog_pipeline.orchestration.commands.notifying import with_notices

    return with_notices(result, os.environ)
