"""What is worth saying once and not every time: that a home stores events the slow way."""

from __future__ import annotations

from catalog_pipeline.cli.terminal import say
from catalog_pipeline.home_settings import read_settings
from catalog_pipeline.places import dagster_home

_SAID = ".catalog_pipeline_said_that_it_is_slow"
_EVENTS = "event_log_storage"


def say_once_what_is_slow() -> None:
    """On standard error, once for each home with settings that lack our event log storage."""
    home = dagster_home()
    settings = read_settings(home)
    said = home / _SAID
    if not settings.sections or _EVENTS not in settings.lacking or said.exists():
        return
    say(
        f"Note: {settings.path} has no {_EVENTS} of this package: all is right, and slow for "
        f"catalogues of many pages. Add these lines, or let catalog-pipeline init-home do it:\n\n"
        f"{settings.lacking[_EVENTS]}",
        err=True,
    )
    said.touch()
