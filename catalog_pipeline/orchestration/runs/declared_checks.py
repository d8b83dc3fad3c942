"""The verdicts on a table as Dagster's asset checks; what they come to is decided in `tables`."""

from collections.abc import Iterator, Sequence

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.names import pages_key, products_key
from catalog_pipeline.orchestration.runs.outputs import evaluation_of
from catalog_pipeline.orchestration.runs.page_verdicts import PAGE_CHECKS
from catalog_pipeline.showing import as_description
from catalog_pipeline.tables.quality.merged_verdict import KEYS_UNIQUE
from catalog_pipeline.tables.quality.verdicts import FILLED_AS_BEFORE, check_names
from catalog_pipeline.verdict import Verdict


def declared_specs(catalogue: Catalogue) -> Iterator[dg.AssetCheckSpec]:
    """The checks that hold the table against the YAML and its past."""
    demanded = check_names(catalogue).keys() - {FILLED_AS_BEFORE, KEYS_UNIQUE}
    for name, description in check_names(catalogue).items():
        yield dg.AssetCheckSpec(
            name,
            asset=products_key(catalogue),
            description=description,
            blocking=name == KEYS_UNIQUE or (catalogue.checks.keeps_old_table and name in demanded),
        )


def declared_results(
    catalogue: Catalogue, verdicts: Sequence[Verdict]
) -> list[dg.AssetCheckResult]:
    """The results of these checks for a table that was put in place."""
    return [result_of(catalogue, each) for each in verdicts]


def record_refusal(
    context: dg.AssetExecutionContext, catalogue: Catalogue, verdicts: Sequence[Verdict]
) -> None:
    """Record the results for a table that was not put in place, before its step fails."""
    for each in declared_results(catalogue, verdicts):
        is_of_pages = each.check_name in PAGE_CHECKS
        asset = pages_key(catalogue) if is_of_pages else products_key(catalogue)
        context.log_event(evaluation_of(asset, each))


def result_of(catalogue: Catalogue, verdict: Verdict) -> dg.AssetCheckResult:
    """A verdict as the result of the check of its name."""
    is_severe = verdict.always_keeps_old_table or (
        verdict.is_demanded and catalogue.checks.keeps_old_table
    )
    metadata = {
        "seen": dg.MetadataValue.json(dict(verdict.seen)),
        "allowed": dg.MetadataValue.json(dict(verdict.allowed)),
    }
    if verdict.examples:
        metadata["examples"] = dg.MetadataValue.json(list(verdict.examples))
    return dg.AssetCheckResult(
        check_name=verdict.name,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR if is_severe else dg.AssetCheckSeverity.WARN,
        description=as_description(verdict.told),
        metadata=metadata,
    )
