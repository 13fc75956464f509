"""Asks axe whether a page keeps to WCAG 2.2 A and AA, on a phone and at a desk, in light and in the dark."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WITH_WIDTH = ["target-size", "scrollable-region-focusable", "link-in-text-block", "color-contrast"]
"""Rules whose answer may change with the width of the window."""
WITH_COLOUR = ["color-contrast", "link-in-text-block"]
"""Rules whose answer may change between light and dark."""
LOOK = """async (options) => {
  const found = await axe.run({ ...options, resultTypes: ["violations"] });
  return found.violations.filter((each) => ["serious", "critical"].includes(each.impact)).flatMap(
    (each) => each.nodes.map((node) => `${each.id}: ${node.html.slice(0, 200)} ${node.failureSummary.slice(0, 200)}`));
}"""


@cache
def _script() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def faults(page: Page) -> list[str]:
    """What is serious or critical on the page as it stands: everything once, then what width and colour may change."""
    page.evaluate(_script())
    size = page.viewport_size or {"width": 360, "height": 740}
    other = {"width": 1280 if size["width"] < 800 else 360, "height": size["height"]}
    found = page.evaluate(LOOK, {"runOnly": {"type": "tag", "values": LEVELS}})
    found += [f"in the dark: {fault}" for fault in _once_more(page, WITH_COLOUR, dark=True)]
    page.set_viewport_size(other)  # type: ignore[arg-type]
    found += [f"{other['width']} wide: {fault}" for fault in _once_more(page, WITH_WIDTH)]
    found += [f"{other['width']} wide in the dark: {fault}" for fault in _once_more(page, WITH_COLOUR, dark=True)]
    page.set_viewport_size(size)
    return [f"{page.url} {fault}" for fault in found]


def _once_more(page: Page, rules: list[str], *, dark: bool = False) -> list[str]:
    page.emulate_media(color_scheme="dark" if dark else "light")
    found: list[str] = page.evaluate(LOOK, {"runOnly": {"type": "rule", "values": rules}})
    page.emulate_media(color_scheme="light")
    return found


def assert_accessible(page: Page) -> None:
    """Fail with the rules that are broken and where."""
    assert faults(page) == []
