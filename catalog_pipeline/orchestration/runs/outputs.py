"""What a step has made, as outputs of those assets and checks that its run was asked for.

A run over one of a step's assets makes the others, too: those are told by events of their own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from catalog_pipeline.orchestration.instance.provenance import Provenance


@dataclass(frozen=True)
class Made:
    """What a step has made of one of its assets."""

    key: dg.AssetKey
    metadata: Mapping[str, Any]
    checks: Sequence[dg.AssetCheckResult] = ()


def deliver(
    context: dg.AssetExecutionContext, provenance: Provenance, made: Iterable[Made]
) -> Iterator[Any]:
    """The outputs that the run wants; the others are logged, with what they were made of."""
    for each in made:
        wanted = [
            check
            for check in each.checks
            if _check_key(each.key, check) in context.selected_asset_check_keys
        ]
        if each.key in context.selected_asset_keys:
            yield dg.MaterializeResult(each.key, metadata=each.metadata, check_results=wanted)
        else:
            tags = provenance.tags(each.key)
            context.log_event(dg.AssetMaterialization(each.key, metadata=each.metadata, tags=tags))
            provenance.recorded(each.key)
            yield from wanted
        for check in each.checks:
            if check not in wanted:
                context.log_event(evaluation_of(each.key, check))


def _check_key(key: dg.AssetKey, check: dg.AssetCheckResult) -> dg.AssetCheckKey:
    return dg.AssetCheckKey(key, str(check.check_name))


def evaluation_of(key: dg.AssetKey, check: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """The event of a check that is no output of its step."""
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=str(check.check_name),
        passed=check.passed,
        metadata=check.metadata,
        severity=check.severity,
        description=check.description,
    )
