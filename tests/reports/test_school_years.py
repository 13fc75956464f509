"""School years of a school that keeps a list of its own: whatever moment is asked for, the statement says the same."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from oval_aup import campaigns, consent, evidence, people, reports, signing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.errors import DomainError
from tests.reports.conftest import SCHOOL
from tests.web.world import World

YEARS = (2027, 2028)
"""Those after the base world's own, the second with a leap day."""
STEP = dt.timedelta(days=11, hours=7, minutes=3)
SECOND = dt.timedelta(seconds=1)
About = tuple[str, str] | tuple[int, str]


@dataclass(frozen=True)
class Event:
    """One thing that was so from a moment on: the state of somebody's rules, or one guardian's answer to one use."""

    at: dt.datetime
    person_id: int
    about: About
    year: int
    state: str


class Years:
    """What happens, by a seeded die, and the school's own list of it."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.die, self.events = world, random.Random(seed), list[Event]()
        self.guardians = (world.ann, world.bob, world.cass)
        self.lost: list[tuple[dt.datetime, dt.datetime]] = []

    @property
    def year(self) -> int:
        return people.school_year(clock.today())

    def live(self, year: int, folder: Path) -> None:
        """From the first of September to the last minutes of August, with a restore in the first spring."""
        moment = clock.at_london(dt.date(year, 9, 1), 0, 5)
        clock.travel_to(moment)
        self.ask()
        while moment < clock.at_london(dt.date(year + 1, 8, 20), 0):
            moment += STEP
            clock.travel_to(moment)
            self.act()
            if not self.lost and moment.month == 4:
                with self.going_back(folder):
                    for days in range(3):
                        clock.travel_to(moment + dt.timedelta(days=days + 1))
                        self.act()
        for minute in (30, 50):
            clock.travel_to(clock.at_london(dt.date(year + 1, 8, 31), 23, minute))
            self.change()

    def ask(self) -> None:
        world, asks = self.world, signing.NewRequest
        with world.database.writing() as db:
            opened = signing.open_requests(
                db,
                [
                    *(asks(row.person_id, "parents") for row in self.guardians),
                    *(asks(row.person_id, "children", way="class") for row in (world.ayaan, world.maja)),
                    asks(world.zara.person_id, "children", way="guardian"),
                ],
                school_year=self.year,
                due_on=dt.date(self.year, 10, 2),
            )
            signing.mark_asked(db, [row.id for row in opened])
            for row in opened:
                self.note(row.person_id, ("rules", row.agreement_key), "open")

    def act(self) -> None:
        """One of the acts; one that has no place just now is let be."""
        acts = (self.answer, self.answer, self.decline, self.take_back, self.change, self.change, self.invalidate)
        try:
            self.die.choice(acts)()
        except DomainError:
            return

    def note(self, person_id: int, about: About, state: str) -> None:
        self.events.append(Event(clock.now(), person_id, about, self.year, state))

    def actor(self, guardian: people.GuardianRow) -> Actor:
        return Actor("guardian", guardian.person_id, guardian.pseudonym, "link-and-birth-date", "link", guardian.email)

    def answer(self, *, declines: bool = False) -> None:
        guardian = self.die.choice(self.guardians)
        with self.world.database.writing() as db:
            mine = campaigns.family(db, guardian.person_id, self.year)
            declines = declines and mine.wants_rules
            begin = campaigns.reconsider_rules if mine.has_refused else campaigns.begin_for_family
            signing_session = begin(db, guardian.person_id, self.year, language="en", actor=self.actor(guardian))
            visit = campaigns.family_visit(db, signing_session)
            answers = {
                each.child.public_id: {use: self.die.choice(("yes", "no")) for use in each.unanswered}
                for each in visit.family.choosing
            }
            draft = replace(
                visit.draft,
                rules_sha256=visit.rules.text_sha256,
                rules_declined=declines,
                pictures=answers,
                pictures_sha256=visit.uses.text_sha256,
                younger_sha256=visit.children_rules.text_sha256,
            )
            signing.save_draft(db, signing_session.public_id, draft.kept())
            visit = campaigns.family_visit(db, signing.signing_session(db, signing_session.public_id))
            campaigns.sign_for_family(
                db,
                guardian.person_id,
                self.year,
                typed_name=guardian.full_name,
                fingerprint=visit.draft.fingerprint,
                school=SCHOOL,
                actor=self.actor(guardian),
            )
            if visit.wants_rules:
                self.note(guardian.person_id, ("rules", "parents"), "declined" if declines else "signed")
            for each in visit.family.younger:
                self.note(each.child.person_id, ("rules", "children"), "signed")
            for each in visit.family.choosing:
                for use, said in answers[each.child.public_id].items():
                    self.note(each.child.person_id, (guardian.person_id, use), said)

    def decline(self) -> None:
        self.answer(declines=True)

    def take_back(self) -> None:
        guardian, how = self.die.choice(self.guardians), self.die.choice((signing.correct, signing.withdraw))
        with self.world.database.writing() as db:
            made = signing.signatures_for(db, [guardian.person_id], self.year).get(guardian.person_id, ())
            last = [row for row in made if row.outcome in ("signed", "declined")][-1:]
            for row in last:
                if row.stands:
                    how(db, row.public_id, reason="The wrong person", actor=SYSTEM)
                    self.note(guardian.person_id, ("rules", "parents"), "open")

    def change(self) -> None:
        guardian = self.die.choice(self.guardians)
        with self.world.database.writing() as db:
            each = self.die.choice(campaigns.family(db, guardian.person_id, self.year).children)
            use, said = self.die.choice(each.asked), self.die.choice(("yes", "no"))
            entries = campaigns.change_choices(
                db,
                guardian_id=guardian.person_id,
                child_public_id=each.child.public_id,
                answers={use: said},
                school_year=self.year,
                school=SCHOOL,
                actor=self.actor(guardian),
            )
            if entries:
                self.note(each.child.person_id, (guardian.person_id, use), said)

    def invalidate(self) -> None:
        guardian = self.die.choice(self.guardians)
        with self.world.database.writing() as db:
            each = self.die.choice(campaigns.family(db, guardian.person_id, self.year).children)
            consent.invalidate(
                db,
                child=each.child,
                guardian=guardian,
                school_year=self.year,
                reason="The wrong child",
                idempotency_key=f"invalid {len(self.events)}",
                actor=SYSTEM,
            )
            for use in each.answers:
                self.note(each.child.person_id, (guardian.person_id, use), "")

    @contextmanager
    def going_back(self, folder: Path) -> Iterator[None]:
        """What happens in here is lost: the copy of before is put back, and the school's list does without it."""
        database, copy, began = self.world.database, folder / "copy.db", clock.now()
        database.dispose()
        shutil.copy(str(database.url.database), copy)
        known = list(self.events)
        yield
        with database.reading() as db:
            size = evidence.head(db).size
        database.dispose()
        shutil.copy(copy, str(database.url.database))
        self.events = known
        self.lost.append((began, clock.now()))
        with database.writing() as db:
            act = {"backup_size": evidence.head(db).size, "known_size": size}
            evidence.append(db, "restored", subject="school", act=act, idempotency_key="restored", actor=SYSTEM)

    def stood(self, person_id: int, at: dt.datetime) -> dict[About, str]:
        """By the school's own list."""
        year = people.school_year(clock.london(at).date())
        mine = [each for each in self.events if each.at <= at and (each.person_id, each.year) == (person_id, year)]
        return {about: state for about, state in {each.about: each.state for each in mine}.items() if state}


def stated(db: Session, person: people.ChildRow | people.GuardianRow, at: dt.datetime) -> tuple[dict[About, str], str]:
    """What the statement says, in the form of the list, and where it says that it is taken from."""
    statement = reports.as_at(db, person.public_id, at)
    found: dict[About, str] = {
        ("rules", each.agreement_key): each.state for each in statement.rules if each.state != "not-asked"
    }
    if statement.child is not None:
        found |= {(said.guardian_id, use.purpose.key): said.answer for use in statement.child.uses for said in use.said}
    return found, " ".join(statement.sources)


@pytest.mark.parametrize("seed", range(2))
def test_a_statement_of_any_moment_says_what_the_school_itself_noted(world: World, tmp_path: Path, seed: int) -> None:
    years = Years(world, seed)
    for year in YEARS:
        years.live(year, tmp_path)
    end = clock.at_london(dt.date(YEARS[-1] + 1, 9, 3), 9)
    clock.travel_to(end)
    turns = [clock.at_london(dt.date(year + 1, 9, 1), 0) for year in YEARS]
    moments = {each.at + SECOND for each in years.die.sample(years.events, 12)}
    moments |= {turn + dt.timedelta(microseconds=step) for turn in turns for step in (-1, 0)}
    moments |= {moment + SECOND for pair in years.lost for moment in pair}
    for at in sorted(moments):
        for person in (*years.guardians, world.ayaan, world.zara, world.maja):
            with world.database.reading() as db:
                found, told = stated(db, person, at)
            assert found == years.stood(person.person_id, at), (person.full_name, at)
            gap = any(began <= at < clock.at_london(dt.date(ended.year, 9, 1), 0) for began, ended in years.lost)
            assert ("went back to a backup" in told) == gap, at
    with world.database.reading() as db:
        assert evidence.verify(db).ok
