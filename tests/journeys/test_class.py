"""A lesson from start to end: the teacher opens it, children sign on two devices, the teacher puts right."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from oval_aup import evidence, people, signing
from tests.journeys.conftest import (
    DESK,
    PHONE,
    Running,
    heading,
    keep_picture,
    log_in,
    no_sideways_scrolling,
    visiting,
)

RULES = 6
TABLET = ViewportSize(width=820, height=1080)


def class_of_the_teacher(running: Running) -> tuple[people.ClassRow, Sequence[people.ChildRow]]:
    with running.database.reading() as db:
        class_id = people.staff_by_email(db, "teacher@oval.example.org").class_id
        assert class_id
        return people.class_by_id(db, class_id), people.children(db, class_id)


def open_the_class(page: Page, running: Running, name: str) -> None:
    log_in(page, running, "teacher")
    page.get_by_role("link", name="Classes", exact=True).click()
    heading(page, f"Class {name}")


def read_every_rule(page: Page, *, kind: str) -> None:
    """One rule on each screen, then what to do when something is wrong."""
    for number in range(1, RULES + 1):
        expect(page.get_by_role("img", name=f"Rule {number} of {RULES}")).to_be_visible()
        no_sideways_scrolling(page)
        if number == 2:
            keep_picture(page, f"class-rule-{kind}")
        page.get_by_role("link", name="Next").click()
    keep_picture(page, f"class-notes-{kind}")


def sign(page: Page, child: people.ChildRow, *, draw: bool = False) -> None:
    """Find a name, say yes, and hand the device on."""
    heading(page, "Find your name")
    page.get_by_role("link", name=re.compile(rf"^{child.forename} \w+$")).first.click()
    heading(page, "Is this you?")
    no_sideways_scrolling(page)
    expect(page.get_by_role("list").locator("li")).to_have_count(RULES)
    if draw:
        _draw(page)
        keep_picture(page, "class-child-phone")
    page.get_by_role("button", name="I will keep these rules").click()
    heading(page, f"Well done, {child.forename}")
    expect(page.get_by_role("img", name="Your drawing")).to_have_count(1 if draw else 0)
    assert page.locator("footer").count() == 0
    page.get_by_role("link", name="Next person").click()


def _draw(page: Page) -> None:
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 60, steps=6)
    page.mouse.move(box["x"] + 60, box["y"] + 70, steps=4)
    page.mouse.up()
    expect(page.locator('input[name="mark"]')).to_have_value(re.compile(r"^\[\[\[\d+,\d+\]"))


def states(running: Running, children: Sequence[people.ChildRow]) -> dict[str, str]:
    """How each child's request stands."""
    with running.database.reading() as db:
        found = signing.standing_of(db, [child.person_id for child in children], running.year)
    return {child.full_name: found[child.person_id][0].status for child in children}


def test_a_class_signs_on_two_devices(running: Running, chromium: Browser) -> None:
    room, children = class_of_the_teacher(running)
    assert set(states(running, children).values()) == {"open"}
    one, two, three, four, five, wrong, *absent = children
    with (
        visiting(chromium, DESK) as teacher,
        visiting(chromium, PHONE, draws=True) as device,
        visiting(chromium, TABLET, scripts=False) as other,
    ):
        open_the_class(teacher, running, room.name)
        no_sideways_scrolling(teacher)
        keep_picture(teacher, "class-page-desk")
        teacher.get_by_role("link", name="Start the lesson").click()
        keep_picture(teacher, "class-start-desk")
        teacher.get_by_role("button", name="Start the lesson").click()
        heading(teacher, f"Lesson for class {room.name}")
        lesson_url = teacher.url
        code = teacher.get_by_role("region", name="Code").locator(".code").inner_text()
        teacher.get_by_role("link", name="Show the rules on the board").click()
        letters = teacher.locator("[data-aloud] p").first.evaluate("words => getComputedStyle(words).fontSize")
        assert letters == "48px"
        teacher.get_by_role("button", name="Full screen").click()
        read_every_rule(teacher, kind="desk")
        assert teacher.evaluate("Boolean(document.fullscreenElement)")
        teacher.get_by_role("link", name="Back to the lesson").click()

        open_the_class(device, running, room.name)
        device.goto(lesson_url)
        device.get_by_role("button", name="Hand this device over").click()
        keep_picture(device, "class-device-phone")
        device.get_by_role("link", name="Show me the rules").click()
        read_every_rule(device, kind="phone")
        device.get_by_role("link", name="Find your name").click()
        keep_picture(device, "class-names-phone")
        sign(device, one)
        sign(device, two, draw=True)
        sign(device, wrong)

        other.goto(f"{running.url}/class")
        other.get_by_label("Type the code from the board").fill("NOTIT")
        other.get_by_role("button", name=re.compile("names only")).click()
        expect(other.get_by_role("alert")).to_contain_text("code doesn’t match an open lesson")
        other.get_by_label("Type the code from the board").fill(code.lower())
        other.get_by_role("button", name=re.compile("names only")).click()
        expect(other.get_by_role("link", name=re.compile(f"^{one.forename} "))).to_have_count(0)
        keep_picture(other, "class-names-tablet")
        sign(other, three)

        teacher.reload()
        expect(teacher.get_by_role("heading", name=f"4 of {len(children)} done")).to_be_visible()
        for child in (four, five):
            teacher.get_by_role("checkbox", name=child.full_name).check()
        teacher.get_by_role("button", name="Record that they took part").click()
        expect(teacher.get_by_role("status")).to_contain_text("2 children recorded.")
        teacher.get_by_role("link", name=f"Wrong name? Undo {wrong.full_name}").click()
        heading(teacher, "Undo this signature?")
        teacher.get_by_role("button", name="Undo").click()
        expect(teacher.get_by_role("status")).to_contain_text("Undone. The name is back on the list.")
        no_sideways_scrolling(teacher)
        keep_picture(teacher, "class-lesson-desk")
        assert states(running, children) == {
            **{child.full_name: "signed" for child in (one, two, three, four, five)},
            **{child.full_name: "open" for child in (wrong, *absent)},
        }
        with running.database.reading() as db:
            seqs = [signing.signatures_of(db, child.person_id)[-1].ledger_seq for child in (one, two)]
            kept = evidence.details(db, seqs)
        assert ["mark" in kept[seq] for seq in seqs] == [False, True]
        device.reload()
        expect(device.get_by_role("link", name=re.compile(f"^{wrong.forename} "))).to_be_visible()

        _is_a_kiosk(device, running)
        teacher.get_by_role("button", name="End the lesson").click()
        expect(teacher.get_by_role("status")).to_contain_text("The lesson has ended.")
        for page in (device, other):
            page.goto(f"{running.url}/class/names")
            heading(page, "Join your class")
            page.get_by_label("Type the code from the board").fill(code)
            page.get_by_role("button", name=re.compile("names only")).click()
            expect(page.get_by_role("alert")).to_contain_text("code doesn’t match an open lesson")


def _is_a_kiosk(device: Page, running: Running) -> None:
    """Whatever a child opens, by hand or by Back, it takes the teacher's log-in to leave."""
    for path in ("/staff", "/staff/classes", "/office", "/office/people"):
        device.goto(f"{running.url}{path}")
        heading(device, "Staff log-in")
    device.goto(f"{running.url}/class/names")
    heading(device, "Find your name")
    device.get_by_role("link", name="For the teacher").click()
    heading(device, "Staff log-in")
    device.go_back()
    heading(device, "Find your name")


def test_a_teacher_holds_the_lesson_on_this_device_alone(running: Running, chromium: Browser) -> None:
    room, children = class_of_the_teacher(running)
    with visiting(chromium, PHONE, scripts=False) as page:
        open_the_class(page, running, room.name)
        page.goto(f"{running.url}/staff/pin")
        page.get_by_label("PIN", exact=True).fill("4719")
        page.get_by_role("button", name="Set my PIN").click()
        page.goto(f"{running.url}/staff/classes")
        page.get_by_role("link", name="Start the lesson").click()
        page.get_by_role("button", name="Hand this device over").click()
        page.get_by_role("link", name="Find your name").click()
        waiting = [name for name, status in states(running, children).items() if status == "open"]
        child = next(child for child in children if child.full_name == waiting[0])
        sign(page, child)
        for _step in range(12):
            page.go_back()
            if "/class/" not in page.url:
                break
        assert "Log out" not in page.inner_text("body"), page.url
        page.goto(f"{running.url}/class/names")
        page.get_by_role("link", name="For the teacher").click()
        page.get_by_label("Your PIN").fill("4719")
        page.get_by_role("button", name="Take it back").click()
        heading(page, f"Lesson for class {room.name}")
        expect(page.get_by_role("link", name=f"Wrong name? Undo {child.full_name}")).to_be_visible()
        no_sideways_scrolling(page)
        keep_picture(page, "class-lesson-phone")
        page.get_by_role("button", name="End the lesson").click()
        expect(page.get_by_role("status")).to_contain_text("The lesson has ended.")
        page.goto(f"{running.url}/class/names")
        heading(page, "Join your class")


@pytest.mark.parametrize("path", ["/class/start", "/class/names", "/class/rules/1"])
def test_a_device_that_is_in_no_lesson_is_asked_for_the_code(running: Running, chromium: Browser, path: str) -> None:
    with visiting(chromium, PHONE, scripts=False) as page:
        page.goto(f"{running.url}{path}")
        heading(page, "Join your class")
