"""A staff member's answer: one signature and receipt, a refusal the office hears of, unsent asks taken back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from oval_aup import agreements, campaigns, documents, evidence, notifications, people, signing
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, Invalid
from oval_aup.core.school import School
from tests.signing.small_school import YEAR, SmallSchool, staff_actor


def sit(db: Session, school: SmallSchool) -> signing.SigningSessionRow:
    return campaigns.begin_for_staff(db, school.di.person_id, actor=staff_actor(school.di, "teacher"))


def sign(
    db: Session, signing_session: signing.SigningSessionRow, school: SmallSchool, facts: School, **changes: Any
) -> str:
    options: dict[str, Any] = {
        "typed_name": "Di Dunn",
        "shown_sha256": agreements.current(db, "staff").text_sha256,
        "declarations": {"earlier-friends": "I knew Ann before"},
        "school": facts,
        "actor": staff_actor(school.di, "teacher"),
    }
    return campaigns.sign_for_staff(db, signing_session, **options | changes)


def test_a_staff_member_signs_once_and_gets_the_receipt(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        signing_session = sit(db, asked)
        receipt = sign(db, signing_session, asked, facts)
        assert sign(db, signing.signing_session(db, signing_session.public_id), asked, facts) == receipt
        (seq,) = documents.document(db, receipt).params["entries"]
        details = evidence.details(db, [seq])[seq]
        messages = [(m.kind, m.status) for m in notifications.messages_to(db, asked.di.pseudonym)]
    assert details["declarations"] == {"earlier-friends": "I knew Ann before"}
    assert messages == [("staff-ask", "cancelled"), ("receipt", "waiting")]


def test_a_staff_refusal_is_recorded_and_the_office_told(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        signing_session = sit(db, asked)
        options: dict[str, Any] = {
            "reason": "Clause nine",
            "shown_sha256": agreements.current(db, "staff").text_sha256,
            "school": facts,
            "actor": staff_actor(asked.di, "teacher"),
        }
        campaigns.decline_for_staff(db, signing_session, **options)
        campaigns.decline_for_staff(db, signing.signing_session(db, signing_session.public_id), **options)
        assert signing.standing(db, asked.di.person_id, YEAR)[0].status == "declined"
        assert [m.kind for m in notifications.messages_to(db, "school")] == ["declined"]


def test_bad_input_and_stale_words_record_nothing(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        signing_session = sit(db, asked)
        with pytest.raises(Invalid):
            sign(db, signing_session, asked, facts, typed_name="")
        with pytest.raises(Conflict):
            sign(db, signing_session, asked, facts, shown_sha256="0" * 64)
        assert signing.standing(db, asked.di.person_id, YEAR)[0].status == "started"


def test_signing_as_staff_does_not_take_back_what_a_parent_is_asked(
    database: Database, school: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        cook = people.add_staff_member(
            db, forename="Cass", surname="Coe", work_email="cass@example.org", post="Cook", actor=SYSTEM
        )
        campaign = campaigns.campaign_of(db, YEAR)
        assert campaign is not None
        campaigns.open_campaign(db, campaign, school=facts, actor=SYSTEM)
        actor = staff_actor(cook, "staff")
        signing_session = campaigns.begin_for_staff(db, cook.person_id, actor=actor)
        sign(db, signing_session, school, facts, typed_name="Cass Coe", actor=actor)
        ask = notifications.messages_to(db, cook.pseudonym)[0]
        assert cook.person_id == school.cass.person_id
    assert (ask.kind, ask.status) == ("ask", "queued")
