"""The name by which a `dagster.yaml` of release 1.0 finds its class; nothing else is here."""

from catalog_pipeline.orchestration.instance.launcher import HealthCheckingRunLauncher

__all__ = ["HealthCheckingRunLauncher"]
