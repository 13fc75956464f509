"""Picture choices by class, and the question about one photo."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup import agreements, campaigns, consent, people, signing
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from tests.people import builders
from tests.web.browser import Browser
from tests.web.classroom.lessons import join, open_lesson
from tests.web.world import DUE_ON, OFFICE, TODAY, YEAR, World

DI = "di@oval.example.org"


def _choose(world: World, child: people.ChildRow, guardian: people.GuardianRow, **answers: str) -> None:
    with world.database.writing() as db:
        wording = agreements.current(db, "image-uses")
        usual = {use.key: "yes" for use in consent.asked_purposes(db)}
        consent.record(
            db,
            child=child,
            guardian=guardian,
            answers=usual | {key.replace("_", "-"): answer for key, answer in answers.items()},
            wording=wording,
            school_year=YEAR,
            idempotency_key=f"{child.public_id}:{guardian.public_id}",
            details={},
            actor=Actor("guardian", guardian.person_id, guardian.pseudonym, "link-and-birth-date", "link"),
        )


def _row_of(browser: Browser, name: str) -> list[str]:
    row = next(e.inside("tr") for e in browser.page.all("th") if e.text == name)
    assert row is not None
    return [
        e.text.partition(" changed ")[0]
        for e in browser.page.all("td")
        if e.inside("tr") is row and e["class"] != "rest"
    ]


def _photo(world: World, *children: people.ChildRow, use: str = "website") -> str:
    ticked = "".join(f"&child={child.public_id}" for child in children)
    return f"/staff/photos?class={world.year_4.public_id}&use={use}{ticked}"


def test_a_class_teacher_sees_their_class_at_once(browser: Browser, world: World) -> None:
    _choose(world, world.maja, world.cass, website="no")
    browser.log_in(DI)
    browser.get("/staff/classes")
    assert browser.page.heading == "Class 4C"
    assert _row_of(browser, "Maja Nowak").count("No") == 1
    assert set(_row_of(browser, "Ayaan Khan")) == {"No answer"}


def test_two_adults_who_disagree_look_like_any_no_and_nobody_is_named(browser: Browser, world: World) -> None:
    _choose(world, world.ayaan, world.ann)
    _choose(world, world.ayaan, world.bob, website="no")
    browser.log_in(DI)
    browser.get("/staff/classes")
    assert _row_of(browser, "Ayaan Khan").count("No") == 1
    for secret in ("Ann", "Bob", "conflict", "disagree"):
        assert secret not in browser.page.text


def test_a_block_is_shown_as_do_not_use_without_a_reason(browser: Browser, world: World) -> None:
    _choose(world, world.maja, world.cass)
    with world.database.writing() as db:
        head = Actor("head", world.hal.person_id, world.hal.pseudonym, "staff-login", "login")
        consent.block(db, world.maja, school_year=YEAR, actor=head)
    browser.log_in(DI)
    browser.get("/staff/classes")
    assert set(_row_of(browser, "Maja Nowak")) == {"Do not use"}
    assert "safeguarding" not in browser.page.text.lower()


def test_the_sheet_to_print_says_that_it_is_for_today(browser: Browser, world: World) -> None:
    browser.log_in(DI)
    browser.get(f"/staff/classes/{world.year_4.public_id}/valid-today")
    assert "Valid today, 15 September 2026" in browser.page.text
    assert "Maja Nowak" in browser.page.text


def test_the_class_page_stacks_on_a_phone_and_the_sheet_to_print_never(browser: Browser, world: World) -> None:
    """Each child's choices stand below the name; a child with one answer for every use takes one line."""
    _choose(world, world.maja, world.cass, website="no")
    browser.log_in(DI)
    page = browser.get(f"/staff/classes/{world.year_4.public_id}")
    assert "choices-sheet list" in page.html
    assert '<tr class="alike"><th scope="row">Ayaan Khan</th>' in page.html
    assert '<td data-label="Every use" class="is-missing">' in page.html
    assert "Yes to the other 9 uses" in page.text
    assert '<tr><th scope="row">Maja Nowak</th>' in page.html
    sheet = browser.get(f"/staff/classes/{world.year_4.public_id}/valid-today")
    assert 'class="table choices-sheet"' in sheet.html


@pytest.mark.parametrize("page", ["", "/valid-today"])
def test_exceptions_stand_in_a_box_before_everything_else(browser: Browser, world: World, page: str) -> None:
    _choose(world, world.maja, world.cass, website="no")
    browser.log_in(DI)
    html = browser.get(f"/staff/classes/{world.year_4.public_id}{page}").html
    text = browser.page.text
    assert "Children with a No: 1" in text
    assert "Maja Nowak No School website" in text
    assert "No answer yet. Treat it as a No: Ayaan Khan" in text
    assert html.index('class="exceptions"') < html.index('class="table choices-sheet')


def test_a_class_in_which_everybody_agrees_says_so(browser: Browser, world: World) -> None:
    for guardian, child in ((world.cass, world.maja), (world.ann, world.ayaan)):
        _choose(world, child, guardian)
    browser.log_in(DI)
    assert "Nobody in this class has said No." in browser.get("/staff/classes").text
    assert "Children with a No" not in browser.page.text


def test_a_change_is_marked_in_the_table_and_listed_for_a_fortnight(browser: Browser, world: World) -> None:
    _choose(world, world.ayaan, world.ann)
    _choose(world, world.ayaan, world.bob, website="no")
    browser.log_in(DI)
    page = browser.get("/staff/classes")
    marked = [e.text for e in page.all("td") if "changed" in e["class"]]
    assert marked == ["No changed 15 Sep"]
    assert "Changed in the last 14 days 15 Sep Ayaan Khan No School website" in page.text
    assert "Bob" not in page.text
    clock.travel_to(clock.at_london(TODAY + dt.timedelta(days=15), 10))
    browser.log_in(DI)
    page = browser.get("/staff/classes")
    assert "Changed in the last" not in page.text
    assert not [e for e in page.all("td") if "changed" in e["class"]]


def test_the_office_sees_the_changes_of_every_class_and_a_teacher_does_not(browser: Browser, world: World) -> None:
    browser.log_in("eve@oval.example.org")
    assert "Nothing has changed." in browser.get("/staff/classes/changes").text
    _choose(world, world.ayaan, world.ann)
    _choose(world, world.ayaan, world.bob, website="no")
    assert "Permission changed for 1 child" in browser.get("/staff/classes").text
    assert "4C: Ayaan Khan No School website" in browser.get("/staff/classes/changes").text
    browser.log_in(DI)
    browser.get("/staff/classes/changes", status=403)


@pytest.mark.parametrize("page", ["", "/valid-today"])
def test_another_teachers_class_is_closed(browser: Browser, world: World, page: str) -> None:
    browser.log_in("flo@oval.example.org")
    browser.get(f"/staff/classes/{world.year_4.public_id}{page}", status=403)


@pytest.mark.parametrize("colleague", ["eve", "hal"])
def test_office_and_head_choose_any_class(browser: Browser, world: World, colleague: str) -> None:
    browser.log_in(f"{colleague}@oval.example.org")
    assert browser.get("/staff/classes").heading == "Classes"
    assert browser.get(f"/staff/classes/{world.year_4.public_id}").heading == "Class 4C"


@pytest.mark.parametrize("colleague", ["sam", "gov"])
def test_others_have_no_class_page(browser: Browser, world: World, colleague: str) -> None:
    browser.log_in(f"{colleague}@oval.example.org")
    browser.get("/staff/classes", status=403)


def test_a_class_that_does_not_exist_is_not_found(browser: Browser, world: World) -> None:
    browser.log_in("eve@oval.example.org")
    browser.get("/staff/classes/made-up", status=404)


def test_everybody_said_yes(browser: Browser, world: World) -> None:
    _choose(world, world.maja, world.cass)
    browser.log_in(DI)
    browser.get(_photo(world, world.maja))
    assert "Yes School website: fine for everyone you ticked (1)" in browser.page.text


def test_one_no_breaks_it_and_is_named_without_a_reason(browser: Browser, world: World) -> None:
    _choose(world, world.maja, world.cass)
    _choose(world, world.ayaan, world.ann)
    _choose(world, world.ayaan, world.bob, website="no")
    browser.log_in(DI)
    text = browser.get(_photo(world, world.maja, world.ayaan)).text
    assert "Ayaan Khan: no" in text
    assert "Fine without them: yes for 1 other child." in text
    assert "Bob" not in text


def test_a_missing_answer_is_for_the_office(browser: Browser, world: World) -> None:
    browser.log_in(DI)
    text = browser.get(_photo(world, world.maja)).text
    assert "Ask the office" in text
    assert "Maja Nowak: no answer yet" in text


def test_nobody_ticked_is_no_answer(browser: Browser, world: World) -> None:
    browser.log_in(DI)
    assert "Tick who is in it" in browser.get(_photo(world)).text


def test_what_the_school_never_does_is_a_no_for_everyone(browser: Browser, world: World) -> None:
    _choose(world, world.maja, world.cass)
    browser.log_in(DI)
    assert "Maja Nowak: no" in browser.get(_photo(world, world.maja, use="ai-tools")).text
    assert "fine for everyone" in browser.get(_photo(world, world.maja, use="school-records")).text


def test_a_fragment_is_the_answer_alone(browser: Browser, world: World) -> None:
    browser.log_in("sam@oval.example.org")
    page = browser.htmx(_photo(world, world.maja))
    assert page.elements[0]["id"] == "photo-answer"
    assert page.elements[0]["class"] == "live"


@pytest.mark.parametrize("query", ["class=made-up", "use=made-up"])
def test_a_made_up_class_or_use_is_not_found(browser: Browser, world: World, query: str) -> None:
    browser.log_in(DI)
    browser.get(f"/staff/photos?{query}", status=404)


def test_a_child_of_another_class_is_not_looked_up(browser: Browser, world: World) -> None:
    browser.log_in(DI)
    assert "Tick who is in it" in browser.get(_photo(world, world.zara)).text


def test_the_governor_does_not_look_up_photos(browser: Browser, world: World) -> None:
    browser.log_in("gov@oval.example.org")
    browser.get("/staff/photos", status=403)


def test_two_children_of_one_name_can_be_told_apart_wherever_they_are_listed(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    with world.database.writing() as db:
        twin = builders.add_child(
            db,
            forename=world.maja.forename,
            surname="Nowak",
            born_on=dt.date(2017, 12, 24),
            year_group="4",
            class_id=world.year_4.id,
            actor=OFFICE,
        )
        request = signing.NewRequest(twin.person_id, "children", "class")
        signing.open_requests(db, [request], school_year=YEAR, due_on=DUE_ON)
    browser.log_in("di@oval.example.org")
    for path in (
        f"/staff/classes/{world.year_4.public_id}",
        f"/staff/classes/{world.year_4.public_id}/valid-today",
        f"/staff/photos?class={world.year_4.public_id}&child={twin.public_id}",
    ):
        text = browser.get(path).text
        assert "Maja Nowak (born 24 Dec)" in text
        assert "Maja Nowak (born 30 Jun)" in text
        assert "Ayaan Khan (born" not in text
    lesson = open_lesson(browser, world)
    ticked = [e.text for e in browser.page.all("label") if "Maja Nowak" in e.text]
    assert sorted(ticked) == ["Maja Nowak (born 24 Dec)", "Maja Nowak (born 30 Jun)"]
    page = join(another_browser, lesson.join_code, "names")
    assert "Maja Nowak (born 24 Dec)" in page.text
    assert "Maja Nowak (born 30 Jun)" in another_browser.get(f"/class/names/{world.maja.public_id}").text


@pytest.mark.parametrize("path", ["/staff/classes", "/staff/photos"])
def test_before_any_picture_rules_are_published_the_page_says_so_and_leads_on(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(consent, "has_uses", lambda _db: False)
    browser.log_in(DI)
    page = browser.get(path)
    assert page.heading == "No picture choices yet"
    (onward,) = [e["href"] for e in page.all("a") if e["class"] == "button"]
    assert browser.get(onward).heading == "My signing"


def test_a_lesson_without_published_rules_says_so(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreements, "is_published", lambda _db, _key: False)
    browser.log_in(DI)
    assert browser.get(f"/classroom/start/{world.year_4.public_id}").heading == "No children’s rules yet"


def test_a_teacher_finds_who_has_not_answered_on_a_page_of_their_own(
    world: World, settings: Settings, browser: Browser
) -> None:
    with world.database.writing() as db:
        row = campaigns.plan(db, school_year=YEAR, opens_on=TODAY, due_on=DUE_ON, actor=OFFICE)
        campaigns.open_campaign(db, row, school=settings.school, actor=OFFICE)
    browser.log_in("di@oval.example.org")
    page = browser.get("/staff/unanswered")
    assert "Families of 4C" in page.text
    for name in ("Ann Khan", "Bob Khan", "Cass Nowak"):
        assert name in page.text
    assert "Zara" not in page.text
    browser.log_in("sam@oval.example.org")
    assert "Everybody in your team has answered." in browser.get("/staff/unanswered").text


def test_the_unanswered_list_says_which_of_two_namesakes_it_means(
    world: World, settings: Settings, browser: Browser
) -> None:
    with world.database.writing() as db:
        row = campaigns.plan(db, school_year=YEAR, opens_on=TODAY, due_on=DUE_ON, actor=OFFICE)
        campaigns.open_campaign(db, row, school=settings.school, actor=OFFICE)
        builders.add_child(
            db,
            forename=world.maja.forename,
            surname="Nowak",
            born_on=dt.date(2017, 12, 24),
            year_group="4",
            class_id=world.year_4.id,
            actor=OFFICE,
        )
    _choose(world, world.maja, world.cass)
    with world.database.writing() as db:
        consent.block(db, world.maja, school_year=YEAR, actor=OFFICE)
    browser.log_in("di@oval.example.org")
    text = browser.get("/staff/unanswered").text
    assert "Maja Nowak (born 30 Jun)" in text
    assert "(born 24 Dec)" not in text
    browser.log_in("eve@oval.example.org")
    changed = browser.get("/staff/classes/changes").text
    assert "Maja Nowak (born 30 Jun)" in changed
    assert "(born 24 Dec)" not in changed
    assert "Maja Nowak (born 30 Jun)" in browser.get("/office/tasks/take-down").text
    with world.database.writing() as db:
        people.archive_person(db, world.maja.person_id, actor=OFFICE)
    assert "Maja Nowak" in browser.get("/office/tasks/take-down").text
