"""What the storages of this package have in common, in whatever database they are.

Begin with `event_log`, and `run_storage` for runs and schedules. `event_rows`, `event_json`,
`materialization_json` and `slim_json` are what is written; `table_history` and `event_values` read
it without Dagster. `attempts` and `failure_events` are what the web UI is told, `partition_wipe`
and `superseded` how something is removed.
"""
