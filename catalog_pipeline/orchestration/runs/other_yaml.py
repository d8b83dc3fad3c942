"""Builds that read another YAML than whoever asks for them knows: it was edited, and not reloaded.

A run reads the YAML anew, and the automation has it as it was when the code location was loaded.
Asked again and again, each build would be another one than was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.catalogue.versions import fingerprint
from catalog_pipeline.orchestration.checkpoints.kept_past import damage_of_kept_past
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.reader import latest_page_event
from catalog_pipeline.orchestration.checkpoints.table_state import (
    checkpoint_count,
    damage_of_build,
    read_last_build,
)
from catalog_pipeline.orchestration.names import ASKED_FOR_TAG
from catalog_pipeline.orchestration.runs.refusals import FinishedBuild


def asked_for(instance: dg.DagsterInstance, catalogue: Catalogue) -> Mapping[str, str]:
    """A tag that tells which table a build is asked for: of which pages, by which YAML."""
    known = with_known_pages(instance, catalogue)
    of_pages = [latest_page_event(instance, known), checkpoint_count(instance, known)]
    described = [*of_pages, format_pages(known.pages), known.table_version, known.same_site]
    return {ASKED_FOR_TAG: fingerprint(described)}


def was_built_by_another_yaml(
    instance: dg.DagsterInstance, catalogue: Catalogue, last: FinishedBuild
) -> bool:
    """Whether the last build was asked for the table that is lacking, and has made another one.

    Where it is lacking since its file, or one of its past, was harmed, a build makes it again.
    """
    if not last.is_good or last.asked_for != asked_for(instance, catalogue)[ASKED_FOR_TAG]:
        return False
    built = read_last_build(instance, catalogue)
    if built is None:
        return False
    harms = (damage_of_build(catalogue, built), damage_of_kept_past(catalogue, built))
    return not any(harms)
