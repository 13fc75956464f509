"""What a moment means, and what is said to have stood at it."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from oval_aup import agreements, consent, evidence, people, reports, signing
from oval_aup.agreements.shipped import shipped_versions
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Base
from oval_aup.core.errors import Conflict, Invalid
from oval_aup.reports.as_at import AsAt, ChildThen
from oval_aup.verifier.rules import RECORD_NAME
from tests.people import builders
from tests.reports.conftest import YEAR, Answered
from tests.signing import small_school

UTC = dt.UTC
NOW = dt.datetime(2027, 11, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "time", "meant"),
    [
        (dt.date(2027, 3, 14), "", dt.datetime(2027, 3, 14, 23, 59, 59, 999_999, UTC)),
        (dt.date(2027, 7, 14), "", dt.datetime(2027, 7, 14, 22, 59, 59, 999_999, UTC)),
        (dt.date(2027, 7, 14), "10:30", dt.datetime(2027, 7, 14, 9, 30, 59, 999_999, UTC)),
        (dt.date(2027, 7, 14), "0.05", dt.datetime(2027, 7, 13, 23, 5, 59, 999_999, UTC)),
        # the day of 23 hours and the day of 25
        (dt.date(2027, 3, 28), "", dt.datetime(2027, 3, 28, 22, 59, 59, 999_999, UTC)),
        (dt.date(2027, 3, 27), "", dt.datetime(2027, 3, 27, 23, 59, 59, 999_999, UTC)),
        (dt.date(2027, 10, 30), "", dt.datetime(2027, 10, 30, 22, 59, 59, 999_999, UTC)),
        (dt.date(2027, 10, 31), "", dt.datetime(2027, 10, 31, 23, 59, 59, 999_999, UTC)),
        # this hour happened twice: its second run, so that both count
        (dt.date(2027, 10, 31), "01:30", dt.datetime(2027, 10, 31, 1, 30, 59, 999_999, UTC)),
        (dt.date(2027, 11, 2), "12:00", NOW),
    ],
)
def test_a_day_means_its_end_and_a_minute_means_all_of_it(day: dt.date, time: str, meant: dt.datetime) -> None:
    clock.freeze(NOW)
    assert reports.moment_asked(day, time) == meant


def test_today_means_now() -> None:
    clock.freeze(NOW)
    assert reports.moment_asked(clock.today()) == NOW


@pytest.mark.parametrize(
    ("day", "time", "field"),
    [
        (dt.date(2027, 11, 3), "", "on"),
        (dt.date(2027, 11, 2), "12:05", "time"),
        (dt.date(2027, 3, 28), "01:30", "time"),
        (dt.date(2027, 3, 14), "25:00", "time"),
        (dt.date(2027, 3, 14), "half past ten", "time"),
        (dt.date(2027, 3, 14), "10:3", "time"),
    ],
)
def test_what_has_not_come_or_never_was_is_refused_in_a_sentence(day: dt.date, time: str, field: str) -> None:
    clock.travel_to(NOW)
    with pytest.raises(Invalid) as refusal:
        reports.moment_asked(day, time)
    assert list(refusal.value.fields) == [field]


def at(answered: Answered, who: str, moment: dt.datetime) -> AsAt:
    with answered.database.reading() as db:
        return reports.as_at(db, getattr(answered.people, who).public_id, moment)


SOON_AFTER = dt.datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_signature_binds_until_it_is_taken_back_and_only_for_its_year(answered: Answered) -> None:
    (rules,) = at(answered, "ann", SOON_AFTER).rules
    (mark,) = rules.marks
    assert (rules.agreement_key, rules.state, mark.covers_year, mark.in_force) == ("parents", "signed", True, True)
    (before,) = at(answered, "ann", dt.datetime(2026, 11, 22, 12, 41, 6, tzinfo=UTC)).rules
    assert (before.state, before.marks) == ("not-asked", ())
    clock.travel_to(dt.datetime(2026, 12, 1, 9, tzinfo=UTC))
    with answered.database.writing() as db:
        first = signing.signatures_of(db, answered.people.ann.person_id)[0]
        signing.withdraw(db, first.public_id, reason="Too soon", actor=SYSTEM)
    assert at(answered, "ann", SOON_AFTER).rules[0].state == "signed"
    assert at(answered, "ann", dt.datetime(2026, 12, 1, 10, tzinfo=UTC)).rules[0].marks == ()


def test_last_years_signature_is_shown_as_not_covering_this_year(answered: Answered) -> None:
    statement = at(answered, "ann", dt.datetime(2027, 9, 1, 0, 0, tzinfo=UTC))
    assert (statement.school_year, statement.rules[0].state) == (YEAR + 1, "not-asked")
    assert [mark.covers_year for mark in statement.rules[0].marks] == [False]
    child = at(answered, "max", dt.datetime(2027, 9, 1, 0, 0, tzinfo=UTC)).child
    assert child is not None
    assert {use.permission.verdict for use in child.uses if use.purpose.basis == "consent"} == {"missing"}
    assert child.lapses_on == dt.date(2028, 8, 31)
    assert child.placed.sentence == "Class 4C: from the school’s lists as they stood at that moment."


def test_the_version_in_force_is_that_of_the_day(answered: Answered) -> None:
    clock.travel_to(dt.datetime(2026, 12, 1, 9, tzinfo=UTC))
    shipped = next(each for each in shipped_versions() if each[0]["agreement"] == "parents")
    with answered.database.writing() as db:
        agreements.publish(db, [{**each, "version": 2, "title": "Newer"} for each in shipped], actor=SYSTEM)
    then, now = at(answered, "ann", SOON_AFTER).rules[0], at(answered, "ann", clock.now()).rules[0]
    assert then.in_force is not None
    assert now.in_force is not None
    assert (then.in_force.version_number, then.marks[0].in_force) == (1, True)
    assert (now.in_force.version_number, now.marks[0].in_force) == (2, False)


def test_a_refusal_that_became_a_yes_shows_only_what_stood(answered: Answered) -> None:
    bob = answered.people.bob
    with answered.database.writing() as db:
        request = signing.standing(db, bob.person_id, YEAR)[0]
        wording = agreements.current(db, "parents")
        for day, outcome in ((2, "declined"), (9, "signed")):
            clock.travel_to(dt.datetime(2026, 12, day, 9, tzinfo=UTC))
            signing.sign(
                db,
                request.id,
                wording=wording,
                shown_sha256=wording.text_sha256,
                typed_name="Bob Ali",
                signed_by_id=bob.person_id,
                outcome=outcome,
                idempotency_key=outcome,
                actor=small_school.guardian_actor(bob),
            )
    for day, state in ((2, "declined"), (9, "signed")):
        (rules,) = at(answered, "bob", dt.datetime(2026, 12, day, 10, tzinfo=UTC)).rules
        assert (rules.state, [mark.row.outcome for mark in rules.marks]) == (state, [state])
    clock.travel_to(dt.datetime(2026, 12, 16, 9, tzinfo=UTC))
    with answered.database.writing() as db:
        made = signing.signatures_of(db, bob.person_id)[-1]
        signing.correct(db, made.public_id, reason="It was his brother", actor=SYSTEM)
        assert signing.standing(db, bob.person_id, YEAR)[0].status == "open"
    (rules,) = at(answered, "bob", dt.datetime(2026, 12, 16, 10, tzinfo=UTC)).rules
    assert (rules.state, rules.marks) == ("not-asked", ()), "the refusal does not come back"


def go_back(answered: Answered, size: int) -> None:
    """As a restore enters it."""
    with answered.database.writing() as db:
        act = {"backup_size": size, "known_size": evidence.head(db).size + 5}
        evidence.append(db, "restored", subject="school", act=act, idempotency_key="restored:1", actor=SYSTEM)


def test_a_statement_says_that_a_backup_was_gone_back_to_and_the_record_has_a_gap(answered: Answered) -> None:
    clock.travel_to(dt.datetime(2026, 12, 10, 9, tzinfo=UTC))
    with answered.database.reading() as db:
        size = evidence.head(db).size
    go_back(answered, size)
    told = [
        [sentence for sentence in at(answered, "bob", moment).sources if "went back to a backup" in sentence]
        for moment in (
            dt.datetime(2026, 11, 21, 9, tzinfo=UTC),  # before the backup: nothing of then was lost
            dt.datetime(2026, 12, 5, 9, tzinfo=UTC),
            dt.datetime(2027, 1, 5, 9, tzinfo=UTC),
            dt.datetime(2027, 9, 5, 9, tzinfo=UTC),  # whatever it was, it was of another school year
        )
    ]
    assert [len(sentences) for sentences in told] == [0, 1, 1, 0]
    assert f"on 10 December 2026 the school went back to a backup which ended at entry {size}" in told[1][0]


def begin_to_keep(answered: Answered, moment: dt.datetime) -> None:
    """As if what the lists say had only been kept since then, of a school that was there before."""
    with answered.database.writing() as db:
        for table in ("guardianship_state", "child_class_state", "staff_state"):
            states = Base.metadata.tables[table]
            db.execute(sa.update(states).values(since=moment, taken_over=True))


def child_at(answered: Answered, moment: dt.datetime) -> ChildThen:
    child = at(answered, "max", moment).child
    assert child is not None
    return child


def test_a_father_whose_responsibility_ended_in_june_had_a_say_in_march(answered: Answered) -> None:
    school = answered.people
    clock.travel_to(dt.datetime(2026, 12, 1, 9, tzinfo=UTC))
    with answered.database.writing() as db:
        consent.record(
            db,
            child=school.max,
            guardian=school.bob,
            answers={use.key: "no" for use in consent.asked_purposes(db)},
            wording=agreements.current(db, "image-uses"),
            school_year=YEAR,
            idempotency_key="bob",
            actor=small_school.guardian_actor(school.bob),
        )
    clock.travel_to(dt.datetime(2027, 6, 8, 9, tzinfo=UTC))
    with answered.database.writing() as db:
        builders.link_guardian(
            db,
            child_id=school.max.person_id,
            guardian_id=school.bob.person_id,
            parental_responsibility="no",
            actor=SYSTEM,
        )
    march, july = (child_at(answered, dt.datetime(2027, month, 14, 12, tzinfo=UTC)) for month in (3, 7))
    for child, counted in ((march, True), (july, False)):
        assert [adult.may_choose for adult in child.adults] == [True, counted]
        assert {said.counts for use in child.uses for said in use.said if said.name == "Bob Ali"} == {True}
        assert "as they stood at that moment" in child.adults_sentence
    verdicts = {use.purpose.key: [use.permission.verdict] for use in march.uses}
    for use in july.uses:
        verdicts[use.purpose.key].append(use.permission.verdict)
    assert verdicts["website"] == ["conflict", "conflict"], "a no goes on counting"
    assert verdicts["newsletter"] == ["no", "no"]


def test_a_guardians_children_are_those_of_that_day(answered: Answered) -> None:
    clock.travel_to(dt.datetime(2026, 12, 1, 9, tzinfo=UTC))
    with answered.database.writing() as db:
        builders.end_guardianship(
            db, child_id=answered.people.max.person_id, guardian_id=answered.people.bob.person_id, actor=SYSTEM
        )
    assert [row.forename for row in at(answered, "bob", SOON_AFTER).children] == ["Max"]
    assert at(answered, "bob", clock.now()).children == ()
    kept = "Which children are theirs comes from the school’s lists as they stood"
    assert at(answered, "bob", SOON_AFTER).sources[-1] == f"{kept} at that moment."
    begin_to_keep(answered, dt.datetime(2026, 12, 5, 8, tzinfo=UTC))
    assert at(answered, "ann", SOON_AFTER).sources[-1].startswith(f"{kept} on 5 December 2026 at 08:00;")


def rules_of(statement: AsAt) -> list[tuple[str, str]]:
    return [(rules.agreement_key, rules.state) for rules in statement.rules]


def test_the_rules_for_staff_were_those_of_who_was_staff_that_day(answered: Answered) -> None:
    school = answered.people
    day = {month: dt.datetime(2027, month, 1, 9, tzinfo=UTC) for month in range(1, 9)}
    clock.travel_to(day[2])
    with answered.database.writing() as db:
        people.add_staff_member(db, forename="Ann", surname="Ali", work_email=school.ann.email, actor=SYSTEM)
    clock.travel_to(day[4])
    with answered.database.writing() as db:
        new = signing.NewRequest(school.ann.person_id, "staff")
        opened = signing.open_requests(db, [new], school_year=YEAR, due_on=dt.date(2027, 4, 15))
        signing.mark_asked(db, [row.id for row in opened])
    clock.travel_to(day[6])
    with answered.database.writing() as db:
        people.archive_person(db, school.di.person_id, actor=SYSTEM)
    signed = ("parents", "signed")
    assert rules_of(at(answered, "ann", day[1])) == [signed]
    assert rules_of(at(answered, "ann", day[3])) == [("staff", "not-asked"), signed]
    assert rules_of(at(answered, "ann", day[5])) == [("staff", "open"), signed]
    assert rules_of(at(answered, "di", day[5])) == [("staff", "not-asked")]
    assert rules_of(at(answered, "di", day[7])) == []
    kept = "Whether this person worked, governed or volunteered here comes from the school’s lists as they stood"
    assert at(answered, "di", day[5]).sources[-1] == f"{kept} at that moment."
    begin_to_keep(answered, day[8])
    assert at(answered, "ann", day[1]).sources[-2].startswith(f"{kept} on 1 August 2027 at 10:00; what they said")
    assert rules_of(at(answered, "ann", day[1])) == [("staff", "not-asked"), signed]


def test_a_parent_before_and_after_their_child_was_here_had_no_rules_and_keeps_what_they_signed(
    answered: Answered,
) -> None:
    school, early = answered.people, dt.datetime(2026, 9, 1, tzinfo=UTC)
    clock.travel_to(dt.datetime(2026, 12, 1, 9, tzinfo=UTC))
    with answered.database.writing() as db:
        for child in (school.max, school.mia):
            people.archive_person(db, child.person_id, actor=SYSTEM)
    assert [rules_of(at(answered, who, clock.now())) for who in ("ann", "bob", "max")] == [
        [("parents", "signed")],
        [],
        [],
    ]
    assert rules_of(at(answered, "bob", SOON_AFTER)) == [("parents", "not-asked")]
    assert rules_of(at(answered, "max", SOON_AFTER)) == [("children", "not-asked")]
    assert [rules_of(at(answered, who, early)) for who in ("ann", "bob", "max", "di")] == [[], [], [], []]


def test_the_class_is_that_of_the_day(answered: Answered) -> None:
    assert child_at(answered, SOON_AFTER).placed.class_name == "4C"
    clock.travel_to(dt.datetime(2026, 12, 1, 9, tzinfo=UTC))
    with answered.database.writing() as db:
        people.archive_person(db, answered.people.max.person_id, actor=SYSTEM)
    assert child_at(answered, SOON_AFTER).placed.class_name == "4C"
    gone = child_at(answered, clock.now())
    assert (gone.placed.sentence, gone.adults) == (
        "This child had left on 1 December 2026, as the school’s lists say.",
        (),
    )
    early = child_at(answered, dt.datetime(2026, 9, 1, tzinfo=UTC))
    assert (early.placed.sentence, early.adults) == ("This child was not on the school’s lists yet.", ())


def test_a_moment_before_lists_were_kept_is_told_from_the_first_and_says_so(answered: Answered) -> None:
    begin_to_keep(answered, dt.datetime(2026, 11, 25, 8, tzinfo=UTC))
    child = child_at(answered, SOON_AFTER)
    assert [adult.guardian.full_name for adult in child.adults] == ["Ann Ali", "Bob Ali"]
    kept = (
        "from the school’s lists as they stood on 25 November 2026 at 08:00; what they said before that was not kept."
    )
    assert kept in child.adults_sentence
    assert child.placed.sentence == f"Class 4C: {kept}"
    assert child.adults_sentence in at(answered, "max", SOON_AFTER).sources
    begin_to_keep(answered, dt.datetime(2027, 9, 20, 8, tzinfo=UTC))
    assert child_at(answered, SOON_AFTER).placed.sentence.startswith("The class is not known")
    after = child_at(answered, dt.datetime(2027, 9, 21, tzinfo=UTC))
    assert after.placed.sentence == "Class 4C: from the school’s lists as they stood at that moment."


def test_before_lists_were_kept_a_mark_made_in_a_lesson_tells_the_class(answered: Answered) -> None:
    school = answered.people
    di = small_school.staff_actor(school.di, "teacher")
    clock.travel_to(dt.datetime(2026, 12, 1, 10, tzinfo=UTC))
    with answered.database.writing() as db:
        lesson = signing.open_class_session(db, school.older.public_id, school_year=YEAR, actor=di)
        wording = agreements.current(db, "children")
        signing.record_present(db, lesson.public_id, [school.max.public_id], wording=wording, actor=di)
    told = dt.datetime(2026, 12, 1, 11, tzinfo=UTC)
    assert child_at(answered, told).placed.known_by == "lists"
    begin_to_keep(answered, dt.datetime(2027, 9, 20, 8, tzinfo=UTC))
    then, before = child_at(answered, told).placed, child_at(answered, SOON_AFTER).placed
    assert (then.class_name, then.known_by) == ("4C", "lesson")
    assert then.sentence == "Class 4C: a mark made in that class this school year says so."
    assert before.known_by == "unknown"


def test_blocks_are_told_as_they_were_known_then(answered: Answered) -> None:
    max_ = answered.people.max
    for day in (1, 8):
        clock.travel_to(dt.datetime(2026, 12, day, 10, tzinfo=UTC))
        with answered.database.writing() as db:
            if day == 1:
                consent.block(db, max_, school_year=YEAR, actor=SYSTEM)
            else:
                consent.unblock(db, max_, actor=SYSTEM)
    for day, blocked, known in ((1, False, 0), (2, True, 1), (9, False, 1)):
        child = at(answered, "max", dt.datetime(2026, 12, day, 9, tzinfo=UTC)).child
        assert child is not None
        assert (child.is_blocked, len(child.blocks)) == (blocked, known)
        verdicts = {use.permission.verdict for use in child.uses}
        assert (verdicts == {"blocked"}) is blocked


def test_before_the_record_there_is_nothing_to_state(answered: Answered) -> None:
    long_ago = dt.datetime(2026, 1, 1, tzinfo=UTC)
    statement = at(answered, "ann", long_ago)
    assert statement.before_record
    assert statement.began_at is not None
    with pytest.raises(Conflict):
        answered.paper(
            "as_at", answered.people.ann.pseudonym, person_id=answered.people.ann.person_id, at=clock.iso(long_ago)
        )


def test_the_statement_carries_the_entries_it_rests_on_and_no_later_ones(answered: Answered) -> None:
    paper = answered.as_at(answered.people.max)
    (file,) = paper.embedded
    assert file.name == RECORD_NAME
    with answered.database.reading() as db:
        chosen, *_more = {row.ledger_seq for row in consent.decisions(db, child_id=answered.people.max.person_id)}
    assert f'"seq":{chosen}'.encode() in file.content.replace(b" ", b"")
    assert "Bob Ali: no" not in paper.html
