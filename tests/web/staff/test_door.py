"""The staff log-in: who gets in, what a stranger learns (nothing), and what ends access."""

from __future__ import annotations

import pytest

from oval_aup import accounts, notifications
from oval_aup.accounts import LinkRow
from oval_aup.core.actor import SYSTEM
from tests.web.browser import PASSWORD, Browser
from tests.web.world import World


def test_a_teacher_logs_in_and_sees_what_they_owe(browser: Browser, world: World) -> None:
    page = browser.log_in("Di@Oval.example.org ")
    assert page.heading == "My signing"
    assert "1 thing to sign" in page.text


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(browser: Browser, world: World) -> None:
    wrong = browser.log_in("di@oval.example.org", password="not the password", status=422)
    unknown = browser.log_in("nobody@oval.example.org", password="not the password", status=422)
    assert wrong.text == unknown.text.replace("nobody@", "di@")
    assert "The email address or password is wrong" in wrong.text


def test_eight_wrong_passwords_close_the_door_to_the_right_one_as_well(browser: Browser, world: World) -> None:
    for _try in range(8):
        browser.log_in("di@oval.example.org", password="guess", status=422)
    page = browser.log_in("di@oval.example.org", status=429)
    assert "15 minutes" in page.text
    assert browser.response is not None
    assert browser.response.headers["Retry-After"] == "900"


def test_guesses_at_one_account_do_not_close_another(browser: Browser, world: World) -> None:
    for _try in range(8):
        browser.log_in("di@oval.example.org", password="guess", status=422)
    assert browser.log_in("flo@oval.example.org").heading == "My signing"


def test_after_log_in_the_page_that_was_asked_for_opens(browser: Browser, world: World) -> None:
    browser.get("/staff/photos")
    assert browser.page.heading == "Staff log-in"
    page = browser.post(
        "/staff/log-in",
        {"email": "di@oval.example.org", "password": PASSWORD, "next": browser.page.hidden("next")},
    )
    assert page.heading == "May I use this photo?"


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
def test_log_in_never_leads_to_another_site(browser: Browser, world: World, target: str) -> None:
    browser.get("/staff/log-in")
    browser.post(
        "/staff/log-in",
        {"email": "di@oval.example.org", "password": PASSWORD, "next": target},
        status=303,
        follow=False,
    )
    assert browser.response is not None
    assert browser.response.headers["Location"] == "/staff"


def test_a_cookie_from_before_log_out_opens_nothing(browser: Browser, world: World) -> None:
    browser.log_in("di@oval.example.org")
    cookie = browser.client.get_cookie("oval")
    assert cookie is not None
    browser.post("/staff/log-out")
    assert browser.page.heading == "Staff log-in"
    browser.client.set_cookie("oval", cookie.value)
    assert browser.get("/staff").heading == "Staff log-in"


def test_logging_out_twice_is_no_mistake(browser: Browser, world: World) -> None:
    browser.log_in("di@oval.example.org")
    browser.post("/staff/log-out")
    browser.post("/staff/log-out")
    assert browser.page.heading == "Staff log-in"


def test_a_disabled_account_is_out_with_its_next_page(browser: Browser, world: World) -> None:
    browser.log_in("di@oval.example.org")
    with world.database.writing() as db:
        found = accounts.account_of(db, world.di.person_id)
        assert found is not None
        accounts.disable(db, found.public_id, actor=SYSTEM)
    assert browser.get("/staff").heading == "Staff log-in"
    browser.log_in("di@oval.example.org", status=422)


def test_a_forgotten_password_says_the_same_to_everybody(browser: Browser, world: World) -> None:
    browser.get("/staff/forgotten")
    known = browser.post("/staff/forgotten", {"email": "di@oval.example.org"}).text
    browser.get("/staff/forgotten")
    unknown = browser.post("/staff/forgotten", {"email": "nobody@oval.example.org"}).text
    assert known == unknown


def test_a_forgotten_password_sends_one_link_however_often_it_is_asked_for(browser: Browser, world: World) -> None:
    for _time in range(3):
        browser.get("/staff/forgotten")
        browser.post("/staff/forgotten", {"email": "DI@oval.example.org"})
    with world.database.reading() as db:
        (message,) = notifications.messages_to(db, world.di.pseudonym)
    assert (message.kind, message.link_purpose, message.to_address) == (
        "set-password",
        "set-password",
        "di@oval.example.org",
    )


def test_an_empty_address_is_asked_for_again(browser: Browser, world: World) -> None:
    browser.get("/staff/forgotten")
    assert "Enter your school email address" in browser.post("/staff/forgotten", {"email": " "}, status=422).text


def _password_link(world: World) -> str:
    with world.database.writing() as db:
        return accounts.mint_link(db, purpose="set-password", person_id=world.di.person_id, sent_to=world.di.work_email)


def test_opening_the_link_uses_nothing_up_and_setting_does(browser: Browser, world: World) -> None:
    path = f"/set-password/{_password_link(world)}"
    browser.get(path)
    browser.get(path)
    new = {"password": "marble otter sunrise", "again": "marble otter sunrise"}
    assert browser.post(path, new).heading == "Staff log-in"
    assert browser.get(path, status=410).heading == "This link has expired"
    assert browser.log_in("di@oval.example.org", password="marble otter sunrise").heading == "My signing"


def test_a_new_password_ends_the_other_sessions(browser: Browser, another_browser: Browser, world: World) -> None:
    another_browser.log_in("di@oval.example.org")
    path = f"/set-password/{_password_link(world)}"
    browser.get(path)
    browser.post(path, {"password": "marble otter sunrise", "again": "marble otter sunrise"})
    assert another_browser.get("/staff").heading == "Staff log-in"


@pytest.mark.parametrize(
    ("password", "again", "problem"),
    [("short", "short", "at least 12"), ("marble otter sunrise", "marble otter", "don’t match")],
)
def test_a_poor_password_is_refused_and_the_link_kept(
    browser: Browser, world: World, password: str, again: str, problem: str
) -> None:
    path = f"/set-password/{_password_link(world)}"
    browser.get(path)
    assert problem in browser.post(path, {"password": password, "again": again}, status=422).text
    with world.database.reading() as db:
        held: LinkRow = accounts.link(db, path.rsplit("/", 1)[1], purpose="set-password")
    assert not held.expired


def test_a_link_for_something_else_sets_no_password(browser: Browser, world: World) -> None:
    browser.get(f"/set-password/{world.link(world.ann)}", status=404)
    page = browser.get("/set-password/made-up", status=404)
    assert page.heading == "Part of this link is missing"
    assert "/staff/forgotten" in [e["href"] for e in page.all("a")]


def test_a_post_without_the_forms_token_is_refused(browser: Browser, world: World) -> None:
    browser.get("/staff/log-in")
    browser.post("/staff/log-in", {"csrf_token": "", "email": "di@oval.example.org", "password": PASSWORD}, status=400)
