"""Lets Dagster's daemon look every two seconds: Python imports this as each process starts.

How often it looks for backfills and for sensors to ask are constants, which no setting changes.
"""

import sys

if "dagster._daemon" in sys.orig_argv:
    from dagster._daemon import controller, sensor

    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2
    sensor.MIN_INTERVAL_LOOP_TIME = 2
