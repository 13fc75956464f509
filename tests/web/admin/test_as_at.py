"""The page and the orders about an earlier day, and everything kept about one person."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup import documents
from oval_aup.core import clock
from tests.web.admin.conftest import Troubles
from tests.web.browser import Browser
from tests.web.world import World


def test_a_child_on_an_earlier_day(world: World, troubles: Troubles, eve: Browser) -> None:
    clock.travel_to(clock.at_london(dt.date(2026, 9, 15), 11))
    page = eve.get(f"/office/people/{world.ayaan.public_id}/as-at?on-day=15&on-month=9&on-year=2026")
    for words in (
        "Parents disagree",
        "Ann Khan: yes",
        "Bob Khan: no",
        "31 August 2027",
        "as they stood at that moment",
    ):
        assert words in page.text, words
    morning = eve.get(f"/office/people/{world.ayaan.public_id}/as-at?on-day=15&on-month=9&on-year=2026&time=00:01")
    assert "Bob Khan: no" not in morning.text


def test_a_parent_today_leads_to_each_child(world: World, troubles: Troubles, eve: Browser) -> None:
    page = eve.get(f"/office/people/{world.ann.public_id}/as-at")
    assert "Bound by version 1 in 2026–27." in page.text
    assert {"Ayaan Khan on the same date", "Zara Khan on the same date"} <= {each.text for each in page.all("a")}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("on-day=1&on-month=1&on-year=2031", "This day has not come yet."),
        ("on-day=31&on-month=2&on-year=2026", "Enter a date"),
        ("on-day=15&on-month=9&on-year=26", "Enter a date"),
        ("on-day=1&on-month=9&on-year=2026&time=noon", "Enter a time such as 10:30"),
        ("on-day=<script>&on-month=x&on-year=1", "Enter a date"),
    ],
)
def test_an_odd_day_is_refused_and_stays_in_its_boxes(
    world: World, troubles: Troubles, eve: Browser, query: str, said: str
) -> None:
    page = eve.get(f"/office/people/{world.ann.public_id}/as-at?{query}", status=422)
    assert said in page.text
    (year,) = [each for each in page.all("input") if each["name"] == "on-year"]
    assert year["value"] == query.split("on-year=")[1].split("&")[0]


def test_a_day_before_the_record_says_when_it_begins(world: World, troubles: Troubles, eve: Browser) -> None:
    page = eve.get(f"/office/people/{world.ann.public_id}/as-at?on-day=1&on-month=1&on-year=2020")
    assert "Nothing had been recorded by then. The record begins on 15 September 2026" in page.text
    assert "Make this a statement" not in page.text


def test_the_statement_is_ordered_once_a_minute(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{world.ann.public_id}/as-at"
    for _twice in range(2):
        eve.get(path)
        eve.post(path, {"on-day": "15", "on-month": "9", "on-year": "2026", "time": "09:00"})
    with world.database.reading() as db:
        ordered = [row for row in documents.documents_about(db, world.ann.pseudonym) if row.kind == "as_at"]
    assert [row.params["at"] for row in ordered] == ["2026-09-15T08:00:59.999999Z"]
    for list_of_documents in ("/office/evidence", f"/office/people/{world.ann.public_id}"):
        assert "Position on 15 September 2026 at 09:00" in eve.get(list_of_documents).text, "two are told apart"
    eve.post(path, {"on-day": "15", "on-month": "9", "on-year": "2031", "time": ""}, status=422)


def test_everything_about_a_person_is_ordered_as_two_files(world: World, troubles: Troubles, eve: Browser) -> None:
    eve.get(f"/office/people/{world.ann.public_id}")
    page = eve.post(f"/office/people/{world.ann.public_id}/subject-access")
    assert "everything kept about one person" in page.text
    with world.database.reading() as db:
        kinds = {row.kind for row in documents.documents_about(db, world.ann.pseudonym)}
    assert kinds == {"subject_access", "subject_access_data"}


@pytest.mark.parametrize("who", ["di", "sam", "gov"])
def test_teachers_staff_and_governors_see_none_of_it(world: World, browser: Browser, who: str) -> None:
    browser.log_in(f"{who}@oval.example.org")
    browser.get(f"/office/people/{world.ayaan.public_id}/as-at", status=403)
    browser.get("/staff")
    for path in ("as-at", "subject-access"):
        browser.post(f"/office/people/{world.ayaan.public_id}/{path}", status=403)


def test_the_head_may(world: World, browser: Browser) -> None:
    browser.log_in("hal@oval.example.org")
    page = browser.get(f"/office/people/{world.ayaan.public_id}/as-at")
    assert page.heading == "Ayaan Khan: position on a past date"
