"""What commands print with: the terminal's gate, through which every text passes.

Whatever comes from a site, a server or a file name reaches the terminal as characters that can be
seen (`catalog_pipeline.showing`). Markup of `rich` in a text is for the caller to switch off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from catalog_pipeline.showing import as_lines


def say(text: str, *, err: bool = False) -> None:
    """Print plain text, on standard error if asked to; its line breaks are meant."""
    click.echo(as_lines(text), err=err)


class GuardedConsole(Console):
    """A console that makes control characters of texts visible; its own colours stay."""

    def __init__(self, **options: Any) -> None:
        super().__init__(emoji=False, **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of something printable, each of them harmless."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(as_lines(text), style)
