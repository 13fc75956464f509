"""A staff member reads, signs or declines their rules, and finds the receipt."""

from __future__ import annotations

import pytest

from oval_aup import evidence, notifications, signing
from tests.people import builders
from tests.web.browser import Browser
from tests.web.world import OFFICE, YEAR, World

DI = "di@oval.example.org"


def _entries(world: World, kind: str) -> list[evidence.EntryRow]:
    with world.database.reading() as db:
        return [row for row in evidence.entries_about(db, world.di.pseudonym) if row.kind == kind]


def _start(browser: Browser) -> None:
    browser.log_in(DI)
    browser.post("/staff/rules/start")
    assert browser.page.heading == "Social media rules for staff"


def _read(browser: Browser, **more: str) -> None:
    _start(browser)
    browser.post("/staff/rules", {"read": "yes", "shown_sha256": browser.page.hidden("shown_sha256"), **more})
    assert browser.page.heading == "Check and sign"


def _sign(browser: Browser, name: str = "Di Begum", *, status: int = 200, mark: str = "") -> None:
    shown = browser.page.hidden("shown_sha256")
    browser.post("/staff/rules/check", {"typed_name": name, "shown_sha256": shown, "mark": mark}, status=status)


def test_three_pages_lead_from_the_rules_to_the_receipt(browser: Browser, world: World) -> None:
    _read(browser)
    _sign(browser)
    assert browser.page.heading == "Thank you, Di"
    assert "di@oval.example.org" in browser.page.text
    assert len(_entries(world, "signed")) == 1
    assert "You’re up to date" in browser.get("/staff").text


def test_all_seventeen_rules_are_shown_with_their_strength_and_the_notes(browser: Browser, world: World) -> None:
    _start(browser)
    tags = [element.text for element in browser.page.all("span") if element["class"].startswith("tag")]
    assert (tags.count("Must"), tags.count("Advised")) == (13, 4)
    assert "Who to turn to" in browser.page.text


def test_the_rules_i_answered_can_be_read_again_word_for_word(browser: Browser, world: World) -> None:
    _read(browser)
    _sign(browser)
    page = browser.get("/staff")
    (onward,) = [e["href"] for e in page.all("a") if e.text.startswith("Social media rules for staff")]
    page = browser.get(onward)
    assert page.heading == "Social media rules for staff"
    assert "Version 1, which you signed on 15 September 2026." in page.text
    assert len([e for e in page.all("h2") if e["class"] == "clause-heading"]) == 17
    browser.get("/staff/rules/answered/made-up", status=404)


def test_looking_at_the_rules_is_not_starting(browser: Browser, world: World) -> None:
    browser.log_in(DI)
    for path in ("/staff/rules", "/staff/rules/check", "/staff/rules/decline", "/staff/rules/done"):
        assert browser.get(path).heading == "My signing"
    assert _entries(world, "started") == []


def test_the_rules_must_be_ticked(browser: Browser, world: World) -> None:
    _start(browser)
    browser.post("/staff/rules", {"shown_sha256": browser.page.hidden("shown_sha256")}, status=422)
    assert "Tick the box" in browser.page.text
    browser.get("/staff/rules/check")
    assert browser.page.heading == "Social media rules for staff"


def test_a_signature_needs_a_name(browser: Browser, world: World) -> None:
    _read(browser)
    _sign(browser, " ", mark="[[[100,200],[700,210]]]", status=422)
    assert "Type your full name" in browser.page.text
    assert browser.page.hidden("mark") == "[[[100,200],[700,210]]]", "the drawing outlives the message"
    assert _entries(world, "signed") == []


def test_a_drawing_that_is_none_is_refused_with_a_sentence(browser: Browser, world: World) -> None:
    _read(browser)
    _sign(browser, mark="not a drawing", status=422)
    assert "couldn’t read the drawing" in browser.page.text


def test_a_drawn_mark_is_kept_among_the_erasable_details(browser: Browser, world: World) -> None:
    _read(browser)
    _sign(browser, mark="[[[10,20],[300,40]]]")
    (entry,) = _entries(world, "signed")
    with world.database.reading() as db:
        kept = evidence.details(db, [entry.seq])[entry.seq]
    assert kept["mark"] == [[[10, 20], [300, 40]]]
    assert "mark" not in entry.body["act"]


def test_what_was_declared_is_restated_and_recorded(browser: Browser, world: World) -> None:
    _read(browser, **{"friends-before": "yes", "friends-before-words": "Mrs Khan", "made-up": "yes"})
    assert "I was already friends on social media" in browser.page.text
    assert "“Mrs Khan”" in browser.page.text
    _sign(browser)
    (entry,) = _entries(world, "signed")
    with world.database.reading() as db:
        kept = evidence.details(db, [entry.seq])[entry.seq]
    assert kept["declarations"] == {
        "I was already friends on social media with a pupil’s parent before the child started here": "Mrs Khan"
    }


def test_wording_that_changed_meanwhile_is_a_conflict(browser: Browser, world: World) -> None:
    _read(browser)
    browser.post("/staff/rules/check", {"typed_name": "Di Begum", "shown_sha256": "0" * 64}, status=409)
    assert "wording changed" in browser.page.text
    assert _entries(world, "signed") == []


def test_signing_twice_is_one_signature_and_one_receipt(browser: Browser, world: World) -> None:
    _read(browser)
    page = browser.page
    _sign(browser)
    browser.page = page
    _sign(browser)
    assert browser.page.heading == "Thank you, Di"
    assert len(_entries(world, "signed")) == 1
    with world.database.reading() as db:
        assert len([row for row in notifications.messages_to(db, world.di.pseudonym) if row.kind == "receipt"]) == 1


def test_a_signed_sitting_shows_its_thanks_instead_of_the_form(browser: Browser, world: World) -> None:
    _read(browser)
    _sign(browser)
    assert browser.get("/staff/rules/check").heading == "My signing"
    assert browser.get("/staff/rules").heading == "My signing"


def test_declining_records_the_reason_and_tells_the_office(browser: Browser, world: World) -> None:
    _start(browser)
    browser.get("/staff/rules/decline")
    shown = browser.page.hidden("shown_sha256")
    for _time in range(2):
        browser.post("/staff/rules/decline", {"reason": "Rule 10 goes too far", "shown_sha256": shown})
    assert "You told us you don’t agree" in browser.page.text
    (entry,) = _entries(world, "declined")
    with world.database.reading() as db:
        assert evidence.details(db, [entry.seq])[entry.seq]["reason"] == "Rule 10 goes too far"
        (message,) = [row for row in notifications.messages_to(db, "school") if row.kind == "declined"]
    assert "Begum" not in message.subject + message.text


def test_somebody_who_declined_may_read_again_and_sign(browser: Browser, world: World) -> None:
    _start(browser)
    shown = browser.page.hidden("shown_sha256")
    browser.post("/staff/rules/decline", {"reason": "", "shown_sha256": shown})
    browser.post("/staff/rules/start")
    browser.post("/staff/rules", {"read": "yes", "shown_sha256": shown})
    _sign(browser)
    assert browser.page.heading == "Thank you, Di"


def test_a_reason_may_not_be_a_book(browser: Browser, world: World) -> None:
    _start(browser)
    shown = browser.page.hidden("shown_sha256")
    browser.post("/staff/rules/decline", {"reason": "x" * 3000, "shown_sha256": shown}, status=422)
    assert "2,000 letters" in browser.page.text


def test_nobody_starts_twice_once_signed(browser: Browser, world: World) -> None:
    _read(browser)
    _sign(browser)
    browser.post("/staff/rules/start", status=409)


def test_a_receipt_is_being_prepared_until_it_is_made_and_is_only_for_its_owner(
    browser: Browser, another_browser: Browser, world: World
) -> None:
    _read(browser)
    _sign(browser)
    with world.database.reading() as db:
        signing_session = signing.latest_signing_session(db, world.di.person_id, YEAR)
    assert signing_session is not None
    path = f"/staff/receipts/{signing_session.receipt}"
    assert browser.get(path, status=202).heading == "We’re preparing your receipt"
    another_browser.log_in("flo@oval.example.org")
    another_browser.get(path, status=404)
    browser.get("/staff/receipts/made-up", status=404)


def test_a_colleague_who_is_also_a_parent_is_told_of_the_family_things(browser: Browser, world: World) -> None:
    with world.database.writing() as db:
        builders.link_guardian(
            db,
            child_id=world.zara.person_id,
            guardian_id=world.di.person_id,
            parental_responsibility="yes",
            actor=OFFICE,
        )
        signing.open_requests(
            db, [signing.NewRequest(world.di.person_id, "parents")], school_year=YEAR, due_on=world.zara.born_on
        )
    assert "You also have things to do as a parent" in browser.log_in(DI).text


@pytest.mark.parametrize("path", ["/staff", "/staff/rules", "/staff/rules/check", "/staff/rules/done", "/staff/photos"])
def test_a_stranger_is_sent_to_the_log_in(browser: Browser, world: World, path: str) -> None:
    assert browser.get(path).heading == "Staff log-in"


def test_the_governor_signs_the_staff_rules_as_well(browser: Browser, world: World) -> None:
    page = browser.log_in("gov@oval.example.org")
    assert "1 thing to sign" in page.text
    assert "Check a photo" not in page.text


def test_the_office_begins_with_what_it_owes_and_then_with_its_home_and_sees_that_a_name_differs(
    browser: Browser, world: World
) -> None:
    assert browser.log_in("eve@oval.example.org").heading == "My signing"
    browser.post("/staff/rules/start")
    browser.post("/staff/rules", {"read": "yes", "shown_sha256": browser.page.hidden("shown_sha256")})
    _sign(browser, "Sam Sample")
    browser.post("/staff/log-out")
    assert browser.log_in("eve@oval.example.org").heading.startswith("School year")
    assert "Another name was typed: Sam Sample" in browser.get(f"/office/people/{world.eve.public_id}").text
    browser.post("/staff/log-out")
    assert browser.log_in(DI).heading == "My signing"
