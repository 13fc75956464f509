"""What happens after an answer: a no that becomes a signature, and a question that is added during the year."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy.orm import Session

from oval_aup import agreements, campaigns, consent, documents, evidence, people, signing
from oval_aup.agreements.shipped import shipped_versions
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, Invalid
from oval_aup.core.school import School
from tests.campaigns.test_family import answer_all, begin, ledger, sign
from tests.signing.small_school import ASKED_ON, YEAR, SmallSchool, guardian_actor

NEW_USE = "livestream"


def decline(
    db: Session, signing_session: signing.SigningSessionRow, facts: School, who: people.GuardianRow
) -> signing.SigningSessionRow:
    return campaigns.decline_for_family(
        db,
        signing_session,
        reason="",
        shown_sha256=agreements.current(db, "parents").text_sha256,
        school=facts,
        actor=guardian_actor(who),
    )


def think_again(db: Session, who: people.GuardianRow) -> signing.SigningSessionRow:
    return campaigns.reconsider_rules(db, who.person_id, YEAR, language="en", actor=guardian_actor(who))


def read_the_rules(db: Session, signing_session: signing.SigningSessionRow) -> None:
    visit = campaigns.family_visit(db, signing_session)
    signing.save_draft(db, signing_session.public_id, visit.draft.with_rules(visit.rules.text_sha256).kept())


def status_of(db: Session, who: people.GuardianRow) -> str:
    (request,) = signing.standing(db, who.person_id, YEAR)
    return request.status


def ask_about_one_more_use(db: Session) -> None:
    """Publish the next version of the uses of pictures, in which live streams are asked about."""
    (shipped,) = [each for each in shipped_versions() if each[0]["agreement"] == "image-uses"]
    added = [
        {
            **wording,
            "version": 2,
            "clauses": [
                {**clause, "basis": "consent"} if clause["key"] == NEW_USE else clause for clause in wording["clauses"]
            ],
        }
        for wording in shipped
    ]
    agreements.publish(db, added, actor=SYSTEM)


def test_a_guardian_who_said_no_can_sign_later_and_both_stay_in_the_record(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        first = begin(db, asked.bob)
        decline(db, first, facts, asked.bob)
        answer_all(db, signing.signing_session(db, first.public_id))
        sign(db, first, facts, asked.bob)
    with database.writing() as db:
        again = think_again(db, asked.bob)
        assert campaigns.family_visit(db, again).steps == ("rules", "check")
        assert status_of(db, asked.bob) == "declined"
        read_the_rules(db, again)
        receipt = sign(db, again, facts, asked.bob)
    with database.reading() as db:
        assert status_of(db, asked.bob) == "signed"
        found = Counter(ledger(db))
        assert (found["declined"], found["signed"], found["consent_recorded"]) == (1, 1, 1)
        assert len(documents.document(db, receipt).params["entries"]) == 1
        outcomes = [row.outcome for row in signing.signatures_of(db, asked.bob.person_id)]
        assert outcomes == ["declined", "signed"]
        assert evidence.verify(db).ok
        counts = signing.coverage(db, YEAR).counts("parents")
        assert (counts.signed, counts.declined) == (1, 0)


def test_a_no_can_be_taken_back_before_anything_is_recorded(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.ann)
        decline(db, signing_session, facts, asked.ann)
        answer_all(db, signing.signing_session(db, signing_session.public_id))
        read_the_rules(db, signing.signing_session(db, signing_session.public_id))
        sign(db, signing_session, facts, asked.ann)
        assert status_of(db, asked.ann) == "signed"
        assert (Counter(ledger(db))["signed"], Counter(ledger(db))["declined"]) == (2, 0)


def refuse_and_sign(db: Session, facts: School, who: people.GuardianRow) -> None:
    signing_session = begin(db, who)
    decline(db, signing_session, facts, who)
    answer_all(db, signing.signing_session(db, signing_session.public_id))
    sign(db, signing_session, facts, who)


def test_rules_that_are_thought_over_must_be_read_again(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        refuse_and_sign(db, facts, asked.bob)
        again = think_again(db, asked.bob)
        with pytest.raises(Conflict, match="answered yet"):
            sign(db, again, facts, asked.bob)


def test_a_no_that_stands_after_all_is_not_recorded_twice(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        refuse_and_sign(db, facts, asked.bob)
        again = think_again(db, asked.bob)
        after = decline(db, again, facts, asked.bob)
        assert "rules" not in campaigns.family_visit(db, after).steps
        assert Counter(ledger(db))["declined"] == 1
        assert status_of(db, asked.bob) == "declined"


def test_only_a_no_can_be_thought_over(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db, pytest.raises(Conflict):
        think_again(db, asked.bob)
    with database.writing() as db:
        signing_session = begin(db, asked.bob)
        answer_all(db, signing_session)
        sign(db, signing_session, facts, asked.bob)
        with pytest.raises(Conflict):
            think_again(db, asked.bob)


def test_a_use_added_during_the_year_is_asked_alone_and_earlier_answers_stay(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.bob)
        answer_all(db, signing_session, "no")
        sign(db, signing_session, facts, asked.bob)
        ask_about_one_more_use(db)
    with database.writing() as db:
        (max_,) = campaigns.family(db, asked.bob.person_id, YEAR).children
        assert max_.unanswered == (NEW_USE,)
        again = begin(db, asked.bob)
        visit = campaigns.family_visit(db, again)
        assert visit.steps == (f"pictures/{asked.max.public_id}", "check")
        draft = visit.draft.with_pictures(asked.max.public_id, {NEW_USE: "yes"}, visit.uses.text_sha256)
        signing.save_draft(db, again.public_id, draft.kept())
        receipt = sign(db, again, facts, asked.bob)
        answers = consent.answers_of(db, asked.max.person_id, asked.bob.person_id, YEAR)
        assert [use for use, answer in answers.items() if answer == "yes"] == [NEW_USE]
        assert len(answers) == 11
        (seq,) = documents.document(db, receipt).params["entries"]
        assert evidence.entries(db, [seq])[seq].body["act"]["answers"] == {NEW_USE: "yes"}


def test_whoever_has_not_answered_the_added_use_is_reminded_of_it(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.bob)
        answer_all(db, signing_session)
        sign(db, signing_session, facts, asked.bob)
        assert campaigns.owed_by(db, YEAR, {asked.bob.person_id}) == {}
        ask_about_one_more_use(db)
        owed = campaigns.owed_by(db, YEAR, {asked.bob.person_id})[asked.bob.person_id]
        assert owed.choosing == [asked.max.person_id]
        assert owed.tasks() == ("Tell us where we may use pictures of your child",)
    day = ASKED_ON.replace(day=ASKED_ON.day + 7)
    clock.travel_to(clock.at_london(day, 10))
    with database.writing() as db:
        planned = campaigns.remind(db, on=day, school=facts, actor=SYSTEM)
        assert asked.bob.full_name in {row.full_name for row in planned}


def test_one_choice_made_early_does_not_answer_the_others(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        campaigns.change_choice(
            db,
            guardian_id=asked.bob.person_id,
            child_public_id=asked.max.public_id,
            purpose_key="website",
            answer="no",
            school_year=YEAR,
            school=facts,
            actor=guardian_actor(asked.bob),
        )
        (max_,) = campaigns.family(db, asked.bob.person_id, YEAR).children
        assert max_.wants_choices
        assert len(max_.unanswered) == 9


def test_a_choice_changed_elsewhere_while_checking_is_checked_again_and_not_overwritten(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.bob)
        shown = answer_all(db, signing_session, "yes").fingerprint
        campaigns.change_choice(
            db,
            guardian_id=asked.bob.person_id,
            child_public_id=asked.max.public_id,
            purpose_key="website",
            answer="no",
            school_year=YEAR,
            school=facts,
            actor=guardian_actor(asked.bob),
        )
        with pytest.raises(Conflict, match="another window"):
            sign(db, signing_session, facts, asked.bob, fingerprint=shown)
        visit = campaigns.family_visit(db, signing.signing_session(db, signing_session.public_id))
        assert visit.next_step == "check"
        sign(db, signing_session, facts, asked.bob, fingerprint=visit.draft.fingerprint)
        answers = consent.answers_of(db, asked.max.person_id, asked.bob.person_id, YEAR)
        assert [use for use, answer in answers.items() if answer == "no"] == ["website"]


def test_an_answer_to_a_use_outside_the_question_is_refused(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db, pytest.raises(Invalid):
        consent.record(
            db,
            child=asked.max,
            guardian=asked.bob,
            answers={"website": "yes", "press": "yes"},
            only=["website"],
            wording=agreements.current(db, "image-uses"),
            school_year=YEAR,
            idempotency_key="odd",
            actor=guardian_actor(asked.bob),
        )
