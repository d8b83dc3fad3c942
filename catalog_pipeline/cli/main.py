"""Entry of `catalog-pipeline`: finds the subcommand, turns errors into one sentence and a code.

Subcommands are imported when they are asked for, so that `--help` and mistakes answer at once.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from catalog_pipeline.catalogue.project import BUNDLED_VARIABLE, project_environment
from catalog_pipeline.catalogue.spelling import meant
from catalog_pipeline.cli.exit_codes import (
    EXIT_FAILED,
    EXIT_GOOD,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    code_of_error,
)
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.streams import lasting
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import CatalogPipelineError
from catalog_pipeline.system.lifeline import take_ctrl_c

_COMMON = ("--debug", "--bundled")

_COMMANDS = {
    "run": ("catalog_pipeline.cli.run", "Crawl what is due and build the table."),
    "status": ("catalog_pipeline.cli.status", "Show which pages are done, failed, missing."),
    "show": ("catalog_pipeline.cli.show", "Show what is stored of one page."),
    "try": ("catalog_pipeline.cli.try_page", "Fetch and parse one page, store nothing."),
    "changes": ("catalog_pipeline.cli.changes", "Show what was new, gone or changed."),
    "report": ("catalog_pipeline.cli.report", "Write a page that shows the past."),
    "export": ("catalog_pipeline.cli.export", "Write the table in another format."),
    "notify": ("catalog_pipeline.cli.notify", "Send the notices that are due, or show them."),
    "prune": ("catalog_pipeline.cli.prune", "Remove old runs and what no page needs."),
    "migrate": ("catalog_pipeline.cli.migrate", "Move the history to PostgreSQL."),
    "ui": ("catalog_pipeline.cli.ui", "Serve the web UI and run the daemon."),
    "list": ("catalog_pipeline.cli.list_catalogues", "List the catalogues."),
    "check": ("catalog_pipeline.cli.check", "Find all mistakes in the YAMLs."),
    "doctor": ("catalog_pipeline.cli.doctor", "Say what is used here, and what is amiss."),
    "init-home": ("catalog_pipeline.cli.init_home", "Write the settings of Dagster's home."),
    "schema": ("catalog_pipeline.cli.schema", "Print the schema of a catalogue's YAML."),
    "completion": ("catalog_pipeline.cli.completion", "Let the shell complete names."),
    "sandbox": ("catalog_pipeline.cli.sandbox", "Serve the practice shop."),
}


class _LazyGroup(click.Group):
    """A group whose commands are modules with a function `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        with heavy_imports():
            command: click.Command = importlib.import_module(module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = meant(args[0], _COMMANDS)
            told = f"{error.message.removesuffix('.')}{hint}{'?' if hint else '.'}"
            raise click.UsageError(told, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
@click.option("--bundled", is_flag=True, help="In a project: the bundled catalogues too.")
@click.version_option(package_name="catalog-pipeline")
@click.pass_context
def cli(context: click.Context, debug: bool, bundled: bool) -> None:
    """Resumable catalogue scraping: kill it at any instant, start it again, lose nothing."""
    take_ctrl_c()
    context.obj = {"debug": debug}
    context.with_resource(project_environment(_working_folder()))
    if bundled:
        context.with_resource(_bundled())


def _working_folder() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


@contextmanager
def _bundled() -> Iterator[None]:
    before = os.environ.get(BUNDLED_VARIABLE)
    os.environ[BUNDLED_VARIABLE] = "1"
    try:
        yield
    finally:
        os.environ.pop(BUNDLED_VARIABLE)
        if before is not None:
            os.environ[BUNDLED_VARIABLE] = before


class _CtrlC:
    """Interrupts as Python does, and remembers it: libraries make other errors of it."""

    was_pressed = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.was_pressed = True
        signal.default_int_handler(number, frame)


_ctrl_c = _CtrlC()


def main() -> None:
    """Run the command and exit with its code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _ctrl_c)
    # SIGTERM is a Ctrl-C that comes from a program.
    signal.signal(signal.SIGTERM, _ctrl_c)
    sys.stdout, sys.stderr = lasting(sys.stdout), lasting(sys.stderr)
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    # Wherever they stand: whoever adds one has just typed the rest.
    debug = "--debug" in arguments
    common = [each for each in _COMMON if each in arguments]
    arguments = [*common, *(each for each in arguments if each not in _COMMON)]
    try:
        result = cli.main(arguments, prog_name="catalog-pipeline", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except CatalogPipelineError as error:
        return _report(error, debug)
    except MemoryError as error:
        if debug:
            say("".join(traceback.format_exception(error)), err=True)
        say(
            "Error: There is not enough memory for this. What was recorded stays; give it more "
            "(ulimit -v, the limit of the container) and run the same command again.",
            err=True,
        )
        return EXIT_FAILED
    except Exception as error:
        if _ctrl_c.was_pressed:
            return _interrupted()
        if debug:
            say(traceback.format_exc(), err=True)
        else:
            told = f"Error: {type(error).__name__}: {error} (--debug shows more)"
            say(told, err=True)
        return EXIT_FAILED
    return result if isinstance(result, int) else EXIT_GOOD


def _interrupted() -> int:
    say("Interrupted. What was recorded stays; run the same command to go on.", err=True)
    return EXIT_INTERRUPTED


def _report(error: CatalogPipelineError, debug: bool) -> int:
    if debug:
        say("".join(traceback.format_exception(error)), err=True)
    else:
        say(f"Error: {error}", err=True)
    return code_of_error(error)
