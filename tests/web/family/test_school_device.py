"""A family on the school's own device: the visit ends with the receipt or in silence, and leaves nothing behind."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup import documents, evidence
from oval_aup.core import clock
from tests.people import builders
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.page import Page
from tests.web.world import OFFICE, World

PATHS = ("", "/check", "/rules", "/rules/decline", "/younger-rules", "/done")


def handed_over(browser: Browser, world: World) -> Page:
    """Eve hands the office's device to Bob, who has one child."""
    browser.log_in("eve@oval.example.org")
    browser.get(f"/office/people/{world.bob.public_id}")
    return browser.post(f"/office/people/{world.bob.public_id}/sign-here")


def signed(browser: Browser, world: World) -> Page:
    handed_over(browser, world)
    browser.post("/family/start")
    walk.accept(browser)
    walk.choose(browser, world.ayaan)
    return walk.sign(browser, "Bob Khan")


def over(page: Page) -> bool:
    return page.heading == "Your visit on this device has ended" and "school office" in page.text


def test_every_page_of_such_a_visit_ends_by_itself_and_says_so_first(browser: Browser, world: World) -> None:
    page = handed_over(browser, world)
    assert page.heading == "Your family page"
    assert "Are you still there?" in page.html
    for path in ("/family", "/accessibility"):
        assert any("idle.js" in e["src"] for e in browser.get(path).all("script"))


def test_nothing_of_it_is_loaded_on_a_familys_own_phone(browser: Browser, world: World) -> None:
    page = walk.come_in(browser, world)
    assert "still there" not in page.html
    assert not [e for e in page.all("script") if "idle.js" in e["src"]]


def test_the_visit_ends_with_the_thank_you_page(browser: Browser, world: World) -> None:
    page = signed(browser, world)
    assert page.heading == "Thank you, Bob"
    assert "Your visit on this device ends here" in page.text
    assert [e["href"] for e in page.all("a") if e["href"].startswith("/family/")] == []
    for path in (*PATHS, f"/pictures/{world.ayaan.public_id}"):
        assert over(browser.get(f"/family{path}")), path
        for word in ("Bob", "Ayaan", "Khan"):
            assert word not in browser.page.html
    with world.database.reading() as db:
        (receipt,) = documents.documents_about(db, world.bob.pseudonym)
    assert over(browser.get(f"/family/receipts/{receipt.public_id}"))


def test_a_refusal_that_settles_everything_ends_the_visit_too(browser: Browser, world: World) -> None:
    with world.database.writing() as db:
        builders.link_guardian(
            db,
            child_id=world.ayaan.person_id,
            guardian_id=world.bob.person_id,
            parental_responsibility="no",
            lives_with=True,
            actor=OFFICE,
        )
    handed_over(browser, world)
    browser.post("/family/start")
    shown = browser.get("/family/rules/decline").hidden("shown_sha256")
    page = browser.post("/family/rules/decline", {"reason": "", "shown_sha256": shown})
    assert page.heading == "Thank you, Bob"
    assert over(browser.get("/family"))


def test_a_second_press_of_the_button_after_the_end_changes_nothing_and_leads_out(
    browser: Browser, world: World
) -> None:
    signed(browser, world)
    with world.database.reading() as db:
        before = evidence.head(db).size
    assert over(browser.post("/family/check", {"typed_name": "Bob Khan", "fingerprint": "0"}))
    with world.database.reading() as db:
        assert evidence.head(db).size == before


def test_i_am_done_leads_to_a_page_that_asks_for_the_device_back(browser: Browser, world: World) -> None:
    handed_over(browser, world)
    page = browser.post("/family/finish")
    assert page.heading == "Saved, but not finished yet"
    assert "give this device back to the school office" in page.text
    assert "/staff/log-in" in [e["href"] for e in page.all("a")]
    assert browser.get("/family").heading == "Where should we send your new link?"


@pytest.mark.parametrize(("minutes", "ended"), [(9, False), (11, True)])
def test_ten_quiet_minutes_end_it_where_scripts_are_off(
    browser: Browser, world: World, minutes: int, ended: bool
) -> None:
    handed_over(browser, world)
    clock.travel_to(clock.now() + dt.timedelta(minutes=minutes))
    assert over(browser.get("/family")) is ended


def test_a_family_on_its_own_phone_has_more_time(browser: Browser, world: World) -> None:
    walk.come_in(browser, world)
    clock.travel_to(clock.now() + dt.timedelta(minutes=40))
    assert browser.get("/family").heading == "Your family page"


def test_the_next_visit_by_a_private_link_is_an_ordinary_one(browser: Browser, world: World) -> None:
    signed(browser, world)
    page = walk.come_in(browser, world)
    assert "still there" not in page.html


def test_the_office_logs_in_again_on_the_same_device(browser: Browser, world: World) -> None:
    signed(browser, world)
    page = browser.log_in("eve@oval.example.org")
    assert "still there" not in page.html
    assert browser.get("/family").heading == "Where should we send your new link?"
