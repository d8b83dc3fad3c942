"""`catalog-pipeline report`: one HTML file of a catalogue's past, for whoever wants to see it.

What is in it is made in `catalog_pipeline.report`; here it is asked for and put in its place.
"""

from __future__ import annotations

import webbrowser
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.options import complete_names
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.cli.times import parse_age
from catalog_pipeline.errors import StorageError, UsageError
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.storing.own_files import check_not_own
from catalog_pipeline.storing.stores import past_of, shelf_of
from catalog_pipeline.system.durable_files import kind_of, replace_content
from catalog_pipeline.system.private_files import private_files

_ENDINGS = (".html", ".htm")


@click.command()
@click.argument("catalogue", shell_complete=complete_names)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--since",
    default="30d",
    show_default=True,
    metavar="AGE",
    help="How far before the newest build movers, new and gone products go back.",
)
@click.option("--open", "in_browser", is_flag=True, help="Open it in the browser.")
def command(catalogue: str, file: Path | None, since: str, in_browser: bool) -> int:
    """Write a report of CATALOGUE: one HTML file that opens from the disk and loads nothing.

    It shows the past of any product, the biggest movers, new and gone products, rows and coverage
    over time, how full the columns are, and failed pages. FILE is `report.html` beside the table if
    not given; it is replaced at once, when all is written.
    """
    described = load_catalogue(catalogue)
    places = catalogue_places(described.name)
    target = (file if file is not None else places.report).absolute()
    window = timedelta(seconds=parse_age(since))
    _check(target, is_given=file is not None)
    with heavy_imports():
        from catalog_pipeline.orchestration.checkpoints.kept_past import damage_of_kept_past
        from catalog_pipeline.orchestration.checkpoints.recorded import read_recorded
        from catalog_pipeline.orchestration.checkpoints.table_state import read_last_build
        from catalog_pipeline.orchestration.instance.open import open_instance
        from catalog_pipeline.report.gathering import gather
        from catalog_pipeline.report.page import Subject, report_page

    with open_instance() as instance:
        recorded = read_recorded(instance, described)
        damage = damage_of_kept_past(described, read_last_build(instance, described))
    with past_of(places) as table:
        gathered = gather(described, table, window)
    now = datetime.now(timezone.utc)
    page = report_page(Subject(described.name, described.base_url, now), recorded, gathered)
    with ExitStack() as stack:
        if described.is_private:
            # What is behind a login stays for the owner's eyes.
            stack.enter_context(private_files())
        _write(target, page)
        if file is None:
            shelf_of(places).put(target)
    for note in gathered.notes:
        say(f"Note: {note}")
    if damage is not None and gathered.lately is not None:
        say(f"Note: {described.name}: {damage}.")
    place = str(target) if file is not None else places.told(places.report)
    say(f"{place}: {len(page) / 1e6:.1f} MB; open {target.as_uri()}")
    if in_browser and not webbrowser.open(target.as_uri()):
        raise UsageError(f"There is no browser to open {target} with.")
    return 0


def _check(target: Path, *, is_given: bool) -> None:
    """Refuse what is no place for a page.

    Raises:
        UsageError: it is none.
    """
    if target.suffix.lower() not in _ENDINGS:
        raise UsageError(f"{target.name} is no name of a page; let it end in .html.")
    check_not_own(target)
    if is_given and not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}.")
    if kind_of(target.resolve()) not in (None, "a file"):
        raise UsageError(f"{target} is {kind_of(target.resolve())}, and a file is to be written.")


def _write(target: Path, page: bytes) -> None:
    real = target.resolve()
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        replace_content(real, page)
    except OSError as error:
        raise StorageError(
            f"Cannot write {target}: {error.strerror or error}. What was there stays."
        ) from error
