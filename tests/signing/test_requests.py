"""Requests and their counts: every move is counted once, in the whole school and in each class."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oval_aup import people, signing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict
from oval_aup.signing import requests
from tests.signing.small_school import DUE_ON, YEAR, SmallSchool, ask_everybody, guardian_actor


def test_bulk_opening_counts_each_adult_in_every_class_of_their_children(
    database: Database, school: SmallSchool
) -> None:
    with database.reading() as db:
        coverage = signing.coverage(db, YEAR)
    assert coverage.counts("parents") == signing.Counts(open=3)
    assert coverage.counts("parents", school.older.id) == signing.Counts(open=3)
    assert coverage.counts("parents", school.younger.id) == signing.Counts(open=1)
    assert coverage.counts("children", school.older.id) == signing.Counts(open=2)
    assert coverage.counts("staff") == signing.Counts(open=2)
    assert coverage.counts("staff", school.older.id) == signing.Counts()


def test_opening_again_opens_nothing(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        ask_everybody(db, school)
        assert signing.coverage(db, YEAR).counts("parents") == signing.Counts(open=3)


def test_a_move_the_rules_do_not_know_is_a_conflict(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        row = signing.standing(db, school.ann.person_id, YEAR)[0]
        signed = requests.move(db, row, "signed")
        with pytest.raises(Conflict):
            requests.move(db, signed, "started")
        with pytest.raises(Conflict):
            requests.move(db, row, "declined")


MOVES = st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["open", "started", "signed", "declined", "cancelled"])))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
def test_counts_kept_by_moves_equal_counts_made_afresh(
    database: Database, school: SmallSchool, moves: list[tuple[int, str]]
) -> None:
    with database.writing() as db:
        ids = db.execute(sa.text("SELECT id FROM signature_request ORDER BY id")).scalars().all()
        for position, becomes in moves:
            try:
                requests.move(db, signing.request_by_id(db, ids[position]), becomes)
            except Conflict:
                continue
        kept = signing.coverage(db, YEAR)
        signing.rebuild_coverage(db, YEAR)
        assert _filled(signing.coverage(db, YEAR)) == _filled(kept)


def _filled(coverage: signing.Coverage) -> dict[tuple[int, str], signing.Counts]:
    by_class = {0: coverage.whole, **coverage.by_class}
    return {
        (class_id, key): counts
        for class_id, by_key in by_class.items()
        for key, counts in by_key.items()
        if counts.asked
    }


def test_outstanding_is_paged_and_says_why(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        ann, bob, cass = (signing.standing(db, who.person_id, YEAR)[0] for who in (school.ann, school.bob, school.cass))
        signing.mark_asked(db, [ann.id])
        signing.mark_asked(db, [bob.id])
        requests.move(db, bob, "started")
        requests.move(db, cass, "declined")
        everybody = signing.outstanding(db, YEAR, agreement_key="parents")
        first = signing.outstanding(db, YEAR, agreement_key="parents", limit=1)
        second = signing.outstanding(db, YEAR, agreement_key="parents", limit=1, offset=1)
        children = signing.outstanding(db, YEAR, person_ids=[school.mia.person_id])
    assert {row.person_id: row.why for row in everybody} == {
        school.ann.person_id: "asked",
        school.bob.person_id: "started",
        school.cass.person_id: "declined",
    }
    assert (first + second) == everybody[:2]
    assert [row.why for row in children] == ["not-asked"]


def test_the_list_of_the_outstanding_is_found_through_the_index(database: Database, school: SmallSchool) -> None:
    with database.reading() as db:
        plan = db.execute(
            sa.text(
                "EXPLAIN QUERY PLAN SELECT id FROM signature_request"
                " WHERE school_year = 2026 AND agreement_key = 'parents' AND status IN ('open', 'started') LIMIT 50"
            )
        ).all()
    assert any("ix_signature_request_standing" in str(line) for line in plan)


def test_a_leavers_open_request_is_cancelled_and_opened_again_when_they_return(
    database: Database, school: SmallSchool
) -> None:
    with database.writing() as db:
        cancelled = signing.cancel_for_leavers(db, [school.cass.person_id, school.cy.person_id])
        assert cancelled == 2
        assert signing.coverage(db, YEAR).counts("parents") == signing.Counts(open=2)
        assert signing.standing(db, school.cass.person_id, YEAR) == ()
        again = signing.open_requests(
            db, [signing.NewRequest(school.cass.person_id, "parents")], school_year=YEAR, due_on=DUE_ON
        )
        assert [row.status for row in again] == ["open"]
        assert signing.coverage(db, YEAR).counts("parents") == signing.Counts(open=3)


def test_what_a_leaver_signed_stays(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        requests.move(db, signing.standing(db, school.cass.person_id, YEAR)[0], "signed")
        assert signing.cancel_for_leavers(db, [school.cass.person_id]) == 0


def test_moving_a_child_to_another_class_is_counted_after_a_rebuild(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        people.archive_person(db, school.cy.person_id, actor=SYSTEM)
        signing.cancel_for_leavers(db, [school.cy.person_id])
        signing.rebuild_coverage(db, YEAR)
        assert signing.coverage(db, YEAR).counts("children", school.older.id) == signing.Counts(open=1)


def test_the_next_school_year_begins_with_nothing_signed(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        requests.move(db, signing.standing(db, school.ann.person_id, YEAR)[0], "signed")
        signing.open_requests(
            db,
            [signing.NewRequest(school.ann.person_id, "parents")],
            school_year=YEAR + 1,
            due_on=dt.date(2027, 10, 4),
        )
        assert signing.coverage(db, YEAR + 1).counts("parents") == signing.Counts(open=1)
        assert signing.coverage(db, YEAR).counts("parents").signed == 1


def test_a_sitting_starts_requests_once_and_resumes(database: Database, school: SmallSchool) -> None:
    actor = guardian_actor(school.ann)
    with database.writing() as db:
        first = signing.begin(
            db, school.ann.person_id, YEAR, "en", pages="family", agreement_keys={"parents"}, actor=actor
        )
        signing.save_draft(db, first.public_id, {**first.draft, "rules": "agreed"})
        again = signing.begin(
            db, school.ann.person_id, YEAR, "en", pages="family", agreement_keys={"parents"}, actor=actor
        )
        other = signing.begin(db, school.ann.person_id, YEAR, "en", pages="staff", actor=actor)
        assert signing.standing(db, school.ann.person_id, YEAR)[0].status == "started"
        assert signing.coverage(db, YEAR).counts("parents") == signing.Counts(open=2, started=1)
        signing.finish(db, first.public_id, status="signed", receipt="r")
        with pytest.raises(Conflict):
            signing.save_draft(db, first.public_id, {})
        with pytest.raises(Conflict):
            signing.finish(db, first.public_id, status="signed")
    assert again.public_id == first.public_id
    assert again.draft["rules"] == "agreed"
    assert other.public_id != first.public_id


def test_each_day_counts_what_was_signed_on_it_and_a_withdrawal_takes_it_off_again(
    database: Database, school: SmallSchool
) -> None:
    clock.travel_to(dt.date(2026, 9, 21))
    with database.writing() as db:
        ann = requests.move(db, signing.standing(db, school.ann.person_id, YEAR)[0], "signed")
        requests.move(db, signing.standing(db, school.bob.person_id, YEAR)[0], "signed")
        clock.travel_to(dt.date(2026, 9, 23))
        requests.move(db, signing.standing(db, school.cass.person_id, YEAR)[0], "signed")
        requests.move(db, ann, "open")
        kept = signing.signed_by_day(db, YEAR)
        signing.rebuild_coverage(db, YEAR)
        afresh = signing.signed_by_day(db, YEAR)
    assert kept == afresh == {"parents": ((dt.date(2026, 9, 21), 1), (dt.date(2026, 9, 23), 1))}
