"""The tags that tell a goal's runs apart, and the statuses of a run that has not ended."""

from dagster import DagsterRunStatus

GOAL_TAG = "forgemind/goal"
ITERATION_TAG = "forgemind/iteration"
PHASE_TAG = "forgemind/phase"
TRIAL_TAG = "forgemind/trial"
AT_ONCE_TAG = "forgemind/at_once"
ATTEMPT_TAG = "forgemind/attempt"
INTERRUPTED_TAG = "forgemind/interrupted"

UNFINISHED = (
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)
