"""The command, which waits a second for PostgreSQL if it is away: `python -m ...impatient run`."""

import sys

from catalog_pipeline.cli.main import run_command
from catalog_pipeline.orchestration.instance.postgres import server

if __name__ == "__main__":
    server.PATIENCE_SECONDS = 1.0
    sys.exit(run_command(sys.argv[1:]))
