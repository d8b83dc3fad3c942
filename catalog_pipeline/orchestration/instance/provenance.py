"""What an asset was made of, as tags of a materialization that is no output of its step.

Dagster writes them for outputs alone, and takes an asset without them to be out of date for good.
"""

from collections.abc import Iterable

import dagster as dg
from dagster._core.definitions.data_version import compute_logical_data_version
from dagster._core.execution.plan.execute_step import (
    _build_data_version_tags,
    _get_code_version,
    _get_input_provenance_data,
)


class Provenance:
    """That of assets of a context's step; to be made before their `inputs` are read, so that what
    comes meanwhile is none of them."""

    def __init__(self, context: dg.AssetExecutionContext, inputs: Iterable[dg.AssetKey]) -> None:
        self._step = context.op_execution_context.get_step_execution_context()
        for key in inputs:
            self._step.maybe_fetch_and_get_input_asset_version_info(key)

    def tags(self, key: dg.AssetKey) -> dict[str, str]:
        """The tags of an asset's materialization, as Dagster gives them to an output."""
        code_version = _get_code_version(key, self._step)
        inputs = _get_input_provenance_data(key, self._step)
        versions = {each: found["data_version"] for each, found in inputs.items()}
        version = compute_logical_data_version(code_version, versions)
        return _build_data_version_tags(version, code_version, inputs, False)

    def recorded(self, key: dg.AssetKey) -> None:
        """Take note that an asset has been materialized, for those that are made of it."""
        self._step.wipe_input_asset_version_info(key)
