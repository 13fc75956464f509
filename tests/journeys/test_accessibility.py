"""Axe finds nothing serious on any page of any audience, on a phone and at a desk, in light and in the dark."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from oval_aup import consent, people, signing
from oval_aup.accounts import PERMISSIONS
from oval_aup.application import create_app
from tests.journeys import test_parent as parent
from tests.journeys.axe import faults
from tests.journeys.conftest import PHONE, Running, heading, log_in, visiting

NOT_PAGES = re.compile(r"\.(csv|xlsx)$|^/healthy$|/receipts/|/documents/|/attachment$|^/static/|^/verify/checker$")
"""Addresses that answer with a file, or with one word for machines."""


@pytest.fixture(scope="module")
def app(running: Running) -> Flask:
    return create_app(running.settings)


def opened_by(app: Flask, endpoint: str) -> set[str]:
    """The permissions each of which opens a page."""
    return set(getattr(app.view_functions[endpoint], "permissions", ()))


def plain_paths(app: Flask, *permissions: str, under: str = "/") -> list[str]:
    """Every page without arguments in its address that one of these permissions opens."""
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set())
        and rule.rule.startswith(under)
        and not rule.arguments
        and not NOT_PAGES.search(rule.rule)
        and opened_by(app, rule.endpoint) & set(permissions)
    )


def look_at(page: Page, running: Running, paths: Iterable[str], *, also: Iterable[int] = ()) -> list[str]:
    """What axe finds on these pages; each must answer 200 or one of ``also``."""
    found: list[str] = []
    for path in paths:
        answer = page.goto(f"{running.url}{path}")
        assert answer, path
        assert answer.status in (200, *also), (path, answer.status)
        found += faults(page)
    return found


NARROW_PARTS = """() => [...document.querySelectorAll(".scroll")]
  .filter((part) => part.scrollWidth > part.clientWidth + 1)
  .map((part) => part.getAttribute("aria-label") || part.id)"""


def parts_to_swipe(page: Page, running: Running, paths: Iterable[str]) -> list[str]:
    """The parts of these pages of which a reader sees only a half until they swipe."""
    found: list[str] = []
    for path in paths:
        page.goto(f"{running.url}{path}")
        found += [f"{path} {part}" for part in page.evaluate(NARROW_PARTS)]
    return found


def test_pages_that_are_open_to_everybody(running: Running, chromium: Browser, app: Flask) -> None:
    with visiting(chromium, PHONE) as page:
        found = look_at(page, running, plain_paths(app, "anyone"), also=(429,))
        found += look_at(page, running, ["/no-such-page", "/set-password/not-a-link"], also=(404, 410))
        for why in ("cut", "unknown", "old", "closed"):
            found += look_at(page, running, [f"/family/new-link?why={why}"])
        page.goto(f"{running.url}/staff/log-in")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        found += faults(page)
        page.goto(f"{running.url}/family/new-link")
        page.get_by_role("button", name="Send me a new link").click()
        expect(page.get_by_role("alert")).to_be_visible()
        found += faults(page)
    assert found == []


def test_a_familys_pages(running: Running, chromium: Browser, app: Flask) -> None:
    link = running.links().unsigned
    found: list[str] = []
    with visiting(chromium, PHONE, draws=True) as page:
        page.goto(link.url)
        found += faults(page)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_be_visible()
        found += faults(page)
        parent.come_in(page, link)
        heading(page, "Rules for parents and carers")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_be_visible()
        found += faults(page)
        parent.accept_the_rules(page)
        heading(page, "Where may we use pictures of")
        page.get_by_role("button", name="Continue", exact=True).click()
        expect(page.get_by_role("alert")).to_be_visible()
        found += faults(page)
        parent.choose_all(page, "No")
        parent.choose_all(page, "Yes")
        if "younger" in page.url:
            found += faults(page)
            page.get_by_role("checkbox").check()
            page.get_by_role("button", name="Continue").click()
        heading(page, "Check your answers before you sign")
        found += look_at(page, running, plain_paths(app, "family"))
    link = running.links().signed
    with visiting(chromium, PHONE) as page:
        parent.come_in(page, link)
        heading(page, "Your family page")
        found += faults(page)
        page.get_by_role("link", name=re.compile("^Change")).first.click()
        heading(page, "May we use pictures of")
        found += faults(page)
        page.goto(f"{running.url}/family")
        page.get_by_role("link", name="Change several at once").first.click()
        heading(page, "Where may we use pictures of")
        found += faults(page)
        found += look_at(page, running, ["/family/done"])
    assert found == []


def _persons(running: Running) -> list[str]:
    """A child, their guardian and a member of staff."""
    with running.database.reading() as db:
        child = people.children(db)[0]
        guardian = people.guardians_of(db, child.person_id)[0].guardian
        member = people.staff_by_email(db, "teacher@oval.example.org")
    return [row.public_id for row in (child, guardian, member)]


def _child_whose_parents_disagree(running: Running) -> str:
    with running.database.reading() as db:
        return consent.conflicts(db, running.year, limit=1)[0].child.public_id


def test_the_offices_pages(running: Running, chromium: Browser, app: Flask) -> None:
    signed = running.links().signed
    with running.database.reading() as db:
        room = people.classes(db)[0].public_id
        mark = signing.signatures_of(db, signed.guardian_id)[0].public_id
    child, guardian, member = _persons(running)
    disputed = _child_whose_parents_disagree(running)
    tables = [f"/office/people/{public_id}" for public_id in (disputed, guardian)]
    tables += [f"/office/classes/{room}", "/office/roster", "/office/outstanding", "/office/tasks/conflict"]
    tables += ["/office/campaign", "/office/evidence", "/office/log-ins", "/office/mail", "/dev/outbox"]
    paths = plain_paths(app, *PERMISSIONS, under="/office")
    paths += [f"/office/people/{public_id}" for public_id in (child, guardian, member)]
    paths += [f"/office/people/{public_id}/as-at" for public_id in (child, guardian)]
    paths += [f"/office/people/{guardian}/answer", f"/office/signatures/{mark}/take-back", f"/office/classes/{room}"]
    paths += ["/office/tasks/take-down", "/office/tasks/conflict", "/office/people?q=a", "/office/remind?everybody=yes"]
    with visiting(chromium, PHONE) as page:
        log_in(page, running, "office")
        found = look_at(page, running, paths)
        page.goto(f"{running.url}/office/roster")
        content = b"Forename,Surname,Shoe Size,Date of Birth\nAda,Stone,31,1 May 2019\n"
        page.get_by_label("Excel or CSV file").set_input_files(
            {"name": "odd.csv", "mimeType": "text/csv", "buffer": content}
        )
        page.get_by_role("button", name="Preview the changes").click()
        page.wait_for_load_state()
        found += faults(page)
        found += parts_to_swipe(page, running, [page.url.removeprefix(running.url), *tables])
        answer = page.request.get(f"{running.url}/dev/outbox").text()
        letter = re.search(r"/dev/outbox/[\w.-]+\.eml", answer)
        found += look_at(page, running, [letter[0]] if letter else [])
    with visiting(chromium, PHONE) as page:
        log_in(page, running, "governor")
        found += look_at(page, running, ["/office"])
        found += look_at(page, running, ["/office/people"], also=(403,))
    assert found == []


def test_staffs_pages_and_the_class_devices(running: Running, chromium: Browser, app: Flask) -> None:
    with running.database.reading() as db:
        room = next(row for row in people.classes(db) if row.name == "4B")
    with visiting(chromium, PHONE, draws=True) as page:
        log_in(page, running, "office")
        paths = plain_paths(app, *PERMISSIONS, under="/staff")
        room_paths = [f"/staff/classes/{room.public_id}", f"/staff/classes/{room.public_id}/valid-today"]
        found = look_at(page, running, [path for path in paths if "/rules" not in path] + room_paths)
        page.set_viewport_size(PHONE)
        page.goto(f"{running.url}{room_paths[0]}")
        assert page.locator("#choices").evaluate("sheet => sheet.scrollWidth <= sheet.clientWidth")
        found += look_at(page, running, [f"/classroom/start/{room.public_id}"])
        page.get_by_role("button", name="Start the lesson").click()
        heading(page, "Lesson for class")
        found += faults(page)
        lesson = page.url.removeprefix(running.url)
        found += look_at(page, running, [f"{lesson}/board/1"])
        page.goto(f"{running.url}{lesson}")
        page.get_by_role("button", name="Hand this device over").click()
        heading(page, "Our rules")
        kiosk = plain_paths(app, "kiosk")
        assert "/class/names" in kiosk
        found += look_at(page, running, [*kiosk, "/class/rules/1", "/class/rules/6", "/class/rules/7"])
        page.goto(f"{running.url}/class/names")
        page.locator(".names a").first.click()
        heading(page, "Is this you?")
        found += faults(page)
    assert found == []
