"""Asks axe whether a page keeps to WCAG 2.2 A and AA, on a phone and at a desk, in light and in the dark."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CHANGING = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]
"""Rules whose answer may change with the width of the window or between light and dark."""
ROWS = 12
"""Rows of a table that are looked at; those after them are like them."""
SHORTEN = """(rows) => {
  for (const row of document.querySelectorAll(`tbody tr:nth-child(n + ${rows + 1})`)) row.remove();
}"""
LOOK = """async (options) => {
  const found = await axe.run({ ...options, resultTypes: ["violations"] });
  return found.violations.filter((each) => ["serious", "critical"].includes(each.impact)).flatMap(
    (each) => each.nodes.map((node) => `${each.id}: ${node.html.slice(0, 200)} ${node.failureSummary.slice(0, 200)}`));
}"""


@cache
def _script() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def faults(page: Page) -> list[str]:
    """What is serious or critical: all rules as it stands, then at the other width in the dark what may change.

    A page that has to be scrolled sideways is a fault too.
    """
    page.evaluate(_script())
    page.evaluate(SHORTEN, ROWS)
    size = page.viewport_size
    assert size
    found = page.evaluate(LOOK, {"runOnly": {"type": "tag", "values": LEVELS}})
    found += _too_wide(page)
    page.set_viewport_size({"width": 1280 if size["width"] < 800 else 360, "height": 900})
    page.emulate_media(color_scheme="dark")
    again = page.evaluate(LOOK, {"runOnly": {"type": "rule", "values": CHANGING}})
    again += _too_wide(page)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(size)
    return [
        f"{page.url} {fault}" for fault in (*found, *(f"at the other width, in the dark: {each}" for each in again))
    ]


def _too_wide(page: Page) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{wide}px too wide for the window"] if wide > 0 else []
