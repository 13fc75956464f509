"""Whoever hands a device to a class or a family gets it back with a PIN; a few wrong ones leave the password alone."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup import accounts
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from tests.web.browser import Browser
from tests.web.page import Page
from tests.web.world import World

PIN = "4719"
DI, EVE = "di@oval.example.org", "eve@oval.example.org"


def with_pin(browser: Browser, email: str, pin: str = PIN) -> None:
    browser.log_in(email)
    browser.get("/staff/pin")
    assert "Your PIN is set." in browser.post("/staff/pin", {"pin": pin}).text


def to_the_class(browser: Browser, world: World) -> Page:
    browser.get(f"/classroom/start/{world.year_4.public_id}")
    return browser.post(f"/classroom/start/{world.year_4.public_id}", {"how": "here"})


def to_a_family(browser: Browser, world: World) -> Page:
    browser.get(f"/office/people/{world.bob.public_id}")
    return browser.post(f"/office/people/{world.bob.public_id}/sign-here")


def test_the_teacher_gets_the_device_back_and_is_in_the_lesson(browser: Browser, world: World) -> None:
    with_pin(browser, DI)
    to_the_class(browser, world)
    kiosk = browser.client.get_cookie("oval")
    assert kiosk is not None
    (onward,) = [e["href"] for e in browser.page.all("a") if e.text == "For the teacher"]
    assert browser.get(onward).heading == "Take this device back"
    assert "Di" in browser.page.text
    assert browser.post("/staff/take-back", {"pin": PIN}).heading == "Lesson for class 4C"
    browser.client.set_cookie("oval", kiosk.value)
    assert browser.get("/class/names").heading == "Join your class"


def test_the_office_gets_the_device_back_after_each_family(browser: Browser, world: World) -> None:
    with_pin(browser, EVE)
    for _family in range(2):
        to_a_family(browser, world)
        browser.get("/family")
        page = browser.post("/family/finish")
        (onward,) = [e["href"] for e in page.all("a") if e.text.startswith("For the office")]
        assert browser.get(onward).heading == "Take this device back"
        assert browser.post("/staff/take-back", {"pin": PIN}).heading == "Bob Khan"


def test_taking_a_device_back_ends_a_visit_that_was_left_open(browser: Browser, world: World) -> None:
    with_pin(browser, EVE)
    to_a_family(browser, world)
    visit = browser.client.get_cookie("oval")
    assert visit is not None
    browser.get("/staff/take-back")
    browser.post("/staff/take-back", {"pin": PIN})
    browser.client.set_cookie("oval", visit.value)
    assert "Bob" not in browser.get("/family").html


def test_after_five_wrong_pins_the_right_one_opens_nothing(browser: Browser, world: World) -> None:
    with_pin(browser, DI)
    to_the_class(browser, world)
    browser.get("/staff/take-back")
    for left in ("4 tries", "3 tries", "2 tries", "1 try"):
        assert f"You have {left} left" in browser.post("/staff/take-back", {"pin": "0852"}, status=422).text
    assert "Log in with your password" in browser.post("/staff/take-back", {"pin": "0852"}).text
    assert browser.post("/staff/take-back", {"pin": PIN}).heading == "Staff log-in"
    assert browser.get("/staff").heading == "Staff log-in"


def test_the_fifth_try_may_still_be_the_right_one(browser: Browser, world: World) -> None:
    with_pin(browser, DI)
    to_the_class(browser, world)
    browser.get("/staff/take-back")
    for _try in range(4):
        browser.post("/staff/take-back", {"pin": "0852"}, status=422)
    assert browser.post("/staff/take-back", {"pin": PIN}).heading == "Lesson for class 4C"


def test_a_pin_is_worth_nothing_on_another_device_or_without_a_hand_over(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    with_pin(browser, DI)
    to_the_class(browser, world)
    assert another_browser.get("/staff/take-back").heading == "Staff log-in"
    another_browser.post("/staff/take-back", {"pin": PIN})
    assert another_browser.get("/staff").heading == "Staff log-in"


def test_a_device_handed_over_ten_hours_ago_needs_the_password(browser: Browser, world: World) -> None:
    with_pin(browser, DI)
    to_the_class(browser, world)
    clock.travel_to(clock.now() + dt.timedelta(hours=10, minutes=1))
    assert browser.get("/staff/take-back").heading == "Staff log-in"


def test_a_log_in_that_was_closed_meanwhile_gets_no_device_back(browser: Browser, world: World) -> None:
    with_pin(browser, DI)
    to_the_class(browser, world)
    with world.database.writing() as db:
        account = accounts.account_of(db, world.di.person_id)
        assert account is not None
        accounts.disable(db, account.public_id, actor=SYSTEM)
    assert browser.get("/staff/take-back").heading == "Staff log-in"


def test_without_a_pin_the_password_is_asked_as_ever(browser: Browser, world: World) -> None:
    browser.log_in(DI)
    to_the_class(browser, world)
    assert browser.get("/staff/log-in").heading == "Staff log-in"


def test_a_log_in_with_the_password_ends_the_way_by_pin(browser: Browser, world: World) -> None:
    with_pin(browser, DI)
    to_the_class(browser, world)
    handed = browser.client.get_cookie("oval")
    assert handed is not None
    browser.get("/staff/log-in?by=password")
    browser.post("/staff/log-in", {"email": DI, "password": "violet tram harvest"})
    browser.client.set_cookie("oval", handed.value)
    assert browser.get("/staff/take-back").heading == "Staff log-in"


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "1234", "9876", "7777", "٤٧١٩"])
def test_a_pin_that_is_too_easy_is_refused(browser: Browser, world: World, pin: str) -> None:
    browser.log_in(DI)
    browser.get("/staff/pin")
    browser.post("/staff/pin", {"pin": pin}, status=422)
    with world.database.reading() as db:
        assert not accounts.has_pin(db, world.di.person_id)


def test_a_pin_can_be_removed_and_is_never_kept_as_typed(browser: Browser, world: World) -> None:
    with_pin(browser, DI)
    dump = str(browser.page.html)
    assert PIN not in dump
    browser.get("/staff/pin")
    assert "Your PIN is removed." in browser.post("/staff/pin", {"act": "remove"}).text
    with world.database.reading() as db:
        assert not accounts.has_pin(db, world.di.person_id)


def test_a_new_password_through_a_link_forgets_the_pin(browser: Browser, world: World) -> None:
    with_pin(browser, DI)
    with world.database.writing() as db:
        token = accounts.mint_link(db, purpose="set-password", person_id=world.di.person_id, sent_to=DI)
        accounts.set_password(db, token, "quiet river lantern", school_name="The Oval School")
        assert not accounts.has_pin(db, world.di.person_id)


def test_a_stranger_chooses_no_pin(browser: Browser, world: World) -> None:
    assert browser.get("/staff/pin").heading == "Staff log-in"
