"""The whole way from the link to the receipt, as one guardian of two children walks it."""

from __future__ import annotations

from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.world import World


def test_one_sitting_covers_the_rules_both_children_and_the_younger_childs_rules(
    browser: Browser, world: World
) -> None:
    page = walk.come_in(browser, world)
    assert page.heading == "Rules for parents and carers"
    assert "Step 1 of 5" in page.text
    page = walk.accept(browser)
    assert page.heading.startswith("Where may we use pictures of")
    walk.choose(browser, world.zara)
    page = walk.choose(browser, world.ayaan, "website")
    assert page.heading == "Can you read these rules with Zara?"
    page = walk.accept(browser)
    assert page.heading == "Check your answers before you sign"
    assert "Step 5 of 5" in page.text
    assert "Ann Khan, mother of Ayaan and Zara" in page.text
    page = walk.sign(browser)
    assert page.heading == "Thank you, Ann"
    assert "a•••@example.org" in page.text
