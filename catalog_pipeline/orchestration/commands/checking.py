"""Every mistake of a catalogue's YAML that can be found without asking the site.

What the file itself shows, what its selectors and patterns are, what Dagster takes, and what the
environment lacks, each with file and line. Here they are only collected: each is found where it
belongs (`catalogue`, `reading`, `definitions`, `fetching`).
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from catalog_pipeline.catalogue.beside import mistake_of_type
from catalog_pipeline.catalogue.cautions import cautions_of
from catalog_pipeline.catalogue.examined import Examined, examine
from catalog_pipeline.catalogue.files import base_url_override, read_component, with_base_url
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogueError, UsageError
from catalog_pipeline.fetching.environment import missing_for_login, missing_for_requests
from catalog_pipeline.notices.addresses import AddressError, address_of
from catalog_pipeline.orchestration.definitions.catalogue_check import (
    mistakes_about_checks,
    mistakes_for_dagster,
)
from catalog_pipeline.orchestration.instance.postgres.address import settings_of_home
from catalog_pipeline.orchestration.runs.export_targets import mistakes_of_targets
from catalog_pipeline.places import dagster_home
from catalog_pipeline.reading.part_by_part import mistakes_of_parts


def mistakes_in(path: Path, environ: Mapping[str, str] = os.environ) -> list[Mistake]:
    """All mistakes of one catalogue's file; that it cannot be read at all comes alone."""
    try:
        document = read_component(path)
    except CatalogueError as error:
        return list(error.mistakes)
    examined = examine(document, path, environ)
    found = list(examined.mistakes)
    wrong_type = mistake_of_type(document.value)
    if wrong_type is not None and not any(mistake.field == "type" for mistake in found):
        found.insert(0, replace(wrong_type, path=path, line=document.line_of(("type",))))
    return list(dict.fromkeys([*found, *examined.further(_behind(examined, environ))]))


def cautions_in(path: Path, environ: Mapping[str, str] = os.environ) -> list[Mistake]:
    """What is no mistake and better said otherwise; nothing of a file that cannot be read."""
    try:
        examined = examine(read_component(path), path, environ)
    except CatalogueError:
        return []
    catalogue = examined.sound.catalogue
    if catalogue is None:
        return []
    found = [
        *cautions_of(catalogue),
        *_nowhere_to_send(catalogue, environ),
        *_one_at_a_time(catalogue),
    ]
    return [*examined.further(found)]


def _one_at_a_time(catalogue: Catalogue) -> Iterator[Mistake]:
    if catalogue.runs_at_once > 1 and settings_of_home(dagster_home()) is None:
        yield Mistake(
            "runs_at_once",
            "one run at a time crawls the catalogue: several need an instance that machines share",
            "1, or a home with deploy/postgres/dagster.yaml",
        )


def _behind(examined: Examined, environ: Mapping[str, str]) -> Iterator[Mistake]:
    """What is wrong with the sound parts of a file besides their shape."""
    sound = examined.sound
    catalogue = sound.catalogue
    if catalogue is None:
        return
    if sound.has("preset", "records", "records.from"):
        # How pages are read decides what their selectors are.
        yield from mistakes_of_parts(catalogue)
    yield from mistakes_for_dagster(catalogue)
    if sound.has("fields", "checks"):
        yield from mistakes_about_checks(catalogue)
    yield from _of_environment(catalogue, environ)


def _nowhere_to_send(catalogue: Catalogue, environ: Mapping[str, str]) -> Iterator[Mistake]:
    """Addresses of notices and exports that are not here: a crawl does without them."""
    for variable, place in _variables_of_notices(catalogue).items():
        try:
            address_of(variable, environ)
        except AddressError as error:
            yield Mistake(place, f"{variable}: {error}; notices wait for it, three days at most")
    for number, export in enumerate(catalogue.exports):
        if export.url_env is None:
            continue
        # The database's driver is imported where a database is meant.
        from catalog_pipeline.tables.exports.postgres import database_url

        try:
            database_url(environ, export.url_env)
        except UsageError as error:
            yield Mistake(f"exports.{number}.url_env", str(error).removesuffix("."))


def _variables_of_notices(catalogue: Catalogue) -> dict[str, str]:
    """Each variable with the first place that names it."""
    if catalogue.notify is None:
        return {}
    of_rules = [
        (variable, f"notify.rules.{number}.to")
        for number, rule in enumerate(catalogue.notify.rules)
        for variable in rule.to
    ]
    return dict(reversed([*((each, "notify.to") for each in catalogue.notify.to), *of_rules]))


def _of_environment(catalogue: Catalogue, environ: Mapping[str, str]) -> Iterator[Mistake]:
    if catalogue.practice_shop is None:
        yield from missing_for_login(catalogue, environ)
    yield from missing_for_requests(catalogue, environ)
    yield from mistakes_of_targets(catalogue, environ)
    try:
        with_base_url(catalogue, base_url_override(catalogue.name, environ))
    except UsageError as error:
        text = str(error).removesuffix(".")
        yield Mistake("base_url", text[:1].lower() + text[1:])
