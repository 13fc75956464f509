"""S03: a parent on the office's own device who walks off, stays, or signs; the browser's clock is moved by hand."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from oval_aup import people
from tests.journeys import axe
from tests.journeys.conftest import DESK, Running, heading, log_in, visiting

ENDED = "Saved, but not finished yet"


def handed_over(page: Page, running: Running) -> None:
    """The office hands its device to a parent who has not answered yet."""
    link = running.links().unsigned
    with running.database.reading() as db:
        parent = people.person_by_id(db, link.guardian_id)
    page.clock.install()
    log_in(page, running, "office")
    page.goto(f"{running.url}/office/people/{parent.public_id}")
    page.get_by_text("Sign now on this device").click()
    page.get_by_role("button", name="hand over the device").click()
    heading(page, "Your family page")
    page.wait_for_load_state("load")  # the watch on idleness begins with the scripts, which come after the heading


def test_a_parent_who_walks_off_is_warned_and_then_logged_out(running: Running, chromium: Browser) -> None:
    with visiting(chromium, DESK) as page:
        handed_over(page, running)
        warning = page.get_by_role("dialog", name="Are you still there?")
        page.clock.run_for(58_000)
        expect(warning).to_be_hidden()
        page.clock.run_for(4_000)
        expect(warning).to_be_visible()
        assert axe.faults(page) == []
        page.clock.run_for(20_000)
        heading(page, ENDED)
        page.go_back()
        heading(page, "Where should we send your new link?")


def test_a_key_a_touch_or_the_button_keeps_the_visit(running: Running, chromium: Browser) -> None:
    with visiting(chromium, DESK) as page:
        handed_over(page, running)
        warning = page.get_by_role("dialog", name="Are you still there?")
        page.clock.run_for(50_000)
        page.keyboard.press("Tab")
        page.clock.run_for(50_000)
        expect(warning).to_be_hidden()
        page.clock.run_for(12_000)
        expect(warning).to_be_visible()
        expect(page.get_by_role("button", name="I’m still here")).to_be_focused()
        page.keyboard.press("Enter")
        expect(warning).to_be_hidden()
        page.clock.run_for(50_000)
        heading(page, "Your family page")
        page.clock.run_for(12_000)
        page.get_by_role("button", name="End my visit").click()
        heading(page, ENDED)


def test_a_device_that_slept_ends_the_visit_as_soon_as_it_wakes(running: Running, chromium: Browser) -> None:
    with visiting(chromium, DESK) as page:
        handed_over(page, running)
        page.clock.fast_forward(30 * 60_000)
        heading(page, ENDED)
