"""A lesson of marks: who may open it, thirty children at once, wrong names undone, younger children witnessed."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from oval_aup import agreements, evidence, people, signing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, NotAllowed, NotFound
from tests.people import builders
from tests.signing.small_school import DUE_ON, YEAR, SmallSchool, staff_actor

KIOSK = Actor(role="kiosk", assurance="in-class", channel="class")


def open_session(db: Session, school: SmallSchool) -> signing.ClassSessionRow:
    return signing.open_class_session(
        db, school.older.public_id, school_year=YEAR, actor=staff_actor(school.di, "teacher")
    )


def mark(
    db: Session, session: signing.ClassSessionRow, child: people.ChildRow, attempt: int = 0
) -> signing.SignatureRow:
    level = "full" if child.year_group in "3456" else "younger"
    wording = agreements.current(db, "children", reading_level=level)
    return signing.make_mark(
        db,
        session.public_id,
        child.public_id,
        wording=wording,
        shown_sha256=wording.text_sha256,
        mark=[[[5, 5], [9, 9]]],
        attempt=attempt,
        actor=KIOSK,
    )


def test_the_classs_teacher_and_the_office_may_open_it_and_nobody_else(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        first = open_session(db, school)
        assert open_session(db, school).public_id == first.public_id
        office = signing.open_class_session(
            db, school.younger.public_id, school_year=YEAR, actor=staff_actor(school.eve, "admin")
        )
        assert office.teacher_id == school.eve.person_id
        with pytest.raises(NotAllowed):
            signing.open_class_session(
                db, school.younger.public_id, school_year=YEAR, actor=staff_actor(school.di, "teacher")
            )


def test_a_device_joins_by_code_until_the_session_is_closed(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        session = open_session(db, school)
        assert signing.join(db, f" {session.join_code.lower()[:3]} {session.join_code[3:]}") == session
        signing.close(db, session.public_id, actor=staff_actor(school.di, "teacher"))
        with pytest.raises(NotFound):
            signing.join(db, session.join_code)
        with pytest.raises(Conflict, match="over"):
            mark(db, session, school.max)


def test_a_forgotten_session_ends_by_itself(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        session = open_session(db, school)
    clock.travel_to(clock.now() + dt.timedelta(hours=3))
    with database.reading() as db, pytest.raises(NotFound):
        signing.join(db, session.join_code)


def test_a_child_makes_a_mark_once(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        session = open_session(db, school)
        first = mark(db, session, school.max)
        assert mark(db, session, school.max) == first
        with pytest.raises(Conflict):
            mark(db, session, school.max, attempt=1)
        entry = evidence.entries(db, [first.ledger_seq])[first.ledger_seq]
        details = evidence.details(db, [first.ledger_seq])[first.ledger_seq]
        states = {row.forename: row.state for row in signing.roll(db, session.public_id)}
        assert signing.coverage(db, YEAR).counts("children", school.older.id) == signing.Counts(open=1, signed=1)
    assert states == {"Max": "marked", "Cy": "waiting"}
    assert (entry.kind, entry.body["assurance"], entry.body["actor"]["role"]) == ("signed", "in-class", "child")
    assert details["teacher_name"] == "Di Dunn"
    assert details["mark"] == [[[5, 5], [9, 9]]]


def test_a_child_of_another_class_is_not_on_the_roll(database: Database, school: SmallSchool) -> None:
    with database.writing() as db, pytest.raises(NotFound):
        mark(db, open_session(db, school), school.mia)


def test_a_wrong_name_is_undone_as_a_correction_and_the_child_marks_again(
    database: Database, school: SmallSchool
) -> None:
    di = staff_actor(school.di, "teacher")
    with database.writing() as db:
        session = open_session(db, school)
        wrong = mark(db, session, school.max)
        undone = signing.undo(db, session.public_id, school.max.public_id, actor=di)
        assert signing.undo(db, session.public_id, school.max.public_id, actor=di) == undone
        row = next(row for row in signing.roll(db, session.public_id) if row.forename == "Max")
        assert (row.state, row.attempt) == ("waiting", 1)
        again = mark(db, session, school.max, attempt=row.attempt)
        entry = evidence.entries(db, [undone.ledger_seq])[undone.ledger_seq]
        assert signing.coverage(db, YEAR).counts("children").signed == 1
    assert again.public_id != wrong.public_id
    assert (entry.kind, entry.body["refs"][0]["seq"]) == ("corrected", wrong.ledger_seq)


def test_only_the_teacher_or_office_undoes(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        session = open_session(db, school)
        mark(db, session, school.max)
        with pytest.raises(NotAllowed):
            signing.undo(db, session.public_id, school.max.public_id, actor=KIOSK)


def test_the_teacher_records_who_took_part_and_absent_children_stay_open(
    database: Database, school: SmallSchool
) -> None:
    di = staff_actor(school.di, "teacher")
    with database.writing() as db:
        session = open_session(db, school)
        wording = agreements.current(db, "children")
        rows = signing.record_present(db, session.public_id, [school.max.public_id], wording=wording, actor=di)
        again = signing.record_present(db, session.public_id, [school.max.public_id], wording=wording, actor=di)
        states = {row.forename: (row.state, row.recorded_by_teacher) for row in signing.roll(db, session.public_id)}
    assert [row.recorded_by_id for row in rows] == [school.di.person_id]
    assert again == ()
    assert states == {"Max": ("marked", True), "Cy": ("waiting", False)}


def test_a_stranger_cannot_record_who_took_part(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        session = open_session(db, school)
        wording = agreements.current(db, "children")
        with pytest.raises(NotAllowed):
            signing.record_present(db, session.public_id, [school.max.public_id], wording=wording, actor=KIOSK)
        with pytest.raises(NotFound):
            signing.record_present(
                db,
                session.public_id,
                [school.mia.public_id],
                wording=wording,
                actor=staff_actor(school.di, "teacher"),
            )


def test_a_younger_child_is_witnessed_and_the_guardians_signature_still_counts(
    database: Database, school: SmallSchool
) -> None:
    eve = staff_actor(school.eve, "admin")
    with database.writing() as db:
        session = signing.open_class_session(
            db, school.younger.public_id, school_year=YEAR, reading_level="younger", actor=eve
        )
        wording = agreements.current(db, "children", reading_level="younger")
        (row,) = signing.record_present(db, session.public_id, [school.mia.public_id], wording=wording, actor=eve)
        assert signing.standing(db, school.mia.person_id, YEAR)[0].status == "open"
        assert signing.roll(db, session.public_id)[0].state == "marked"
        with pytest.raises(Conflict):
            mark(db, session, school.mia, attempt=1)
        signing.undo(db, session.public_id, school.mia.public_id, actor=eve)
        assert signing.roll(db, session.public_id)[0].state == "waiting"
        assert evidence.entries(db, [row.ledger_seq])[row.ledger_seq].kind == "witnessed"


def test_thirty_children_mark_at_once(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        children = [
            builders.add_child(
                db,
                forename=f"Child{number}",
                surname="Lot",
                born_on=dt.date(2018, 5, 1),
                year_group="4",
                class_id=school.older.id,
                actor=SYSTEM,
            )
            for number in range(30)
        ]
        signing.open_requests(
            db,
            [signing.NewRequest(child.person_id, "children", "class") for child in children],
            school_year=YEAR,
            due_on=DUE_ON,
        )
        session = open_session(db, school)

    def tap(child: people.ChildRow) -> str:
        with database.writing() as db:
            return mark(db, session, child).public_id

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(tap, children + children))
    with database.reading() as db:
        assert signing.coverage(db, YEAR).counts("children", school.older.id).signed == 30
    assert len(made) == 30
