"""Reminders by plan and by hand: stopped by an answer, never doubled, never to the barred, escalated at the end."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import agreements, campaigns, evidence, notifications, people, signing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict
from oval_aup.core.school import School
from tests.people import builders
from tests.signing.small_school import ASKED_ON, YEAR, SmallSchool, guardian_actor, staff_actor


def on(days: int) -> dt.date:
    day = ASKED_ON + dt.timedelta(days=days)
    clock.travel_to(clock.at_london(day, 10))
    return day


def run(database: Database, facts: School, days: int, *, dry_run: bool = False) -> dict[str, str]:
    day = on(days)
    with database.writing() as db:
        planned = campaigns.remind(db, on=day, dry_run=dry_run, school=facts, actor=SYSTEM)
    return {f"{row.full_name} -> {row.to_address}": row.step for row in planned}


def kinds(db: Session, pseudonym: str) -> list[str]:
    return [message.kind for message in notifications.messages_to(db, pseudonym)]


def decline(db: Session, school: SmallSchool) -> None:
    rules = agreements.current(db, "parents")
    signing.sign(
        db,
        signing.standing(db, school.cass.person_id, YEAR)[0].id,
        wording=rules,
        shown_sha256=rules.text_sha256,
        typed_name="",
        signed_by_id=school.cass.person_id,
        outcome="declined",
        idempotency_key="cass",
        actor=guardian_actor(school.cass),
    )


def test_the_plan_is_followed_and_a_day_run_twice_sends_once(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    assert run(database, facts, 6) == {}
    first = run(database, facts, 7)
    assert set(first.values()) == {"reminder-1"}
    assert len(first) == 5
    assert run(database, facts, 7) == {}
    assert run(database, facts, 8) == {}
    with database.reading() as db:
        assert kinds(db, asked.ann.pseudonym) == ["ask", "reminder"]
        assert [entry.kind for entry in evidence.entries_about(db, asked.ann.pseudonym)] == ["requested"]


def test_the_ledger_says_reminded_once_the_letter_has_left(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    run(database, facts, 7)
    with database.writing() as db:
        (_ask, reminder) = notifications.messages_to(db, asked.ann.pseudonym)
        for _again in range(2):
            campaigns.note_sent(db, reminder)
        entry = evidence.entries_about(db, asked.ann.pseudonym)[-1]
    assert (entry.kind, entry.body["act"]["step"]) == ("reminded", "reminder-1")
    assert entry.body["act"]["message"] == reminder.public_id
    with database.reading() as db:
        assert len(evidence.entries_about(db, asked.ann.pseudonym)) == 2


def test_a_dry_run_says_what_would_go_and_changes_nothing(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    would = run(database, facts, 7, dry_run=True)
    assert would == run(database, facts, 7, dry_run=True)
    with database.reading() as db:
        assert kinds(db, asked.ann.pseudonym) == ["ask"]
    assert run(database, facts, 7) == would


def test_eight_schedulers_at_once_send_each_reminder_once(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    day = on(7)

    def schedule(_number: int) -> int:
        with database.writing() as db:
            return len(campaigns.remind(db, on=day, school=facts, actor=SYSTEM))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(schedule, range(8))) == 5
    with database.reading() as db:
        assert db.execute(sa.text("SELECT count(*) FROM message WHERE kind = 'reminder'")).scalar_one() == 5


def test_after_weeks_without_a_scheduler_one_reminder_goes_not_three(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    assert set(run(database, facts, 25).values()) == {"reminder-3"}
    with database.reading() as db:
        assert kinds(db, asked.ann.pseudonym) == ["ask", "last-reminder"]


def test_an_answer_a_refusal_a_bar_a_bounce_and_a_leaver_all_stop_reminders(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    on(3)
    with database.writing() as db:
        decline(db, asked)
        builders.link_guardian(
            db,
            child_id=asked.max.person_id,
            guardian_id=asked.bob.person_id,
            parental_responsibility="yes",
            contact_allowed=False,
            actor=SYSTEM,
        )
        (message,) = notifications.messages_to(db, asked.ann.pseudonym)
        notifications.bounce(db, message.public_id, "mailbox full")
        people.archive_person(db, asked.di.person_id, actor=SYSTEM)
    assert list(run(database, facts, 7)) == ["Eve Ode -> eve@oval.example.org"]


def test_the_last_reminder_says_so_and_then_the_class_teacher_and_line_manager_hear(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    for days in (7, 14, 21):
        run(database, facts, days)
    assert run(database, facts, 22) == {}
    told = run(database, facts, 24)
    assert told == {
        "Ann Ali -> di@oval.example.org": "escalation",
        "Bob Ali -> di@oval.example.org": "escalation",
        "Cass Coe -> di@oval.example.org": "escalation",
        "Di Dunn -> eve@oval.example.org": "escalation",
        "Eve Ode -> office@oval.example.org": "escalation",
    }
    assert run(database, facts, 25) == {}
    with database.reading() as db:
        assert kinds(db, asked.ann.pseudonym) == ["ask", "reminder", "reminder", "last-reminder"]
        (to_di,) = [m for m in notifications.messages_to(db, asked.di.pseudonym) if m.kind == "escalation"]
    assert "3 parents and carers in your class" in to_di.text
    assert "/staff/unanswered" in to_di.text
    assert not any(name in to_di.subject + to_di.text for name in ("Ali", "Coe", "Max"))


def test_a_manual_reminder_goes_once_a_day_and_replaces_the_next_reminder(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    on(5)
    eve = staff_actor(asked.eve, "admin")
    with database.writing() as db:
        ids = [asked.ann.person_id, asked.max.person_id]
        first = campaigns.send_reminders(db, ids, school=facts, actor=eve)
        again = campaigns.send_reminders(db, ids, school=facts, actor=eve)
    assert (first.sent, first.skipped) == (1, {asked.max.person_id: "nothing-owed"})
    assert again.skipped[asked.ann.person_id] == "reminded-today"
    assert "Ann Ali -> ann@example.org" not in run(database, facts, 7)
    assert run(database, facts, 14)["Ann Ali -> ann@example.org"] == "reminder-2"


def test_a_manual_reminder_says_why_it_did_not_go(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        people.set_email(db, asked.bob.person_id, "", actor=SYSTEM)
        (message,) = notifications.messages_to(db, asked.ann.pseudonym)
        notifications.bounce(db, message.public_id, "no such mailbox")
        outcome = campaigns.send_reminders(
            db,
            [asked.ann.person_id, asked.bob.person_id],
            school=facts,
            actor=staff_actor(asked.eve, "admin"),
        )
    assert outcome.skipped == {asked.ann.person_id: "trouble", asked.bob.person_id: "no-address"}


def test_stopping_to_write_takes_back_what_was_not_sent(database: Database, asked: SmallSchool, facts: School) -> None:
    def statuses(db: Session) -> list[str]:
        return [row.status for row in notifications.messages_to(db, asked.bob.pseudonym)]

    with database.writing() as db:
        assert statuses(db) == ["queued"]
        bob = people.person_by_id(db, asked.bob.person_id)
        campaigns.set_writing(db, bob, stopped=True, actor=SYSTEM)
        assert statuses(db) == ["cancelled"]
        outcome = campaigns.send_reminders(
            db, [asked.bob.person_id], school=facts, actor=staff_actor(asked.eve, "admin")
        )
    assert outcome.skipped == {asked.bob.person_id: "stopped"}


def test_nobody_is_reminded_without_a_sign_up(database: Database, school: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        assert campaigns.remind(db, on=ASKED_ON, school=facts, actor=SYSTEM) == ()
        with pytest.raises(Conflict):
            campaigns.send_reminders(db, [school.ann.person_id], school=facts, actor=SYSTEM)


def test_a_new_due_date_counts_for_everybody_who_has_not_answered(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        campaign = campaigns.campaign_of(db, YEAR)
        assert campaign is not None
        due_on = campaign.due_on + dt.timedelta(days=10)
        campaigns.plan(
            db,
            school_year=YEAR,
            audiences=campaign.audiences,
            opens_on=campaign.opens_on,
            due_on=due_on,
            reminder_days=campaign.reminder_days,
            actor=SYSTEM,
        )
        assert {row.due_on for row in signing.standing(db, asked.ann.person_id, YEAR)} == {due_on}


def test_a_closed_round_reminds_nobody(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        campaign = campaigns.campaign_of(db, YEAR)
        assert campaign is not None
        campaigns.close_campaign(db, campaign.public_id, actor=SYSTEM)
    assert run(database, facts, 7) == {}


def test_the_next_september_lapses_everything_without_a_message(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    clock.travel_to(clock.at_london(dt.date(2027, 9, 6), 10))
    with database.writing() as db:
        assert campaigns.remind(db, on=clock.today(), school=facts, actor=SYSTEM) == ()
        assert signing.standing(db, asked.ann.person_id, YEAR + 1) == ()
        assert signing.coverage(db, YEAR).counts("parents").open == 3


def test_somebody_killed_in_mid_batch_leaves_nothing_half_done(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    day = on(7)
    with pytest.raises(KeyboardInterrupt), database.writing() as db:
        campaigns.remind(db, on=day, school=facts, actor=SYSTEM)
        raise KeyboardInterrupt
    with database.reading() as db:
        assert kinds(db, asked.ann.pseudonym) == ["ask"]
    assert len(run(database, facts, 7)) == 5


@pytest.mark.parametrize(
    ("day", "hour", "next_day", "next_hour"),
    [
        (dt.date(2026, 10, 5), 6, dt.date(2026, 10, 5), 8),
        (dt.date(2026, 10, 5), 9, dt.date(2026, 10, 5), 9),
        (dt.date(2026, 10, 5), 18, dt.date(2026, 10, 6), 8),
        (dt.date(2026, 10, 3), 9, dt.date(2026, 10, 5), 8),
        (dt.date(2026, 12, 28), 9, dt.date(2027, 1, 4), 8),
    ],
)
def test_reminders_are_next_looked_up_when_letters_may_leave(
    facts: School, day: dt.date, hour: int, next_day: dt.date, next_hour: int
) -> None:
    clock.freeze(clock.at_london(day, hour))
    assert campaigns.next_sending_time(facts) == clock.at_london(next_day, next_hour)
