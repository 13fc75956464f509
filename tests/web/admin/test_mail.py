"""An outage of email is seen on the first page, nothing is promised that is not true, and mistakes can be corrected."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask

from oval_aup import campaigns, evidence, notifications, people
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from tests.notifications.memory import MemoryChannel
from tests.web.admin.conftest import EVE, Troubles
from tests.web.browser import Browser
from tests.web.world import TODAY, World

REASON = "The mail server mail.example.org cannot be used: it does not answer"


class Down(MemoryChannel):
    """A mail server that cannot be reached."""

    def __init__(self, about: str = "server", reason: str = REASON) -> None:
        super().__init__()
        self.about, self.reason = about, reason

    def opened(self):  # type: ignore[no-untyped-def]
        raise notifications.ChannelDown(self.reason, about=self.about)


class Full(MemoryChannel):
    """A mail server that answers and says at the first letter that the school has reached its limit."""

    def carry(self, letter, to_address, hand_over) -> None:  # type: ignore[no-untyped-def]
        raise notifications.ChannelDown("550 5.4.5 Daily limit", about="sender")


class Refusing(MemoryChannel):
    """A mail server that refuses each letter in the same way."""

    def __init__(self, refusal: Exception) -> None:
        super().__init__()
        self.refusal = refusal

    def carry(self, letter, to_address, hand_over) -> None:  # type: ignore[no-untyped-def]
        raise self.refusal


def send(world: World, channel: notifications.Channel, *, at_once: bool = True) -> notifications.SendCounts:
    return notifications.send_due(
        world.database,
        channel,
        sender=notifications.Sender("The Oval School", "office@oval.example.org"),
        mint=lambda db, message: "https://oval.example.org/l/secret",
        attachment=lambda db, public_id: ("receipt.pdf", b"%PDF-1.7"),
        limit=500,
        at_once=at_once,
    )


@pytest.fixture
def quiet(world: World, troubles: Troubles) -> World:
    """Everything that was due has left."""
    send(world, MemoryChannel())
    return world


def test_an_outage_stands_in_red_on_home_with_since_when_how_many_and_why(quiet: World, eve: Browser) -> None:
    assert "Email is not leaving the school" not in eve.get("/office").text
    eve.get(f"/office/people/{quiet.cass.public_id}")
    said = eve.post(f"/office/people/{quiet.cass.public_id}/new-link").text
    assert "A message to cass@example.org is being sent." in said
    began = clock.now()
    send(quiet, Down())
    page = eve.get("/office")
    assert "Email is not leaving the school" in page.text
    assert f"Nothing has been sent since {clock.london(began).day} September 2026 at" in page.text
    assert "1 message is waiting." in page.text
    assert REASON in page.text
    said = eve.post(f"/office/people/{quiet.bob.public_id}/new-link").text
    assert "The message to bob@example.org is waiting: email is not leaving the school at the moment." in said
    for path in ("/office/mail", "/office/campaign"):
        assert "Email is not leaving the school" in eve.get(path).text
    send(quiet, MemoryChannel())
    assert "Email is not leaving the school" not in eve.get("/office").text


def test_messages_that_the_worker_does_not_take_are_seen_within_two_minutes(quiet: World, eve: Browser) -> None:
    eve.get(f"/office/people/{quiet.cass.public_id}")
    eve.post(f"/office/people/{quiet.cass.public_id}/new-link")
    clock.travel_to(clock.now() + dt.timedelta(seconds=121))
    text = eve.get("/office").text
    assert "The background worker, which sends them, is not running or cannot keep up." in text


def test_a_limit_of_the_schools_own_is_said_to_be_nobodys_address(quiet: World, eve: Browser) -> None:
    eve.get(f"/office/people/{quiet.cass.public_id}")
    eve.post(f"/office/people/{quiet.cass.public_id}/new-link")
    send(quiet, Down("sender", "The mail server takes no more messages from the school for now: 550 5.4.5 Daily limit"))
    text = eve.get("/office").text
    assert "550 5.4.5 Daily limit" in text
    assert "This is about the school’s own email account, not about the people you write to." in text


def test_a_test_goes_first_to_whoever_asks_and_its_state_is_shown(quiet: World, eve: Browser) -> None:
    eve.get("/office/mail")
    assert "A test to eve@oval.example.org is first in the queue." in eve.post("/office/mail/test").text
    send(quiet, Down())
    assert "Last test: to eve@oval.example.org" in eve.get("/office/mail").text
    assert REASON in eve.page.text
    clock.travel_to(clock.now() + dt.timedelta(minutes=1))
    eve.post("/office/mail/test")
    with quiet.database.reading() as db:
        outage = notifications.outage(db)
    assert outage is not None
    assert outage.retry_at <= clock.now(), "the pause is over for somebody who wants to see"
    channel = MemoryChannel()
    send(quiet, channel)
    assert next(letter["To"] for letter in channel.letters) == "eve@oval.example.org"
    assert "Sent" in eve.get("/office/mail").text


def test_a_second_press_in_the_same_minute_tries_the_waiting_test_again(quiet: World, eve: Browser) -> None:
    clock.freeze(clock.now())
    eve.get("/office/mail")
    eve.post("/office/mail/test")
    send(quiet, Full())
    eve.post("/office/mail/test")
    channel = MemoryChannel()
    send(quiet, channel, at_once=False)
    assert [letter["To"] for letter in channel.letters] == ["eve@oval.example.org"]


def test_a_test_that_was_not_sent_is_no_task(quiet: World, eve: Browser) -> None:
    eve.get("/office/mail")
    eve.post("/office/mail/test")
    for _time in range(3):  # what it says is refused, until it is given up
        send(quiet, Refusing(notifications.PermanentRefusal("554 5.7.1 Spam", code="554", about_address=False)))
        clock.travel_to(clock.now() + dt.timedelta(hours=5))
    eve.log_in(EVE)
    assert "Not sent" in eve.get("/office/mail").text
    assert "Send it again" not in eve.page.text
    assert "message was not sent" not in eve.get("/office").text


def test_a_limit_is_an_outage_though_the_test_was_refused_before(quiet: World, eve: Browser) -> None:
    clock.freeze(clock.now())
    eve.get("/office/mail")
    eve.post("/office/mail/test")
    send(quiet, Refusing(notifications.TemporaryRefusal("451 4.3.0 Try again later")))
    assert "451" not in eve.post("/office/mail/test").text, "the reason of the try before"
    send(quiet, Full())
    assert "550 5.4.5 Daily limit" in eve.get("/office").text


@pytest.mark.parametrize("refusal", [notifications.PermanentRefusal("550 5.1.1 User unknown", code="550"), None])
def test_a_second_press_in_the_same_minute_says_what_is_true(
    quiet: World, eve: Browser, refusal: Exception | None
) -> None:
    """A test that was refused for good is sent once more; one that has left is not promised again."""
    clock.freeze(clock.now())
    eve.get("/office/mail")
    eve.post("/office/mail/test")
    send(quiet, Refusing(refusal) if refusal else MemoryChannel())
    said = eve.post("/office/mail/test").text
    again = MemoryChannel()
    send(quiet, again)
    assert ("is first in the queue" in said) == bool(refusal) == bool(again.letters)
    assert ("A message was sent to eve@oval.example.org" in said) == (refusal is None)


def test_only_who_may_run_a_campaign_sends_a_test(app: Flask, quiet: World) -> None:
    hal = Browser(app)
    hal.log_in("hal@oval.example.org")
    hal.get("/office/mail")
    hal.post("/office/mail/test", status=403)


def test_a_manual_reminder_on_a_saturday_says_monday(quiet: World, eve: Browser) -> None:
    saturday = TODAY + dt.timedelta(days=(5 - TODAY.weekday()) % 7)
    clock.travel_to(clock.at_london(saturday, 11))
    eve.log_in(EVE)
    monday = "Monday 21 September at 8am"
    page = eve.get("/office/remind?everybody=yes")
    assert f"It will be sent on {monday}, because we don’t write in the evening" in page.text
    fields = {e["name"]: e["value"] for e in page.all("input") if "name" in e.attributes and e["name"] != "csrf_token"}
    assert f"messages will be sent on {monday}." in eve.post("/office/remind", fields).text
    send(quiet, MemoryChannel())
    assert f"Will be sent on {monday}" in eve.get("/office/mail").text


def test_a_new_link_for_one_person_of_a_shared_mailbox_goes_to_that_person_alone(quiet: World, eve: Browser) -> None:
    eve.get(f"/office/people/{quiet.bob.public_id}")
    eve.post(f"/office/people/{quiet.bob.public_id}/address", {"email": "ann@example.org"})
    with quiet.database.reading() as db:
        before = {row.public_id for row in notifications.messages_in(db, ("queued",))}
    eve.post(f"/office/people/{quiet.bob.public_id}/new-link")
    with quiet.database.reading() as db:
        added = [row for row in notifications.messages_in(db, ("queued",)) if row.public_id not in before]
    assert [(row.recipient, row.to_address) for row in added] == [(quiet.bob.pseudonym, "ann@example.org")]
    assert "This link is for Bob Khan and nobody else." in added[0].text


def test_a_second_press_says_what_became_of_the_first(quiet: World, eve: Browser) -> None:
    path = f"/office/people/{quiet.cass.public_id}/new-link"
    eve.get(f"/office/people/{quiet.cass.public_id}")
    eve.post(path)
    send(quiet, MemoryChannel())
    assert "A message was sent to cass@example.org within the last few minutes." in eve.post(path).text


def test_bounces_that_were_a_limit_are_corrected_with_one_press(quiet: World, eve: Browser) -> None:
    reply = "550 5.4.5 Daily user sending limit exceeded"
    with quiet.database.writing() as db:
        row = campaigns.send_new_link_to(db, quiet.cass, school=settings_of(eve).school)
        notifications.bounce(db, row.public_id, reply)
        evidence.append(
            db,
            "bounced",
            subject=quiet.cass.pseudonym,
            act={"message": row.public_id, "message_kind": row.kind, "code": "550"},
            details={"address": row.to_address},
            idempotency_key=f"bounced:{row.public_id}:1",
            actor=SYSTEM,
        )
    page = eve.get("/office/mail")
    assert "1 address was marked by mistake" in page.text
    assert reply in page.text
    assert "1 entry is corrected." in eve.post("/office/mail/correct").text
    assert "marked by mistake" not in eve.get("/office/mail").text
    assert "There was nothing left to correct." in eve.post("/office/mail/correct").text
    with quiet.database.reading() as db:
        assert notifications.troubled_addresses(db, ["cass@example.org"]) == {}


def settings_of(browser: Browser) -> Settings:
    found: Settings = browser.app.extensions["oval_settings"]
    return found


def test_pages_for_everybody_promise_a_link_only_while_email_works(quiet: World, eve: Browser, app: Flask) -> None:
    stranger = Browser(app)
    assert "we will send a new link to it. It can take a few minutes." in stranger.get("/family/new-link/sent").text
    eve.get(f"/office/people/{quiet.cass.public_id}")
    eve.post(f"/office/people/{quiet.cass.public_id}/new-link")
    send(quiet, Down())
    for path in ("/family/new-link/sent", "/staff/forgotten/sent"):
        text = stranger.get(path).text
        assert "The school’s email is not working at the moment." in text
        assert "as soon as it works again" in text


def test_one_press_sends_all_without_a_password_their_link_once_a_day(quiet: World, eve: Browser) -> None:
    with quiet.database.writing() as db:
        for member in (quiet.di, quiet.sam):
            db.execute(sa.text("UPDATE account SET password_hash = '' WHERE person_id = :id"), {"id": member.person_id})
    page = eve.get("/office/log-ins")
    assert "Send a link to all 2 without a password" in page.text
    assert "2 messages are being sent." in eve.post("/office/log-ins/links").text
    eve.post("/office/log-ins/links")
    channel = MemoryChannel()
    send(quiet, channel)
    assert sorted(letter["To"] for letter in channel.letters) == ["di@oval.example.org", "sam@oval.example.org"]
    assert all("works for 14 days" in str(letter.get_body(("plain",))) for letter in channel.letters)


def test_nobody_can_be_reminded_before_the_sign_up_is_open(quiet: World, troubles: Troubles, eve: Browser) -> None:
    path = f"/office/people/{quiet.sam.public_id}"
    assert f'action="{path}/remind"' in eve.get(path).html
    with quiet.database.writing() as db:
        db.execute(sa.text("UPDATE campaign SET status = 'planned'"))
    assert f'action="{path}/remind"' not in eve.get(path).html
    assert 'name="person"' not in eve.get("/office/outstanding").html


def test_a_full_mailbox_is_not_called_a_wrong_address(quiet: World, troubles: Troubles, eve: Browser) -> None:
    with quiet.database.writing() as db:
        notifications.bounce(db, troubles.message.public_id, "552 5.2.2 Mailbox full")
    assert "Cass Nowak" in eve.get("/office").text
    assert "mailbox full" in eve.get("/office/tasks/bounced").text
    assert "Ask the person to make room in their mailbox" in eve.get("/office/mail").text
    person = f"/office/people/{quiet.cass.public_id}"
    page = eve.get(person)
    assert "Their mailbox is full. Ask them to delete some emails" in page.text
    assert "address is right" not in page.text
    assert "Try again" in page.text
    eve.post(f"{person}/address-works")
    assert "mailbox is full" not in eve.page.text


def test_home_and_messages_count_the_same_bouncing_people(quiet: World, troubles: Troubles, eve: Browser) -> None:
    with quiet.database.writing() as db:
        people.set_email(db, quiet.ann.person_id, quiet.cass.email, actor=SYSTEM)
    for path in ("/office", "/office/mail"):
        assert "Emails to 2 people are bouncing" in eve.get(path).text, path


def test_somebody_we_stopped_writing_to_is_not_said_to_bounce(quiet: World, troubles: Troubles, eve: Browser) -> None:
    with quiet.database.writing() as db:
        people.set_writing(db, quiet.ann.person_id, stopped=True, actor=SYSTEM)
    shown = eve.get("/office/remind?everybody=yes").text
    assert "Ann Khan: the office has stopped writing to them" in shown
    said = eve.post(f"/office/people/{quiet.ann.public_id}/remind").text
    assert "The office has stopped writing to this person, so no reminder was sent." in said
