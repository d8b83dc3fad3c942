"""Everything that runs under Dagster: storage, run launching, assets, schedules, components."""
