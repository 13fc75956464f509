"""Planning, opening and following a sign-up."""

from __future__ import annotations

import datetime as dt

from oval_aup import campaigns, notifications, signing
from oval_aup.core import clock
from tests.people import builders
from tests.web.admin.conftest import EVE, Troubles
from tests.web.browser import Browser
from tests.web.world import OFFICE, YEAR, World

PLAN = {
    "audience": ["guardians", "staff", "children"],
    "opens-day": "15",
    "opens-month": "9",
    "opens-year": "2026",
    "due-day": "2",
    "due-month": "10",
    "due-year": "2026",
    "days": "7, 14",
}


def test_a_round_is_planned_looked_at_and_opened(world: World, eve: Browser) -> None:
    eve.get("/office/campaign")
    page = eve.post("/office/campaign", PLAN)
    assert page.heading == "Before you send it"
    assert "3 parents and carers" in page.text
    assert "9 messages will be sent" in page.text
    with world.database.reading() as db:
        assert not notifications.messages_to(db, world.ann.pseudonym)
    for _again in range(2):
        eve.post("/office/campaign/open")
    with world.database.reading() as db:
        row = campaigns.campaign_of(db, YEAR)
        assert row is not None
        assert (row.status, row.reminder_days) == ("open", (7, 14))
        assert len(notifications.messages_to(db, world.ann.pseudonym)) == 1


def test_a_plan_that_cannot_be_keeps_what_was_typed(world: World, eve: Browser) -> None:
    eve.get("/office/campaign")
    page = eve.post("/office/campaign", PLAN | {"due-day": "1", "due-month": "9", "days": "21, 7"}, status=422)
    assert "The due date must come after the opening" in page.text
    assert "smallest first" in page.text
    assert next(e for e in page.all("input") if e["id"] == "days")["value"] == "21, 7"
    page = eve.post("/office/campaign", PLAN | {"opens-day": "x", "days": "soon"}, status=422)
    assert "Enter a date" in page.text
    assert "Give numbers of days" in page.text
    with world.database.reading() as db:
        assert campaigns.campaign_of(db, YEAR) is None


def test_a_due_date_in_the_holidays_and_a_late_reminder_are_pointed_out(world: World, eve: Browser) -> None:
    eve.get("/office/campaign")
    eve.post("/office/campaign", PLAN)
    assert "is not a school day" not in eve.page.text
    eve.post("/office/campaign", PLAN | {"due-day": "26", "due-month": "12", "days": "14, 110"})
    assert "The due date, 26 December 2026, is not a school day." in eve.page.text
    assert "The reminder after 110 days would be sent after the due date." in eve.page.text
    with world.database.reading() as db:
        row = campaigns.campaign_of(db, YEAR)
        assert row is not None
        assert row.due_on == dt.date(2026, 12, 26)


def test_what_an_open_round_asks_cannot_change(troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/campaign")
    page = eve.post("/office/campaign", PLAN | {"audience": ["staff"]}, status=422)
    assert "This sign-up has started" in page.text


def test_what_goes_next_is_shown_and_not_sent(
    world: World, troubles: Troubles, browser: Browser, later: dt.date
) -> None:
    browser.log_in(EVE)
    text = browser.get("/office/campaign").text
    assert "messages are due today" in text
    assert "di@oval.example.org" in text
    with world.database.reading() as db:
        assert len(notifications.messages_to(db, world.di.pseudonym)) == 1


def test_joiners_are_asked_once(world: World, troubles: Troubles, browser: Browser) -> None:
    clock.travel_to(clock.at_london(dt.date(2026, 9, 21), 10))
    browser.log_in(EVE)
    with world.database.writing() as db:
        child = builders.add_child(
            db,
            forename="Noor",
            surname="Late",
            born_on=dt.date(2018, 5, 5),
            year_group="4",
            class_id=world.year_4.id,
            actor=OFFICE,
        )
        guardian = builders.add_guardian(
            db,
            child_id=child.person_id,
            forename="Lea",
            surname="Late",
            email="lea@example.org",
            parental_responsibility="yes",
            actor=OFFICE,
        ).guardian
    browser.get("/office/campaign")
    for _again in range(2):
        browser.post("/office/campaign/joiners")
    with world.database.reading() as db:
        assert [row.kind for row in notifications.messages_to(db, guardian.pseudonym)] == ["ask"]
        assert signing.standing(db, child.person_id, YEAR)


def test_a_round_is_ended_once_and_says_so(world: World, troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/campaign")
    for _again in range(2):
        page = eve.post("/office/campaign/close")
    assert "Ended" in page.text


def test_an_ended_round_is_opened_again_only_when_that_is_meant(world: World, troubles: Troubles, eve: Browser) -> None:
    with world.database.reading() as db:
        before = len(notifications.messages_to(db, world.ann.pseudonym))
    eve.get("/office/campaign")
    eve.post("/office/campaign/close")
    assert "Remind all" not in eve.get("/office").text
    eve.get("/office/remind?everybody=yes", status=409)
    eve.post("/office/campaign/open", status=409)
    for _again in range(2):
        page = eve.post("/office/campaign/open", {"again": "yes"})
    assert "Next reminders" in page.text
    with world.database.reading() as db:
        assert len(notifications.messages_to(db, world.ann.pseudonym)) == before


def test_a_round_that_was_never_opened_cannot_be_ended(world: World, eve: Browser) -> None:
    eve.get("/office/campaign")
    eve.post("/office/campaign", PLAN)
    eve.post("/office/campaign/close", status=409)


def test_a_plan_whose_due_date_has_passed_is_not_opened(world: World, eve: Browser) -> None:
    eve.get("/office/campaign")
    eve.post("/office/campaign", PLAN | {"opens-day": "1", "due-day": "14", "due-month": "9"})
    page = eve.post("/office/campaign/open", status=409)
    assert "The due date of this plan has passed" in page.text


def test_a_new_due_date_of_an_open_round_leads_back_to_the_round(troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/campaign")
    page = eve.post("/office/campaign", PLAN | {"due-day": "9"})
    assert page.heading.startswith("Sign-up")


def test_the_head_looks_and_does_not_touch(troubles: Troubles, browser: Browser) -> None:
    browser.log_in("hal@oval.example.org")
    page = browser.get("/office/campaign")
    assert not [e for e in page.all("button") if "Save" in e.text]
    browser.post("/office/campaign", PLAN, status=403)


def test_next_years_sign_up_is_planned_in_july_on_its_own_page(world: World, eve: Browser) -> None:
    clock.travel_to(clock.at_london(dt.date(2027, 7, 12), 10))
    eve.log_in("eve@oval.example.org")
    assert "Plan the sign-up for 2027–28." in eve.get("/office").text
    page = eve.get("/office/campaign?year=2027")
    assert page.heading == "Sign-up 2027–28"
    due = {each["name"]: each["value"] for each in page.all("input") if each["name"].startswith("due-")}
    assert due == {"due-day": "27", "due-month": "9", "due-year": "2027"}
    dates = {"opens-day": "2", "opens-month": "9", "opens-year": "2027", "days": "7"} | due
    page = eve.post("/office/campaign", {"year": "2027", "audience": ["guardians"]} | dates)
    assert page.heading == "Before you send it"
    with world.database.reading() as db:
        assert campaigns.campaign_of(db, YEAR) is None
        row = campaigns.campaign_of(db, 2027)
        assert row is not None
        assert row.opens_on == dt.date(2027, 9, 2)
    eve.post("/office/campaign/open", {"year": "2027"}, status=409)


def test_next_year_cannot_be_planned_before_june(world: World, eve: Browser) -> None:
    assert eve.get("/office/campaign?year=2027").heading == "Sign-up 2026–27"
