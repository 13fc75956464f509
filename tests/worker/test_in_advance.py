"""Documents that nobody waits for take a quarter of the time at most, and none while people use the system."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator

import pytest

from oval_aup import accounts, documents, worker
from oval_aup.core import clock
from oval_aup.worker.context import WorkerContext, opened
from oval_aup.worker.rendering import render_in_advance, render_next
from tests.worker.conftest import Installation


@pytest.fixture
def unhurried(installation: Installation) -> documents.DocumentRow:
    """A receipt that nobody waits for."""
    row = installation.want_receipt(mailed=False)
    with installation.database.writing() as db:
        documents.make_in_advance(db, besides=())
    return row


@pytest.fixture
def context(installation: Installation) -> Iterator[WorkerContext]:
    with opened(installation.settings, installation.database) as context:
        yield context


def test_three_times_as_much_rest_follows_as_a_document_took(
    context: WorkerContext, installation: Installation, unhurried: documents.DocumentRow
) -> None:
    rests: list[float] = []
    seconds = itertools.count(100.0, 7.0)  # seven between two looks at the clock, however fast the machine is
    assert not render_next(context)
    assert render_in_advance(context, rest=rests.append, timer=lambda: next(seconds))
    assert installation.document(unhurried).is_ready
    assert rests == [21.0]
    assert not render_in_advance(context, rest=rests.append)
    assert rests == [21.0]


def test_nothing_is_made_in_advance_while_people_are_active(
    context: WorkerContext, installation: Installation, unhurried: documents.DocumentRow
) -> None:
    now = clock.now()
    clock.travel_to(now)
    with installation.database.writing() as db:
        person = installation.school.people.ann.person_id
        accounts.start(db, "family", person_id=person, assurance="link-dob")
    rests: list[float] = []
    clock.travel_to(now + dt.timedelta(minutes=4))
    assert not render_in_advance(context, rest=rests.append)
    assert installation.document(unhurried).status == "pending"
    clock.travel_to(now + dt.timedelta(minutes=6))
    assert render_in_advance(context, rest=rests.append)
    assert installation.document(unhurried).is_ready


def test_a_document_somebody_waits_for_is_made_at_once_and_sounds_no_alarm(
    context: WorkerContext, installation: Installation, unhurried: documents.DocumentRow
) -> None:
    clock.travel_to(clock.now() + dt.timedelta(hours=3))
    with installation.database.reading() as db:
        assert documents.overdue_documents(db) is None
    with installation.database.writing() as db:
        documents.wait_for(db, unhurried.public_id)
        assert documents.overdue_documents(db) is None
    assert render_next(context)
    assert installation.document(unhurried).is_ready


def test_a_worker_that_runs_once_makes_them_too(installation: Installation, unhurried: documents.DocumentRow) -> None:
    worker.run(installation.settings, once=True, database=installation.database)
    assert installation.document(unhurried).is_ready
