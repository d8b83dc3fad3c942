"""The `catalog-pipeline` command: one module per subcommand."""
