"""A member of staff logs in, the first time too, reads, acknowledges and signs, and gets a receipt that can be read."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from oval_aup import agreements, people, signing
from tests.journeys.axe import faults
from tests.journeys.conftest import (
    DESK,
    PHONE,
    Running,
    heading,
    keep_picture,
    link_in,
    log_in,
    no_sideways_scrolling,
    real_scripts,
    type_log_in,
    visiting,
    words_of,
)

NEW_PASSWORD = "seven quiet otters"


def read_and_sign(page: Page, name: str, *, kind: str, look: Callable[[Page], list[str]] = lambda _page: []) -> None:
    """From one's own page to the thanks; ``look`` says what is wrong with a page."""
    heading(page, "My signing")
    expect(page.get_by_text("1 thing to sign")).to_be_visible()
    found = look(page)
    keep_picture(page, f"staff-home-{kind}")
    page.get_by_role("button", name="Read and sign").click()
    heading(page, "Social media rules for staff")
    expect(page.locator(".clauses > li")).to_have_count(17)
    no_sideways_scrolling(page)
    keep_picture(page, f"staff-rules-{kind}")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick the box when you have read the rules.")
    found += look(page)
    page.get_by_label(re.compile("already friends on social media")).check()
    page.get_by_label("Details (optional)").first.fill("A neighbour, since 2019")
    page.get_by_role("checkbox").last.check()
    page.get_by_role("button", name="Continue").click()
    heading(page, "Check and sign")
    expect(page.get_by_text("A neighbour, since 2019")).to_be_visible()
    no_sideways_scrolling(page)
    keep_picture(page, f"staff-check-{kind}")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    found += look(page)
    page.get_by_label("Type your full name to sign").fill(name)
    page.get_by_role("button", name="Sign", exact=True).click()
    heading(page, "Thank you")
    keep_picture(page, f"staff-done-{kind}")
    no_sideways_scrolling(page)
    assert found + look(page) == []


def check_receipt(running: Running, member: people.StaffRow, after: int) -> None:
    """The receipt comes by email; its PDF holds every rule's heading and what was declared."""
    letter = running.letter(member.work_email, having="receipt", after=after)
    assert letter.attachment
    said = words_of(letter.attachment)
    with running.database.reading() as db:
        headings = [clause.heading for clause in agreements.current(db, "staff").clauses]
    assert len(headings) == 17
    assert [words for words in headings if words not in said] == []
    assert member.full_name in said
    assert "A neighbour, since 2019" in said


def member_with(running: Running, email: str) -> people.StaffRow:
    with running.database.reading() as db:
        return people.staff_by_email(db, email)


def somebody_who_owes(running: Running, *, but: tuple[str, ...] = ("staff@", "teacher@")) -> people.StaffRow:
    """A member of staff who has not answered yet and whom no other visit needs."""
    with running.database.reading() as db:
        for member in people.staff(db):
            standing = signing.standing(db, member.person_id, running.year)
            owes = any(row.agreement_key == "staff" and row.status == "open" for row in standing)
            if owes and member.work_email and not member.work_email.startswith(but):
                return member
    raise AssertionError("everybody has signed")


@pytest.mark.parametrize(
    ("size", "scripts", "name"),
    [pytest.param(PHONE, True, "staff", id="phone"), pytest.param(DESK, False, "teacher", id="desk, scripts off")],
)
def test_a_member_of_staff_reads_and_signs(
    running: Running, chromium: Browser, size: ViewportSize, scripts: bool, name: str
) -> None:
    member = member_with(running, f"{name}@oval.example.org")
    kind = "phone" if size is PHONE else "desk"
    before = running.mark()
    with visiting(chromium, size, scripts=scripts) as page:
        log_in(page, running, name)
        read_and_sign(page, member.full_name, kind=kind, look=faults if scripts else lambda _page: [])
        check_receipt(running, member, before)
        page.get_by_role("link", name="My signing").first.click()
        expect(page.get_by_role("heading", name="You’re up to date")).to_be_visible()
        with page.expect_download() as saved:
            page.get_by_role("link", name="Download your receipt (PDF)").click()
        assert saved.value.path().read_bytes().startswith(b"%PDF-")
        page.get_by_role("button", name="Log out").click()
        heading(page, "Staff log-in")
        page.go_back()
        assert member.full_name not in page.inner_text("body")


@pytest.mark.parametrize(
    ("size", "scripts"),
    [pytest.param(PHONE, False, id="phone, scripts off"), pytest.param(DESK, True, id="desk")],
)
def test_the_first_log_in_begins_with_the_link_in_an_e_mail(
    running: Running, chromium: Browser, size: ViewportSize, scripts: bool
) -> None:
    member = somebody_who_owes(running)
    before = running.mark()
    with visiting(chromium, size, scripts=scripts) as page:
        page.goto(running.url)
        page.get_by_role("link", name=re.compile("Staff")).first.click()
        heading(page, "Staff log-in")
        page.get_by_role("link", name=re.compile("First time here")).click()
        page.get_by_label("School email address").fill(member.work_email)
        page.get_by_role("button", name="Send me the link").click()
        heading(page, "Check your email")
        link = link_in(running.letter(member.work_email, having="/set-password/", after=before))
        page.goto(link)
        page.get_by_label("New password").fill(NEW_PASSWORD)
        page.get_by_label("Type it again").fill("seven quiet badgers")
        page.get_by_role("button", name="Set my password").click()
        expect(page.get_by_role("alert")).to_contain_text("The passwords don’t match")
        page.get_by_label("New password").fill(NEW_PASSWORD)
        page.get_by_label("Type it again").fill(NEW_PASSWORD)
        page.get_by_role("button", name="Set my password").click()
        heading(page, "Staff log-in")
        expect(page.get_by_role("status")).to_contain_text("Your password is set.")
        type_log_in(page, member.work_email, NEW_PASSWORD)
        read_and_sign(page, member.full_name, kind="phone" if size is PHONE else "desk")
        check_receipt(running, member, before)
        page.goto(link)
        heading(page, "This link has expired")


def test_a_wrong_password_gets_one_sentence_that_tells_nothing(running: Running, chromium: Browser) -> None:
    with visiting(chromium, PHONE) as page:
        for email in ("staff@oval.example.org", "nobody@oval.example.org"):
            page.goto(f"{running.url}/staff/log-in")
            type_log_in(page, email, "not the password")
            expect(page.get_by_role("alert")).to_contain_text(
                "The email address or password is wrong. Check both and try again."
            )
            expect(page.get_by_label("School email address")).to_have_value(email)
            expect(page.get_by_label("Password", exact=True)).to_have_value("")
        keep_picture(page, "staff-log-in-phone")


def test_a_photo_gets_its_answer_at_once(running: Running, chromium: Browser) -> None:
    with visiting(chromium, DESK) as page:
        log_in(page, running, "teacher")
        page.get_by_role("link", name="Check a photo").click()
        heading(page, "May I use this photo?")
        boxes = page.get_by_role("checkbox")
        for box in boxes.all()[:3]:
            box.check()
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_role("status")).to_contain_text("School website")
        expect(page.get_by_role("status").locator("strong").first).to_have_text(re.compile("Yes|No|Ask the office"))
        keep_picture(page, "staff-photo-desk")


def test_the_answer_about_a_photo_follows_the_ticks(running: Running, chromium: Browser) -> None:
    """By htmx, where it could be fetched; without it the answer hides until it is asked for again."""
    with visiting(chromium, PHONE) as page:
        log_in(page, running, "teacher")
        page.goto(f"{running.url}/staff/photos")
        box, answer = page.get_by_role("checkbox").nth(0), page.locator("#photo-answer")
        before = answer.inner_text()
        box.check()
        if real_scripts():
            expect(answer).to_be_visible()
            expect(answer).not_to_have_text(before, use_inner_text=True)
        else:
            expect(answer).to_be_hidden()
        expect(box).to_be_checked()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_no_answer_stands_beside_ticks_it_was_not_given_for(running: Running, chromium: Browser, scripts: bool) -> None:
    """The script that asks anew comes from a CDN that a school's filter may block."""
    with visiting(chromium, PHONE, scripts=scripts, libraries=False) as page:
        log_in(page, running, "teacher")
        page.goto(f"{running.url}/staff/photos")
        boxes, answer = page.get_by_role("checkbox"), page.locator("#photo-answer")
        expect(answer).to_be_visible()
        boxes.nth(0).check()
        expect(answer).to_be_hidden()
        page.get_by_role("button", name="See the answer").click()
        expect(answer).to_be_visible()
        expect(boxes.nth(0)).to_be_checked()
        boxes.nth(1).check()
        expect(answer).to_be_hidden()
        boxes.nth(1).uncheck()
        expect(answer).to_be_visible()
        page.get_by_label("What is it for?").select_option(index=0)
        expect(answer).to_be_hidden()
        no_sideways_scrolling(page)
        keep_picture(page, "staff-photo-recheck-phone")
