"""The Dagster instance: how it is opened and stored, and whether its runs live.

The only room that uses private parts of Dagster. Begin with `open`. `history` is what is asked of
the past, `asking` asks it without Dagster where the files tell it. `launcher` and `liveness` find
dead runs, `host_leases` is what machines that share an instance hold together, `batch_events` and
`wipe_events` reach the event log; `sqlite` and `postgres` are its storages, `sql` what they have in
common, `moved` leads from the one to the other, `web` is the web UI and the daemon.
"""
