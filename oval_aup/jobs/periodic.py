"""Runs what is due again and again, each task once however many workers there are, and keeps its next due time."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.db import Database, insert_once, table_of
from oval_aup.core.errors import Conflict
from oval_aup.jobs.lease import LeasedQueue
from oval_aup.jobs.models import PeriodicTask

ALIVE_EVERY = 20.0
"""Seconds after which a long task says again that it is alive."""
KEEPS_FAILING = 3
"""Failures in a row from which people are told."""
BACK_OFF = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30))
"""How long to wait after the first, second … failure in a row; the last goes for all that follow."""

log = logging.getLogger("oval_aup.worker")
_task = table_of(PeriodicTask)
_queue = LeasedQueue(
    _task,
    held={"waiting": "running", "running": "running"},
    resting={"running": "waiting"},
    stale_after=dt.timedelta(minutes=2),
    max_attempts=1_000_000,  # a task is never given up: what keeps failing is shown, and tried for ever
    passes=((sa.true(), _task.c.next_attempt_at),),
    crashed=str,
)
_ADD = insert_once(_task, "public_id")


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One periodic task; ``attempts`` counts failures in a row, and while it runs this attempt too."""

    public_id: str
    status: str
    attempts: int
    lease_no: int
    next_attempt_at: dt.datetime
    error: str
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """When a task is due next, and what it remembers until then."""

    due_at: dt.datetime
    state: dict[str, Any]


Run = Callable[[dict[str, Any]], TaskOutcome]
"""Does a task once, given what it remembered."""


def prepare_tasks(db: Session, names: tuple[str, ...]) -> None:
    """Have a row for each of these tasks, forget others, and let all be due now: a new worker looks at everything."""
    now = clock.now()
    for name in names:
        new = {"public_id": name, "status": "waiting", "attempts": 0, "lease_no": 0, "next_attempt_at": now}
        db.execute(_ADD, {**new, "claimed_at": None, "error": "", "state": {}})
    db.execute(sa.delete(_task).where(_task.c.public_id.not_in(names)))
    db.execute(sa.update(_task).where(_task.c.claimed_at.is_(None)).values(next_attempt_at=now))


def periodic_tasks(db: Session) -> tuple[TaskRow, ...]:
    """Every periodic task by name."""
    return tuple(_row(row) for row in db.execute(sa.select(_task).order_by(_task.c.public_id)))


def failing_tasks(db: Session) -> tuple[TaskRow, ...]:
    """Those that have failed several times in a row, with the reason."""
    return tuple(row for row in periodic_tasks(db) if row.attempts >= KEEPS_FAILING and row.error)


def run_due_task(database: Database, tasks: Mapping[str, Run]) -> bool:
    """Do one task that is due; False when there is none. A fault is noted in its row and never stops the others."""
    if not _queue.anything_due(database):
        return False
    with database.writing() as db:
        name = _queue.claim(db)
        claim = None if name is None else _one(db, name)
    if claim is None:
        return False
    due_at, values = _do(database, claim, tasks[claim.public_id])
    with database.writing() as db:
        _queue.put_back(db, claim, until=due_at, **values)
    return True


def _do(database: Database, claim: TaskRow, run: Run) -> tuple[dt.datetime, dict[str, Any]]:
    try:
        with _alive(database, claim):
            outcome = run(claim.state)
    except Conflict as error:  # somebody else is at it: look again soon
        log.info("task %s waits: %s", claim.public_id, error)
        return clock.now() + BACK_OFF[0], {"attempts": claim.attempts - 1}
    except Exception as error:
        log.exception("task %s failed", claim.public_id)
        wait = BACK_OFF[min(claim.attempts, len(BACK_OFF)) - 1]
        return clock.now() + wait, {"error": (str(error) or type(error).__name__)[:2000]}
    return outcome.due_at, {"attempts": 0, "error": "", "state": outcome.state}


@contextmanager
def _alive(database: Database, claim: TaskRow) -> Iterator[None]:
    """Say every now and then that the task goes on, from a thread of its own."""
    over = threading.Event()

    def say() -> None:
        while not over.wait(ALIVE_EVERY):
            try:
                with database.writing() as db:
                    _queue.renew(db, claim)
            except Exception:
                log.exception("task %s could not say that it goes on", claim.public_id)

    teller = threading.Thread(target=say, name=f"alive-{claim.public_id}", daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _one(db: Session, name: str) -> TaskRow:
    return _row(db.execute(sa.select(_task).where(_task.c.public_id == name)).one())


def _row(row: sa.Row[Any]) -> TaskRow:
    return TaskRow(
        row.public_id, row.status, row.attempts, row.lease_no, row.next_attempt_at, row.error, dict(row.state)
    )
