"""Where an error page leads: to the page before, and to the visitor's own first page."""

from __future__ import annotations

import pytest

from tests.web.admin.conftest import EVE
from tests.web.browser import Browser
from tests.web.family import walk
from tests.web.world import World

OWN = "http://localhost"


def ways(browser: Browser, path: str, status: int, came_from: str = "") -> dict[str, str]:
    """The words and addresses of the links on the error page at this path."""
    page = browser.get(path, status=status, headers={"Referer": came_from} if came_from else {})
    return {link.text: link["href"] for link in page.all("a") if "button" in link["class"]}


@pytest.mark.parametrize(
    ("email", "path", "status", "home"),
    [
        (EVE, "/office/nonsense", 404, "/office"),
        (EVE, "/office/mail/test", 405, "/office"),
        ("gov@oval.example.org", "/office/people", 403, "/office"),
        ("sam@oval.example.org", "/office", 403, "/staff"),
    ],
)
def test_an_error_page_leads_to_the_own_home_page(
    browser: Browser, world: World, email: str, path: str, status: int, home: str
) -> None:
    browser.log_in(email)
    assert ways(browser, path, status) == {"Go to your home page": home}


def test_a_parent_is_led_back_to_the_family_page(browser: Browser, world: World) -> None:
    walk.signed(browser, world)
    assert ways(browser, "/family/choices/nobody/press", 404) == {"Go to your home page": "/family"}
    assert ways(browser, "/nowhere", 404) == {"Go to your home page": "/family"}


def test_an_error_page_leads_back_to_the_page_before(browser: Browser, world: World) -> None:
    browser.log_in(EVE)
    people = f"{OWN}/office/people?q=Khan"
    assert ways(browser, "/office/people/nobody", 404, people)["Back to the page before"] == "/office/people?q=Khan"


@pytest.mark.parametrize(
    "came_from",
    [
        "https://elsewhere.example.org/office/people",
        f"{OWN}/office/mail/test",  # answers posts alone
        f"{OWN}/office/people/nobody",  # itself
        f"{OWN}//elsewhere.example.org/office",
        "http://[broken",
    ],
)
def test_an_error_page_never_leads_to_a_page_that_cannot_be_opened(
    browser: Browser, world: World, came_from: str
) -> None:
    browser.log_in(EVE)
    assert set(ways(browser, "/office/people/nobody", 404, came_from)) == {"Go to your home page"}


def test_a_stranger_is_given_the_telephone_number_and_no_home(browser: Browser) -> None:
    assert ways(browser, "/nowhere", 404) == {}
    assert "the school office can help" in browser.page.text
