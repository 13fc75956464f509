"""Opening a sign-up: one request and one message each, joiners picked up, leavers and barred contacts left alone."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import accounts, campaigns, evidence, notifications, people, reports, signing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, Invalid
from oval_aup.core.school import School
from oval_aup.people import history
from tests.people import builders
from tests.signing.small_school import ASKED_ON, DUE_ON, YEAR, SmallSchool


def mail(db: Session, row: people.GuardianRow | people.StaffRow) -> list[str]:
    return [message.kind for message in notifications.messages_to(db, row.pseudonym)]


def test_everybody_gets_one_request_and_one_message(database: Database, asked: SmallSchool) -> None:
    with database.reading() as db:
        assert [mail(db, who) for who in (asked.ann, asked.bob, asked.cass)] == [["ask"], ["ask"], ["ask"]]
        assert [mail(db, who) for who in (asked.di, asked.eve)] == [["staff-ask"], ["staff-ask"]]
        ways = {
            child.forename: signing.standing(db, child.person_id, YEAR)[0].way
            for child in (asked.max, asked.mia, asked.cy)
        }
        assert ways == {"Max": "class", "Mia": "guardian", "Cy": "class"}
        ann = signing.standing(db, asked.ann.person_id, YEAR)[0]
        assert (ann.asked_at is not None, ann.due_on) == (True, DUE_ON)
        assert signing.standing(db, asked.mia.person_id, YEAR)[0].asked_at is not None
        (entry,) = evidence.entries_about(db, asked.ann.pseudonym)
        assert (entry.kind, entry.body["act"]["agreements"]) == ("requested", ["children", "parents"])
        assert "ann@" not in str(entry.body)


def test_one_message_lists_everything_and_names_no_child(database: Database, asked: SmallSchool) -> None:
    with database.reading() as db:
        (ann,) = notifications.messages_to(db, asked.ann.pseudonym)
        (bob,) = notifications.messages_to(db, asked.bob.pseudonym)
    assert "rules for parents" in ann.text
    assert "pictures of your children" in ann.text
    assert "younger children" in ann.text
    assert "pictures of your child\n" in bob.text
    assert "younger" not in bob.text
    for message in (ann, bob):
        assert not any(name in message.subject + message.text + message.html for name in ("Max", "Mia"))
        assert message.link_purpose == "family"


def test_opening_again_asks_nobody_again(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        campaign = campaigns.campaign_of(db, YEAR)
        assert campaign is not None
        assert campaigns.open_campaign(db, campaign, school=facts, actor=SYSTEM) == 0
        assert mail(db, asked.ann) == ["ask"]


def test_a_parent_who_works_here_gets_one_message_for_both(
    database: Database, school: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        people.add_staff_member(
            db, forename="Cass", surname="Coe", work_email="cass@example.org", post="Cook", actor=SYSTEM
        )
        campaign = campaigns.campaign_of(db, YEAR)
        assert campaign is not None
        campaigns.open_campaign(db, campaign, school=facts, actor=SYSTEM)
        (message,) = notifications.messages_to(db, school.cass.pseudonym)
    assert "rules for parents" in message.text
    assert "rules for staff" in message.text
    assert f"{facts.base_url}/staff" in message.text


def test_a_parent_who_no_longer_works_here_owes_the_parents_rules_alone(
    database: Database, school: SmallSchool, facts: School
) -> None:
    cass = school.cass.person_id
    with database.writing() as db:
        people.add_staff_member(
            db, forename="Cass", surname="Coe", work_email="cass@example.org", post="Cook", actor=SYSTEM
        )
        campaign = campaigns.campaign_of(db, YEAR)
        assert campaign is not None
        campaigns.open_campaign(db, campaign, school=facts, actor=SYSTEM)
        db.execute(sa.text("UPDATE staff_member SET archived_on = '2026-09-16' WHERE person_id = :id"), {"id": cass})
        history.keep(db, [cass])
        assert campaigns.follow_roster(db, school=facts, actor=SYSTEM).cancelled == 1
        assert {row.agreement_key for row in signing.standing(db, cass, YEAR)} == {"parents"}
        (message,) = notifications.messages_to(db, school.cass.pseudonym)
        assert ("rules for parents" in message.text, "rules for staff" in message.text) == (True, False)
        db.execute(sa.text("UPDATE guardian SET email = '' WHERE person_id = :id"), {"id": cass})
        (line,) = [row for row in reports.outstanding_rows(db, YEAR, reports.Filter()) if row.person_id == cass]
        assert (line.agreement_key, line.why, line.email) == ("parents", "no-address", "")
        only = reports.outstanding_rows(db, YEAR, reports.Filter(why="no-address"))
        assert cass in {row.person_id for row in only}


def test_barred_addressless_and_bounced_adults_are_not_written_to(
    database: Database, school: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        builders.link_guardian(
            db,
            child_id=school.cy.person_id,
            guardian_id=school.cass.person_id,
            parental_responsibility="yes",
            contact_allowed=False,
            actor=SYSTEM,
        )
        people.set_email(db, school.bob.person_id, "", actor=SYSTEM)
        probe = notifications.enqueue(
            db,
            kind="probe",
            recipient="x",
            to_address="ann@example.org",
            letter=notifications.Letter("s", "t", "h"),
            dedupe_key="probe",
        )
        notifications.bounce(db, probe.public_id, "550 no such mailbox")
        campaign = campaigns.campaign_of(db, YEAR)
        assert campaign is not None
        assert campaigns.open_campaign(db, campaign, school=facts, actor=SYSTEM) == 2
        assert [mail(db, who) for who in (school.ann, school.bob, school.cass)] == [[], [], []]
        assert signing.standing(db, school.cass.person_id, YEAR) == ()
        why = {row.person_id: row.why for row in signing.outstanding(db, YEAR, agreement_key="parents")}
        assert why == {school.ann.person_id: "not-asked", school.bob.person_id: "not-asked"}
        people.set_email(db, school.bob.person_id, "bob2@example.org", actor=SYSTEM)
        assert campaigns.ask_joiners(db, school=facts, actor=SYSTEM) == 1
        assert mail(db, school.bob) == ["ask"]


def test_a_child_who_joins_later_is_asked_about_and_gets_time(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    clock.travel_to(clock.at_london(dt.date(2026, 11, 10), 10))
    with database.writing() as db:
        baby = builders.add_child(
            db,
            forename="Mo",
            surname="Ali",
            born_on=dt.date(2021, 1, 1),
            year_group="R",
            class_id=asked.younger.id,
            actor=SYSTEM,
        )
        builders.link_guardian(
            db,
            child_id=baby.person_id,
            guardian_id=asked.ann.person_id,
            parental_responsibility="yes",
            actor=SYSTEM,
        )
        done = campaigns.follow_roster(db, school=facts, actor=SYSTEM)
        assert (done.opened, done.asked, done.cancelled) == (1, 1, 0)
        assert campaigns.follow_roster(db, school=facts, actor=SYSTEM).asked == 0
        assert mail(db, asked.ann) == ["ask", "ask"]
        assert signing.standing(db, baby.person_id, YEAR)[0].due_on == dt.date(2026, 12, 1)


def test_leavers_requests_and_unsent_messages_are_cancelled(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        people.archive_person(db, asked.cy.person_id, actor=SYSTEM)
        done = campaigns.follow_roster(db, school=facts, actor=SYSTEM)
        assert done.cancelled == 2
        (message,) = notifications.messages_to(db, asked.cass.pseudonym)
        assert message.status == "cancelled"
        assert signing.coverage(db, YEAR).counts("parents") == signing.Counts(open=2)


def test_mail_queued_in_the_evening_waits_for_the_next_school_day(
    database: Database, school: SmallSchool, facts: School
) -> None:
    clock.travel_to(clock.at_london(dt.date(2026, 9, 18), 21))
    with database.writing() as db:
        campaign = campaigns.campaign_of(db, YEAR)
        assert campaign is not None
        campaigns.open_campaign(db, campaign, school=facts, actor=SYSTEM)
        (message,) = notifications.messages_to(db, school.ann.pseudonym)
    assert message.next_attempt_at == clock.at_london(dt.date(2026, 9, 21), 8)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"audiences": ("cats",)}, "audiences"),
        ({"opens_on": dt.date(2026, 8, 31)}, "opens_on"),
        ({"due_on": dt.date(2026, 9, 1)}, "due_on"),
        ({"due_on": dt.date(2027, 9, 1)}, "due_on"),
        ({"reminder_days": (14, 7)}, "reminder_days"),
        ({"reminder_days": (1, 2, 3, 4)}, "reminder_days"),
        ({"reminder_days": (0,)}, "reminder_days"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_by_field(
    database: Database, changes: dict[str, object], field: str
) -> None:
    options: dict[str, object] = {"school_year": YEAR, "opens_on": ASKED_ON, "due_on": DUE_ON, "actor": SYSTEM}
    with database.writing() as db, pytest.raises(Invalid) as caught:
        campaigns.plan(db, **(options | changes))  # type: ignore[arg-type]
    assert field in caught.value.fields


def test_an_open_round_may_move_its_due_date_but_not_what_it_asks(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db:
        later = campaigns.plan(
            db, school_year=YEAR, opens_on=ASKED_ON, due_on=dt.date(2026, 11, 2), reminder_days=(7,), actor=SYSTEM
        )
        assert (later.due_on, later.reminder_days, later.status) == (dt.date(2026, 11, 2), (7,), "open")
        with pytest.raises(Conflict):
            campaigns.plan(db, school_year=YEAR, audiences=("staff",), opens_on=ASKED_ON, due_on=DUE_ON, actor=SYSTEM)


def test_the_shipped_rules_are_published_once_with_their_entries(database: Database) -> None:
    with database.writing() as db:
        first = campaigns.publish_shipped_rules(db, actor=SYSTEM)
        again = campaigns.publish_shipped_rules(db, actor=SYSTEM)
        entries = db.execute(sa.text("SELECT count(*) FROM ledger_entry WHERE kind = 'published'")).scalar_one()
    assert len(first) == entries == 5
    assert again == ()


def test_the_first_letter_to_staff_without_a_password_carries_the_link_to_choose_one(
    database: Database, school: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        accounts.open_accounts(db)
        campaign = campaigns.campaign_of(db, YEAR)
        assert campaign is not None
        campaigns.open_campaign(db, campaign, school=facts, actor=SYSTEM)
        asked = [row for row in notifications.messages_in(db, ("queued",)) if row.kind == "staff-ask"]
    assert asked
    assert {row.link_purpose for row in asked} == {"set-password"}
    assert all(notifications.LINK_MARK in row.text and "works for 14 days" in row.text for row in asked)


def test_as_many_messages_are_promised_as_are_then_queued(
    database: Database, school: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        people.set_writing(db, school.bob.person_id, stopped=True, actor=SYSTEM)
        for audiences in (("staff",), ("guardians", "staff"), ("children",), ("guardians", "staff", "children")):
            point = db.begin_nested()
            campaign = campaigns.plan(
                db, school_year=YEAR, audiences=audiences, opens_on=ASKED_ON, due_on=DUE_ON, actor=SYSTEM
            )
            promised = campaigns.planned_letters(db, campaign, school=facts)
            assert campaigns.open_campaign(db, campaign, school=facts, actor=SYSTEM) == promised > 0
            point.rollback()
