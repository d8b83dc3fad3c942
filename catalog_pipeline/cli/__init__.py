"""The `catalog-pipeline` command: one module per subcommand. Words, options and exit codes.

Begin with `main`. The subcommand `run` takes `run`, `run_order` (what was asked), `crawl_session`
(what is done), `progress` and `run_summary` (what is shown).
"""
