"""Asks axe whether a page keeps to WCAG 2.2 A and AA."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
SERIOUS = {"serious", "critical"}


def assert_accessible(page: Page) -> None:
    """Fail with the rules that are broken and where; scripts must be on and the policy set aside for axe itself."""
    found = Axe().run(page, options=RULES).response["violations"]
    serious = [
        f"{each['id']}: {node['html'][:160]}" for each in found if each["impact"] in SERIOUS for node in each["nodes"]
    ]
    assert serious == [], f"{page.url}\n" + "\n".join(serious)


def open_for_axe(browser: Browser, page: Page, *, width: int, dark: bool = False) -> Page:
    """A second page with the same cookies in which axe may run although the site's policy forbids foreign scripts."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, bypass_csp=True, color_scheme="dark" if dark else "light"
    )
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    copy = context.new_page()
    copy.goto(page.url)
    return copy
