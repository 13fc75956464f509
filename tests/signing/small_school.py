"""A school small enough to know by heart: Ann with two children, Bob with one of them, Cass a stranger, Di and Eve."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import agreements, people, signing
from oval_aup.core.actor import SYSTEM, Actor
from tests.people import builders

YEAR = 2026
ASKED_ON = dt.date(2026, 9, 14)
DUE_ON = dt.date(2026, 10, 5)


@dataclass(frozen=True, slots=True)
class SmallSchool:
    """Who is who; Ann and Bob share Max (4C), Ann alone has Mia (1A), Cass has Cy (4C)."""

    older: people.ClassRow
    younger: people.ClassRow
    max: people.ChildRow
    mia: people.ChildRow
    cy: people.ChildRow
    ann: people.GuardianRow
    bob: people.GuardianRow
    cass: people.GuardianRow
    di: people.StaffRow
    eve: people.StaffRow


def found(db: Session) -> SmallSchool:
    """Found the school and publish the shipped rules."""
    agreements.install_rulesets(db, actor=SYSTEM)
    older = builders.add_class(db, name="4C", year_group="4")
    younger = builders.add_class(db, name="1A", year_group="1")
    max_ = _child(db, "Max", "Ali", dt.date(2018, 3, 14), older)
    mia = _child(db, "Mia", "Ali", dt.date(2020, 11, 2), younger)
    cy = _child(db, "Cy", "Coe", dt.date(2018, 1, 9), older)
    ann = _guardian(db, max_, "Ann", "Ali", "ann@example.org")
    builders.link_guardian(
        db, child_id=mia.person_id, guardian_id=ann.person_id, parental_responsibility="yes", actor=SYSTEM
    )
    bob = _guardian(db, max_, "Bob", "Ali", "bob@example.org")
    cass = _guardian(db, cy, "Cass", "Coe", "cass@example.org")
    eve = people.add_staff_member(
        db,
        forename="Eve",
        surname="Ode",
        post="Office manager",
        staff_group="office",
        work_email="eve@oval.example.org",
        actor=SYSTEM,
    )
    di = people.add_staff_member(
        db,
        forename="Di",
        surname="Dunn",
        post="Class teacher",
        staff_group="teaching",
        work_email="di@oval.example.org",
        class_id=older.id,
        line_manager_id=eve.person_id,
        actor=SYSTEM,
    )
    return SmallSchool(older, younger, max_, mia, cy, ann, bob, cass, di, eve)


def _child(
    db: Session, forename: str, surname: str, born_on: dt.date, school_class: people.ClassRow
) -> people.ChildRow:
    return builders.add_child(
        db,
        forename=forename,
        surname=surname,
        born_on=born_on,
        year_group=school_class.year_group,
        class_id=school_class.id,
        actor=SYSTEM,
    )


def _guardian(db: Session, child: people.ChildRow, forename: str, surname: str, email: str) -> people.GuardianRow:
    link = builders.add_guardian(
        db,
        child_id=child.person_id,
        forename=forename,
        surname=surname,
        email=email,
        parental_responsibility="yes",
        lives_with=True,
        actor=SYSTEM,
    )
    return link.guardian


def ask_everybody(db: Session, school: SmallSchool) -> None:
    """Open a request for each of them, without any letter."""
    new = signing.NewRequest
    rows = [new(person.person_id, "parents") for person in (school.ann, school.bob, school.cass)]
    rows += [new(person.person_id, "staff") for person in (school.di, school.eve)]
    rows += [new(school.max.person_id, "children", "class"), new(school.cy.person_id, "children", "class")]
    rows += [new(school.mia.person_id, "children", "guardian")]
    signing.open_requests(db, rows, school_year=YEAR, due_on=DUE_ON)


def guardian_actor(guardian: people.GuardianRow) -> Actor:
    """Somebody past the date-of-birth check."""
    return Actor(
        role="guardian",
        person_id=guardian.person_id,
        pseudonym=guardian.pseudonym,
        assurance="link-and-birth-date",
        channel="link",
        sent_to=guardian.email,
        browser="Test/1.0",
    )


def staff_actor(member: people.StaffRow, role: str) -> Actor:
    """Somebody logged in."""
    return Actor(
        role=role,
        person_id=member.person_id,
        pseudonym=member.pseudonym,
        assurance="staff-login",
        channel="login",
        sent_to=member.work_email,
    )
