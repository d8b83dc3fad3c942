"""When the services are ready for what a person does with them.

Here: whether every part of the daemon that was started lives, and looks out for failed runs: that
of a new instance ignores the runs that failed before it looked. Not here: what is done then.
"""

import time

from dagster import DagsterEventType, DagsterInstance

_LOOK_EVERY_SECONDS = 0.2
_LOOK_OUT = "EVENT_LOG_CONSUMER"
_SEEN_UP_TO = {
    f"EVENT_LOG_CONSUMER_CURSOR-{each.value}"
    for each in (DagsterEventType.RUN_FAILURE, DagsterEventType.RUN_SUCCESS)
}
"""Where the daemon keeps how far it has looked for ended runs."""


def wait_for_daemon(instance: DagsterInstance, started_at: float, seconds: float) -> bool:
    """Waits until the daemon that was started then is at work; whether it was in that time."""
    deadline = time.monotonic() + seconds
    while not daemon_is_at_work(instance, started_at):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_SECONDS)
    return True


def daemon_is_at_work(instance: DagsterInstance, started_at: float) -> bool:
    """Whether all parts of a daemon that was started at that time give signs of life."""
    needed = set(instance.get_required_daemon_types())
    beats = instance.get_daemon_heartbeats()
    if any(kind not in beats or beats[kind].timestamp < started_at for kind in needed):
        return False
    seen = instance.daemon_cursor_storage.get_cursor_values(_SEEN_UP_TO)
    return _LOOK_OUT not in needed or len(seen) == len(_SEEN_UP_TO)
