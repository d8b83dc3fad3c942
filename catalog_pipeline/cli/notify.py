"""`catalog-pipeline notify`: the notices of a catalogue, sent, only shown, or tried out."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.cli.exit_codes import EXIT_FAILED, EXIT_GOOD
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.options import chosen_catalogues, complete_names, json_option
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import UsageError
from catalog_pipeline.system.private_files import private_files
from catalog_pipeline.wording import counted

if TYPE_CHECKING:
    from catalog_pipeline.orchestration.commands.notifying import ShownNotice


@click.command()
@click.argument("catalogue", required=False, shell_complete=complete_names)
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and of the latest build.")
@click.option(
    "--build",
    type=int,
    metavar="N",
    help="With --dry-run: of this build alone, as `changes` counts them. A table that was refused "
    "has no number: without --build its notices are shown while they are due.",
)
@click.option("--test", "is_test", is_flag=True, help="Send one test message to each address.")
@json_option
def command(
    catalogue: str | None, dry_run: bool, build: int | None, is_test: bool, as_json: bool
) -> int:
    """Send the notices of CATALOGUE that are due, whose YAML has `notify`.

    After a crawl by `run`, and while the daemon is on, they are sent without this command. Exit
    code: 0 all were sent that are due, 1 some address could not be reached.
    """
    if dry_run and is_test:
        raise UsageError("Give --dry-run or --test.")
    if build is not None and not dry_run:
        raise UsageError("--build is for --dry-run: what was sent of a build is not sent again.")
    (name,) = chosen_catalogues([catalogue] if catalogue else [], is_all=False)
    described = load_catalogue(name)
    if described.notify is None:
        raise UsageError(
            f"{name} gives no notices. Its YAML may say who is told of what: "
            f"`notify: {{to: NOTIFY_URL, rules: [crawl fails]}}`."
        )
    if is_test:
        return _test(described, as_json=as_json)
    if dry_run:
        return _show(described, build, as_json=as_json)
    return _send(described, as_json=as_json)


def _send(catalogue: Catalogue, *, as_json: bool) -> int:
    with heavy_imports():
        from catalog_pipeline.orchestration.commands.notifying import send_here
        from catalog_pipeline.orchestration.instance.open import open_instance
    with ExitStack() as stack:
        if catalogue.is_private:
            stack.enter_context(private_files())
        instance = stack.enter_context(open_instance())
        result = send_here(instance, catalogue, os.environ)
    if as_json:
        print(json.dumps(asdict(result)))
    else:
        say(f"{catalogue.name}: {counted(result.sent, 'notice')} sent")
        for problem in result.problems:
            say(f"Not sent: {problem}", err=True)
    return EXIT_FAILED if result.problems else EXIT_GOOD


def _show(catalogue: Catalogue, build: int | None, *, as_json: bool) -> int:
    with heavy_imports():
        from catalog_pipeline.orchestration.commands.notifying import shown_notices
        from catalog_pipeline.orchestration.instance.open import open_instance
    with open_instance() as instance:
        shown = shown_notices(instance, catalogue, os.environ, build)
    if as_json:
        print(json.dumps([_as_json(each) for each in shown]))
    else:
        _print(catalogue, shown)
    return EXIT_GOOD


def _print(catalogue: Catalogue, shown: Sequence[ShownNotice]) -> None:
    for each in shown:
        say(each.notice.title)
        for address, state in each.states.items():
            say(f"  {address}: {state}")
        say("\n".join(f"  | {line}".rstrip() for line in each.notice.text.splitlines()) + "\n")
    say(f"{catalogue.name}: {counted(len(shown), 'notice')}")


def _as_json(shown: ShownNotice) -> dict[str, object]:
    notice = shown.notice
    return {
        "notice": notice.number,
        "rule": notice.rule,
        "about": notice.about,
        "at": notice.at.isoformat(),
        "title": notice.title,
        "text": notice.text,
        "count": notice.count,
        "addresses": dict(shown.states),
    }


def _test(catalogue: Catalogue, *, as_json: bool) -> int:
    with heavy_imports():
        from catalog_pipeline.orchestration.commands.notifying import try_addresses
    answers = dict(try_addresses(catalogue, os.environ))
    if as_json:
        print(json.dumps(answers))
    else:
        for address, reason in answers.items():
            say(f"{address}: {'sent' if reason is None else reason}")
    return EXIT_FAILED if any(answers.values()) else EXIT_GOOD
