"""A handful of people for the tests of log-ins and links."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from oval_aup import accounts, people
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from tests.people import builders

OFFICE = Actor(role="office", channel="office")


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    """A writing session, committed at its end."""
    with database.writing() as session:
        yield session


@pytest.fixture
def eve(db: Session) -> accounts.AccountRow:
    """The office's only log-in."""
    return _account(db, "Eve", "admin")


@pytest.fixture
def di(db: Session, eve: accounts.AccountRow) -> accounts.AccountRow:
    """A teacher's log-in."""
    return _account(db, "Di", "teacher")


def _account(db: Session, forename: str, role: str) -> accounts.AccountRow:
    email = f"{forename.lower()}@oval.example.org"
    member = people.add_staff_member(db, forename=forename, surname="Begum", work_email=email, actor=OFFICE)
    return accounts.open_account(db, person_id=member.person_id, email=email, role=role)


@pytest.fixture
def ann(db: Session) -> people.GuardianRow:
    """Guardian of a child born on 14 March 2018, with a mailbox of her own."""
    child = builders.add_child(
        db, forename="Ayaan", surname="Khan", born_on=dt.date(2018, 3, 14), year_group="4", actor=OFFICE
    )
    return builders.add_guardian(
        db,
        child_id=child.person_id,
        forename="Ann",
        surname="Khan",
        email="ann@example.org",
        parental_responsibility="yes",
        actor=OFFICE,
    ).guardian
