"""One mother with two records becomes one, and whatever she signed and chose is hers."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from oval_aup import accounts, campaigns, consent, evidence, people, signing
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, NotAllowed
from oval_aup.core.school import School
from oval_aup.people import roster
from oval_aup.reports.subject_access import subject_access
from tests.people import builders
from tests.people.makers import class_list, class_row
from tests.signing.small_school import YEAR, SmallSchool


def _office(school: SmallSchool) -> Actor:
    return Actor("admin", school.eve.person_id, school.eve.pseudonym, "password", "office")


def _double(db: Session, school: SmallSchool, **told: str) -> people.GuardianRow:
    """Ann as another list wrote her, beside Cy."""
    row = builders.add_guardian(
        db,
        child_id=school.cy.person_id,
        forename="Ann Begum",
        surname="Ali",
        email="ann@example.org",
        parental_responsibility=told.get("responsibility", "yes"),
        contact_id="C2",
        actor=SYSTEM,
    )
    campaigns.follow_roster(db, school=_FACTS[0], actor=SYSTEM)
    return row.guardian


_FACTS: list[School] = []


@pytest.fixture(autouse=True)
def _facts(facts: School) -> None:
    _FACTS[:] = [facts]


def _answer(db: Session, school: SmallSchool, who: people.GuardianRow, child: people.ChildRow, answer: str) -> None:
    campaigns.record_on_behalf(
        db,
        person_id=who.person_id,
        school_year=YEAR,
        channel="phone",
        outcome="signed" if _status(db, who) == "open" else "",
        answers={child.public_id: {use.key: answer for use in consent.asked_purposes(db)}},
        idempotency_key=f"{who.person_id}:{child.person_id}:{answer}",
        school=_FACTS[0],
        actor=_office(school),
    )


def _status(db: Session, who: people.GuardianRow) -> str:
    return next(row.status for row in signing.standing(db, who.person_id, YEAR) if row.agreement_key == "parents")


def _join(db: Session, school: SmallSchool, kept: people.GuardianRow, other: people.GuardianRow) -> evidence.EntryRow:
    return campaigns.join_people(
        db, kept_id=kept.person_id, joined_id=other.person_id, school=_FACTS[0], actor=_office(school)
    )


def test_children_signatures_and_choices_follow_to_the_record_that_is_kept(
    database: Database, asked: SmallSchool
) -> None:
    with database.writing() as db:
        double = _double(db, asked)
        _answer(db, asked, double, asked.cy, "yes")
        before = consent.permissions(db, [asked.cy.person_id], YEAR)
        origin = signing.signatures_of(db, double.person_id)[0]
        entry = _join(db, asked, asked.ann, double)
        assert {row.child.full_name for row in people.children_of(db, asked.ann.person_id)} == {
            "Cy Coe",
            "Max Ali",
            "Mia Ali",
        }
        (mark,) = signing.signatures_of(db, asked.ann.person_id)
        assert (mark.outcome, mark.version_text_id, mark.channel) == ("signed", origin.version_text_id, "phone")
        assert mark.recorded_by_id == asked.eve.person_id
        assert _status(db, asked.ann) == "signed"
        answers = consent.answers_of(db, asked.cy.person_id, asked.ann.person_id, YEAR)
        assert set(answers.values()) == {"yes"}
        assert consent.permissions(db, [asked.cy.person_id], YEAR) == before
        assert entry.body["actor"]["pseudonym"] == asked.eve.pseudonym
        assert entry.body["act"]["joined"] == double.pseudonym
        assert {ref["seq"] for ref in entry.body["refs"]} >= {origin.ledger_seq}


def test_a_no_under_the_other_record_can_be_taken_back_under_the_kept_one(
    database: Database, asked: SmallSchool
) -> None:
    with database.writing() as db:
        double = _double(db, asked)
        _answer(db, asked, double, asked.cy, "no")
        _join(db, asked, asked.ann, double)
        verdict = consent.permissions(db, [asked.cy.person_id], YEAR)[asked.cy.person_id]["website"]
        assert (verdict.verdict, verdict.broken_by) == ("no", (asked.ann.full_name,))
        assert consent.answers_of(db, asked.cy.person_id, double.person_id, YEAR) == {}


def test_nothing_of_the_other_record_is_lost(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db:
        double = _double(db, asked)
        _answer(db, asked, double, asked.cy, "no")
        marks = signing.signatures_of(db, double.person_id)
        decisions = consent.decisions(db, guardian_id=double.person_id)
        entries = evidence.entries_about(db, double.pseudonym)
        _join(db, asked, asked.ann, double)
        assert signing.signatures_of(db, double.person_id) == marks
        assert consent.decisions(db, guardian_id=double.person_id)[: len(decisions)] == decisions
        later = evidence.entries_about(db, double.pseudonym)
        assert list(entries) == list(later[: len(entries)])
        assert "records_joined" in [entry.kind for entry in later]
        assert people.joined_to(db, double.person_id) == people.person_by_id(db, asked.ann.person_id)
        assert [row.person_id for row in people.joined_records(db, asked.ann.person_id)] == [double.person_id]
        assert people.person_by_id(db, double.person_id).archived


def test_the_later_of_two_answers_about_one_child_counts(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db:
        double = _double(db, asked)
        builders.link_guardian(
            db,
            child_id=asked.max.person_id,
            guardian_id=double.person_id,
            parental_responsibility="yes",
            actor=SYSTEM,
        )
        _answer(db, asked, double, asked.max, "yes")
        _answer(db, asked, asked.ann, asked.max, "no")
        _answer(db, asked, asked.ann, asked.mia, "yes")
        _join(db, asked, asked.ann, double)
        about_max = consent.answers_of(db, asked.max.person_id, asked.ann.person_id, YEAR)
        assert set(about_max.values()) == {"no"}
        assert len(signing.signatures_of(db, asked.ann.person_id)) == 1


def test_what_is_open_is_asked_once_and_her_old_letter_opens_her_record(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db:
        double = _double(db, asked)
        token = accounts.mint_link(db, purpose="family", person_id=double.person_id, sent_to="ann@example.org")
        _join(db, asked, asked.ann, double)
        owing = {row.person_id for row in signing.unanswered(db, YEAR, ways=("self",))}
        assert asked.ann.person_id in owing
        assert double.person_id not in owing
        assert _status(db, asked.ann) == "open"
        link = accounts.link(db, token, purpose="family")
        assert (link.person_id, link.expired) == (asked.ann.person_id, False)


def test_a_bar_on_either_record_counts(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db:
        double = _double(db, asked)
        builders.link_guardian(
            db, child_id=asked.max.person_id, guardian_id=double.person_id, contact_allowed=False, actor=SYSTEM
        )
        _join(db, asked, asked.ann, double)
        beside = {row.guardian.person_id: row for row in people.guardians_of(db, asked.max.person_id)}
        assert not beside[asked.ann.person_id].contact_allowed


def test_the_next_list_knows_both_spellings_and_doubles_nobody(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db:
        double = _double(db, asked)
        _join(db, asked, asked.ann, double)
        row = class_row(
            1,
            CHILD_FIRST_NAME="Cy",
            CHILD_LAST_NAME="Coe",
            CHILD_DATE_OF_BIRTH="2018-01-09",
            CHILD_UPN="",
            PARENT_1_NAME="Ann Begum Ali",
            PARENT_1_EMAIL="ann@example.org",
        )
        shown = roster.preview(db, "list.csv", class_list(row), partial=True, actor=SYSTEM)
        assert shown.plan is not None
        assert (shown.plan.joiners, shown.plan.doubles) == ([], [])
        assert {change.field for change in shown.plan.changes} <= {"Relationship: Cy Coe"}


def test_joining_twice_joins_once_and_what_cannot_be_one_person_is_refused(
    database: Database, asked: SmallSchool
) -> None:
    with database.writing() as db:
        double = _double(db, asked)
        first = _join(db, asked, asked.ann, double)
        assert _join(db, asked, asked.ann, double).seq == first.seq
        with pytest.raises(Conflict, match="joined or erased before"):
            _join(db, asked, asked.bob, double)
        with pytest.raises(Conflict, match="the same record"):
            _join(db, asked, asked.bob, asked.bob)
        with pytest.raises(Conflict, match="Only parents"):
            campaigns.join_people(
                db, kept_id=asked.bob.person_id, joined_id=asked.di.person_id, school=_FACTS[0], actor=_office(asked)
            )
        with pytest.raises(NotAllowed):
            campaigns.join_people(
                db, kept_id=asked.bob.person_id, joined_id=asked.cass.person_id, school=_FACTS[0], actor=SYSTEM
            )


def test_the_page_proposes_who_has_a_name_alike_at_the_same_address(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db:
        double = _double(db, asked)
        assert [row.person_id for row in people.possible_doubles(db, asked.ann.person_id)] == [double.person_id]
        assert people.possible_doubles(db, asked.bob.person_id) == ()


def test_who_asks_what_is_kept_is_given_both_records(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db:
        double = _double(db, asked)
        _answer(db, asked, double, asked.cy, "no")
        _join(db, asked, asked.ann, double)
        told = subject_access(db, asked.ann.person_id, school=_FACTS[0])
        assert len({each.facts["seq"] for each in told.ledger if each.facts["kind"] == "signed"}) == 2
        (names,) = (section.rows for section in told.sections if section.table == "person")
        assert [row["forename"] for row in names] == ["Ann", "Ann Begum"]
