"""Which of Dagster's states of a run are final, for whoever asks for runs by them."""

import dagster as dg

FINISHED = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
)
UNFINISHED = tuple(status for status in dg.DagsterRunStatus if status not in FINISHED)
