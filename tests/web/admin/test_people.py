"""Finding people, their whole story, and keeping them reachable."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from oval_aup import accounts, consent, documents, notifications, people
from tests.people import builders
from tests.web.admin.conftest import Troubles
from tests.web.browser import Browser
from tests.web.world import OFFICE, YEAR, World


def test_people_are_found_by_part_of_a_name_or_an_address(world: World, troubles: Troubles, eve: Browser) -> None:
    text = eve.get("/office/people?q=khan").text
    for name in ("Ann Khan", "Bob Khan", "Ayaan Khan", "Zara Khan", "Ayaan 4C, Zara 1A"):
        assert name in text
    assert "Cass Nowak" in eve.get("/office/people?q=cass@exam").text
    assert "No match for “<script>”" in eve.get("/office/people?q=<script>").text
    assert eve.htmx("/office/people?q=khan").all("div")[0]["id"] == "found"


def test_a_parents_page_tells_the_whole_story(world: World, troubles: Troubles, eve: Browser) -> None:
    text = eve.get(f"/office/people/{world.ann.public_id}").text
    for words in (
        "Rules for parents and carers",
        "Has parental responsibility",
        "Opened a private link sent to the email address",
        "Choices about pictures: ",
        "Asked to answer: the rules for ",
        "Email: ",
        "Withdraw or correct",
    ):
        assert words in text, words


def test_a_childs_page_shows_who_disagrees(world: World, troubles: Troubles, eve: Browser) -> None:
    text = eve.get(f"/office/people/{world.ayaan.public_id}").text
    assert "Parents disagree." in text
    assert "Ann Khan" in text
    assert "Bob Khan" in text


def test_a_child_who_signs_in_class_is_not_said_to_wait_for_a_letter(
    world: World, troubles: Troubles, eve: Browser
) -> None:
    with world.database.writing() as db:
        db.execute(sa.text("UPDATE signature_request SET asked_at = NULL WHERE way = 'class'"))
    text = eve.get(f"/office/people/{world.ayaan.public_id}").text
    assert "signs in class" in text
    assert "not asked yet" not in text, "nobody writes to a child"


def test_the_office_is_not_told_to_ask_the_office(world: World, troubles: Troubles, eve: Browser) -> None:
    page = eve.get("/office/people/nobody", status=404)
    assert "Go to your home page" in page.text
    assert "the school office can help" not in page.text
    stranger = Browser(eve.app)
    assert "the school office can help" in stranger.get("/nowhere", status=404).text


def test_children_of_one_name_are_told_apart_by_their_birthdays(world: World, troubles: Troubles, eve: Browser) -> None:
    with world.database.writing() as db:
        other = builders.add_child(
            db,
            forename=world.ayaan.forename,
            surname="Khan",
            born_on=dt.date(2018, 3, 9),
            year_group="4",
            actor=OFFICE,
        )
    found = eve.get("/office/people?q=ayaan+khan").text
    assert "Ayaan Khan (born 9 Mar)" in found
    assert "born 9 March 2018" in eve.get(f"/office/people/{other.public_id}").text


def test_a_barred_contact_has_no_buttons(world: World, troubles: Troubles, eve: Browser) -> None:
    page = eve.get(f"/office/people/{troubles.max.public_id}")
    assert "Must not be contacted." in page.text
    offered = {e.text for e in page.all("button", "a")}
    assert not offered & {"Record an answer", "Send a reminder", "Send a new link", "Save the address"}
    base = f"/office/people/{troubles.max.public_id}"
    eve.get(f"{base}/answer", status=403)
    eve.get(f"/office/people/{world.ann.public_id}")
    eve.post(f"{base}/new-link", status=403)
    eve.post(f"{base}/remind", status=403)
    eve.get(f"/office/people/{world.ann.public_id}")
    eve.post(f"{base}/address", {"email": "new@example.org"}, status=403)
    with world.database.reading() as db:
        assert not notifications.messages_to(db, troubles.max.pseudonym)


def test_a_new_address_is_kept_and_old_links_die(world: World, troubles: Troubles, eve: Browser) -> None:
    token = world.link(world.cass)
    path = f"/office/people/{world.cass.public_id}"
    eve.get(path)
    page = eve.post(f"{path}/address", {"email": "not an address"}, status=422)
    assert "There is a problem" in page.text
    assert next(e for e in page.all("input") if e["id"] == "email")["value"] == "not an address"
    for _again in range(2):
        eve.post(f"{path}/address", {"email": "cass.new@example.org"})
    with world.database.reading() as db:
        assert people.guardian(db, world.cass.person_id).email == "cass.new@example.org"
        assert accounts.link(db, token, purpose="family").expired


def test_an_address_that_came_back_can_be_cleared(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{world.cass.public_id}"
    assert "550 no such user" in eve.get(path).text
    for _again in range(2):
        eve.post(f"{path}/address-works")
    with world.database.reading() as db:
        assert not notifications.troubled_addresses(db, [world.cass.email])


def test_a_new_link_and_a_manual_reminder_go_once(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{world.ann.public_id}"
    eve.get(path)
    for _again in range(2):
        eve.post(f"{path}/new-link")
    eve.get(f"/office/people/{world.di.public_id}")
    for _again in range(2):
        eve.post(f"/office/people/{world.di.public_id}/remind")
    with world.database.reading() as db:
        ann = [row.kind for row in notifications.messages_to(db, world.ann.pseudonym)]
        di = [row.kind for row in notifications.messages_to(db, world.di.pseudonym)]
    assert ann.count("new-link") == 1
    assert di.count("reminder") == 1


def test_a_record_is_ordered_once_a_minute(world: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{world.ann.public_id}"
    eve.get(path)
    for _again in range(2):
        eve.post(f"{path}/record")
    with world.database.reading() as db:
        records = [row for row in documents.documents_about(db, world.ann.pseudonym) if row.kind == "record"]
    assert len(records) == 1
    assert records[0].requested_by_id == world.eve.person_id


def test_the_head_may_stop_pictures_of_a_child_and_lift_it(world: World, troubles: Troubles, browser: Browser) -> None:
    browser.log_in("hal@oval.example.org")
    path = f"/office/people/{world.zara.public_id}"
    browser.get(path)
    for _again in range(2):
        browser.post(f"{path}/image-block", {"act": "block"})
    with world.database.reading() as db:
        found = consent.permissions(db, [world.zara.person_id], YEAR)[world.zara.person_id]
        assert found["website"].verdict == "blocked"
        assert len(consent.blocks_of(db, world.zara.person_id)) == 1
    for _again in range(2):
        browser.post(f"{path}/image-block", {"act": "lift"})
    with world.database.reading() as db:
        assert consent.permissions(db, [world.zara.person_id], YEAR)[world.zara.person_id]["website"].verdict == "yes"


def test_names_that_are_markup_are_shown_as_text(world: World, troubles: Troubles, eve: Browser) -> None:
    with world.database.writing() as db:
        odd = builders.add_guardian(
            db,
            child_id=world.maja.person_id,
            forename="<b>Odd</b>",
            surname="'\"><script>alert(1)</script>",
            actor=OFFICE,
        ).guardian
    page = eve.get(f"/office/people/{odd.public_id}")
    assert "<b>Odd" not in page.html
    assert "<script>alert" not in page.html


def test_a_page_opened_through_the_old_address_ends_with_it(
    world: World, troubles: Troubles, eve: Browser, another_browser: Browser
) -> None:
    token = world.link(world.bob)
    another_browser.get(f"/f/{token}")
    another_browser.post(f"/f/{token}", {"born-day": "14", "born-month": "3", "born-year": "2018"})
    assert "Khan" in another_browser.get("/family").text
    eve.get(f"/office/people/{world.bob.public_id}")
    eve.post(f"/office/people/{world.bob.public_id}/address", {"email": "bob.new@example.org"})
    assert "Khan" not in another_browser.get("/family").text


def test_a_changed_work_address_is_what_its_owner_logs_in_with(
    world: World, troubles: Troubles, eve: Browser, another_browser: Browser
) -> None:
    eve.get(f"/office/people/{world.sam.public_id}")
    eve.post(f"/office/people/{world.sam.public_id}/address", {"email": "sam.married@oval.example.org"})
    another_browser.log_in("sam.married@oval.example.org")
    assert "Sam Cole" in another_browser.get("/staff").text


def test_a_child_without_a_class_is_called_a_child_and_nothing_more(world: World, eve: Browser) -> None:
    with world.database.writing() as db:
        born_on = dt.date(2018, 3, 1)
        child = builders.add_child(db, forename="Mo", surname="Ali", born_on=born_on, year_group="4", actor=OFFICE)
        people.archive_person(db, child.person_id, actor=OFFICE)
    assert '<span class="tag">Child</span>' in eve.get(f"/office/people/{child.public_id}").html
    assert "Child, class 4C" in eve.get(f"/office/people/{world.ayaan.public_id}").text


def test_what_the_office_changes_by_hand_stands_in_the_story_with_its_name(eve: Browser, world: World) -> None:
    page = eve.get(f"/office/people/{world.bob.public_id}")
    eve.post(f"/office/people/{world.bob.public_id}/address", {"email": "bob.new@example.org"})
    page = eve.get(f"/office/people/{world.bob.public_id}")
    assert "email address: bob@example.org → bob.new@example.org" in page.text
    assert "Eve Office" in page.text
    sam = world.sam
    with world.database.reading() as db:
        account = accounts.account_of(db, sam.person_id)
    assert account is not None
    eve.get("/office/log-ins")
    eve.post(f"/office/log-ins/{account.public_id}/role", {"role": "head"})
    assert "what the log-in may do: staff → head" in eve.get(f"/office/people/{sam.public_id}").text


@pytest.mark.parametrize(
    "sought", ["Khan, Ann", "Ann Khan", "khan an", "hn Kha", "07700 900 123", "+44 7700 900123", "900123"]
)
def test_a_person_is_found_by_parts_of_the_name_in_any_order_and_by_telephone(
    world: World, eve: Browser, sought: str
) -> None:
    with world.database.writing() as db:
        child = builders.add_guardian(
            db,
            child_id=world.ayaan.person_id,
            forename="Annahn",
            surname="Khan",
            mobile="07700 900123",
            actor=OFFICE,
        )
    page = eve.get(f"/office/people?q={quote(sought)}")
    assert child.guardian.public_id in page.html
    assert "07700 900123" in page.text


def test_a_note_on_a_person_is_kept_shown_and_removed(world: World, eve: Browser) -> None:
    path = f"/office/people/{world.ann.public_id}"
    eve.get(path)
    page = eve.post(f"{path}/notes", {"note": ""}, status=422)
    assert "Write a note" in page.text
    page = eve.post(f"{path}/notes", {"note": "Prefers to be rung after 4pm"})
    assert "Prefers to be rung after 4pm" in page.text
    assert "Eve Office" in page.text
    (form,) = [e["action"] for e in page.all("form") if e["action"].endswith("/remove")]
    eve.get(f"/office/people/{world.bob.public_id}")
    eve.post(form.replace(world.ann.public_id, world.bob.public_id), status=404)
    eve.get(path)
    assert "Prefers" not in eve.post(form).text


def test_a_missing_address_shows_on_the_child_and_the_class(world: World, troubles: Troubles, eve: Browser) -> None:
    assert "No address" in eve.get(f"/office/people/{world.maja.public_id}").text
    page = eve.get(f"/office/classes/{world.year_4.public_id}")
    assert "1 parent or carer has no address" in page.text
    assert "Dan Nowak" in page.text
    assert "has no address" not in eve.get(f"/office/classes/{world.year_1.public_id}").text
