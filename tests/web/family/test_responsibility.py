"""The page that asks a likely parent whether they have parental responsibility, where the lists do not say."""

from __future__ import annotations

import pytest

from oval_aup import people
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.world import OFFICE, World


@pytest.fixture(autouse=True)
def untold(world: World) -> None:
    with world.database.writing() as db:
        people.change_link(
            db,
            child_id=world.ayaan.person_id,
            guardian_id=world.bob.person_id,
            parental_responsibility="unknown",
            actor=OFFICE,
        )


def say(browser: Browser, world: World, answer: str) -> None:
    answers = {f"responsibility-{world.ayaan.public_id}": answer} if answer else {}
    browser.post("/family/responsibility", answers)


def test_the_first_page_asks_and_an_answer_is_needed(browser: Browser, world: World) -> None:
    page = walk.come_in(browser, world, world.bob)
    assert page.heading == "Parental responsibility"
    assert "Do you have parental responsibility for Ayaan?" in page.text
    say(browser, world, "")
    assert "Ayaan: choose yes or no." in browser.page.text
    say(browser, world, "perhaps")
    assert "Ayaan: choose yes or no." in browser.page.text


def test_a_yes_is_restated_signed_and_on_the_lists(browser: Browser, world: World) -> None:
    walk.come_in(browser, world, world.bob)
    say(browser, world, "yes")
    walk.accept(browser)
    page = walk.choose(browser, world.ayaan)
    assert "I have parental responsibility for Ayaan Yes" in page.text
    walk.sign(browser, "Bob Khan")
    with world.database.reading() as db:
        (link,) = people.children_of(db, world.bob.person_id)
    assert link.parental_responsibility == "declared"
    browser.get("/family/responsibility")
    assert browser.page.heading == "Your family page"


def test_a_no_spares_the_pages_about_pictures(browser: Browser, world: World) -> None:
    walk.come_in(browser, world, world.bob)
    say(browser, world, "no")
    page = walk.accept(browser)
    assert page.heading == "Check your answers before you sign"
    assert "Pictures of Ayaan" not in page.text
    walk.sign(browser, "Bob Khan")
    browser.get(f"/family/choices/{world.ayaan.public_id}", status=404)
