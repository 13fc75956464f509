"""Guardians choose, change their minds and disagree; each act is one entry in the ledger and nothing is overwritten."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from oval_aup import agreements, consent, evidence, people
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.errors import Conflict, Invalid, NotAllowed
from tests.people import builders

from .conftest import YEAR, Family

OFFICE = Actor(role="admin", pseudonym="office-pseudonym", assurance="paper-scan", channel="paper")


def test_recording_makes_one_entry_with_every_choice_and_no_name(family: Family) -> None:
    before = evidence.head(family.db).size
    entry = family.choose(family.ann, family.zara, family.all_answers("yes", press="no"))
    assert evidence.head(family.db).size == before + 1
    assert entry.kind == "consent_recorded"
    assert entry.body["act"]["answers"] == family.all_answers("yes", press="no")
    assert entry.body["act"]["guardian"] == family.ann.pseudonym
    assert entry.body["document"]["text_sha256"] == family.wording.text_sha256
    assert "Ann" not in str(entry.body)
    assert consent.answers_of(family.db, family.zara.person_id, family.ann.person_id, YEAR)["press"] == "no"


def test_the_same_key_again_makes_nothing_new(family: Family) -> None:
    first = family.choose(family.ann, family.zara, family.all_answers(), key="once")
    again = family.choose(family.ann, family.zara, family.all_answers("no"), key="once")
    assert again == first
    assert len(consent.decisions(family.db, child_id=family.zara.person_id)) == 10
    with pytest.raises(Conflict):
        family.choose(family.ann, family.ayaan, family.all_answers(), key="once")


def test_a_missing_answer_is_named_and_nothing_is_kept(family: Family) -> None:
    answers = family.all_answers()
    del answers["website"]
    with pytest.raises(Invalid) as refusal:
        family.choose(family.ann, family.zara, answers)
    assert list(refusal.value.fields) == ["website"]
    assert consent.decisions(family.db, child_id=family.zara.person_id) == ()


@pytest.mark.parametrize(("use", "answer"), [("school_records", "yes"), ("livestream", "yes"), ("nonsense", "yes")])
def test_uses_that_are_not_asked_take_no_answer(family: Family, use: str, answer: str) -> None:
    with pytest.raises(Invalid):
        family.choose(family.ann, family.zara, family.all_answers("yes", **{use: answer}))
    with pytest.raises(Invalid):
        family.change(family.ann, family.zara, use.replace("_", "-"), answer)


@pytest.mark.parametrize("answer", ["", "Yes", "true", "maybe"])
def test_only_yes_and_no_are_answers(family: Family, answer: str) -> None:
    with pytest.raises(Invalid):
        family.choose(family.ann, family.zara, family.all_answers("yes", website=answer))


def test_the_words_must_be_those_about_pictures(family: Family) -> None:
    with pytest.raises(Invalid):
        family.choose(family.ann, family.zara, family.all_answers(), wording=agreements.current(family.db, "parents"))


@pytest.mark.parametrize("who", ["cass", "gran", "bill"])
def test_who_may_not_choose_cannot(family: Family, who: str) -> None:
    with pytest.raises(NotAllowed):
        family.choose(getattr(family, who), family.zara, family.all_answers())
    with pytest.raises(NotAllowed):
        family.change(getattr(family, who), family.zara, "website", "no")
    assert family.verdict(family.zara) == "missing"


@pytest.mark.parametrize(
    ("tie_of", "tie_to", "chooser"),
    [("gran", "zara", "gran"), ("bill", "zara", "bill"), ("bob", "zara", "ann"), ("ann", "ayaan", "ann")],
)
def test_a_tie_read_before_counts_only_for_its_own_adult_and_child(
    family: Family, tie_of: str, tie_to: str, chooser: str
) -> None:
    ties = people.guardians_of(family.db, getattr(family, tie_to).person_id)
    tie = next(each for each in ties if each.guardian.person_id == getattr(family, tie_of).person_id)
    answered = consent.ToRecord(family.zara, family.all_answers(), "tie", link=tie)
    with pytest.raises(NotAllowed):
        consent.choices_of(
            family.db, [answered], guardian=getattr(family, chooser), wording=family.wording, school_year=YEAR
        )


def test_no_answer_is_no_permission_and_differs_from_a_no(family: Family) -> None:
    permission = consent.permissions(family.db, [family.zara.person_id], YEAR)[family.zara.person_id]["website"]
    assert (permission.verdict, permission.allowed) == ("missing", False)
    assert permission.broken_by == ("Ann Khan", "Bob Khan")


def test_one_yes_is_enough_unless_the_school_asks_for_everybodys(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    assert family.verdict(family.zara) == "yes"
    assert family.verdict(family.zara, policy=consent.ALL_ASKED) == "missing"
    family.choose(family.bob, family.zara, family.all_answers())
    assert family.verdict(family.zara, policy=consent.ALL_ASKED) == "yes"


def test_each_child_and_each_use_is_decided_alone(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers("yes", website="no"))
    assert family.verdict(family.zara, "website") == "no"
    assert family.verdict(family.zara, "newsletter") == "yes"
    assert family.verdict(family.ayaan, "newsletter") == "missing"


def test_uses_that_are_not_asked_show_their_basis(family: Family) -> None:
    assert family.verdict(family.zara, "school-records") == "public_task"
    assert family.verdict(family.zara, "livestream") == "not_used"


def test_adults_who_disagree_are_a_conflict_for_the_office(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    family.choose(family.bob, family.zara, family.all_answers("yes", website="no", press="no"))
    permission = consent.permissions(family.db, [family.zara.person_id], YEAR)[family.zara.person_id]["website"]
    assert (permission.verdict, permission.allowed, permission.broken_by) == ("conflict", False, ("Bob Khan",))
    (dispute,) = consent.conflicts(family.db, YEAR, 10)
    assert dispute.child == family.zara
    assert dispute.purpose_keys == ("website", "press")
    assert (dispute.said_yes, dispute.said_no) == (("Ann Khan",), ("Bob Khan",))


def test_a_conflict_ends_when_the_adults_agree(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    family.choose(family.bob, family.zara, family.all_answers("no"))
    for use in family.all_answers():
        family.change(family.bob, family.zara, use, "yes")
    assert consent.conflicts(family.db, YEAR, 10) == ()
    assert family.verdict(family.zara, policy=consent.ALL_ASKED) == "yes"


def test_withdrawing_counts_at_once_and_is_called_that(family: Family) -> None:
    first = family.choose(family.ann, family.zara, family.all_answers())
    entry = family.change(family.ann, family.zara, "website", "no")
    assert entry.kind == "consent_withdrawn"
    assert [ref["seq"] for ref in entry.body["refs"]] == [first.seq]
    assert family.verdict(family.zara) == "no"
    assert consent.decisions(family.db, child_id=family.zara.person_id)[-1].act == "withdrawn"


def test_giving_withdrawing_and_giving_again_keeps_the_whole_story(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    family.change(family.ann, family.zara, "website", "no")
    family.change(family.ann, family.zara, "website", "yes")
    told = [
        row for row in consent.decisions(family.db, guardian_id=family.ann.person_id) if row.purpose_key == "website"
    ]
    assert [row.act for row in told] == ["given", "withdrawn", "given"]
    assert family.verdict(family.zara) == "yes"
    assert len({row.ledger_seq for row in told}) == 3


def test_signing_again_with_a_no_where_there_was_a_yes_is_a_withdrawal(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    family.choose(family.ann, family.zara, family.all_answers("yes", website="no"))
    acts = {row.purpose_key: row.act for row in consent.decisions(family.db, child_id=family.zara.person_id)[10:]}
    assert acts["website"] == "withdrawn"
    assert acts["press"] == "given"


def test_answers_lapse_with_the_school_year(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers(), school_year=YEAR - 1)
    assert family.verdict(family.zara) == "missing"
    assert consent.answers_of(family.db, family.zara.person_id, family.ann.person_id, YEAR) == {}
    assert len(consent.decisions(family.db, child_id=family.zara.person_id)) == 10


def test_an_answer_stops_counting_when_its_giver_may_no_longer_choose(family: Family) -> None:
    family.choose(family.bob, family.zara, family.all_answers())
    builders.link_guardian(
        family.db,
        child_id=family.zara.person_id,
        guardian_id=family.bob.person_id,
        parental_responsibility="no",
        actor=SYSTEM,
    )
    assert family.verdict(family.zara) == "missing"


def test_invalidating_is_not_withdrawing(family: Family) -> None:
    first = family.choose(family.bob, family.zara, family.all_answers())
    entry = consent.invalidate(
        family.db,
        child=family.zara,
        guardian=family.bob,
        school_year=YEAR,
        reason="Bob’s brother answered",
        idempotency_key="wrong-person",
        actor=OFFICE,
    )
    assert entry.kind == "consent_invalidated"
    assert [ref["seq"] for ref in entry.body["refs"]] == [first.seq]
    assert "brother" not in str(entry.body)
    assert evidence.details(family.db, [entry.seq])[entry.seq]["reason"] == "Bob’s brother answered"
    assert family.verdict(family.zara) == "missing"
    assert {row.act for row in consent.decisions(family.db, child_id=family.zara.person_id)[10:]} == {"invalidated"}


def test_invalidating_needs_a_reason_and_an_answer(family: Family) -> None:
    with pytest.raises(Invalid):
        invalidate(family, reason=" ")
    with pytest.raises(Conflict):
        invalidate(family, reason="wrong person")


def invalidate(family: Family, *, reason: str) -> None:
    consent.invalidate(
        family.db,
        child=family.zara,
        guardian=family.bob,
        school_year=YEAR,
        reason=reason,
        idempotency_key=family.key(),
        actor=OFFICE,
    )


def test_an_answer_on_paper_names_its_way_and_its_recorder(family: Family) -> None:
    entry = consent.record(
        family.db,
        child=family.zara,
        guardian=family.ann,
        answers=family.all_answers(),
        wording=family.wording,
        school_year=YEAR,
        idempotency_key="paper",
        details={"note": "Form of 3 November"},
        recorded_by_id=family.cass.person_id,
        actor=OFFICE,
    )
    row = consent.decisions(family.db, child_id=family.zara.person_id)[0]
    assert (row.channel, row.recorded_by_id) == ("paper", family.cass.person_id)
    assert entry.body["actor"]["pseudonym"] == "office-pseudonym"
    assert entry.body["act"]["guardian"] == family.ann.pseudonym


def test_history_cannot_be_rewritten_in_the_database(family: Family) -> None:
    family.choose(family.ann, family.zara, family.all_answers())
    for statement in ("UPDATE consent_decision SET act = 'given'", "DELETE FROM consent_decision"):
        with pytest.raises(sa.exc.DatabaseError, match="history"):
            family.db.execute(sa.text(statement))
