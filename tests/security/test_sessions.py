"""Sessions live on the server: copies of a cookie die with them, and each way in begins a new one."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from oval_aup import accounts, people, signing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from tests.security.rows import changed, everything_in
from tests.web.browser import Browser
from tests.web.classroom import lessons
from tests.web.family import walk
from tests.web.world import OFFICE, World

DI = "di@oval.example.org"


def copy_of(browser: Browser) -> Browser:
    """Another browser that was given the same cookie."""
    copy = Browser(browser.app)
    cookie = browser.client.get_cookie("oval")
    assert cookie is not None
    copy.client.set_cookie("oval", cookie.value)
    return copy


def is_in(browser: Browser, path: str) -> bool:
    return browser.client.get(path).status_code == 200


def held(browser: Browser, name: str) -> str:
    with browser.client.session_transaction() as session:
        return str(session.get(name, ""))


def test_a_copied_cookie_is_dead_once_its_owner_has_left(app: Flask, world: World) -> None:
    """S01: staff, family and class device alike."""
    di, ann, device = Browser(app), Browser(app), Browser(app)
    lesson = lessons.open_lesson(di, world)
    walk.come_in(ann, world)
    lessons.join(device, lesson.join_code)
    copies = [(copy_of(di), "/staff"), (copy_of(ann), "/family/rules"), (copy_of(device), "/class/names")]
    assert all(is_in(browser, path) for browser, path in copies)
    ann.post("/family/finish")
    di.get(f"/classroom/lessons/{lesson.public_id}")
    di.post(f"/classroom/lessons/{lesson.public_id}/close")
    di.post("/staff/log-out")
    assert not any(is_in(browser, path) for browser, path in copies)


def test_every_way_in_begins_a_session_of_its_own(app: Flask, world: World) -> None:
    """S02: what a browser held before it was logged in opens nothing, and coming in again ends what was held."""
    browser = Browser(app)
    browser.get("/staff/log-in")
    planted = copy_of(browser)
    browser.log_in(DI)
    first = held(browser, "_user_id")
    assert not is_in(planted, "/staff")
    browser.post("/staff/log-out")
    browser.log_in(DI)
    assert held(browser, "_user_id") not in ("", first)
    with world.database.reading() as db:
        assert accounts.visitor(db, first, "login") is None


def test_answering_the_question_of_a_link_again_ends_the_earlier_visit(app: Flask, world: World) -> None:
    """S02: one browser never holds two visits."""
    ann = Browser(app)
    walk.come_in(ann, world)
    earlier = copy_of(ann)
    walk.come_in(ann, world)
    assert is_in(ann, "/family/rules")
    assert not is_in(earlier, "/family/rules")


def test_a_device_that_joins_a_lesson_keeps_no_staff_log_in(app: Flask, world: World) -> None:
    """S05: whatever log-in the browser had is gone, in the cookie and on the server."""
    di, device = Browser(app), Browser(app)
    lesson = lessons.open_lesson(di, world)
    device.log_in("sam@oval.example.org")
    staff = copy_of(device)
    lessons.join(device, lesson.join_code)
    assert held(device, "_user_id") == ""
    for path in ("/staff", "/office", f"/classroom/lessons/{lesson.public_id}", "/staff/photos"):
        assert device.client.get(path).status_code in (303, 403)
    assert device.client.get("/class/names").status_code == 200
    assert is_in(staff, "/staff") is False


def test_a_role_taken_away_counts_from_the_next_page(app: Flask, world: World) -> None:
    """A12: a lowered role, a closed log-in and a leaver are out at once, on every device."""
    for change in ("role", "close", "leave"):
        flo = Browser(app)
        if change == "role":
            flo.log_in("hal@oval.example.org")
        else:
            flo.log_in("flo@oval.example.org" if change == "close" else "sam@oval.example.org")
        other = copy_of(flo)
        person = {"role": world.hal, "close": world.flo, "leave": world.sam}[change]
        with world.database.writing() as db:
            account = accounts.account_of(db, person.person_id)
            assert account is not None
            if change == "role":
                accounts.set_role(db, account.public_id, "staff", actor=SYSTEM)
            elif change == "close":
                accounts.disable(db, account.public_id, actor=SYSTEM)
            else:
                accounts.close_accounts(db, [person.person_id])
        assert not is_in(flo, "/staff"), change
        assert not is_in(other, "/staff"), change


@pytest.mark.parametrize(("kind", "idle"), [("login", dt.timedelta(minutes=91)), ("family", dt.timedelta(minutes=46))])
def test_a_visit_left_open_ends_by_itself(app: Flask, world: World, kind: str, idle: dt.timedelta) -> None:
    """S03: a parent or teacher who walked away."""
    browser = Browser(app)
    path = {"login": "/staff", "family": "/family/rules"}[kind]
    if kind == "login":
        browser.log_in(DI)
    else:
        walk.come_in(browser, world)
    assert is_in(browser, path)
    clock.travel_to(clock.now() + idle)
    before = everything_in(world.database)
    assert not is_in(browser, path)
    assert changed(before, everything_in(world.database)) == set()


def test_two_carers_of_one_mailbox_act_each_under_their_own_name(app: Flask, world: World) -> None:
    """A10: the record says whose act it was, and that the mailbox is shared."""
    with world.database.writing() as db:
        people.set_email(db, world.bob.person_id, world.ann.email, actor=OFFICE)
    ann, bob = Browser(app), Browser(app)
    walk.to_check(ann, world)
    walk.sign(ann)
    with world.database.reading() as db:
        shared = people.guardian(db, world.bob.person_id)
    walk.come_in(bob, world, shared)
    walk.accept(bob)
    walk.choose(bob, world.ayaan)
    walk.sign(bob, "Bob Khan")
    with world.database.reading() as db:
        marks = {
            row.signed_by_id: row.assurance
            for guardian in (world.ann, world.bob)
            for row in signing.signatures_of(db, guardian.person_id)
        }
    assert marks == {
        world.ann.person_id: "shared-link-and-birth-date",
        world.bob.person_id: "shared-link-and-birth-date",
    }


def test_whoever_ends_a_visit_leaves_nothing_on_the_device(app: Flask, world: World) -> None:
    """S07: pages and stored things are forgotten; cookies of the school’s other sites are left alone."""
    ann, di = Browser(app), Browser(app)
    walk.come_in(ann, world)
    di.log_in("di@oval.example.org")
    for browser, way_out in ((ann, "/family/finish"), (di, "/staff/log-out")):
        browser.get("/")
        assert browser.response is not None
        assert "Clear-Site-Data" not in browser.response.headers
        answer = browser.client.post(way_out, data={"csrf_token": browser.token})
        assert answer.status_code == 303
        assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
