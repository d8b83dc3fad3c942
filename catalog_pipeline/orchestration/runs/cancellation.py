"""When the crawl of a run has to end before its time, and how the run is told of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

from catalog_pipeline.errors import RunDeletedError
from catalog_pipeline.orchestration.names import COMMAND_LINE, STARTED_BY_TAG
from catalog_pipeline.system.signals import StopWish

_SECONDS_BETWEEN_LOOKS_AT_THE_RUN = 2.0


def stopper(context: dg.AssetExecutionContext, wish: StopWish) -> Callable[[], bool]:
    """Whether the crawl has to end: by a signal, or because its run was ended in the event log."""
    next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS_AT_THE_RUN
    is_told = False

    def must_stop() -> bool:
        nonlocal next_look, is_told
        if not wish.is_set and time.monotonic() >= next_look:
            next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS_AT_THE_RUN
            run = context.instance.get_run_by_id(context.run.run_id)
            wish.is_set = (
                run is None or run.is_finished or run.status == dg.DagsterRunStatus.CANCELING
            )
        if wish.by_signal is not None and not is_told:
            is_told = True
            _tell_cancelled_by_user(context)
        return wish.is_set

    return must_stop


@contextmanager
def cancelled_by_ctrl_c(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Let a Ctrl-C for which nobody waits cancel the run, too: its pages are what they were.

    Raises:
        dg.DagsterExecutionInterruptedError: one came.
    """
    try:
        yield
    except KeyboardInterrupt:
        # More of them say no more, and would make a failure of it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _tell_cancelled_by_user(context)
        raise dg.DagsterExecutionInterruptedError from None


def check_not_deleted(instance: dg.DagsterInstance, run_id: str) -> None:
    """Refuse to go on for a run whose record, with all that it recorded, is gone.

    Raises:
        RunDeletedError: somebody has deleted it.
    """
    if instance.get_run_by_id(run_id) is None:
        raise RunDeletedError(told_of_deletion(run_id))


def told_of_deletion(run_id: str) -> str:
    """That a run was deleted while it went, and what becomes of its pages."""
    return (
        f"the run {run_id[:8]} was deleted in Dagster while it went. What it stored stays, and the "
        f"next crawl takes it up without a download"
    )


def _tell_cancelled_by_user(context: dg.AssetExecutionContext) -> None:
    """A Ctrl-C in the terminal, of our command or of Dagster's, is a cancellation; a worker of the
    web UI that is ended is not, and Dagster fails its run, which is then retried."""
    is_of_ours = context.run.tags.get(STARTED_BY_TAG) == COMMAND_LINE
    # A run that nobody has launched belongs to no code location.
    if is_of_ours or context.run.remote_job_origin is None:
        context.instance.report_run_canceling(context.run, "Interrupted on the command line.")
