"""Lets Dagster's daemon look every two seconds, and its code server fork the processes of runs.

Python imports this as each process starts. How often the daemon looks for backfills and for sensors
to ask are constants, which no setting changes. A run is started with a new interpreter, of which
three of four seconds are imports: forked, it is a process all the same.
"""

import os
import sys

if "dagster._daemon" in sys.orig_argv:
    from dagster._daemon import controller, sensor

    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2
    sensor.MIN_INTERVAL_LOOP_TIME = 2

if {"api", "grpc"} <= set(sys.orig_argv) and "CATALOG_PIPELINE_TESTS_FORK_RUNS" in os.environ:
    import multiprocessing
    from multiprocessing import forkserver

    context_of = multiprocessing.get_context
    multiprocessing.get_context = lambda method=None: context_of(  # type: ignore[assignment]
        "forkserver" if method == "spawn" else method
    )
    multiprocessing.set_forkserver_preload(["catalog_pipeline_tests.everything_imported"])
    # While the services start, and not while a test waits for its first run.
    forkserver.ensure_running()
