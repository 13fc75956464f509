"""The base world with a family that answered in full, changed its mind often, was written to, and then left."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from oval_aup import accounts, campaigns, consent, documents, notifications, people, retention, signing
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database, analyze_tables
from oval_aup.core.school import School
from tests.conftest import put_in_place
from tests.web import world as worlds
from tests.web.world import World

SCHOOL = School("The Oval School", "0121 496 0000", "office@oval.example.org", "https://oval.example.org")
LEFT_ON = dt.date(2026, 12, 18)
TYPED = "Ann Zephyrine Khan-Okonkwo"
CHILD = "Ayaan Khan"
ADDRESS = "ann@example.org"


@dataclass
class Family:
    """Ann, who left with Ayaan and Zara, in a school where everybody else stayed."""

    world: World
    instance: Path

    @property
    def database(self) -> Database:
        return self.world.database

    @property
    def eve(self) -> Actor:
        eve = self.world.eve
        return Actor("admin", eve.person_id, eve.pseudonym, "staff-login", "office")

    @property
    def hal(self) -> Actor:
        """The head."""
        hal = self.world.hal
        return Actor("head", hal.person_id, hal.pseudonym, "staff-login", "office")

    def leave(self, *leavers: int, on: dt.date = LEFT_ON) -> None:
        clock.travel_to(clock.at_london(on, 12))
        with self.database.writing() as db:
            for person_id in leavers or (
                self.world.ann.person_id,
                self.world.ayaan.person_id,
                self.world.zara.person_id,
            ):
                people.archive_person(db, person_id, actor=worlds.OFFICE)

    def take_pictures_down(self) -> None:
        """See to every picture whose permission ended."""
        with self.database.writing() as db:
            for task in consent.take_downs(db):
                consent.finish_take_down(db, task.public_id, places="none found", actor=self.eve)

    def found_in_files(self, *needles: str) -> set[str]:
        """Which of these texts stand in any file of the instance folder, the database's own among them."""
        content = [path.read_bytes() for path in self.instance.rglob("*") if path.is_file()]
        return {needle for needle in needles if any(needle.encode() in each for each in content)}


def sign_everything(database: Database, guardian: people.GuardianRow, typed: str) -> str:
    """One family sits down and answers everything; returns the receipt's public id."""
    actor = Actor(
        "guardian",
        guardian.person_id,
        guardian.pseudonym,
        "link-and-birth-date",
        "link",
        guardian.email,
        f"Browser of {guardian.forename}",
    )
    with database.writing() as db:
        visit = campaigns.begin_family_visit(db, guardian.person_id, worlds.YEAR, actor=actor)
        draft = visit.draft
        answers = {each.child.public_id: dict.fromkeys(each.unanswered, "yes") for each in visit.family.choosing}
        draft = campaigns.Draft(
            rules_sha256=visit.rules.text_sha256,
            pictures=answers,
            pictures_sha256=visit.uses.text_sha256,
            younger_sha256=visit.children_rules.text_sha256,
        )
        signing.save_draft(db, visit.signing_session.public_id, draft.kept())
        visit = campaigns.family_visit(db, signing.signing_session(db, visit.signing_session.public_id))
        return campaigns.sign_for_family(
            db,
            guardian.person_id,
            worlds.YEAR,
            typed_name=typed,
            confirmed_name=typed,
            mark=[[[10, 10], [20, 20], [30, 10]]],
            fingerprint=visit.draft.fingerprint,
            school=SCHOOL,
            actor=actor,
        )


def make_documents(database: Database, texts: dict[str, str]) -> None:
    """Finish every wanted document with bytes that hold a text by subject, as a PDF without compression would."""
    while (claim := documents.claim_document(database)) is not None:
        with database.writing() as db:
            text = texts.get(claim.subject, "nothing personal")
            documents.store_document(db, claim, b"%PDF-1.7 " + text.encode() + b" %%EOF")
            notifications.release(db, claim.public_id)


def send_all(database: Database, instance: Path) -> None:
    """Send what waits into the mail folder."""

    def mint(db: Session, message: notifications.MessageRow) -> str:
        person = people.persons_by_pseudonym(db, [message.recipient])[message.recipient]
        return accounts.mint_link(
            db, purpose=message.link_purpose, person_id=person.person_id, sent_to=message.to_address
        )

    notifications.send_due(
        database,
        notifications.FolderChannel(instance / "mail"),
        sender=notifications.Sender("The Oval School", "office@oval.example.org"),
        mint=mint,
        attachment=lambda db, public_id: ("paper.pdf", documents.document_bytes(db, public_id)),
    )


@pytest.fixture(scope="session")
def built_family(built_world: tuple[Path, World], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """The family's instance folder, made once per test process."""
    folder = tmp_path_factory.mktemp("family")
    file, world = built_world
    shutil.copy(file, folder / "oval.db")
    database = Database(f"sqlite:///{folder / 'oval.db'}")
    clock.travel_to(clock.at_london(worlds.TODAY, 10))
    live_a_year(replace(world, database=database), folder)
    clock.travel_to(None)
    database.dispose()
    return folder, world


@pytest.fixture
def family(database: Database, instance: Path, built_family: tuple[Path, World]) -> Family:
    """Ann's family with more than forty entries, a receipt, letters in the mail folder, a visit and wrong tries."""
    folder, world = built_family
    put_in_place(folder / "oval.db", database)
    for other in folder.iterdir():
        if other.is_dir():
            shutil.copytree(other, instance / other.name)
    clock.travel_to(clock.at_london(worlds.TODAY, 12))
    return Family(replace(world, database=database), instance)


def live_a_year(world: World, instance: Path) -> None:
    """Ask the base world, and let Ann's family answer, change its mind and be written to."""
    database = world.database
    with database.writing() as db:
        campaigns.plan(db, school_year=worlds.YEAR, opens_on=worlds.TODAY, due_on=worlds.DUE_ON, actor=worlds.OFFICE)
        campaigns.send_new_link(db, world.ann.email, school=SCHOOL)
        token = accounts.mint_link(db, purpose="family", person_id=world.ann.person_id, sent_to=ADDRESS)
        held = accounts.link(db, token, purpose="family")
        accounts.pass_family_check(db, held, world.ayaan.born_on)
        accounts.note_failure(db, accounts.bucket("link", held.id))
    sign_everything(database, world.ann, TYPED)
    sign_everything(database, world.cass, "Cass Nowak")
    actor = Actor(
        "guardian", world.ann.person_id, world.ann.pseudonym, "link-and-birth-date", "link", ADDRESS, "Firefox"
    )
    with database.writing() as db:
        for turn in range(38):
            clock.travel_to(clock.at_london(worlds.TODAY, 11, turn))
            campaigns.change_choice(
                db,
                guardian_id=world.ann.person_id,
                child_public_id=world.ayaan.public_id,
                purpose_key=consent.asked_purposes(db)[0].key,
                answer="no" if turn % 2 == 0 else "yes",
                school_year=worlds.YEAR,
                school=SCHOOL,
                actor=actor,
            )
    make_documents(database, {world.ann.pseudonym: f"Receipt of {TYPED}, {ADDRESS}, for {CHILD}"})
    send_all(database, instance)
    with database.writing() as db:
        analyze_tables(db)  # the planner's statistics hold samples of names and addresses too


def decide(family: Family, planned: retention.ErasurePlan) -> str:
    """Order it as the office does; where somebody's time is not over, the head approves. Returns the batch."""
    with family.database.writing() as db:
        batch = retention.order(
            db, planned, fingerprint=planned.fingerprint, confirmation=planned.confirmation, actor=family.eve
        )
        if planned.early:
            again = retention.proposed_plan(db, batch)
            retention.approve(
                db, batch, fingerprint=again.fingerprint, confirmation=again.confirmation, actor=family.hal
            )
    return batch


@pytest.fixture
def erase(family: Family) -> Callable[..., str]:
    """Decide and carry out; returns the batch."""

    def run(
        *public_ids: str, basis: str = "no-longer-needed", things: tuple[str, ...] = (), mentions: bool = False
    ) -> str:
        with family.database.reading() as db:
            planned = retention.plan(db, public_ids, things, basis=basis, with_mentions=mentions)
        batch = decide(family, planned)
        retention.carry_out(family.database, family.instance)
        return batch

    return run
