"""The office's world: a sign-up that is open, with everything in it that can go wrong once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from oval_aup import agreements, campaigns, consent, documents, notifications, people, signing
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from tests.people import builders
from tests.web.browser import Browser
from tests.web.world import DUE_ON, OFFICE, TODAY, YEAR, World

EVE = "eve@oval.example.org"


@dataclass(frozen=True, slots=True)
class Troubles:
    """What waits for the office: public ids of the things behind the tasks."""

    campaign: campaigns.CampaignRow
    dan: people.GuardianRow
    """Has no email address."""
    max: people.GuardianRow
    """Must not be contacted."""
    signature: signing.SignatureRow
    document: documents.DocumentRow
    message: notifications.MessageRow


def guardian_actor(row: people.GuardianRow) -> Actor:
    """A guardian behind their private link."""
    return Actor("guardian", row.person_id, row.pseudonym, "link-and-birth-date", "link", row.email)


def choose(world: World, child: people.ChildRow, guardian: people.GuardianRow, answer: str) -> None:
    """Answer every use alike."""
    with world.database.writing() as db:
        consent.record(
            db,
            child=child,
            guardian=guardian,
            answers={use.key: answer for use in consent.asked_purposes(db)},
            wording=agreements.current(db, "image-uses"),
            school_year=YEAR,
            idempotency_key=f"{child.public_id}:{guardian.public_id}:{answer}",
            actor=guardian_actor(guardian),
        )


def sign(world: World, guardian: people.GuardianRow, outcome: str = "signed", reason: str = "") -> signing.SignatureRow:
    """A guardian answers the parents' rules."""
    with world.database.writing() as db:
        request = next(r for r in signing.standing(db, guardian.person_id, YEAR) if r.agreement_key == "parents")
        wording = agreements.current(db, "parents")
        return signing.sign(
            db,
            request.id,
            wording=wording,
            shown_sha256=wording.text_sha256,
            typed_name=guardian.full_name,
            signed_by_id=guardian.person_id,
            outcome=outcome,
            reason=reason,
            idempotency_key=f"{guardian.public_id}:{outcome}",
            actor=guardian_actor(guardian),
        )


@pytest.fixture
def troubles(world: World, settings: Settings) -> Troubles:
    """One of each: signed, declined, disagreeing, bounced, no address, barred, and a PDF that failed."""
    with world.database.writing() as db:
        dan = _guardian(db, world.maja, "Dan", "", contact_allowed=True)
        barred = _guardian(db, world.maja, "Max", "max@example.org", contact_allowed=False)
        row = campaigns.plan(db, school_year=YEAR, opens_on=TODAY, due_on=DUE_ON, actor=OFFICE)
        campaigns.open_campaign(db, row, school=settings.school, actor=OFFICE)
        row = campaigns.campaign(db, row.public_id)
    choose(world, world.ayaan, world.ann, "yes")
    choose(world, world.ayaan, world.bob, "no")
    choose(world, world.zara, world.ann, "yes")
    signed = sign(world, world.ann)
    sign(world, world.bob, "declined", "Not like this")
    with world.database.writing() as db:
        message = notifications.messages_to(db, world.cass.pseudonym)[-1]
        notifications.bounce(db, message.public_id, "550 no such user")
        document = documents.request_document(
            db, kind="school_report", subject="school", params={"school_year": YEAR}, dedupe_key="one"
        )
    return Troubles(row, dan, barred, signed, document, message)


def _guardian(
    db: Session, child: people.ChildRow, forename: str, email: str, *, contact_allowed: bool
) -> people.GuardianRow:
    return builders.add_guardian(
        db,
        child_id=child.person_id,
        forename=forename,
        surname="Nowak",
        email=email,
        relationship_name="Father",
        parental_responsibility="yes",
        contact_allowed=contact_allowed,
        actor=OFFICE,
    ).guardian


@pytest.fixture
def eve(world: World, browser: Browser) -> Browser:
    """The office, logged in."""
    browser.log_in(EVE)
    return browser


@pytest.fixture
def later() -> dt.date:
    """A day on which the sign-up has been open for a while."""
    day = dt.date(2026, 9, 30)
    clock.travel_to(clock.at_london(day, 10))
    return day
