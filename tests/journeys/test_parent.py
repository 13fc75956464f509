"""A parent at the bus stop and at the kitchen table signs for the whole family, with scripts and without."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, ViewportSize, expect

from oval_aup import agreements, demo, evidence
from oval_aup.accounts.models import AccessSession
from oval_aup.core import clock
from oval_aup.web.assets import LIBRARIES
from tests.journeys.conftest import (
    DESK,
    PHONE,
    Running,
    heading,
    keep_picture,
    link_in,
    no_sideways_scrolling,
    real_scripts,
    visiting,
    words_of,
)

WAYS = [
    pytest.param(PHONE, True, id="phone"),
    pytest.param(PHONE, False, id="phone, scripts off"),
    pytest.param(DESK, True, id="desk"),
    pytest.param(DESK, False, id="desk, scripts off"),
]


def come_in(page: Page, link: demo.FamilyLink) -> None:
    page.goto(link.url)
    answer_the_question(page, link)


def answer_the_question(page: Page, link: demo.FamilyLink) -> None:
    born = link.children[0][2]
    page.get_by_label("Day").fill(str(born.day))
    page.get_by_label("Month").fill(str(born.month))
    page.get_by_label("Year").fill(str(born.year))
    page.get_by_role("button", name="Continue").click()


def accept_the_rules(page: Page) -> None:
    heading(page, "Rules for parents and carers")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Continue").click()


def choose_each(page: Page, answer: str) -> None:
    """Answer every use with its own tap."""
    for radio in page.get_by_label(answer, exact=True).all():
        radio.check()
    page.get_by_role("button", name="Continue", exact=True).click()


def choose_all(page: Page, answer: str, *, but: str = "") -> None:
    """Fill all uses in with one tap, and change one."""
    page.get_by_role("button", name=f"{answer} to all").click()
    expect(page.get_by_label(answer, exact=True).first).to_be_checked()
    if but:
        other = "No" if answer == "Yes" else "Yes"
        page.get_by_role("group", name=but).get_by_label(other, exact=True).check()
    page.get_by_role("button", name="Continue", exact=True).click()


def first_names(link: demo.FamilyLink) -> list[str]:
    return [name.split()[0] for name, _class, _born in link.children]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_a_parent_who_was_called_away_loses_no_answer(running: Running, chromium: Browser, scripts: bool) -> None:
    link = running.links().unsigned
    first, second = (each.child for each in running.family_of(link.guardian_id).choosing)
    with visiting(chromium, PHONE, scripts=scripts) as page:
        come_in(page, link)
        accept_the_rules(page)
        heading(page, f"Where may we use pictures of {first.forename}")
        with running.database.writing() as db:
            quiet = sa.update(AccessSession).where(AccessSession.person_id == link.guardian_id)
            db.execute(quiet.values(last_seen_at=clock.now() - dt.timedelta(hours=1)))
        choose_each(page, "Yes")
        heading(page, "Are you still there?")
        no_sideways_scrolling(page)
        keep_picture(page, "family-welcome-back-phone")
        answer_the_question(page, link)
        heading(page, f"Where may we use pictures of {second.forename}")
        page.goto(f"{running.url}/family/pictures/{first.public_id}")
        assert page.get_by_role("radio", checked=True).count() == page.get_by_label("Yes", exact=True).count() > 5


def test_a_closed_tab_loses_no_tap(running: Running, chromium: Browser) -> None:
    link = running.links().unsigned
    child = running.family_of(link.guardian_id).choosing[-1].child
    path = f"{running.url}/family/pictures/{child.public_id}"
    with visiting(chromium, PHONE) as page:
        come_in(page, link)
        page.goto(path)
        for number, answer in enumerate(("Yes", "No")):
            with page.expect_response(re.compile("/saved$")) as kept:
                page.locator("fieldset").nth(number).get_by_label(answer, exact=True).check()
            assert kept.value.status == 204
        expect(page.get_by_text("Saved.")).to_be_visible()
        keep_picture(page, "family-saved-phone")
    with visiting(chromium, PHONE) as page:
        come_in(page, link)
        page.goto(path)
        expect(page.get_by_role("radio", checked=True)).to_have_count(2)


def draw(page: Page, *, start: float, end: float) -> None:
    """Draw a line across the pad, from one share of its width to another."""
    box = page.locator("canvas").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, middle, steps=8)
    page.mouse.up()


def across(page: Page) -> list[tuple[int, int]]:
    """Where each stroke begins and ends, in thousandths of the pad's width."""
    strokes = json.loads(page.locator("input[name=mark]").input_value())
    return [(stroke[0][0], stroke[-1][0]) for stroke in strokes]


def test_a_drawing_outlives_a_turned_phone_and_a_missing_name(running: Running, chromium: Browser) -> None:
    link = running.links().single
    with visiting(chromium, ViewportSize(width=390, height=760), draws=True) as page:
        come_in(page, link)
        accept_the_rules(page)
        choose_all(page, "Yes")
        if page.get_by_role("checkbox").count():
            page.get_by_role("checkbox").check()
            page.get_by_role("button", name="Continue").click()
        heading(page, "Check your answers before you sign")
        page.locator("canvas").scroll_into_view_if_needed()
        draw(page, start=0.1, end=0.5)
        page.set_viewport_size(ViewportSize(width=760, height=390))
        page.locator("canvas").scroll_into_view_if_needed()
        draw(page, start=0.5, end=0.9)
        wanted = [(100, 500), (500, 900)]
        for found, meant in zip(across(page), wanted, strict=True):
            assert all(abs(here - there) <= 15 for here, there in zip(found, meant, strict=True)), across(page)
        keep_picture(page, "family-drawing-turned")
        drawn = across(page)
        page.get_by_role("button", name="Sign").click()
        expect(page.get_by_role("alert")).to_contain_text("Type your full name to sign")
        assert across(page) == drawn
        keep_picture(page, "family-drawing-kept")
        page.reload()
        expect(page.get_by_role("alert")).to_contain_text("Type your full name to sign")


@pytest.mark.parametrize(("size", "scripts"), WAYS)
def test_a_parent_signs_for_two_children_in_one_sitting(
    running: Running, chromium: Browser, size: ViewportSize, scripts: bool
) -> None:
    link = running.links().unsigned
    family = running.family_of(link.guardian_id)
    assert len(link.children) == len(family.choosing) == 2
    kind = "phone" if size is PHONE else "desk"
    with running.database.reading() as db:
        rules = [agreements.current(db, "parents")]
        if family.younger:
            rules.append(agreements.current(db, "children", reading_level="younger"))
    before = running.mark()
    with visiting(chromium, size, scripts=scripts) as page:
        pages: list[str] = []
        page.on("framenavigated", lambda frame: pages.append(re.sub(r"[#?].*", "", frame.url)))
        page.goto(link.url)
        keep_picture(page, f"family-landing-{kind}")
        assert not any(name in page.inner_text("body") for name in first_names(link))
        come_in(page, link)
        heading(page, "Rules for parents and carers")
        no_sideways_scrolling(page)
        keep_picture(page, f"family-rules-{kind}")
        accept_the_rules(page)
        heading(page, "Where may we use pictures of")
        keep_picture(page, f"family-pictures-{kind}")
        no_sideways_scrolling(page)
        assert page.get_by_role("radio", checked=True).count() == 0
        if size is PHONE:
            choose_each(page, "Yes")
        else:
            choose_all(page, "Yes", but="On the school’s social media")
        heading(page, f"Where may we use pictures of {family.choosing[1].child.forename}")
        choose_all(page, "No")
        if family.younger:
            heading(page, "Can you read these rules with")
            keep_picture(page, f"family-younger-{kind}")
            page.get_by_role("checkbox").check()
            page.get_by_role("button", name="Continue").click()
        heading(page, "Check your answers before you sign")
        no_sideways_scrolling(page)
        keep_picture(page, f"family-check-{kind}")
        page.get_by_label("Type your full name to sign").fill(link.guardian)
        page.get_by_role("button", name="Sign").click()
        heading(page, "Thank you")
        keep_picture(page, f"family-done-{kind}")
        assert len(set(pages)) <= 7, pages
        receipt = running.letter(link.email, having="receipt", after=before)
        assert receipt.attachment
        assert not any(name in receipt.subject for name in first_names(link))
        said = words_of(receipt.attachment)
        assert link.guardian in said
        assert all(name in said for name, _class, _born in link.children)
        for wording in rules:
            assert all(clause.heading in said for clause in wording.clauses)
        page.goto(f"{running.url}/family")
        expect(page.get_by_role("link", name=re.compile("^Download"))).to_have_count(1)
        keep_picture(page, f"family-home-{kind}")
        no_sideways_scrolling(page)
    with running.database.reading() as db:
        assert evidence.verify(db).ok


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(running: Running, chromium: Browser) -> None:
    link = running.links().single
    with visiting(chromium, PHONE, scripts=False) as page:
        page.goto(link.url)
        page.get_by_label("Day").fill("31")
        page.get_by_label("Month").fill("2")
        page.get_by_label("Year").fill("2018")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_contain_text("There is a problem")
        expect(page.get_by_label("Day")).to_have_value("31")
        come_in(page, link)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_contain_text("Tick the box")
        accept_the_rules(page)
        first = page.locator("fieldset").first
        first.get_by_label("Yes", exact=True).check()
        page.get_by_role("button", name="Continue", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("Choose yes or no")
        expect(page.locator("fieldset").first.get_by_label("Yes", exact=True)).to_be_checked()
        no_sideways_scrolling(page)
        keep_picture(page, "family-problem-phone")


def test_a_choice_is_changed_later_in_two_steps(running: Running, chromium: Browser) -> None:
    link = running.links().signed
    with visiting(chromium, PHONE) as page:
        come_in(page, link)
        expect(page).to_have_url(re.compile(r"/family$"))
        page.get_by_role("link", name=re.compile("^Change")).first.click()
        heading(page, "May we use pictures of")
        keep_picture(page, "family-choice-phone")
        use = page.get_by_role("heading", level=2).inner_text()
        button = page.get_by_role("button", name=re.compile("^Change it to"))
        becomes = button.inner_text().removeprefix("Change it to ")
        button.click()
        expect(page).to_have_url(re.compile(r"/family(#.*)?$"))
        expect(page.locator("li").filter(has_text=use).first).to_contain_text(becomes)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_whoever_is_done_on_this_device_leaves_nothing_behind(
    running: Running, chromium: Browser, scripts: bool
) -> None:
    link = running.links().signed
    with visiting(chromium, PHONE, scripts=scripts) as page:
        come_in(page, link)
        heading(page, "Your family page")
        seen = page.inner_text("body")
        assert link.guardian in seen
        page.get_by_role("link", name=re.compile("^Change")).first.click()
        heading(page, first_names(link)[0])
        page.get_by_role("button", name="I’m finished", exact=True).click()
        heading(page, "Your visit on this device has ended")
        for _step in range(4):
            page.go_back()
            shown = page.inner_text("body")
            assert not any(name in shown for name in [link.guardian, *first_names(link)]), page.url
        page.goto(f"{running.url}/family")
        heading(page, "Where should we send your new link?")


def test_a_link_that_has_run_out_offers_a_new_one_to_the_known_address_only(
    running: Running, chromium: Browser
) -> None:
    link = running.links().signed
    before = running.mark()
    with visiting(chromium, PHONE, scripts=False) as page:
        page.goto(f"{running.url}/f/an-old-link-that-nobody-has")
        heading(page, "Part of this link is missing")
        page.get_by_label("Your email address").fill(link.email)
        page.get_by_role("button", name="Send me a new link").click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert link.guardian not in page.inner_text("body")
        page.goto(link_in(running.letter(link.email, having="/f/", after=before)))
        heading(page, "This year’s school rules")


def test_pages_run_the_scripts_whose_hash_they_name(running: Running, chromium: Browser) -> None:
    with visiting(chromium, DESK) as page:
        page.goto(f"{running.url}/staff/log-in")
        script = page.locator('script[src*="htmx"]')
        assert script.get_attribute("integrity") == LIBRARIES["htmx"].integrity
        assert page.evaluate("typeof htmx") == ("object" if real_scripts() else "undefined")
