"""The base world of the web tests: one small school in which everybody has been asked for everything they owe."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import accounts, agreements, people, signing
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from tests.people import builders
from tests.web.browser import PASSWORD

OFFICE = Actor(role="office", channel="office")
TODAY = dt.date(2026, 9, 15)
DUE_ON = dt.date(2026, 10, 2)
YEAR = 2026


@dataclass(frozen=True, slots=True)
class World:
    """Everybody in it. Ann is guardian of Ayaan (Year 4) and Zara (Year 1), Bob of Ayaan alone, Cass of Maja."""

    database: Database
    year_1: people.ClassRow
    year_4: people.ClassRow
    ayaan: people.ChildRow
    zara: people.ChildRow
    maja: people.ChildRow
    ann: people.GuardianRow
    bob: people.GuardianRow
    cass: people.GuardianRow
    di: people.StaffRow
    """Class teacher of the Year 4 class."""
    flo: people.StaffRow
    """Class teacher of the Year 1 class."""
    eve: people.StaffRow
    """The office."""
    hal: people.StaffRow
    """The head."""
    gov: people.StaffRow
    sam: people.StaffRow
    """A teaching assistant without a class."""

    def link(self, guardian: people.GuardianRow) -> str:
        """Mint the secret of a private family link, as sending an email does."""
        with self.database.writing() as db:
            return accounts.mint_link(db, purpose="family", person_id=guardian.person_id, sent_to=guardian.email)


def build(database: Database) -> World:
    """Fill an empty database with the base world."""
    with database.writing() as db:
        agreements.install_rulesets(db, actor=OFFICE)
        year_1 = builders.add_class(db, name="1A", year_group="1")
        year_4 = builders.add_class(db, name="4C", year_group="4")
        ayaan = _child(db, "Ayaan", "Khan", dt.date(2018, 3, 14), year_4)
        zara = _child(db, "Zara", "Khan", dt.date(2021, 1, 5), year_1)
        maja = _child(db, "Maja", "Nowak", dt.date(2018, 6, 30), year_4)
        ann = _guardian(db, ayaan, "Ann", "Khan", "Mother")
        builders.link_guardian(
            db,
            child_id=zara.person_id,
            guardian_id=ann.person_id,
            relationship_name="Mother",
            parental_responsibility="yes",
            actor=OFFICE,
        )
        world = World(
            database=database,
            year_1=year_1,
            year_4=year_4,
            ayaan=ayaan,
            zara=zara,
            maja=maja,
            ann=ann,
            bob=_guardian(db, ayaan, "Bob", "Khan", "Father"),
            cass=_guardian(db, maja, "Cass", "Nowak", "Mother"),
            di=_staff(db, "Di", "Begum", "Class teacher", "teaching", "teacher", year_4),
            flo=_staff(db, "Flo", "Marsh", "Class teacher", "teaching", "teacher", year_1),
            eve=_staff(db, "Eve", "Office", "Office manager", "office", "admin"),
            hal=_staff(db, "Hal", "Stone", "Head teacher", "leadership", "head"),
            gov=_staff(db, "Gov", "Ernest", "Governor", "governor", "governor"),
            sam=_staff(db, "Sam", "Cole", "Teaching assistant", "support", "staff"),
        )
        _ask_everybody(db, world)
    return world


def _child(db: Session, forename: str, surname: str, born_on: dt.date, chosen: people.ClassRow) -> people.ChildRow:
    return builders.add_child(
        db,
        forename=forename,
        surname=surname,
        born_on=born_on,
        year_group=chosen.year_group,
        class_id=chosen.id,
        actor=OFFICE,
    )


def _guardian(
    db: Session, child: people.ChildRow, forename: str, surname: str, relationship_name: str
) -> people.GuardianRow:
    return builders.add_guardian(
        db,
        child_id=child.person_id,
        forename=forename,
        surname=surname,
        email=f"{forename.lower()}@example.org",
        relationship_name=relationship_name,
        parental_responsibility="yes",
        actor=OFFICE,
    ).guardian


def _staff(
    db: Session,
    forename: str,
    surname: str,
    post: str,
    staff_group: str,
    role: str,
    chosen: people.ClassRow | None = None,
) -> people.StaffRow:
    member = people.add_staff_member(
        db,
        forename=forename,
        surname=surname,
        work_email=f"{forename.lower()}@oval.example.org",
        post=post,
        staff_group=staff_group,
        class_id=chosen.id if chosen else None,
        actor=OFFICE,
    )
    accounts.open_account(db, person_id=member.person_id, email=member.work_email, role=role)
    token = accounts.mint_link(db, purpose="set-password", person_id=member.person_id, sent_to=member.work_email)
    accounts.set_password(db, token, PASSWORD, school_name="The Oval School")
    return member


def _ask_everybody(db: Session, world: World) -> None:
    guardians = (world.ann, world.bob, world.cass)
    members = (world.di, world.flo, world.eve, world.hal, world.gov, world.sam)
    opened = signing.open_requests(
        db,
        [
            *(signing.NewRequest(row.person_id, "parents") for row in guardians),
            *(signing.NewRequest(row.person_id, "staff") for row in members),
            signing.NewRequest(world.ayaan.person_id, "children", way="class"),
            signing.NewRequest(world.maja.person_id, "children", way="class"),
            signing.NewRequest(world.zara.person_id, "children", way="guardian"),
        ],
        school_year=YEAR,
        due_on=DUE_ON,
    )
    signing.mark_asked(db, [row.id for row in opened])
