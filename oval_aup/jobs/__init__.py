"""Work for the background: how it is taken from the tables, what is done again and again, and what wakes a worker."""

from oval_aup.jobs import watermarks
from oval_aup.jobs.bells import DOCUMENTS, IN_ADVANCE, MESSAGES, PACKS, TASKS, Doorbell, WorkStep, ring
from oval_aup.jobs.lease import Leased, LeasedQueue
from oval_aup.jobs.periodic import Run, TaskOutcome, TaskRow, failing_tasks, periodic_tasks, prepare_tasks, run_due_task

__all__ = [
    "DOCUMENTS",
    "IN_ADVANCE",
    "MESSAGES",
    "PACKS",
    "TASKS",
    "Doorbell",
    "Leased",
    "LeasedQueue",
    "Run",
    "TaskOutcome",
    "TaskRow",
    "WorkStep",
    "failing_tasks",
    "periodic_tasks",
    "prepare_tasks",
    "ring",
    "run_due_task",
    "watermarks",
]
