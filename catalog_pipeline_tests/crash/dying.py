"""The command with a kill point in its own process: `python -m ...dying run shop`."""

import os
import sys

from catalog_pipeline.cli.main import run_command
from catalog_pipeline_tests.crash.kill_points import PLACE, place, places_of

if __name__ == "__main__":
    name, _, call = os.environ[PLACE].rpartition(":")
    if not places_of(name)[0].in_worker:
        place(name, int(call))
    sys.exit(run_command(sys.argv[1:]))
