"""Tests of the Dagster layer: storage, launching, liveness, assets, schedules, components."""
