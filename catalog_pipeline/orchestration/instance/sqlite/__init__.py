"""Dagster's storages in SQLite files, with pooled connections and many events a transaction.

Begin with `event_log` and `run_storage`, which a `dagster.yaml` names. `connections` is the pool,
`schema` and `new_file` how a file is made, `insertion` and `packed_events` how events are put into
it; `file_history` reads without Dagster; `damage` and `index_recovery` are for files that are
broken, `space` gives back what is free in them, `whole_home` reads all that they hold.
"""
