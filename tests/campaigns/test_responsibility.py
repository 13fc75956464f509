"""Who may speak for a child where the school's lists do not say who has parental responsibility."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from oval_aup import agreements, campaigns, consent, documents, evidence, notifications, people, signing
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import Invalid
from oval_aup.core.school import School
from oval_aup.people import roster
from tests.campaigns.test_family import begin, sign
from tests.people import builders
from tests.signing.small_school import YEAR, SmallSchool, guardian_actor, staff_actor

CONTACTS = b"""Adno,Forename,Surname,DOB,Year Group,Class,Contact Priority,Contact Forename,Contact Surname,Relationship,Contact Email
701,Nell,Frost,05/06/2018,3,3A,1,Jo,Frost,Mother,jo@example.org
701,Nell,Frost,05/06/2018,3,3A,2,Pam,Reeve,Childminder,pam@example.org
701,Nell,Frost,05/06/2018,3,3A,3,Len,Hall,Neighbour,len@example.org
701,Nell,Frost,05/06/2018,3,3A,4,Sue,Ward,Social Worker,sue@example.org
701,Nell,Frost,05/06/2018,3,3A,5,,Sunshine Day Nursery,Other,nursery@example.org
"""  # noqa: E501


@pytest.fixture
def untold(database: Database, asked: SmallSchool, facts: School) -> SmallSchool:
    """The school once a contacts list without a column for parental responsibility came in."""
    with database.writing() as db:
        shown = roster.preview(db, "contacts.csv", CONTACTS, partial=True, actor=SYSTEM)
        campaigns.apply_roster(db, shown.public_id, school=facts, actor=SYSTEM)
    return asked


def nell(db: Session) -> people.ChildRow:
    return next(child for child in people.children(db) if child.full_name == "Nell Frost")


def of(db: Session, forename: str) -> people.GuardianRow:
    links = people.guardians_of(db, nell(db).person_id)
    return next(link.guardian for link in links if forename in link.guardian.full_name)


def verdicts(db: Session) -> set[str]:
    asked = {use.key for use in consent.asked_purposes(db)}
    found = consent.permissions(db, [nell(db).person_id], YEAR)[nell(db).person_id]
    return {each.verdict for key, each in found.items() if key in asked}


def answer_as(db: Session, who: people.GuardianRow, facts: School, *, responsible: str, answer: str = "yes") -> str:
    signing_session = begin(db, who)
    visit = campaigns.family_visit(db, signing_session)
    draft = replace(visit.draft, responsibility={each.child.public_id: responsible for each in visit.family.undeclared})
    if visit.wants_rules:
        draft = draft.with_rules(visit.rules.text_sha256)
    for each in replace(visit, draft=draft).choosing:
        draft = draft.with_pictures(
            each.child.public_id, dict.fromkeys(each.unanswered, answer), visit.uses.text_sha256
        )
    if replace(visit, draft=draft).younger:
        draft = draft.with_younger(visit.children_rules.text_sha256)
    signing.save_draft(db, signing_session.public_id, draft.kept())
    return sign(db, signing_session, facts, who)


def test_only_the_likely_parent_is_asked_and_shown_the_child(database: Database, untold: SmallSchool) -> None:
    with database.reading() as db:
        asked = {row.email for row in people.guardians_asked(db)}
        written_to = {
            row.to_address for row in notifications.messages_in(db, ("queued", "waiting", "sent", "sending"), 100)
        }
        shown = {name: bool(people.children_of(db, of(db, name).person_id)) for name in ("Jo", "Pam", "Len", "Sue")}
        undecided = people.undecided_links(db)
    strangers = {"pam@example.org", "len@example.org", "sue@example.org", "nursery@example.org"}
    assert "jo@example.org" in asked & written_to
    assert not strangers & (asked | written_to)
    assert shown == {"Jo": True, "Pam": False, "Len": False, "Sue": False}
    assert {link.guardian.email for link in undecided if link.waits_for_office} == strangers


def test_an_outsiders_answer_is_refused(database: Database, untold: SmallSchool) -> None:
    with database.writing() as db:
        mine = campaigns.family(db, of(db, "Pam").person_id, YEAR)
        assert not (mine.children)
        assert not (mine.owes_anything)


def test_a_mother_declares_while_signing_and_her_yes_counts(
    database: Database, untold: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        jo = of(db, "Jo")
        assert campaigns.family_visit(db, begin(db, jo)).steps[0] == "responsibility"
        assert verdicts(db) == {"missing"}
        answer_as(db, jo, facts, responsible="yes")
        link = people.children_of(db, jo.person_id)[0]
        assert (link.parental_responsibility, link.counts) == ("declared", True)
        assert verdicts(db) == {"yes"}
        entries = evidence.entries_about(db, nell(db).pseudonym)
        kinds = [entry.kind for entry in entries]
        declared = entries[kinds.index("responsibility_declared")]
        told = evidence.details(db, [declared.seq])[declared.seq]
        assert declared.body["act"]["answer"] == "yes"
        assert declared.body["act"]["guardian"] == jo.pseudonym
        assert told["declarations"] == {"Do you have parental responsibility for Nell?": "yes"}
        assert kinds.index("responsibility_declared") < kinds.index("consent_recorded")
        receipt = next(row for row in documents.documents_about(db, jo.pseudonym) if row.kind == "receipt")
        assert declared.seq in receipt.params["entries"]


def test_who_says_they_have_none_is_not_asked_about_pictures_any_more(
    database: Database, untold: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        jo = of(db, "Jo")
        answer_as(db, jo, facts, responsible="no")
        link = people.guardians_of(db, nell(db).person_id)[0]
        assert (link.parental_responsibility, link.may_choose) == ("denied", False)
        assert verdicts(db) == {"missing"}
        assert consent.decisions(db, guardian_id=jo.person_id) == ()
        assert not campaigns.family(db, jo.person_id, YEAR).owes_anything


def test_the_pages_cannot_be_signed_without_the_declaration(database: Database, untold: SmallSchool) -> None:
    with database.writing() as db:
        signing_session = begin(db, of(db, "Jo"))
        assert campaigns.family_visit(db, signing_session).next_step == "responsibility"


def test_a_yes_by_phone_needs_the_declaration_and_a_no_does_not(
    database: Database, untold: SmallSchool, facts: School
) -> None:
    def record(db: Session, answer: str, key: str, responsible: str = "") -> None:
        child = nell(db)
        campaigns.record_on_behalf(
            db,
            person_id=of(db, "Jo").person_id,
            school_year=YEAR,
            channel="phone",
            outcome="",
            answers={child.public_id: {use.key: answer for use in consent.asked_purposes(db)}},
            responsibility={child.public_id: responsible},
            idempotency_key=key,
            school=facts,
            actor=staff_actor(untold.eve, "admin"),
        )

    with database.writing() as db:
        with pytest.raises(Invalid) as refused:
            record(db, "yes", "one")
        assert list(refused.value.fields) == [f"responsibility-{nell(db).public_id}"]
        record(db, "no", "two")
        assert verdicts(db) == {"no"}
        assert people.children_of(db, of(db, "Jo").person_id)[0].parental_responsibility == "unknown"
        record(db, "yes", "three", responsible="yes")
        assert verdicts(db) == {"yes"}


def test_a_yes_from_before_counts_only_once_somebody_has_said_it(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db:
        builders.link_guardian(
            db,
            child_id=asked.max.person_id,
            guardian_id=asked.bob.person_id,
            relationship_name="Father",
            actor=SYSTEM,
        )
        consent.record(
            db,
            child=asked.max,
            guardian=asked.bob,
            answers={use.key: "yes" for use in consent.asked_purposes(db)},
            wording=agreements.current(db, consent.AGREEMENT),
            school_year=YEAR,
            idempotency_key="before",
            actor=guardian_actor(asked.bob),
        )
        assert consent.permissions(db, [asked.max.person_id], YEAR)[asked.max.person_id]["website"].verdict == "missing"
        people.change_link(
            db,
            child_id=asked.max.person_id,
            guardian_id=asked.bob.person_id,
            parental_responsibility="yes",
            actor=SYSTEM,
        )
        assert consent.permissions(db, [asked.max.person_id], YEAR)[asked.max.person_id]["website"].verdict == "yes"
