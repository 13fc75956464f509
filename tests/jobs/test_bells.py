"""A commit wakes a worker at once, through whatever broker; a lost bell is made up for by the minute's sweep."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from oval_aup import jobs
from oval_aup.core.db import Database
from tests.jobs.conftest import until

SECRET = "a secret that only the tests know, long enough"
LESS_THAN_A_SWEEP = 30


class Woken:
    """Counts how often a step was taken."""

    def __init__(self) -> None:
        self.times = 0

    def take(self) -> bool:
        self.times += 1
        return False


def test_a_commit_wakes_the_worker_and_nothing_else_does(database: Database, tmp_path: Path, broker_url: str) -> None:
    woken, stop = Woken(), threading.Event()
    worker = jobs.Doorbell(broker_url, tmp_path, secret=SECRET)
    consumer = worker.consumer({jobs.PACKS: jobs.WorkStep(woken.take, stop=stop)})
    consumer.start()
    try:
        until(lambda: woken.times > 0)  # a new worker looks at everything
        before = woken.times
        bell = jobs.Doorbell(broker_url, tmp_path, secret=SECRET)
        bell.follow(database)
        with pytest.raises(ZeroDivisionError), database.writing() as db:
            jobs.ring(db, jobs.PACKS)
            db.execute(sa.text("SELECT 1"))
            1 / 0  # noqa: B018 - the unit of work ends here
        with database.writing() as db:
            jobs.ring(db, jobs.DOCUMENTS)
        with database.writing() as db:
            jobs.ring(db, jobs.PACKS)
        until(lambda: woken.times > before, seconds=LESS_THAN_A_SWEEP)
        assert woken.times == before + 1
        bell.close()
    finally:
        stop.set()
        consumer.stop(graceful=True)


def test_a_bell_signed_with_another_secret_wakes_nobody(database: Database, tmp_path: Path) -> None:
    woken, stop = Woken(), threading.Event()
    consumer = jobs.Doorbell("", tmp_path, secret=SECRET).consumer({jobs.PACKS: jobs.WorkStep(woken.take, stop=stop)})
    consumer.start()
    try:
        until(lambda: woken.times > 0)
        before = woken.times
        for secret in ("somebody else’s secret, just as long as ours", SECRET):
            bell = jobs.Doorbell("", tmp_path, secret=secret)
            bell.follow(database)
            with database.writing() as db:
                jobs.ring(db, jobs.PACKS)
        until(lambda: woken.times > before, seconds=LESS_THAN_A_SWEEP)
        assert woken.times == before + 1
    finally:
        stop.set()
        consumer.stop(graceful=True)


def test_whoever_commits_does_not_notice_that_the_broker_is_away(database: Database, tmp_path: Path) -> None:
    jobs.Doorbell("redis://127.0.0.1:1/0", tmp_path, secret=SECRET).follow(database)
    with database.writing() as db:
        jobs.ring(db, jobs.PACKS)
    with database.reading() as db:
        assert db.execute(sa.text("SELECT 1")).scalar() == 1


def test_a_step_that_is_woken_while_it_ends_looks_once_more() -> None:
    pieces, stop = [True, False], threading.Event()
    taken = []

    def take() -> bool:
        taken.append(1)
        if len(taken) == 2:  # in the moment in which it finds nothing, more arrives
            threading.Thread(target=step.wake).run()
        return pieces.pop(0) if pieces else False

    step = jobs.WorkStep(take, stop=stop)
    step.wake()
    assert len(taken) == 3
