"""What `dagster.yaml` of a home holds, beside what this package would have in it.

Read and added to as text, so that what is there stays as it is, comments and all. Without Dagster:
whether a setting is valid is for Dagster to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from catalog_pipeline.errors import UsageError
from catalog_pipeline.places import SETTINGS_NAME, TEMPLATE
from catalog_pipeline.system.durable_files import replace_content

_SECTION = re.compile(r"^([a-z_]+):", re.MULTILINE)
_STORAGES = ("event_log_storage", "run_storage", "schedule_storage")
_ADDED = (*_STORAGES, "run_launcher", "run_monitoring")
"""What is added to settings that are there: nothing that other assets' runs would feel."""
_WITHOUT = {
    "event_log_storage": "each event is stored by itself: all is right, and slow",
    "run_launcher": "a run whose process was killed stays started for ever",
    "run_monitoring": "a run whose process was killed is not noticed",
}
"""What it means that a section is not there."""


@dataclass(frozen=True)
class HomeSettings:
    """The settings of one home, and the sections of ours that it lacks, with their lines."""

    path: Path
    sections: dict[str, Any]
    lacking: dict[str, str]

    @property
    def storage(self) -> str:
        """The class that stores events, or what stands for it."""
        for name in ("event_log_storage", "storage"):
            section = self.sections.get(name)
            if isinstance(section, dict):
                custom = section.get("custom")
                section = custom if isinstance(custom, dict) else section
                return str(section.get("class") or next(iter(section), "")) or name
        return "SqliteEventLogStorage (Dagster's own)"

    @property
    def warnings(self) -> list[str]:
        """What is amiss for want of a section, in sentences."""
        return [f"{name}: {_WITHOUT[name]}" for name in self.lacking if name in _WITHOUT]


def read_settings(home: Path) -> HomeSettings:
    """The settings of a home, which may have none.

    Raises:
        UsageError: they cannot be read.
    """
    path = home / SETTINGS_NAME
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict | None):
        raise UsageError(f"{path} holds no settings of Dagster: they are keys with values.")
    sections = content or {}
    ours = _template_sections()
    if sections:
        ours = {name: ours[name] for name in _ADDED}
    if "storage" in sections:
        # One storage for all three, as for PostgreSQL; Dagster takes it or the three.
        ours = {name: text for name, text in ours.items() if name not in _STORAGES}
    lacking = {name: text for name, text in ours.items() if name not in sections}
    return HomeSettings(path, sections, lacking)


def complete_settings(home: Path) -> HomeSettings:
    """Add the sections of ours that a home lacks; what is there stays. Gives what was before.

    Raises:
        UsageError: the settings cannot be read.
    """
    home.mkdir(parents=True, exist_ok=True)
    before = read_settings(home)
    if before.lacking:
        text = before.path.read_text(encoding="utf-8") if before.path.exists() else ""
        head = text.rstrip("\n") + "\n\n" if text.strip() else ""
        replace_content(before.path, (head + "\n".join(before.lacking.values())).encode())
    return before


def template_settings() -> dict[str, Any]:
    """The settings that come with the package."""
    settings: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    return settings


def _template_sections() -> dict[str, str]:
    """The sections of the settings that come with the package, each with its comment."""
    text = TEMPLATE.read_text(encoding="utf-8")
    blocks = [block for block in text.split("\n\n") if _SECTION.search(block)]
    return {_name(block): block.strip("\n") + "\n" for block in blocks}


def _name(block: str) -> str:
    found = _SECTION.search(block)
    assert found is not None  # noqa: S101 - for the type checker: blocks begin with a section
    return found[1]
