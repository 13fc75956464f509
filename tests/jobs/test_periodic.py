"""What is done again and again: once however many workers there are, and again when it is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from oval_aup import jobs
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict

START = dt.datetime(2026, 9, 14, 8, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def prepared(database: Database) -> Callable[..., dict[str, jobs.Run]]:
    clock.freeze(START)

    def prepare(**runs: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, jobs.Run]:
        def run_of(do: Callable[[dict[str, Any]], dict[str, Any]]) -> jobs.Run:
            return lambda state: jobs.TaskOutcome(clock.now() + HOUR, do(state))

        tasks = {name: run_of(do) for name, do in runs.items()}
        with database.writing() as db:
            jobs.prepare_tasks(db, tuple(tasks))
        return tasks

    return prepare


def task(database: Database, name: str) -> jobs.TaskRow:
    with database.reading() as db:
        return next(row for row in jobs.periodic_tasks(db) if row.public_id == name)


def test_a_task_is_done_when_due_and_remembers(
    database: Database, prepared: Callable[..., dict[str, jobs.Run]]
) -> None:
    tasks = prepared(count=lambda state: {"times": state.get("times", 0) + 1})
    assert jobs.run_due_task(database, tasks)
    assert not jobs.run_due_task(database, tasks), "it is not due again"
    clock.freeze(START + HOUR)
    assert jobs.run_due_task(database, tasks)
    assert (task(database, "count").state, task(database, "count").next_attempt_at) == ({"times": 2}, START + 2 * HOUR)


def test_a_task_in_hand_is_not_taken_by_another_worker_until_that_one_has_died(
    database: Database, prepared: Callable[..., dict[str, jobs.Run]]
) -> None:
    seen = []

    def again(state: dict[str, Any]) -> dict[str, Any]:
        seen.append(jobs.run_due_task(database, tasks))
        clock.freeze(START + dt.timedelta(minutes=3))  # it has not said for three minutes that it is alive
        if len(seen) == 1:
            seen.append(jobs.run_due_task(database, tasks))
        return {"by": len(seen)}

    tasks = prepared(once=again)
    assert jobs.run_due_task(database, tasks)
    assert seen[:2] == [False, False]
    assert seen[2] is True, "the second worker took over"
    assert task(database, "once").status == "waiting"


def test_what_keeps_failing_is_tried_for_ever_and_shown(
    database: Database, prepared: Callable[..., dict[str, jobs.Run]]
) -> None:
    def fail(_state: dict[str, Any]) -> dict[str, Any]:
        raise OSError("The disk is full.")

    tasks = prepared(broken=fail, whole=lambda state: state)
    for number in range(12):
        clock.freeze(START + number * HOUR)
        while jobs.run_due_task(database, tasks):
            pass
        with database.reading() as db:
            failing = [(row.public_id, row.error) for row in jobs.failing_tasks(db)]
        assert failing == ([] if number < 2 else [("broken", "The disk is full.")])
    tasks = prepared(broken=lambda state: state, whole=lambda state: state)
    while jobs.run_due_task(database, tasks):
        pass
    with database.reading() as db:
        assert jobs.failing_tasks(db) == ()


def test_a_task_that_has_to_wait_for_another_has_not_failed(
    database: Database, prepared: Callable[..., dict[str, jobs.Run]]
) -> None:
    def wait(_state: dict[str, Any]) -> dict[str, Any]:
        raise Conflict("A backup is being made at this moment.")

    tasks = prepared(backup=wait)
    assert jobs.run_due_task(database, tasks)
    row = task(database, "backup")
    assert (row.attempts, row.next_attempt_at) == (0, START + dt.timedelta(minutes=1))
