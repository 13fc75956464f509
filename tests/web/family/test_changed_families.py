"""What the office learns while a family sits with an open page: a bar, a leaver, another address."""

from __future__ import annotations

import pytest

from oval_aup import accounts, people, signing
from tests.people import builders
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.world import OFFICE, World

DOOR = "Where should we send your new link?"


def bar(world: World, guardian: people.GuardianRow) -> None:
    with world.database.writing() as db:
        builders.link_guardian(
            db,
            child_id=world.ayaan.person_id,
            guardian_id=guardian.person_id,
            parental_responsibility="yes",
            contact_allowed=False,
            actor=OFFICE,
        )


def test_somebody_who_is_barred_while_reading_can_answer_and_see_nothing_more(browser: Browser, world: World) -> None:
    walk.come_in(browser, world, world.bob)
    shown = browser.page.hidden("shown_sha256")
    bar(world, world.bob)
    page = browser.post("/family/rules", {"read": "yes", "shown_sha256": shown})
    assert page.heading == "Your family page"
    assert "There’s nothing for you to do here at the moment" in page.text
    assert "Ayaan" not in page.html
    for path in ("/family/rules", "/family/check", "/family/rules/decline"):
        assert browser.get(path).heading == "Your family page"
    assert browser.post("/family/start").heading == "Your family page"
    with world.database.reading() as db:
        assert signing.signatures_of(db, world.bob.person_id) == ()


def test_somebody_who_is_barred_before_the_last_press_signs_nothing(browser: Browser, world: World) -> None:
    walk.come_in(browser, world, world.bob)
    walk.accept(browser)
    walk.choose(browser, world.ayaan)
    bar(world, world.bob)
    walk.sign(browser, "Bob Khan")
    with world.database.reading() as db:
        assert signing.signatures_of(db, world.bob.person_id) == ()


def test_earlier_answers_and_receipts_of_somebody_barred_are_out_of_sight(browser: Browser, world: World) -> None:
    walk.come_in(browser, world, world.bob)
    walk.accept(browser)
    walk.choose(browser, world.ayaan)
    page = walk.sign(browser, "Bob Khan")
    receipt = next(e["href"] for e in page.all("a") if "/receipts/" in e["href"])
    bar(world, world.bob)
    page = browser.get("/family")
    assert "Ayaan" not in page.html
    assert [e for e in page.all("a") if "/receipts/" in e["href"]] == []
    browser.get(receipt, status=404)
    browser.get(f"/family/choices/{world.ayaan.public_id}/website", status=404)


def test_a_child_who_leaves_while_the_answers_are_checked_is_left_out(browser: Browser, world: World) -> None:
    walk.to_check(browser, world)
    with world.database.writing() as db:
        people.archive_person(db, world.zara.person_id, actor=OFFICE)
        signing.cancel_for_leavers(db, [world.zara.person_id])
    page = walk.sign(browser)
    page = browser.get(next(e["href"] for e in page.all("a") if e.text == "Go on"))
    assert page.heading == "Check your answers before you sign"
    assert "Zara" not in page.text
    assert walk.sign(browser).heading == "Thank you, Ann"


def test_the_old_mailbox_opens_nothing_once_there_is_a_new_address(browser: Browser, world: World) -> None:
    path = f"/f/{world.link(world.bob)}"
    browser.get(path)
    with world.database.writing() as db:
        people.set_email(db, world.bob.person_id, "bob@new.example.org", actor=OFFICE)
    assert browser.post(path, walk.BORN).heading == "This link doesn’t open anything now"
    assert browser.get("/family").heading == DOOR


def test_links_that_are_taken_back_end_the_visits_that_began_with_them(browser: Browser, world: World) -> None:
    walk.come_in(browser, world, world.bob)
    with world.database.writing() as db:
        accounts.revoke_links(db, world.bob.person_id, purpose="family")
    assert browser.get("/family").heading == DOOR


@pytest.mark.parametrize(("sent_to", "opens"), [("ann@example.org", True), ("ann@elsewhere.example.org", False)])
def test_a_parent_who_works_here_may_use_the_link_in_their_work_mail(
    browser: Browser, world: World, sent_to: str, opens: bool
) -> None:
    with world.database.writing() as db:
        people.add_staff_member(db, forename="Ann", surname="Khan", work_email=world.ann.email, actor=OFFICE)
        people.set_email(db, world.ann.person_id, "ann@home.example.org", actor=OFFICE)
        token = accounts.mint_link(db, purpose="family", person_id=world.ann.person_id, sent_to=sent_to)
    browser.get(f"/f/{token}")
    assert (browser.post(f"/f/{token}", walk.BORN).heading != "This link doesn’t open anything now") is opens
