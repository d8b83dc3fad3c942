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
from catalog_pipeline.catalogue.files import (
    base_url_override,
    read_catalogue,
    read_component,
    with_base_url,
)
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.mistakes import located
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogueError, UsageError
from catalog_pipeline.fetching.environment import missing_for_login, missing_for_requests
from catalog_pipeline.notices.addresses import AddressError, address_of
from catalog_pipeline.orchestration.definitions.catalogue_check import mistakes_for_dagster
from catalog_pipeline.reading.composed import check_templates
from catalog_pipeline.reading.reader import reader_of


def mistakes_in(path: Path, environ: Mapping[str, str] = os.environ) -> list[Mistake]:
    """All mistakes of one catalogue's file; those that hide others come alone."""
    try:
        catalogue = read_catalogue(path, environ)
    except CatalogueError as error:
        return list(error.mistakes)
    document = read_component(path)
    wrong_type = mistake_of_type(document.value)
    found = [
        *_of_parser(catalogue),
        *mistakes_for_dagster(catalogue),
        *_of_environment(catalogue, environ),
    ]
    beside = (
        [replace(wrong_type, path=path, line=document.line_of(("type",)))] if wrong_type else []
    )
    return [*beside, *(located(mistake, path, document) for mistake in dict.fromkeys(found))]


def cautions_in(path: Path, environ: Mapping[str, str] = os.environ) -> list[Mistake]:
    """What is no mistake and better said otherwise; nothing of a file that cannot be read."""
    try:
        catalogue = read_catalogue(path, environ)
    except CatalogueError:
        return []
    document = read_component(path)
    found = [*cautions_of(catalogue), *_nowhere_to_send(catalogue, environ)]
    return [located(caution, path, document) for caution in found]


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


def _of_parser(catalogue: Catalogue) -> Iterator[Mistake]:
    """Selectors, patterns and value maps that cannot be used, field by field."""
    try:
        check_templates(catalogue)
    except CatalogueError as error:
        yield from error.mistakes
    try:
        reader_of(catalogue.model_copy(update={"fields": {}, "key": ()}))
    except CatalogueError as error:
        # What finds the products hides none of what is wrong with their fields.
        yield from error.mistakes
        if not catalogue.records.is_json:
            catalogue = catalogue.model_copy(update={"product": ("*",)})
    for name, field in catalogue.fields.items():
        if field.template is not None:
            # What it is made of is checked above; here it stands for its type and pattern alone.
            whole = {"json_": ("@",)} if catalogue.records.is_json else {"select": (".",)}
            field = field.model_copy(update={**whole, "template": None})
        alone = field.model_copy(update={"many": False, "join": None} if field.many else {})
        try:
            reader_of(catalogue.model_copy(update={"fields": {name: alone}, "key": (name,)}))
        except CatalogueError as error:
            yield from error.mistakes


def _of_environment(catalogue: Catalogue, environ: Mapping[str, str]) -> Iterator[Mistake]:
    if catalogue.practice_shop is None:
        yield from missing_for_login(catalogue, environ)
    yield from missing_for_requests(catalogue, environ)
    try:
        with_base_url(catalogue, base_url_override(catalogue.name, environ))
    except UsageError as error:
        text = str(error).removesuffix(".")
        yield Mistake("base_url", text[:1].lower() + text[1:])
