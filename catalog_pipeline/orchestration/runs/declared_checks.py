"""The verdicts on a table as Dagster's asset checks; what they come to is decided in `tables`."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.names import products_key
from catalog_pipeline.orchestration.runs.outputs import evaluation_of
from catalog_pipeline.showing import as_description
from catalog_pipeline.tables.quality.verdicts import FILLED_AS_BEFORE, check_names
from catalog_pipeline.verdict import Verdict


def declared_specs(catalogue: Catalogue) -> Iterator[dg.AssetCheckSpec]:
    """The checks that hold the table against the YAML and its past."""
    demanded = check_names(catalogue).keys() - {FILLED_AS_BEFORE}
    for name, description in check_names(catalogue).items():
        yield dg.AssetCheckSpec(
            name,
            asset=products_key(catalogue),
            description=description,
            blocking=catalogue.checks.keeps_old_table and name in demanded,
        )


def declared_results(
    catalogue: Catalogue, verdicts: Sequence[Verdict]
) -> list[dg.AssetCheckResult]:
    """The results of these checks for a table that was put in place."""
    return [
        dg.AssetCheckResult(check_name=each.name, **_told(catalogue, each)) for each in verdicts
    ]


def record_refusal(
    context: dg.AssetExecutionContext, catalogue: Catalogue, verdicts: Sequence[Verdict]
) -> None:
    """Record the results for a table that was not put in place, before its step fails."""
    for each in declared_results(catalogue, verdicts):
        context.log_event(evaluation_of(products_key(catalogue), each))


def _told(catalogue: Catalogue, verdict: Verdict) -> dict[str, Any]:
    is_severe = verdict.is_demanded and catalogue.checks.keeps_old_table
    return {
        "passed": verdict.passed,
        "severity": dg.AssetCheckSeverity.ERROR if is_severe else dg.AssetCheckSeverity.WARN,
        "description": as_description(verdict.told),
        "metadata": {
            "seen": dg.MetadataValue.json(dict(verdict.seen)),
            "allowed": dg.MetadataValue.json(dict(verdict.allowed)),
            **(
                {"examples": dg.MetadataValue.json(list(verdict.examples))}
                if verdict.examples
                else {}
            ),
        },
    }
