"""The `catalog-pipeline` command: one module per subcommand. Words, options and exit codes.

Begin with `main`. The subcommand `run` has the commands of orchestration crawl and build;
`progress` and `run_summary` show it, and `exit_codes` are what it ends with.
"""
