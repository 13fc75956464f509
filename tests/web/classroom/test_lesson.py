"""A lesson from the teacher's side: opening it, watching it, putting a wrong name right, closing it."""

from __future__ import annotations

import pytest

from oval_aup import agreements, evidence, signing
from tests.web.admin.conftest import guardian_actor
from tests.web.browser import Browser
from tests.web.classroom.lessons import join, make_mark, marks_in_the_ledger, open_lesson, statuses
from tests.web.world import YEAR, World


def test_the_teacher_opens_a_lesson_and_sees_the_code(browser: Browser, world: World) -> None:
    lesson = open_lesson(browser, world)
    assert lesson.join_code in browser.page.text
    assert "0 of 2 done" in browser.page.text


def test_opening_it_again_is_the_same_lesson(browser: Browser, world: World) -> None:
    first = open_lesson(browser, world)
    browser.get(f"/classroom/start/{world.year_4.public_id}")
    assert "Go to the lesson" in browser.page.text
    assert open_lesson(browser, world, again=True).public_id == first.public_id


@pytest.mark.parametrize(("colleague", "status"), [("flo", 403), ("sam", 403), ("gov", 403), ("eve", 200)])
def test_only_the_classs_teacher_and_the_office_hold_it(
    browser: Browser, world: World, colleague: str, status: int
) -> None:
    browser.log_in(f"{colleague}@oval.example.org")
    browser.get(f"/classroom/start/{world.year_4.public_id}", status=status)
    browser.post(f"/classroom/start/{world.year_4.public_id}", {"how": "code"}, status=status)


@pytest.mark.parametrize("act", ["took-part", "undo", "close", "hand-over"])
def test_another_teacher_cannot_act_in_it(browser: Browser, another_browser: Browser, world: World, act: str) -> None:
    lesson = open_lesson(browser, world)
    another_browser.log_in("flo@oval.example.org")
    another_browser.get(f"/classroom/lessons/{lesson.public_id}", status=403)
    another_browser.post(f"/classroom/lessons/{lesson.public_id}/{act}", {"child": world.maja.public_id}, status=403)


def test_the_page_counts_along_while_children_sign(browser: Browser, another_browser: Browser, world: World) -> None:
    lesson = open_lesson(browser, world)
    join(another_browser, lesson.join_code, "names")
    make_mark(another_browser, world.maja)
    fragment = browser.htmx(f"/classroom/lessons/{lesson.public_id}")
    assert fragment.elements[0]["id"] == "roll"
    assert "1 of 2 done" in fragment.elements[0].text
    assert "1 still to go: Ayaan Khan" in fragment.elements[0].text


def test_the_teacher_records_several_who_took_part_and_repeating_it_adds_nothing(
    browser: Browser, world: World
) -> None:
    lesson = open_lesson(browser, world)
    both = {"child": [world.ayaan.public_id, world.maja.public_id]}
    path = f"/classroom/lessons/{lesson.public_id}/took-part"
    assert "2 children recorded" in browser.post(path, both).text
    assert "0 children recorded" in browser.post(path, both).text
    assert statuses(world) == {"Ayaan": "signed", "Maja": "signed"}
    with world.database.reading() as db:
        (entry,) = [row for row in evidence.entries_about(db, world.maja.pseudonym) if row.kind == "signed"]
    assert entry.body["act"]["recorded_by"] == world.di.pseudonym


def test_only_children_of_the_class_can_be_recorded(browser: Browser, world: World) -> None:
    lesson = open_lesson(browser, world)
    path = f"/classroom/lessons/{lesson.public_id}/took-part"
    browser.post(path, {"child": world.zara.public_id}, status=404)


def test_a_wrong_name_is_undone_as_a_correction_and_may_sign_again(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    lesson = open_lesson(browser, world)
    join(another_browser, lesson.join_code, "names")
    make_mark(another_browser, world.maja)
    browser.get(f"/classroom/lessons/{lesson.public_id}")
    browser.post(f"/classroom/lessons/{lesson.public_id}/undo", {"child": world.maja.public_id})
    assert "The name is back on the list" in browser.page.text
    assert statuses(world)["Maja"] == "open"
    make_mark(another_browser, world.maja)
    assert statuses(world)["Maja"] == "signed"
    kinds = marks_in_the_ledger(world, world.maja)
    assert kinds == ["signed", "corrected", "signed"]


def test_undo_asks_once_and_keeps_the_mark_until_then(browser: Browser, another_browser: Browser, world: World) -> None:
    lesson = open_lesson(browser, world)
    join(another_browser, lesson.join_code, "names")
    make_mark(another_browser, world.maja)
    page = browser.get(f"/classroom/lessons/{lesson.public_id}")
    (onward,) = [e["href"] for e in page.all("a") if e.text.startswith("Wrong name? Undo")]
    page = browser.get(onward)
    assert page.heading == "Undo this signature?"
    assert "Maja Nowak" in page.text
    assert statuses(world)["Maja"] == "signed"
    browser.get(f"/classroom/lessons/{lesson.public_id}/undo/{world.ayaan.public_id}", status=404)


def test_children_whose_parents_sign_are_counted_by_who_took_part(browser: Browser, world: World) -> None:
    browser.log_in("flo@oval.example.org")
    path = f"/classroom/start/{world.year_1.public_id}"
    for _lesson in range(2):
        browser.get(path)
        page = browser.post(path, {"how": "code"})
        with world.database.reading() as db:
            lesson = signing.class_sessions(db, world.year_1.id, YEAR)[0]
        browser.post(f"/classroom/lessons/{lesson.public_id}/took-part", {"child": world.zara.public_id})
        browser.post(f"/classroom/lessons/{lesson.public_id}/close")
    assert "1 of 1 done" in page.text
    text = browser.get(f"/staff/classes/{world.year_1.public_id}").text
    assert "1 of 1 child has taken part. Parents or carers have signed for 0 of 1." in text


def test_the_board_fills_the_screen_and_a_tablet_does_not(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    lesson = open_lesson(browser, world)
    page = browser.get(f"/classroom/lessons/{lesson.public_id}/board/1")
    assert 'class="child on-board"' in page.html
    assert "Close the board" in page.text
    join(another_browser, lesson.join_code)
    assert "on-board" not in another_browser.page.html


def test_a_child_who_has_no_mark_cannot_be_undone(browser: Browser, world: World) -> None:
    lesson = open_lesson(browser, world)
    path = f"/classroom/lessons/{lesson.public_id}/undo"
    browser.post(path, {"child": world.maja.public_id}, status=404)
    browser.post(path, {"child": "made-up"}, status=404)


def test_closing_ends_the_code_and_every_device(browser: Browser, another_browser: Browser, world: World) -> None:
    lesson = open_lesson(browser, world)
    join(another_browser, lesson.join_code, "names")
    for _time in range(2):
        browser.post(f"/classroom/lessons/{lesson.public_id}/close")
        assert "This lesson ended" in browser.page.text
    assert another_browser.get("/class/names").heading == "Join your class"
    join(another_browser, lesson.join_code, "names", status=422)


def test_the_board_shows_each_rule_with_a_picture_and_then_the_notes(browser: Browser, world: World) -> None:
    lesson = open_lesson(browser, world)
    board = f"/classroom/lessons/{lesson.public_id}/board"
    labels = set()
    for number in range(1, 7):
        browser.get(f"{board}/{number}")
        (picture,) = [e for e in browser.page.all("svg") if e["role"] == "img"]
        labels.add(picture["aria-label"])
    assert len(labels) == 6
    assert browser.get(f"{board}/7").heading == "Who can I tell?"
    browser.get(f"{board}/8", status=404)
    browser.get(f"{board}/first", status=404)


def test_a_year_1_class_gets_the_younger_words_and_its_teacher_witnesses(browser: Browser, world: World) -> None:
    browser.log_in("flo@oval.example.org")
    browser.get(f"/classroom/start/{world.year_1.public_id}")
    browser.post(f"/classroom/start/{world.year_1.public_id}", {"how": "code"})
    with world.database.reading() as db:
        (lesson,) = signing.class_sessions(db, world.year_1.id, YEAR)
    assert browser.get(f"/classroom/lessons/{lesson.public_id}/board/1").heading == (
        "My phone is off and goes to the office."
    )
    browser.get(f"/classroom/lessons/{lesson.public_id}")
    browser.post(f"/classroom/lessons/{lesson.public_id}/took-part", {"child": world.zara.public_id})
    with world.database.reading() as db:
        (request,) = signing.standing(db, world.zara.person_id, lesson.school_year)
        kinds = marks_in_the_ledger(world, world.zara)
    assert (request.status, kinds) == ("open", ["witnessed"])


def test_a_lesson_counts_as_the_class_page_does_where_parents_have_signed(browser: Browser, world: World) -> None:
    """Zara is in Year 1: her mother signs the rules for her, and she can still take part in the lesson."""
    with world.database.writing() as db:
        request = next(row for row in signing.standing(db, world.zara.person_id, YEAR))
        wording = agreements.current(db, "children", reading_level="younger")
        signing.sign(
            db,
            request.id,
            wording=wording,
            shown_sha256=wording.text_sha256,
            typed_name=world.ann.full_name,
            signed_by_id=world.ann.person_id,
            idempotency_key="zara",
            actor=guardian_actor(world.ann),
        )
    browser.log_in("flo@oval.example.org")
    assert "0 of 1" in browser.get(f"/staff/classes/{world.year_1.public_id}").text
    browser.get(f"/classroom/start/{world.year_1.public_id}")
    page = browser.post(f"/classroom/start/{world.year_1.public_id}", {"how": "code"})
    assert "0 of 1 done" in page.text
