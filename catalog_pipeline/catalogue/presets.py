"""Attributes that a YAML leaves to a preset, and the currency that its prices share.

Both are written into the attributes before they are checked, so that nothing else knows of them.
What a preset holds is in `presets.yaml` beside this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from catalog_pipeline.catalogue.spelling import nearest


def expanded(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes with those of their preset, where they do not give them themselves."""
    name = attributes.get("preset")
    # Of one that is misspelt nothing is missing but its name.
    meant = nearest(name, _presets()) if isinstance(name, str) else None
    preset = _presets()[meant] if meant else {}
    if attributes.get("last_page") is not None:
        preset = {key: value for key, value in preset.items() if key != "pages"}
    whole = {**preset, **attributes}
    fields = whole.get("fields")
    if not isinstance(fields, Mapping):
        return whole
    of_preset = preset.get("fields", {}) if fields is not preset.get("fields") else {}
    merged = {**of_preset, **fields}
    currency = whole.get("currency")
    whole["fields"] = {
        name: {"currency": currency, **field} if currency and _needs_one(field) else field
        for name, field in merged.items()
    }
    return whole


def _needs_one(field: object) -> bool:
    return isinstance(field, Mapping) and str(field.get("type")) == "money"


@cache
def _presets() -> Mapping[str, Mapping[str, Any]]:
    text = Path(__file__).with_name("presets.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    return loaded
