"""Follows every link a visitor is shown and keeps the answers."""

from __future__ import annotations

from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from tests.web.browser import Browser
from tests.web.page import Page

MOST = 60


def crawl(browser: Browser, start: str) -> dict[str, TestResponse]:
    """Every page that can be reached from ``start`` by following links, by its address."""
    waiting, seen = [start], dict[str, TestResponse]()
    while waiting and len(seen) < MOST:
        address = waiting.pop(0)
        if address in seen:
            continue
        answer = seen[address] = browser.client.get(address)
        assert answer.status_code < 500, address
        if "Location" in answer.headers:
            waiting.append(answer.headers["Location"])
        if answer.mimetype == "text/html":
            waiting += [link for link in links(Page(answer.text), address) if link not in seen]
    return seen


def links(page: Page, address: str) -> list[str]:
    """The addresses of this site on a page."""
    found = []
    for element in page.all("a"):
        parts = urlsplit(element["href"])
        if not parts.scheme and not parts.netloc and element["href"] and not element["href"].startswith("#"):
            path = parts.path or urlsplit(address).path
            found.append(f"{path}?{parts.query}" if parts.query else path)
    return found
