"""What happens in the step of a run, between Dagster's context and the crawl or the build.

`crawl_run` and `table_run` are the two steps; `run_request`, `order` and `run_config` say what a
run is to do, `companions` for which others it does it too, `cancellation` when it has to end, and
`ending` how.
"""
