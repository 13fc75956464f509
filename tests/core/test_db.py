"""How units of work keep their promises on a real SQLite file."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from oval_aup.core import clock
from oval_aup.core.db import LONG_WAITERS, SQLITE_VERSION, WAL_SAFE_FROM, Database
from oval_aup.core.errors import DatabaseBusy
from oval_aup.notifications.models import AddressTrouble


def test_a_reading_unit_of_work_cannot_write(database: Database) -> None:
    with pytest.raises(sa.exc.OperationalError, match="readonly"), database.reading() as db:
        db.execute(sa.text("DELETE FROM person"))


def test_a_refused_unit_of_work_leaves_nothing(database: Database) -> None:
    with pytest.raises(ValueError, match="no"), database.writing() as db:
        db.add(AddressTrouble(address="ann@example.org", reason="full", noticed_at=clock.now()))
        db.flush()
        raise ValueError("no")
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(AddressTrouble)) == 0


def test_writers_in_many_threads_queue_up_and_none_is_lost(database: Database) -> None:
    def write(number: int) -> None:
        with database.writing() as db:
            seen = db.scalar(sa.select(sa.func.count()).select_from(AddressTrouble))
            db.add(AddressTrouble(address=f"{number}@example.org", reason=str(seen), noticed_at=clock.now()))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as db:
        reasons = sorted(int(row.reason) for row in db.scalars(sa.select(AddressTrouble)))
    assert reasons == list(range(20))


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Another program is writing, and goes on writing."""
    with database.engine.connect() as other, other.begin():
        yield


def seconds_until_busy(database: Database, patience: float) -> float:
    began = time.monotonic()
    with pytest.raises(DatabaseBusy), database.writing(patience=patience):
        pass
    return time.monotonic() - began


def test_a_writer_waits_its_patience_for_another_program_and_its_own_threads_together(database: Database) -> None:
    with held(database), ThreadPoolExecutor(3) as pool:
        waited = list(pool.map(lambda _number: seconds_until_busy(database, 1.2), range(3)))
    assert all(1.0 < seconds < 2.2 for seconds in waited), waited
    with database.writing(patience=0.5) as db:
        db.add(AddressTrouble(address="ann@example.org", reason="full", noticed_at=clock.now()))


def test_only_some_threads_wait_long_so_that_others_are_free_to_read(database: Database) -> None:
    with held(database), ThreadPoolExecutor(8) as pool:
        waited = sorted(pool.map(lambda _number: seconds_until_busy(database, 3), range(8)))
        with database.reading() as db:
            assert db.scalar(sa.select(sa.func.count()).select_from(AddressTrouble)) == 0
    gave_up_soon = [seconds for seconds in waited if seconds < 1.5]
    assert len(gave_up_soon) == 8 - 1 - LONG_WAITERS, waited


def test_the_durability_that_this_sqlite_needs_is_set(database: Database) -> None:
    with database.engine.connect() as connection:
        journal = connection.execute(sa.text("PRAGMA journal_mode")).scalar_one()
        synchronous = connection.execute(sa.text("PRAGMA synchronous")).scalar_one()
    recent = SQLITE_VERSION >= WAL_SAFE_FROM
    assert (journal, synchronous) == (("wal", 2) if recent else ("truncate", 3))


def test_times_come_back_aware_and_naive_ones_are_refused(database: Database) -> None:
    moment = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    with database.writing() as db:
        db.add(AddressTrouble(address="a@example.org", reason="", noticed_at=moment.astimezone(clock.LONDON)))
    with database.reading() as db:
        assert db.scalar(sa.select(AddressTrouble.noticed_at)) == moment
    with pytest.raises(sa.exc.StatementError, match="naive"), database.writing() as db:
        db.add(AddressTrouble(address="b@example.org", reason="", noticed_at=moment.replace(tzinfo=None)))
        db.flush()


def test_plain_statements_are_undone_with_their_savepoint(database: Database) -> None:
    with database.writing() as db:
        db.execute(sa.text("CREATE TABLE kept (number INTEGER)"))
        savepoint = db.begin_nested()
        db.execute(sa.text("INSERT INTO kept VALUES (1)"))
        savepoint.rollback()
        assert db.execute(sa.text("SELECT count(*) FROM kept")).scalar_one() == 0
