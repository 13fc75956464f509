"""Ann and Bob both choose for Zara, Ann alone for Ayaan; Cass is a stranger, Gran may not choose, Bill is barred."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from oval_aup import agreements, consent, evidence, people
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import Database
from tests.people import builders

YEAR = 2026


@dataclass
class Family:
    """Two children, the adults around them, and short ways for those to say yes and no."""

    db: Session
    zara: people.ChildRow
    ayaan: people.ChildRow
    ann: people.GuardianRow
    bob: people.GuardianRow
    cass: people.GuardianRow
    gran: people.GuardianRow
    bill: people.GuardianRow
    wording: agreements.Wording
    keys: int = 0

    def key(self) -> str:
        self.keys += 1
        return f"test-{self.keys}"

    def actor(self, guardian: people.GuardianRow) -> Actor:
        return Actor(
            role="guardian",
            person_id=guardian.person_id,
            pseudonym=guardian.pseudonym,
            assurance="link-and-birth-date",
            channel="link",
        )

    def all_answers(self, answer: str = "yes", **others: str) -> dict[str, str]:
        asked = {use.key: answer for use in consent.asked_purposes(self.db)}
        return asked | {key.replace("_", "-"): other for key, other in others.items()}

    def choose(
        self,
        guardian: people.GuardianRow,
        child: people.ChildRow,
        answers: dict[str, str],
        *,
        school_year: int = YEAR,
        key: str = "",
        wording: agreements.Wording | None = None,
    ) -> evidence.EntryRow:
        return consent.record(
            self.db,
            child=child,
            guardian=guardian,
            answers=answers,
            wording=wording or self.wording,
            school_year=school_year,
            idempotency_key=key or self.key(),
            actor=self.actor(guardian),
        )

    def change(
        self, guardian: people.GuardianRow, child: people.ChildRow, use: str, answer: str, *, key: str = ""
    ) -> evidence.EntryRow:
        return consent.record(
            self.db,
            child=child,
            guardian=guardian,
            answers={use: answer},
            only=(use,),
            wording=self.wording,
            school_year=YEAR,
            idempotency_key=key or self.key(),
            actor=self.actor(guardian),
        )

    def verdict(self, child: people.ChildRow, use: str = "website", *, policy: str = consent.ANY) -> str:
        found = consent.permissions(self.db, [child.person_id], YEAR, policy=policy)
        return found[child.person_id][use].verdict


def add_child(db: Session, forename: str, surname: str = "Khan") -> people.ChildRow:
    return builders.add_child(
        db, forename=forename, surname=surname, born_on=dt.date(2018, 5, 1), year_group="3", actor=SYSTEM
    )


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    with database.writing() as session:
        agreements.install_rulesets(session, actor=SYSTEM)
        yield session


@pytest.fixture
def family(db: Session) -> Family:
    zara, ayaan, other = add_child(db, "Zara"), add_child(db, "Ayaan"), add_child(db, "Otis", "Other")

    def adult(child: people.ChildRow, forename: str, pr: str, *, allowed: bool = True) -> people.GuardianRow:
        return builders.add_guardian(
            db,
            child_id=child.person_id,
            forename=forename,
            surname="Khan",
            email=f"{forename.lower()}@example.com",
            parental_responsibility=pr,
            contact_allowed=allowed,
            actor=SYSTEM,
        ).guardian

    ann, bob = adult(zara, "Ann", "yes"), adult(zara, "Bob", "yes")
    gran, bill = adult(zara, "Gran", "no"), adult(zara, "Bill", "yes", allowed=False)
    builders.link_guardian(
        db, child_id=ayaan.person_id, guardian_id=ann.person_id, parental_responsibility="yes", actor=SYSTEM
    )
    cass = adult(other, "Cass", "yes")
    return Family(db, zara, ayaan, ann, bob, cass, gran, bill, agreements.current(db, consent.AGREEMENT))
