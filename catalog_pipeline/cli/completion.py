"""`catalog-pipeline completion`: the script by which a shell completes commands and names.

What is completed, and how a shell asks for it, is click's; here is only where the script goes.
"""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import UsageError

_PROGRAM = "catalog-pipeline"
_VARIABLE = "_CATALOG_PIPELINE_COMPLETE"
_FILES = {
    "bash": Path(".bashrc"),
    "zsh": Path(".zshrc"),
    "fish": Path(".config/fish/config.fish"),
}


@click.command()
@click.argument("shell", required=False, type=click.Choice(sorted(_FILES)))
@click.option("--install", is_flag=True, help="Add it to the file that the shell reads first.")
def command(shell: str | None, install: bool) -> int:
    """Print the completion of SHELL (bash, zsh, fish), or install it; the shell in use if none is
    named."""
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in _FILES:
        raise UsageError(f"Name the shell: {', '.join(sorted(_FILES))}.")
    if install:
        _install(name)
        return 0
    kind = get_completion_class(name)
    if kind is None:
        raise UsageError(f"click completes nothing in {name}.")
    say(kind(click.Command(_PROGRAM), {}, _PROGRAM, _VARIABLE).source())
    return 0


def _install(shell: str) -> None:
    """Add a line to the shell's file, once.

    Raises:
        UsageError: the file cannot be written.
    """
    path = Path.home() / _FILES[shell]
    asked = f"env {_VARIABLE}={shell}_source {_PROGRAM}"
    line = f"{asked} | source" if shell == "fish" else f'eval "$({asked})"'
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if line in text.splitlines():
            say(f"{path} has the line already.")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{'' if not text or text.endswith(chr(10)) else chr(10)}{line}\n")
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path} cannot be added to: {error}") from error
    say(f"Added to {path}; shells that are opened from now on complete names.")
