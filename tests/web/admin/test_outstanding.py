"""The list of missing signatures, and reminders from it."""

from __future__ import annotations

import io

import openpyxl
import pytest

from oval_aup import notifications
from tests.web.admin.conftest import Troubles
from tests.web.browser import Browser
from tests.web.world import World


def _names(browser: Browser, path: str) -> list[str]:
    page = browser.get(path)
    return [e.text for e in page.all("a") if "/office/people/" in e["href"]]


@pytest.mark.parametrize(
    ("why", "who"),
    [
        ("bounced", ["Cass Nowak"]),
        ("no-address", ["Dan Nowak"]),
        ("declined", ["Bob Khan"]),
        ("in-class", ["Ayaan Khan", "Maja Nowak"]),
        ("not-asked", []),
        ("asked", ["Di Begum", "Sam Cole", "Gov Ernest", "Zara Khan", "Flo Marsh", "Eve Office", "Hal Stone"]),
    ],
)
def test_each_reason_lists_exactly_its_people(troubles: Troubles, eve: Browser, why: str, who: list[str]) -> None:
    assert _names(eve, f"/office/outstanding?why={why}") == who


def test_the_list_narrows_to_a_class_and_an_audience(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/outstanding?audience=parents&class={world.year_4.public_id}"
    assert _names(eve, path) == ["Bob Khan", "Cass Nowak", "Dan Nowak"]


def test_a_filter_that_is_none_is_left_out(troubles: Troubles, eve: Browser) -> None:
    assert _names(eve, "/office/outstanding?why=bogus&sort=1;drop&page=-3") == _names(eve, "/office/outstanding")


def test_htmx_gets_the_list_alone(troubles: Troubles, eve: Browser) -> None:
    fragment = eve.htmx("/office/outstanding?why=bounced")
    assert fragment.all("div")[0]["id"] == "outstanding"


def test_the_table_holds_the_same_people_and_no_formula(world: World, troubles: Troubles, eve: Browser) -> None:
    response = eve.client.get("/office/outstanding.csv?why=bounced")
    lines = response.data.decode("utf-8-sig").splitlines()
    assert response.mimetype == "text/csv"
    assert len(lines) == 2
    assert lines[1].startswith("Cass Nowak,Maja 4C,")
    book = eve.client.get("/office/outstanding.xlsx?why=bounced")
    assert book.headers["Content-Disposition"].endswith('.xlsx"')
    sheet = openpyxl.load_workbook(io.BytesIO(book.data)).worksheets[0]
    assert [sheet["A2"].value, sheet["B2"].value, sheet.max_row] == ["Cass Nowak", "Maja 4C", 2]


def test_a_manual_reminder_is_shown_before_it_is_sent(world: World, troubles: Troubles, eve: Browser) -> None:
    text = eve.get("/office/remind?everybody=yes").text
    assert "Cass Nowak: emails to cass@example.org are bouncing (550 no such user)" in text
    assert "Dan Nowak: no email address" in text
    assert not _reminders(world, world.di.pseudonym)


def test_a_manual_reminder_goes_once_a_day_however_often_it_is_sent(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    eve.get(f"/office/remind?person={world.di.public_id}&person={world.cass.public_id}")
    for _again in range(2):
        eve.post("/office/remind", {"person": [world.di.public_id, world.cass.public_id]})
    assert len(_reminders(world, world.di.pseudonym)) == 1
    assert not _reminders(world, world.cass.pseudonym)
    assert "reminded today already" in eve.page.text


def test_all_who_match_are_reminded_after_it_was_said_who_they_are(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    page = eve.get("/office/outstanding?audience=staff")
    (link,) = (e["href"] for e in page.all("a") if e.text == "Remind all 6 that match")
    page = eve.get(link)
    assert "6 people will get one message each" in page.text
    assert '<dt>Staff, governors and volunteers</dt><dd class="num">6</dd>' in page.html
    assert "Parents and carers" not in page.text
    fields = {e["name"]: e["value"] for e in page.all("input") if "name" in e.attributes and e["name"] != "csrf_token"}
    assert "6 messages are being sent." in eve.post("/office/remind", fields).text
    again = eve.get(link)
    assert "There is nobody to write to." in again.text
    assert '<dt>Reminded today already</dt><dd class="num">6</dd>' in again.html
    eve.get("/office/outstanding")
    eve.post("/office/remind", fields)
    assert "No message was sent." in eve.page.text
    assert len(_reminders(world, world.di.pseudonym)) == 1
    assert not _reminders(world, world.ann.pseudonym)


def test_of_those_who_match_who_is_not_written_to_is_said_with_the_reason(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    """Bob declined, Cass's mail comes back, Dan has no address, Max is barred; the children have no mail at all."""
    page = eve.get(f"/office/remind?matching=yes&class={world.year_4.public_id}")
    assert "There is nobody to write to." in page.text
    assert '<dt>Declined: no more reminders</dt><dd class="num">1</dd>' in page.html
    assert "<dt>Children: nobody writes to them, they sign in class or with their parents</dt>" in page.html
    assert "Can’t be emailed: 2" in page.text
    assert "Max" not in page.text
    eve.post("/office/remind", {"matching": "yes", "class": world.year_4.public_id, "shown": "9"})
    for pseudonym in (world.bob.pseudonym, world.cass.pseudonym, troubles.dan.pseudonym, troubles.max.pseudonym):
        assert not _reminders(world, pseudonym)
    assert "that match" not in eve.get("/office/outstanding?why=declined").text


def test_more_people_than_were_shown_are_not_written_to_unseen(world: World, troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/remind?matching=yes&audience=staff")
    page = eve.post("/office/remind", {"matching": "yes", "audience": "staff", "shown": "5"}, status=409)
    assert "Check the list again" in page.text
    assert not _reminders(world, world.di.pseudonym)


def test_everybody_outstanding_can_be_reminded_at_once(world: World, troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/remind?everybody=yes")
    eve.post("/office/remind", {"everybody": "yes"})
    assert _reminders(world, world.sam.pseudonym)
    assert not _reminders(world, world.bob.pseudonym), "somebody who declined is left in peace"


def test_a_barred_contact_is_never_reminded(world: World, troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/remind?everybody=yes")
    eve.post("/office/remind", {"person": [troubles.max.public_id]})
    assert not notifications_to(world, troubles.max.pseudonym)


def test_an_unknown_person_is_not_found(troubles: Troubles, eve: Browser) -> None:
    eve.get("/office/remind?person=nobody", status=404)


def notifications_to(world: World, pseudonym: str) -> list[str]:
    """The kinds of message that one person has got or will get."""
    with world.database.reading() as db:
        return [row.kind for row in notifications.messages_to(db, pseudonym)]


def _reminders(world: World, pseudonym: str) -> list[str]:
    return [kind for kind in notifications_to(world, pseudonym) if kind == "reminder"]


def test_a_whole_page_is_ticked_at_once_without_scripts(troubles: Troubles, eve: Browser) -> None:
    def boxes() -> list[bool]:
        return ["checked" in e.attributes for e in eve.page.all("input") if e["name"] == "person"]

    eve.get("/office/outstanding?audience=staff")
    assert boxes()
    assert not any(boxes())
    (tick,) = (e["href"] for e in eve.page.all("a") if e.text == "Tick all on this page")
    eve.get(tick)
    assert boxes()
    assert all(boxes())
