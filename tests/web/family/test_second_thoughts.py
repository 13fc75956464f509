"""What a guardian can do after an answer: sign what they refused, and answer a question that is new this year."""

from __future__ import annotations

from typing import Any

from oval_aup import agreements, campaigns, consent, signing
from oval_aup.agreements.shipped import shipped_versions
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.page import Page
from tests.web.world import OFFICE, YEAR, World

NEW_USES = ("livestream", "after-leaving")


def refuse(browser: Browser) -> Page:
    shown = browser.get("/family/rules/decline").hidden("shown_sha256")
    return browser.post("/family/rules/decline", {"reason": "", "shown_sha256": shown})


def ask_about(world: World, *keys: str, number: int = 2) -> None:
    """Publish a version of the uses of pictures in which these are asked about too."""
    (shipped,) = [each for each in shipped_versions() if each[0]["agreement"] == "image-uses"]
    chosen: list[dict[str, Any]] = [
        {
            **wording,
            "version": number,
            "clauses": [
                {**clause, "basis": "consent"} if clause["key"] in keys else clause for clause in wording["clauses"]
            ],
        }
        for wording in shipped
    ]
    with world.database.writing() as db:
        agreements.publish(db, chosen, actor=OFFICE)


def ticked(page: Page) -> list[str]:
    return [e["name"] for e in page.all("input") if "checked" in e.attributes]


def test_somebody_who_said_no_signs_later_from_the_family_page(browser: Browser, world: World) -> None:
    walk.come_in(browser, world, world.bob)
    refuse(browser)
    walk.choose(browser, world.ayaan)
    walk.sign(browser, "Bob Khan")
    page = browser.get("/family")
    assert "You don’t agree with the rules" in page.text
    page = browser.post("/family/rules/again")
    assert page.heading == "Rules for parents and carers"
    assert ticked(page) == []
    assert walk.accept(browser).heading == "Check your answers before you sign"
    assert walk.sign(browser, "Bob Khan").heading == "Thank you, Bob"
    page = browser.get("/family")
    assert "You don’t agree" not in page.text
    assert ("Accepted" in page.text, "Not agreed" in page.text) == (True, True)


def test_a_no_that_is_confirmed_leaves_everything_as_it_was(browser: Browser, world: World) -> None:
    walk.come_in(browser, world, world.bob)
    refuse(browser)
    walk.choose(browser, world.ayaan)
    walk.sign(browser, "Bob Khan")
    browser.get("/family")
    browser.post("/family/rules/again")
    page = refuse(browser)
    assert page.heading == "Your family page"
    assert "Your answer hasn’t changed" in page.text
    with world.database.reading() as db:
        assert [row.outcome for row in signing.signatures_of(db, world.bob.person_id)] == ["declined"]


def test_asking_for_the_rules_again_without_a_no_leads_to_the_family_page(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    assert browser.post("/family/rules/again").heading == "Your family page"


def test_a_use_that_is_new_this_year_is_asked_alone(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    ask_about(world, "livestream")
    page = browser.get("/family")
    assert "Choices about pictures of Ayaan and Zara" in page.text
    page = browser.post("/family/start")
    assert walk.uses(page) == ["livestream"]
    assert "Your other answers haven’t changed" in page.text
    assert [e for e in page.all("button") if e["name"] == "all"] == []
    first = world.ayaan if "Ayaan" in (page.heading or "") else world.zara
    for child in (first, world.zara if first is world.ayaan else world.ayaan):
        walk.choose(browser, child)
    page = browser.page
    assert page.heading == "Check your answers before you sign"
    assert len(page.all("li")) == 2
    assert walk.sign(browser).heading == "Thank you, Ann"
    with world.database.reading() as db:
        answers = consent.answers_of(db, world.ayaan.person_id, world.ann.person_id, YEAR)
        assert (len(answers), answers["livestream"], answers["website"]) == (11, "yes", "no")


def test_several_new_uses_can_be_filled_in_at_once(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    ask_about(world, *NEW_USES)
    browser.get("/family")
    browser.post("/family/start")
    page = browser.get(f"/family/pictures/{world.ayaan.public_id}?all=no")
    assert set(ticked(page)) == set(NEW_USES)


def test_a_new_use_published_while_the_page_is_open_is_asked_with_the_others(browser: Browser, world: World) -> None:
    walk.to_check(browser, world)
    ask_about(world, "livestream")
    page = walk.sign(browser)
    page = browser.get(next(e["href"] for e in page.all("a") if e.text == "Go on"))
    assert len(walk.uses(page)) == 11
    assert len(ticked(page)) == 10


def test_a_use_that_is_no_longer_asked_is_not_owed_and_its_answer_is_kept(browser: Browser, world: World) -> None:
    ask_about(world, "livestream")
    walk.signed(browser, world)
    ask_about(world, number=3)
    assert "You’re all done" in browser.get("/family").text
    with world.database.reading() as db:
        assert not campaigns.family(db, world.ann.person_id, YEAR).owes_anything
        assert len(consent.answers_of(db, world.ayaan.person_id, world.ann.person_id, YEAR)) == 11
