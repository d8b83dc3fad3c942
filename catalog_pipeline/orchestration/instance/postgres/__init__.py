"""Dagster's storages in PostgreSQL, with pooled connections and many events a transaction.

Begin with `storage`, which a `dagster.yaml` names; `address` is how that says where the server is.
`server` is the pool of connections, over which `making` makes tables, `event_log` and `insertion`
are what is written, `run_storage` is for runs and schedules; `server_history` reads without
Dagster. `leases` are what machines that share the database hold against each other, `moving` and
`copying` bring in what files hold.
Nobody imports this room but by its name in a `dagster.yaml`: what it needs comes with an extra.
"""
