"""Dagster's storages in SQLite files, with pooled connections and many events a transaction.

Begin with `event_log` and `run_storage`, which a `dagster.yaml` names. `connections` is the pool,
`schema` and `new_file` how a file is made, `event_rows`, `event_json`, `slim_json` and
`packed_events` what is written; `event_values` and `file_history` read it without Dagster,
`failure_events` is how failures are told to the web UI; `damage` and `index_recovery` are for files
that are broken.
"""
