"""What the classroom tests do again and again: open a lesson, join it with a device, make a mark."""

from __future__ import annotations

from oval_aup import evidence, people, signing
from tests.web.browser import Browser
from tests.web.page import Page
from tests.web.world import YEAR, World


def open_lesson(browser: Browser, world: World, *, again: bool = False) -> signing.ClassSessionRow:
    """Di opens a lesson of the Year 4 class with a code and is on its page."""
    if not again:
        browser.log_in("di@oval.example.org")
    browser.get(f"/classroom/start/{world.year_4.public_id}")
    browser.post(f"/classroom/start/{world.year_4.public_id}", {"how": "code"})
    with world.database.reading() as db:
        return signing.class_sessions(db, world.year_4.id, YEAR)[0]


def join(device: Browser, code: str, show: str = "rules", *, status: int = 200) -> Page:
    """A device types the code."""
    device.get("/class")
    return device.post("/class", {"code": code, "show": show}, status=status)


def make_mark(device: Browser, child: people.ChildRow, *, status: int = 200, **more: str) -> Page:
    """A child finds their name and taps."""
    path = f"/class/names/{child.public_id}"
    device.get(path)
    shown = {"attempt": device.page.hidden("attempt"), "shown_sha256": device.page.hidden("shown_sha256")}
    return device.post(path, shown | more, status=status)


def statuses(world: World) -> dict[str, str]:
    """How the requests of the Year 4 children stand, by forename."""
    children = {world.ayaan.person_id: "Ayaan", world.maja.person_id: "Maja"}
    with world.database.reading() as db:
        found = signing.standing_of(db, children, YEAR)
    return {children[person_id]: rows[0].status for person_id, rows in found.items()}


def marks_in_the_ledger(world: World, child: people.ChildRow) -> list[str]:
    """The kinds of a child's entries that a lesson makes, oldest first."""
    made = {"signed", "witnessed", "corrected", "withdrawn"}
    with world.database.reading() as db:
        return [row.kind for row in evidence.entries_about(db, child.pseudonym) if row.kind in made]
