"""The command's exit codes, and which of them a result or an error means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from catalog_pipeline.errors import CatalogPipelineError, CatalogueError, UsageError

if TYPE_CHECKING:
    from catalog_pipeline.orchestration.commands.result import CrawlResult

EXIT_GOOD = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

_WORST_FIRST = (EXIT_INTERRUPTED, EXIT_USAGE, EXIT_FAILED)


def code_of_result(result: CrawlResult) -> int:
    """As the help of `run` says."""
    if result.is_interrupted:
        return EXIT_INTERRUPTED
    return EXIT_GOOD if result.is_good else EXIT_FAILED


def code_of_error(error: CatalogPipelineError) -> int:
    """Whether the command or its configuration is wrong, or something failed."""
    return EXIT_USAGE if isinstance(error, UsageError | CatalogueError) else EXIT_FAILED


def worst_code(codes: Iterable[int]) -> int:
    """That of several commands together; a code that none of ours is counts as the least bad."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), max(found, default=EXIT_GOOD))
