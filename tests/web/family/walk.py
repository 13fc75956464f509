"""A guardian's way through the pages, one step a function, so that each test begins where its question does."""

from __future__ import annotations

from oval_aup import people
from tests.web.browser import Browser
from tests.web.page import Page
from tests.web.world import World

BORN = {"born-day": "14", "born-month": "3", "born-year": "2018"}
"""Ayaan's date of birth."""
NAME = "Ann Khan"


def come_in(browser: Browser, world: World, guardian: people.GuardianRow | None = None, **born: str) -> Page:
    """Open the link and answer its question."""
    token = world.link(guardian or world.ann)
    browser.get(f"/f/{token}")
    if [e for e in browser.page.all("input") if e["name"] == "i_am"]:  # another adult's visit is open here
        browser.post(f"/f/{token}", {"i_am": "yes"})
    return browser.post(f"/f/{token}", {**BORN, **born})


def accept(browser: Browser) -> Page:
    """Tick the box of the rules on this page and go on."""
    forms = [e["action"] for e in browser.page.all("form") if e["action"].endswith("rules")]
    return browser.post(forms[0], {"read": "yes", "shown_sha256": browser.page.hidden("shown_sha256")})


def uses(page: Page) -> list[str]:
    """The uses that the page asks about."""
    return list(dict.fromkeys(e["name"] for e in page.all("input") if e["type"] == "radio"))


def choose(browser: Browser, child: people.ChildRow, *noes: str, status: int = 200) -> Page:
    """Say yes to every use but ``noes`` on a child's page and go on."""
    path = f"/family/pictures/{child.public_id}"
    browser.get(path)
    answers = {use: "no" if use in noes else "yes" for use in uses(browser.page)}
    return browser.post(path, answers | {"shown_sha256": browser.page.hidden("shown_sha256")}, status=status)


def to_check(browser: Browser, world: World) -> Page:
    """Ann up to the page that restates her answers: no website for Ayaan, everything else yes."""
    come_in(browser, world)
    accept(browser)
    choose(browser, world.zara)
    choose(browser, world.ayaan, "website")
    return accept(browser)


def sign(browser: Browser, name: str = NAME, *, status: int = 200, **more: str) -> Page:
    """Type the name and sign."""
    typed = {"typed_name": name, "fingerprint": browser.page.hidden("fingerprint")}
    return browser.post("/family/check", typed | more, status=status)


def signed(browser: Browser, world: World) -> Page:
    """Ann's whole visit."""
    to_check(browser, world)
    return sign(browser)
