"""Puts a kill point into worker processes: Python imports this module at the start of each."""

import os
import sys

if "catalog_pipeline.crawling.working.process" in sys.orig_argv:
    from catalog_pipeline_tests.crash.kill_points import PLACE, place, places_of

    name, _, call = os.environ[PLACE].rpartition(":")
    if places_of(name)[0].in_worker:
        place(name, int(call))
