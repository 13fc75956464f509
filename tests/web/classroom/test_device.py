"""A shared device in class: what children see, what it can never reach, and marks made all at once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from oval_aup import evidence, people, signing
from oval_aup.core import clock
from oval_aup.web.classroom.device import short_names
from tests.people import builders
from tests.web.browser import PASSWORD, Browser
from tests.web.classroom.lessons import join, make_mark, marks_in_the_ledger, open_lesson, statuses
from tests.web.world import OFFICE, YEAR, World


@pytest.fixture
def device(browser: Browser, another_browser: Browser, world: World) -> Browser:
    """A device that has joined Di's lesson, on the page of names."""
    join(another_browser, open_lesson(browser, world).join_code, "names")
    return another_browser


def test_a_code_is_taken_however_it_is_typed_and_leads_to_the_rules(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    code = open_lesson(browser, world).join_code
    page = join(another_browser, f" {code[:3].lower()} {code[3:]} ")
    assert page.heading == "I hand my phone in at the office"


def test_a_wrong_code_is_told_so_and_too_many_are_stopped(browser: Browser, world: World) -> None:
    assert "code doesn’t match an open lesson" in join(browser, "NOPE22", status=422).text
    for _try in range(99):
        browser.post("/class", {"code": "NOPE22"}, status=422)
    join(browser, "NOPE22", status=429)
    assert browser.log_in("di@oval.example.org").heading == "My signing"


def test_the_rules_turn_like_pages_and_end_at_the_names(device: Browser) -> None:
    headings = []
    device.get("/class/rules/1")
    for _page in range(7):
        headings.append(device.page.heading)
        (turn,) = [e for e in device.page.all("nav") if e["id"] == "turn"]
        onward = [e["href"] for e in device.page.all("a") if e.inside("nav") is turn][-1]
        device.get(onward)
    assert len(set(headings)) == 7
    assert device.page.heading == "Find your name"


def test_names_are_a_forename_and_an_initial(device: Browser, world: World) -> None:
    names = [e.text for e in device.page.all("li") if e.inside("ul")]
    assert names == ["Ayaan K", "Maja N"]
    assert "Nowak" not in device.page.html
    device.get(f"/class/names/{world.maja.public_id}")
    assert "Nowak" not in device.page.html


def test_a_child_taps_and_is_thanked_and_the_name_leaves_the_list(device: Browser, world: World) -> None:
    assert make_mark(device, world.maja).heading == "Well done, Maja N!"
    assert statuses(world) == {"Ayaan": "open", "Maja": "signed"}
    device.get("/class/names")
    assert [e.text for e in device.page.all("li")] == ["Ayaan K"]
    make_mark(device, world.ayaan)
    assert device.get("/class/names").heading == "Everybody is done"


def test_a_drawn_mark_is_kept(device: Browser, world: World) -> None:
    make_mark(device, world.maja, mark="[[[1,2],[300,4]]]")
    with world.database.reading() as db:
        (entry,) = [row for row in evidence.entries_about(db, world.maja.pseudonym) if row.kind == "signed"]
        assert evidence.details(db, [entry.seq])[entry.seq]["mark"] == [[[1, 2], [300, 4]]]
    assert entry.body["assurance"] == "in-class"


def test_what_was_drawn_is_shown_beside_the_name_to_the_child_and_to_the_teacher(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    lesson = open_lesson(browser, world)
    join(another_browser, lesson.join_code, "names")
    page = make_mark(another_browser, world.maja, mark="[[[10,10],[60,80]],[[90,90]]]")
    (drawn,) = [e for e in page.all("path") if e["d"] == "M0 0L50 70M80 80L80 80"]
    assert drawn.inside("svg") is not None
    browser.get(f"/classroom/lessons/{lesson.public_id}")
    (drawn,) = [e for e in browser.page.all("path") if e["d"] == "M0 0L50 70M80 80L80 80"]
    svg = drawn.inside("svg")
    assert svg is not None
    assert svg["aria-label"] == "Maja Nowak"


def test_a_child_who_tapped_the_wrong_name_is_asked_once_and_put_back(device: Browser, world: World) -> None:
    page = make_mark(device, world.maja)
    (onward,) = [e["href"] for e in page.all("a") if e.text == "Not you?"]
    assert device.get(onward).heading == "Are you Maja N?"
    assert statuses(world)["Maja"] == "signed"
    for _time in range(2):
        assert device.post(onward).heading == "Find your name"
    assert statuses(world)["Maja"] == "open"
    kinds = marks_in_the_ledger(world, world.maja)
    assert kinds == ["signed", "corrected"]
    make_mark(device, world.maja)
    assert statuses(world)["Maja"] == "signed"


def test_only_the_device_that_made_a_mark_takes_it_back_and_only_at_once(
    app: Flask, browser: Browser, another_browser: Browser, world: World
) -> None:
    code = open_lesson(browser, world).join_code
    other = Browser(app)
    for each in (another_browser, other):
        join(each, code, "names")
    make_mark(another_browser, world.maja)
    path = f"/class/names/{world.maja.public_id}"
    assert other.get(f"{path}/well-done").heading == "Find your name"
    other.get(f"/class/names/{world.ayaan.public_id}")
    other.post(f"{path}/not-me")
    assert statuses(world)["Maja"] == "signed"
    clock.travel_to(clock.now() + dt.timedelta(minutes=3))
    assert another_browser.get(f"{path}/not-me").heading == "Find your name"
    another_browser.post(f"{path}/not-me")
    assert statuses(world)["Maja"] == "signed"


def test_a_second_tablet_that_sends_the_same_mark_cannot_take_it_back(
    app: Flask, browser: Browser, another_browser: Browser, world: World
) -> None:
    """Both had the child's page open; the mark is the first one's."""
    code = open_lesson(browser, world).join_code
    other = Browser(app)
    path = f"/class/names/{world.maja.public_id}"
    for tablet in (another_browser, other):
        join(tablet, code, "names")
        tablet.get(path)
    shown = {"attempt": other.page.hidden("attempt"), "shown_sha256": other.page.hidden("shown_sha256")}
    make_mark(another_browser, world.maja)
    assert other.post(path, shown).heading == "Find your name"
    other.get(f"/class/names/{world.ayaan.public_id}")
    other.post(f"{path}/not-me")
    assert statuses(world)["Maja"] == "signed"
    another_browser.get(f"{path}/not-me")
    another_browser.post(f"{path}/not-me")
    assert statuses(world)["Maja"] == "open"


def test_a_mark_that_the_teacher_recorded_is_not_the_devices_to_take_back(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    lesson = open_lesson(browser, world)
    join(another_browser, lesson.join_code, "names")
    make_mark(another_browser, world.maja)
    browser.get(f"/classroom/lessons/{lesson.public_id}")
    browser.post(f"/classroom/lessons/{lesson.public_id}/undo", {"child": world.maja.public_id})
    browser.post(f"/classroom/lessons/{lesson.public_id}/took-part", {"child": world.maja.public_id})
    another_browser.post(f"/class/names/{world.maja.public_id}/not-me", status=404)
    assert statuses(world)["Maja"] == "signed"


@pytest.mark.parametrize("path", ["/class/names", "/class/rules/1", "/class/start", "/how-we-keep-this-safe"])
def test_a_class_device_shows_no_links_for_adults(device: Browser, path: str) -> None:
    page = device.get(path)
    assert "<footer" not in page.html
    assert [e["href"] for e in page.all("a") if e["href"] in ("/verify", "/accessibility", "/")] == []


def test_a_page_that_is_not_there_leads_a_child_back_to_the_names(device: Browser) -> None:
    page = device.get("/nowhere", status=404)
    assert "<footer" not in page.html
    assert "office" not in page.text.replace("or ask the school office", "")
    assert device.get(next(e["href"] for e in page.all("a") if e["class"] == "button")).heading == "Find your name"


def test_the_class_page_the_lesson_and_the_tablet_count_alike(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    lesson = open_lesson(browser, world)
    join(another_browser, lesson.join_code, "names")
    make_mark(another_browser, world.maja)
    assert "1 still to go · 1 of 2 done" in another_browser.get("/class/names").text
    assert "1 of 2 done 1 still to go: Ayaan Khan" in browser.get(f"/classroom/lessons/{lesson.public_id}").text
    assert "1 of 2 children have signed." in browser.get(f"/staff/classes/{world.year_4.public_id}").text
    browser.post(f"/classroom/lessons/{lesson.public_id}/close")
    again = open_lesson(browser, world, again=True)
    assert "1 of 2 done 1 still to go: Ayaan Khan" in browser.get(f"/classroom/lessons/{again.public_id}").text


def test_a_bad_drawing_is_refused_with_a_sentence(device: Browser, world: World) -> None:
    assert "couldn’t read the drawing" in make_mark(device, world.maja, status=422, mark="[[[1]]]").text


def test_the_same_post_again_is_thanked_again_and_one_signature(device: Browser, world: World) -> None:
    path = f"/class/names/{world.maja.public_id}"
    device.get(path)
    page, shown = device.page, device.page.hidden("shown_sha256")
    for _time in range(2):
        device.page = page
        assert device.post(path, {"attempt": "0", "shown_sha256": shown}).heading == "Well done, Maja N!"
    with world.database.reading() as db:
        assert len(signing.signatures_of(db, world.maja.person_id)) == 1


def test_a_page_from_before_an_undo_asks_again_instead_of_thanking(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    lesson = open_lesson(browser, world)
    join(another_browser, lesson.join_code, "names")
    path = f"/class/names/{world.maja.public_id}"
    another_browser.get(path)
    page, shown = another_browser.page, another_browser.page.hidden("shown_sha256")
    another_browser.post(path, {"attempt": "0", "shown_sha256": shown})
    browser.post(f"/classroom/lessons/{lesson.public_id}/undo", {"child": world.maja.public_id})
    another_browser.page = page
    assert another_browser.post(path, {"attempt": "0", "shown_sha256": shown}).heading == "Is this you?"


def test_words_other_than_those_shown_are_a_conflict(device: Browser, world: World) -> None:
    device.get(f"/class/names/{world.maja.public_id}")
    device.post(f"/class/names/{world.maja.public_id}", {"attempt": "0", "shown_sha256": "0" * 64}, status=409)
    assert statuses(world)["Maja"] == "open"


def test_a_child_of_another_class_is_not_here(device: Browser, world: World) -> None:
    device.get(f"/class/names/{world.zara.public_id}", status=404)
    device.get(f"/class/names/{world.maja.public_id}")
    device.post(f"/class/names/{world.zara.public_id}", {"attempt": "0", "shown_sha256": "0" * 64}, status=404)


@pytest.mark.parametrize("path", ["/staff", "/staff/classes", "/staff/photos", "/office"])
def test_the_device_reaches_no_staff_page(device: Browser, path: str) -> None:
    assert device.get(path).heading == "Staff log-in"


def test_handing_the_teachers_device_over_ends_the_log_in_there(browser: Browser, world: World) -> None:
    browser.log_in("di@oval.example.org")
    before = browser.client.get_cookie("oval")
    assert before is not None
    browser.get(f"/classroom/start/{world.year_4.public_id}")
    page = browser.post(f"/classroom/start/{world.year_4.public_id}", {"how": "here"})
    assert page.heading == "Our rules for phones, pictures and being online"
    assert browser.get("/staff").heading == "Staff log-in"
    browser.client.set_cookie("oval", before.value)
    assert browser.get("/staff").heading == "Staff log-in"


def test_leaving_takes_the_teachers_log_in_and_ends_the_device(browser: Browser, world: World) -> None:
    browser.log_in("di@oval.example.org")
    browser.get(f"/classroom/start/{world.year_4.public_id}")
    browser.post(f"/classroom/start/{world.year_4.public_id}", {"how": "here"})
    kiosk = browser.client.get_cookie("oval")
    assert kiosk is not None
    browser.get("/class/names")
    (onward,) = [e["href"] for e in browser.page.all("a") if e.text == "For the teacher"]
    browser.get(onward)
    form = {"email": "di@oval.example.org", "password": PASSWORD, "next": browser.page.hidden("next")}
    assert browser.post("/staff/log-in", form).heading == "Lesson for class 4C"
    browser.client.set_cookie("oval", kiosk.value)
    assert browser.get("/class/names").heading == "Join your class"


def test_joining_on_a_browser_with_a_staff_log_in_ends_that(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    code = open_lesson(browser, world).join_code
    another_browser.log_in("sam@oval.example.org")
    join(another_browser, code, "names")
    assert another_browser.get("/staff").heading == "Staff log-in"


def test_nobody_marks_without_having_joined(browser: Browser, world: World) -> None:
    for path in ("/class/start", "/class/names", "/class/rules/1", f"/class/names/{world.maja.public_id}"):
        assert browser.get(path).heading == "Join your class"


def test_a_staff_log_in_alone_makes_no_marks(browser: Browser, world: World) -> None:
    browser.log_in("di@oval.example.org")
    assert browser.get("/class/names").heading == "Join your class"


def test_twenty_posts_at_once_are_one_mark(app: Flask, browser: Browser, world: World) -> None:
    code = open_lesson(browser, world).join_code
    devices = [Browser(app) for _each in range(20)]
    path = f"/class/names/{world.maja.public_id}"
    for device in devices:
        join(device, code, "names")
        device.get(path)
    start = threading.Barrier(len(devices))
    answers: list[int] = []

    def tap(device: Browser) -> None:
        form = {name: device.page.hidden(name) for name in ("csrf_token", "attempt", "shown_sha256")}
        start.wait()
        answers.append(device.client.post(path, data=form).status_code)

    threads = [threading.Thread(target=tap, args=(device,)) for device in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 20
    with world.database.reading() as db:
        assert len(signing.signatures_of(db, world.maja.person_id)) == 1
        assert marks_in_the_ledger(world, world.maja) == ["signed"]


def test_thirty_children_on_thirty_devices_sign_at_once(app: Flask, browser: Browser, world: World) -> None:
    children = _fill_the_class(world, 28)
    code = open_lesson(browser, world).join_code
    devices = [(Browser(app), child) for child in children]
    for device, child in devices:
        join(device, code, "names")
        device.get(f"/class/names/{child.public_id}")
    threads = [
        threading.Thread(
            target=lambda device=device, child=child: device.client.post(
                f"/class/names/{child.public_id}",
                data={name: device.page.hidden(name) for name in ("csrf_token", "attempt", "shown_sha256")},
            )
        )
        for device, child in devices
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with world.database.reading() as db:
        counts = signing.coverage(db, YEAR, class_ids=(world.year_4.id,)).counts("children", world.year_4.id)
    assert (counts.signed, counts.asked) == (30, 30)


def _fill_the_class(world: World, more: int) -> list[people.ChildRow]:
    with world.database.writing() as db:
        added = [
            builders.add_child(
                db,
                forename=f"Child{number}",
                surname="Smith",
                born_on=world.maja.born_on,
                year_group="4",
                class_id=world.year_4.id,
                actor=OFFICE,
            )
            for number in range(more)
        ]
        signing.open_requests(
            db,
            [signing.NewRequest(child.person_id, "children", way="class") for child in added],
            school_year=YEAR,
            due_on=world.maja.born_on,
        )
    return [world.ayaan, world.maja, *added]


def test_a_mark_costs_the_same_in_a_class_of_two_and_of_thirty(device: Browser, world: World) -> None:
    counted = []
    for child in (world.maja, world.ayaan):
        if child == world.ayaan:
            _fill_the_class(world, 28)
        statements: list[str] = []

        def count(
            _connection: object, _cursor: object, statement: str, *_more: object, kept: list[str] = statements
        ) -> None:
            kept.append(statement)

        sa.event.listen(world.database.engine, "before_cursor_execute", count)
        device.get("/class/names")
        make_mark(device, child)
        sa.event.remove(world.database.engine, "before_cursor_execute", count)
        counted.append(len(statements))
    assert counted[0] == counted[1]


def _roll(*names: str) -> list[signing.RollRow]:
    return [
        signing.RollRow(number, str(number), name.split(maxsplit=1)[0], name, "waiting", 0)
        for number, name in enumerate(names)
    ]


def test_children_who_share_a_first_name_are_told_apart_by_as_little_as_possible() -> None:
    labels = short_names(_roll("Aisha Begum", "Aisha Bibi", "Leo Brown", "Aisha Khan"))
    assert list(labels.values()) == ["Aisha Be", "Aisha Bi", "Leo B", "Aisha K"]


def test_two_children_of_the_same_full_name_both_stay_on_the_list() -> None:
    assert list(short_names(_roll("Ava Lee", "Ava Lee")).values()) == ["Ava Lee", "Ava Lee"]


def test_a_child_who_taps_when_the_lesson_is_over_is_told_and_nothing_is_recorded(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    lesson = open_lesson(browser, world)
    assert "The lesson on this device is over" not in another_browser.get("/class").text
    join(another_browser, lesson.join_code, "names")
    path = f"/class/names/{world.maja.public_id}"
    another_browser.get(path)
    browser.post(f"/classroom/lessons/{lesson.public_id}/close")
    page = another_browser.post(path, {"shown_sha256": another_browser.page.hidden("shown_sha256")})
    assert page.heading == "Join your class"
    assert "The lesson on this device is over" in page.text
    assert statuses(world)["Maja"] == "open"
