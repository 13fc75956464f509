"""A parent at the bus stop and at the kitchen table signs for the whole family, with scripts and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from oval_aup import demo, evidence
from tests.journeys.axe import assert_accessible, open_for_axe
from tests.journeys.conftest import DESK, PHONE, Running, keep_picture, no_sideways_scrolling, visiting

WAYS = [
    pytest.param(PHONE, True, id="phone"),
    pytest.param(PHONE, False, id="phone, scripts off"),
    pytest.param(DESK, True, id="desk"),
    pytest.param(DESK, False, id="desk, scripts off"),
]


def come_in(page: Page, link: demo.FamilyLink) -> None:
    page.goto(link.url)
    born = link.children[0][2]
    page.get_by_label("Day").fill(str(born.day))
    page.get_by_label("Month").fill(str(born.month))
    page.get_by_label("Year").fill(str(born.year))
    page.get_by_role("button", name="Continue").click()


def accept_the_rules(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Rules for parents and carers")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Continue").click()


def choose(page: Page, answer: str, *, but: dict[str, str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text("Where may we use pictures of")
    for group in page.locator("fieldset").all():
        legend = group.locator("legend").inner_text()
        group.get_by_label(but.get(legend.strip(), answer), exact=True).check()
    page.get_by_role("button", name="Continue", exact=True).click()


@pytest.mark.parametrize(("size", "scripts"), WAYS)
def test_a_parent_signs_for_two_children_in_one_sitting(
    running: Running, chromium: Browser, size: dict[str, int], scripts: bool
) -> None:
    link = demo.fresh_links(running.database, running.settings).unsigned
    assert len(link.children) == 2
    kind = "phone" if size is PHONE else "desk"
    with visiting(chromium, size, scripts=scripts) as page:
        pages: list[str] = []
        page.on("framenavigated", lambda frame: pages.append(frame.url))
        page.goto(link.url)
        keep_picture(page, f"family-landing-{kind}")
        assert not any(name.split()[0] in page.content() for name, _class, _born in link.children)
        come_in(page, link)
        no_sideways_scrolling(page)
        keep_picture(page, f"family-rules-{kind}")
        accept_the_rules(page)
        keep_picture(page, f"family-pictures-{kind}")
        no_sideways_scrolling(page)
        assert page.get_by_role("radio", checked=True).count() == 0
        choose(page, "Yes", but={"On the school’s social media": "No"})
        choose(page, "No", but={})
        expect(page.get_by_role("heading", level=1)).to_contain_text("Can you read these rules with")
        keep_picture(page, f"family-younger-{kind}")
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers before you sign")
        no_sideways_scrolling(page)
        keep_picture(page, f"family-check-{kind}")
        page.get_by_label("Type your full name to sign").fill(link.guardian)
        page.get_by_role("button", name="Sign").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
        keep_picture(page, f"family-done-{kind}")
        assert len({re.sub(r"[#?].*", "", url) for url in pages}) <= 7, pages
        text = running.newest_letter(link.email, having="receipt")
        assert not any(name.split()[0] in text.splitlines()[0] for name, _class, _born in link.children)
        page.goto(f"{running.url}/family")
        keep_picture(page, f"family-home-{kind}")
        no_sideways_scrolling(page)
    with running.database.reading() as db:
        assert evidence.verify(db).ok


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(running: Running, chromium: Browser) -> None:
    link = demo.fresh_links(running.database, running.settings).single
    with visiting(chromium, PHONE, scripts=False) as page:
        page.goto(link.url)
        page.get_by_label("Day").fill("31")
        page.get_by_label("Month").fill("2")
        page.get_by_label("Year").fill("2018")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_contain_text("There is a problem")
        expect(page.get_by_label("Day")).to_have_value("31")
        come_in(page, link)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_contain_text("Tick the box")
        accept_the_rules(page)
        first = page.locator("fieldset").first
        first.get_by_label("Yes", exact=True).check()
        page.get_by_role("button", name="Continue", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("Choose yes or no")
        expect(page.locator("fieldset").first.get_by_label("Yes", exact=True)).to_be_checked()
        keep_picture(page, "family-problem-phone")


def test_a_choice_is_changed_later_in_two_steps(running: Running, chromium: Browser) -> None:
    link = demo.fresh_links(running.database, running.settings).signed
    with visiting(chromium, PHONE) as page:
        come_in(page, link)
        expect(page).to_have_url(re.compile(r"/family$"))
        page.get_by_role("link", name=re.compile("^Change")).first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("May we use pictures of")
        use = page.get_by_role("heading", level=2).inner_text()
        button = page.get_by_role("button", name=re.compile("^Change it to"))
        becomes = button.inner_text().removeprefix("Change it to ")
        button.click()
        expect(page).to_have_url(re.compile(r"/family(#.*)?$"))
        expect(page.locator("li").filter(has_text=use).first).to_contain_text(becomes)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_on_a_familys_pages(running: Running, chromium: Browser, dark: bool) -> None:
    link = demo.fresh_links(running.database, running.settings).single
    with visiting(chromium, PHONE) as page:
        page.goto(link.url)
        assert_accessible(open_for_axe(chromium, page, width=360, dark=dark))
        come_in(page, link)
        for step in ("rules", "pictures"):
            assert step in page.url
            assert_accessible(open_for_axe(chromium, page, width=360, dark=dark))
            if step == "rules":
                accept_the_rules(page)
        page.goto(f"{running.url}/family")
        assert_accessible(open_for_axe(chromium, page, width=360, dark=dark))
