"""Deciding about somebody's record: looked at, restated word for word, decided once, and never by the wrong role."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup import consent, evidence, notifications, people, reports, retention
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from tests.web.admin.conftest import Troubles
from tests.web.browser import Browser
from tests.web.page import Page
from tests.web.world import OFFICE, TODAY, YEAR, World

LATER = TODAY.replace(year=2033)


@pytest.fixture
def left(world: World, troubles: Troubles) -> World:
    """Bob, who declined, and Cass's old friend Dan have left; years later the list is looked at."""
    with world.database.writing() as db:
        people.archive_person(db, world.bob.person_id, actor=OFFICE)
        people.archive_person(db, troubles.dan.person_id, actor=OFFICE)
    return world


def page_of(person: people.GuardianRow) -> str:
    return f"/office/people/{person.public_id}/keep-or-erase"


def posted_back(page: Page) -> dict[str, str]:
    """The hidden fields of the form that decides."""
    return {e["name"]: e["value"] for e in page.all("input") if "name" in e.attributes and e["name"] != "csrf_token"}


def test_one_person_is_looked_at_and_then_erased(left: World, eve: Browser) -> None:
    bob = left.bob
    assert "Erase or hold…" in eve.get(f"/office/people/{bob.public_id}").text
    text = eve.get(page_of(bob)).text
    assert "Has left" in text
    assert "Preview what would go" in text
    assert "The school still has to keep what this person answered" in text
    with left.database.writing() as db:
        people.archive_person(db, left.ayaan.person_id, actor=OFFICE)
        for task in consent.take_downs(db):
            consent.finish_take_down(db, task.public_id, actor=OFFICE)
    clock.travel_to(clock.at_london(LATER, 10))
    eve.log_in("eve@oval.example.org")
    assert "The school still has to keep" not in eve.get(page_of(bob)).text
    chosen = {"person": bob.public_id, "basis": "no-longer-needed"}
    restated = eve.post("/office/retention/look", chosen)
    for words in ("Bob Khan", "Before you erase this", "Article 17(1)(a)", "This cannot be undone", "3 entries"):
        assert words in restated.text, words
    with left.database.reading() as db:
        assert people.person(db, bob.public_id).full_name == "Bob Khan", "looking erases nothing"
    fields = posted_back(restated)
    done = eve.post("/office/retention/erase", fields)
    assert "Erasure decision" in done.text
    assert "Bob" not in done.text
    assert "Decided by Eve Office" in done.text
    with left.database.reading() as db:
        assert people.person(db, bob.public_id).erased
        assert evidence.verify(db).ok
    assert "Erased" in eve.get(f"/office/people/{bob.public_id}").text
    with left.database.reading() as db:
        size, before = evidence.head(db).size, retention.erasures(db)
    eve.get("/office/retention")
    clock.travel_to(clock.now() + dt.timedelta(days=1))
    eve.log_in("eve@oval.example.org")
    eve.get("/office/retention")
    again = eve.post("/office/retention/erase", fields)
    assert again.heading == "Erasure decision"
    assert f"This was already erased on {LATER:%-d %B %Y}" in again.text
    with left.database.reading() as db:
        assert (evidence.head(db).size, retention.erasures(db)) == (size, before)


def test_a_second_press_before_the_worker_came_decides_nothing_twice(
    left: World, troubles: Troubles, eve: Browser, settings: Settings
) -> None:
    with left.database.writing() as db:
        people.archive_person(db, left.ayaan.person_id, actor=OFFICE)
        for task in consent.take_downs(db):
            consent.finish_take_down(db, task.public_id, actor=OFFICE)
    clock.travel_to(clock.at_london(LATER, 10))
    eve.log_in("eve@oval.example.org")
    eve.get("/office/retention")
    for things in ([], ["messages"]):
        chosen = {
            "person": [] if things else [left.bob.public_id, troubles.dan.public_id],
            "thing": [*things, "visits"] if things else [],
            "basis": "retention",
        }
        fields = posted_back(eve.post("/office/retention/look", chosen))
        decided = eve.post("/office/retention/erase", chosen | {"fingerprint": fields["fingerprint"]})
        with left.database.reading() as db:
            before = retention.erasures(db)
        again = eve.post("/office/retention/erase", chosen | {"fingerprint": fields["fingerprint"]})
        assert again.heading == decided.heading
        assert "This was already decided on" in again.text
        retention.carry_out(left.database, settings.instance)
        eve.get("/office/retention")
        again = eve.post("/office/retention/erase", chosen | {"fingerprint": fields["fingerprint"]})
        assert "This was already erased on" in again.text
        with left.database.reading() as db:
            assert [row.public_id for row in retention.erasures(db)] == [row.public_id for row in before]
    mixed = {"person": [left.bob.public_id, left.ayaan.public_id], "basis": "retention", "fingerprint": "0" * 64}
    assert "erased already" in eve.post("/office/retention/erase", mixed, status=409).text


def test_the_decision_is_noted_beside_the_database_at_once(left: World, eve: Browser, settings: Settings) -> None:
    eve.post("/office/retention/erase", _look(eve, left.bob.public_id))
    assert [one.subject for one in evidence.noted_erasures(settings.instance)] == [left.bob.pseudonym]


@pytest.mark.parametrize(
    ("year", "sentence"), [("2027", "The request cannot have come in the future."), ("26", "Enter a date")]
)
def test_a_request_from_another_time_is_not_recorded(left: World, eve: Browser, year: str, sentence: str) -> None:
    eve.get(page_of(left.bob))
    day = {"received-day": "1", "received-month": "12", "received-year": year}
    chosen = {"person": left.bob.public_id, "basis": "objection", **day}
    page = eve.post("/office/retention/look", chosen, status=422)
    assert sentence in page.text
    assert 'href="#received"' in page.html
    assert f'name="received-year" value="{year}"' in page.html, "what was typed stays, where the mistake is"
    assert "<details open>" not in page.html
    eve.post("/office/retention/erase", chosen, status=422)
    with left.database.reading() as db:
        assert retention.erasures(db) == ()


def test_a_pack_ordered_after_it_was_shown_is_not_destroyed_unseen(left: World, eve: Browser) -> None:
    restated = _look(eve, left.bob.public_id, "all") | {"confirmation": "Bob Khan"}
    with left.database.writing() as db:
        reports.order_pack(db, reports.Scope(), actor=OFFICE)
    assert "Check it again" in eve.post("/office/retention/erase", restated, status=409).text
    eve.get(page_of(left.bob))
    page = eve.post("/office/retention/look", {"person": left.bob.public_id, "basis": "objection", "scope": "all"})
    assert '<dt>Evidence packs</dt><dd class="num">1</dd>' in page.html
    assert "All evidence packs are deleted too" in page.text


def _look(eve: Browser, public_id: str, scope: str = "contact") -> dict[str, str]:
    eve.get(f"/office/people/{public_id}/keep-or-erase")
    page = eve.post("/office/retention/look", {"person": public_id, "basis": "objection", "scope": scope})
    return posted_back(page)


def test_an_early_erasure_waits_for_the_head_who_types_the_name_too(left: World, eve: Browser) -> None:
    asked = {"received-day": "1", "received-month": "9", "received-year": "2026"}
    eve.get(page_of(left.bob))
    chosen = {"person": left.bob.public_id, "basis": "objection", "scope": "all", **asked}
    page = eve.post("/office/retention/look", chosen)
    assert "It is erased only when a second person approves" in page.text
    fields = posted_back(page)
    wrong = eve.post("/office/retention/erase", fields | {"confirmation": "Bob"}, status=422)
    assert "Type exactly what is shown: Bob Khan" in wrong.text
    assert 'value="Bob"' in wrong.html, "what was typed stays"
    waiting = eve.post("/office/retention/erase", fields | {"confirmation": "bob khan"})
    assert "Nothing is erased yet" in waiting.text
    assert "already waits" in eve.post("/office/retention/erase", fields | {"confirmation": "Bob Khan"}).text
    with left.database.reading() as db:
        batch = retention.waiting_for_approval(db)[0].batch
        told = [one for one in notifications.messages_in(db, ["queued"]) if one.kind == "erasure-proposed"]
    assert [one.to_address for one in told] == ["hal@oval.example.org"]
    approve = f"/office/retention/decisions/{batch}/approve"
    assert "You asked for this, so somebody else has to approve it." in eve.get(approve).text
    eve.post(approve, {"fingerprint": fields["fingerprint"], "confirmation": "Bob Khan"}, status=409)
    eve.log_in("hal@oval.example.org")
    assert "1 early erasure waits for approval" in eve.get("/office").text
    assert f"/office/retention/decisions/{batch}" in eve.get("/office/tasks/early-erasure").html
    assert "Bob Khan" in eve.get("/office/retention").text
    page = eve.get(approve)
    assert "You are the second person" in page.text
    fields = {"fingerprint": page.hidden("fingerprint")}
    assert "Type exactly" in eve.post(approve, fields | {"confirmation": ""}, status=422).text
    done = eve.post(approve, fields | {"confirmation": "Bob Khan"})
    assert "Approved before its time by Hal Stone" in done.text
    with left.database.reading() as db:
        assert people.person(db, left.bob.public_id).erased
        assert evidence.verify(db).ok


def test_the_head_keeps_a_record_and_the_reason_stands_with_it(left: World, eve: Browser) -> None:
    fields = _look(eve, left.bob.public_id, "all")
    eve.post("/office/retention/erase", fields | {"confirmation": "Bob Khan"})
    with left.database.reading() as db:
        batch = retention.waiting_for_approval(db)[0].batch
    eve.log_in("hal@oval.example.org")
    eve.get(f"/office/retention/decisions/{batch}/approve")
    path = f"/office/retention/decisions/{batch}/send-back"
    assert "Say in a few words why." in eve.post(path, {"reason": ""}, status=422).text
    kept = eve.post(path, {"reason": "A claim is likely"})
    assert "Hal Stone kept the record" in kept.text
    assert "A claim is likely" in kept.text
    with left.database.reading() as db:
        assert not people.person(db, left.bob.public_id).erased


def test_contact_details_alone_go_at_once(left: World, eve: Browser) -> None:
    page = eve.post("/office/retention/erase", _look(eve, left.bob.public_id))
    assert "Erasure decision" in page.text
    with left.database.reading() as db:
        bob = people.guardian(db, left.bob.person_id)
        assert (bob.email, bob.full_name) == ("", "Bob Khan")


def test_a_page_that_is_out_of_date_destroys_nothing(left: World, eve: Browser) -> None:
    restated = _look(eve, left.bob.public_id) | {"fingerprint": "0" * 64}
    assert "Check it again" in eve.post("/office/retention/erase", restated, status=409).text
    with left.database.reading() as db:
        assert retention.erasures(db) == ()


def test_the_list_is_decided_in_one_go_and_done_by_the_worker(
    left: World, troubles: Troubles, eve: Browser, settings: Settings
) -> None:
    with left.database.writing() as db:
        people.archive_person(db, left.ayaan.person_id, actor=OFFICE)
        for task in consent.take_downs(db):
            consent.finish_take_down(db, task.public_id, actor=OFFICE)
    clock.travel_to(clock.at_london(LATER, 10))
    eve.log_in("eve@oval.example.org")
    page = eve.get("/office/retention")
    for words in (
        "Bob Khan",
        "Dan Nowak",
        "Ayaan Khan",
        "Leavers who never answered",
        "9 periods are still our defaults",
    ):
        assert words in page.text, words
    chosen = {
        "person": [row.public_id for row in (left.bob, troubles.dan, left.ayaan)],
        "thing": ["messages", "visits"],
        "basis": "retention",
    }
    restated = eve.post("/office/retention/look", chosen)
    assert "of 3 people" in restated.text
    fingerprint = posted_back(restated)["fingerprint"]
    decided = eve.post("/office/retention/erase", chosen | {"fingerprint": fingerprint})
    assert decided.text.count("Being erased now") == 5
    assert "names are still on the pages" in decided.text
    meanwhile = eve.get("/office/retention")
    offered = {box["value"] for box in meanwhile.all("input") if box["name"] in ("person", "thing")}
    assert not offered & {*chosen["person"], *chosen["thing"]}
    assert meanwhile.text.count("Being erased now") == 5 + 5, "on the list and among what was decided"
    whose = eve.get(page_of(left.bob)).text
    assert "Being erased now" in whose
    assert "Preview what would go" not in whose
    retention.carry_out(left.database, settings.instance)
    eve.get("/office/retention")
    with left.database.reading() as db:
        batch = retention.erasures(db)[0].batch
    done = eve.get(f"/office/retention/decisions/{batch}")
    assert done.text.count("Erased") >= 5
    assert "Destruction certificate" in done.text
    assert "Nothing is due." in eve.get("/office/retention").text


def test_who_waits_is_shown_with_what_they_wait_for(left: World, troubles: Troubles, eve: Browser) -> None:
    """Ann answered for Ayaan and Zara; while a picture of his is out there the time is not what she waits for."""
    with left.database.writing() as db:
        child = people.child(db, left.ayaan.public_id)
        consent.invalidate(
            db,
            child=child,
            guardian=left.bob,
            school_year=YEAR,
            reason="He left",
            idempotency_key="bob-left",
            actor=OFFICE,
        )
        consent.block(db, child, school_year=YEAR, actor=OFFICE)
        people.archive_person(db, left.ann.person_id, actor=OFFICE)
        people.archive_person(db, left.ayaan.person_id, actor=OFFICE)
        tasks = consent.take_downs(db)
        assert {task.child.person_id for task in tasks} >= {left.ayaan.person_id}
    clock.travel_to(clock.at_london(LATER, 10))
    eve.log_in("eve@oval.example.org")
    page = eve.get(page_of(left.ann))
    assert "is still to be taken down" in page.text
    assert "/office/tasks/take-down" in page.html
    assert "The school keeps this record until" not in page.text
    with left.database.writing() as db:
        for task in tasks:
            consent.finish_take_down(db, task.public_id, actor=OFFICE)
    assert "while somebody they answered for is still at the school" in eve.get(page_of(left.ann)).text
    with left.database.writing() as db:
        people.archive_person(db, left.zara.person_id, actor=OFFICE)
    assert f"until {LATER.replace(year=LATER.year + 6):%-d %B %Y}" in eve.get(page_of(left.ann)).text


def test_a_hold_is_placed_reviewed_and_lifted(left: World, eve: Browser) -> None:
    base = f"/office/people/{left.bob.public_id}"
    eve.get(page_of(left.bob))
    wrong = {"reason": "", "review-day": "1", "review-month": "9", "review-year": "2020"}
    refused = eve.post(f"{base}/hold", wrong, status=422)
    assert "Say in a few words why." in refused.text
    assert "Choose a day in the future" in refused.text
    right = {"reason": "A claim is open", "review-day": "1", "review-month": "9", "review-year": "2027"}
    assert "Held" in eve.post(f"{base}/hold", right).text
    assert "Lift the hold first." in eve.get(page_of(left.bob)).text
    assert "is held" in eve.post("/office/retention/look", {"person": left.bob.public_id, "basis": "objection"}).text
    assert "A claim is open" in eve.get("/office/retention").text
    with left.database.reading() as db:
        hold = retention.all_holds(db)[0]
    eve.get(page_of(left.bob))
    eve.post(f"/office/holds/{hold.public_id}/review", right | {"review-year": "2028"})
    eve.post(f"{base}/hold", right)
    assert "held already" in eve.page.text
    eve.get(page_of(left.bob))
    eve.post(f"/office/holds/{hold.public_id}/lift")
    assert "lifted already" in eve.post(f"/office/holds/{hold.public_id}/lift").text
    assert "lifted already" in eve.post(f"/office/holds/{hold.public_id}/review", right).text
    with left.database.reading() as db:
        acts = [entry.body["act"]["act"] for entry in evidence.entries_of_kind(db, "held")]
    assert acts == ["placed", "reviewed", "lifted"]


def test_a_refusal_keeps_what_was_typed_until_it_is_whole(left: World, eve: Browser) -> None:
    eve.get(page_of(left.bob))
    path = f"/office/people/{left.bob.public_id}/refuse-erasure"
    partly = {"refusal": "A claim is open", "requested-day": "1", "requested-month": "9", "requested-year": "2026"}
    page = eve.post(path, partly, status=422)
    assert "Choose the ground." in page.text
    assert "A claim is open" in page.text
    page = eve.post(path, partly | {"ground": "legal-claims", "requested-day": "31"}, status=422)
    assert page.html.count("<details open>") == 1, "what is wrong is not folded away"
    assert 'name="requested-day" value="31"' in page.html
    for _again in range(2):
        assert "Request refused" in eve.post(path, partly | {"ground": "legal-claims"}).text
    with left.database.reading() as db:
        assert len(evidence.entries_of_kind(db, "held")) == 1


def test_a_period_is_confirmed_by_name(left: World, eve: Browser) -> None:
    eve.get("/office/retention/periods")
    wrong = eve.post("/office/retention/periods/messages", {"time": "soon", "unit": "years"}, status=422)
    assert "Enter a whole number" in wrong.text
    text = eve.post("/office/retention/periods/messages", {"time": "2", "unit": "years"}).text
    assert "by Eve Office on 15 September 2026" in text
    eve.post("/office/retention/periods/nonsense", {"time": "2", "unit": "years"}, status=404)


def test_who_is_still_here_cannot_be_erased(world: World, troubles: Troubles, eve: Browser) -> None:
    assert "Only somebody who has left can be erased" in eve.get(page_of(world.ann)).text
    looked = eve.post("/office/retention/look", {"person": world.ann.public_id, "basis": "objection"})
    assert "still on the school’s lists" in looked.text
    assert "Ask for approval" not in looked.text


def test_no_pictures_are_stopped_of_a_child_who_was_erased(left: World, troubles: Troubles, eve: Browser) -> None:
    ayaan = left.ayaan
    with left.database.writing() as db:
        people.archive_person(db, ayaan.person_id, actor=OFFICE)
        for task in consent.take_downs(db):
            consent.finish_take_down(db, task.public_id, actor=OFFICE)
    fields = _look(eve, ayaan.public_id, "all") | {"confirmation": "Ayaan Khan"}
    assert "Erasure decision" in eve.post("/office/retention/erase", fields).text
    with left.database.writing() as db:
        batch = retention.waiting_for_approval(db)[0].batch
        hal = Actor("head", left.hal.person_id, left.hal.pseudonym, "staff-login", "office")
        planned = retention.proposed_plan(db, batch)
        retention.approve(db, batch, fingerprint=planned.fingerprint, confirmation="Ayaan Khan", actor=hal)
        retention.carry_out_next(db, batch=batch)
    with left.database.reading() as db:
        before = evidence.head(db).size
    eve.get("/office/retention")
    eve.post(f"/office/people/{ayaan.public_id}/image-block", {"act": "block"}, status=404)
    with left.database.reading() as db:
        assert evidence.head(db).size == before


@pytest.mark.parametrize("who", ["gov", "di", "sam"])
def test_others_see_and_decide_nothing(left: World, browser: Browser, who: str) -> None:
    browser.log_in(f"{who}@oval.example.org")
    for path in ("/office/retention", "/office/retention/periods", page_of(left.bob)):
        assert "Bob" not in browser.get(path, status=403).text
    browser.post("/office/retention/look", {"person": left.bob.public_id, "basis": "objection"}, status=403)
    browser.post("/office/retention/erase", {"person": left.bob.public_id, "basis": "objection"}, status=403)
    browser.post(f"/office/people/{left.bob.public_id}/hold", {"reason": "x"}, status=403)


def test_the_head_decides_like_the_office(left: World, browser: Browser) -> None:
    browser.log_in("hal@oval.example.org")
    assert "Preview what would go" in browser.get(page_of(left.bob)).text
