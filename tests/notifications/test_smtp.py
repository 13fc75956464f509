"""Sending through a real SMTP server: each way it can fail leads to the right state, and nobody gets a letter twice."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from sqlalchemy.orm import Session

from oval_aup import notifications
from oval_aup.core import clock
from oval_aup.core.db import Database
from tests.notifications.conftest import Post, Say, StartServer, free_port

Send = Callable[..., notifications.SendCounts]


def status(database: Database, row: notifications.MessageRow) -> tuple[str, int]:
    with database.reading() as db:
        now = notifications.message(db, row.public_id)
    return now.status, now.attempts


def later(**span: int) -> None:
    clock.travel_to(clock.now() + dt.timedelta(**span))


def test_a_letter_arrives_whole(database: Database, queue: Say, send: Send, start_server: StartServer) -> None:
    server = start_server()
    row = queue("one", subject="Rules — for Zoë’s family", attachment="doc-1")
    assert send(server.channel()).sent == 1
    assert status(database, row) == ("sent", 1)
    letter = server.post.letters[0]
    assert letter["Subject"] == "Rules — for Zoë’s family"
    plain = letter.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n").endswith("\n.a line that begins with a dot\n")
    assert [part.get_filename() for part in letter.iter_attachments()] == ["receipt.pdf"]


def test_many_letters_share_one_connection(queue: Say, send: Send, start_server: StartServer) -> None:
    server = start_server()
    for number in range(12):
        queue(f"letter {number}")
    assert send(server.channel(), limit=10).sent == 10
    assert send(server.channel(), limit=10).sent == 2
    assert len({letter["Message-ID"] for letter in server.post.letters}) == 12


@pytest.mark.parametrize("reply", ["450 Mailbox busy", "451 Greylisted, come back later"])
@pytest.mark.parametrize("stage", ["recipient_reply", "text_reply"])
def test_a_temporary_refusal_is_tried_again_later_under_the_same_message_id(
    database: Database, queue: Say, send: Send, start_server: StartServer, stage: str, reply: str
) -> None:
    server = start_server()
    row = queue("one")
    setattr(server.post, stage, reply)
    assert send(server.channel()).retried == 1
    assert status(database, row) == ("queued", 1)
    assert send(server.channel()).handled == 0, "not before the wait is over"
    setattr(server.post, stage, "")
    later(minutes=2)
    assert send(server.channel()).sent == 1
    assert status(database, row) == ("sent", 2)
    assert [letter["Message-ID"] for letter in server.post.letters] == [f"<{row.public_id}@oval.example.org>"]


def test_ten_temporary_refusals_over_two_days_are_a_failure_that_shows(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    server = start_server()
    row = queue("one")
    server.post.recipient_reply = "450 Mailbox busy"
    for _attempt in range(10):
        send(server.channel())
        later(days=1, minutes=1)
    assert status(database, row) == ("failed", 10)
    with database.reading() as db:
        assert notifications.outbox_counts(db).failed == 1
        assert notifications.messages_in(db, ["failed"])[0].error.startswith("450")


def test_a_permanent_refusal_of_the_address_is_final_and_told_to_the_office(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    server = start_server()
    server.post.recipient_reply = "550 5.1.1 No such mailbox"
    told: list[tuple[str, str]] = []

    def refused(db: Session, message: notifications.MessageRow, code: str, reply: str) -> None:
        told.append((message.public_id, f"{code}: {reply}"))

    row = queue("one")
    assert send(server.channel(), refused=refused).failed == 1
    assert status(database, row) == ("failed", 1)
    assert told == [(row.public_id, "550: 550 5.1.1 No such mailbox")]
    with database.reading() as db:
        assert "nadia@example.org" in notifications.troubled_addresses(db, ["nadia@example.org"])


def test_a_letter_refused_for_what_it_says_does_not_blame_the_address(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    server = start_server()
    server.post.text_reply = "554 5.7.1 Looks like spam"
    row = queue("one")
    assert send(server.channel()).retried == 1
    later(minutes=16)
    assert send(server.channel()).retried == 1
    assert status(database, row) == ("queued", 2)
    later(hours=5)
    assert send(server.channel()).failed == 1
    assert status(database, row) == ("failed", 3)
    with database.reading() as db:
        assert notifications.all_trouble(db) == ()
        assert notifications.outage(db) is None


LIMITS = [
    ("recipient_reply", "550 5.4.5 Daily user sending limit exceeded"),
    ("text_reply", "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"),
    ("text_reply", "550 5.1.90 Your message can't be sent because you've reached your daily limit for recipients"),
    ("text_reply", "550 5.1.8 Access denied, bad outbound sender"),
    ("text_reply", "550 5.7.233 Your tenant exceeded its daily limit for external recipients"),
    ("recipient_reply", "451 4.7.0 Sending rate limit exceeded, try again later"),
]


@pytest.mark.parametrize(("stage", "reply"), LIMITS)
def test_the_schools_own_limit_pauses_everything_and_blames_no_address(
    database: Database, queue: Say, send: Send, start_server: StartServer, stage: str, reply: str
) -> None:
    server = start_server()
    rows = [queue(f"letter {number}", to_address=f"parent{number}@example.org") for number in range(3)]
    told: list[str] = []

    def refused(db: Session, message: notifications.MessageRow, code: str, reply: str) -> None:
        told.append(reply)

    assert send(server.channel(), limit=1).sent == 1
    setattr(server.post, stage, reply)
    counts = send(server.channel(), refused=refused)
    assert (counts.failed, counts.retried) == (0, 1), "the run stops at the first"
    assert reply in counts.trouble
    assert [status(database, row) for row in rows] == [("sent", 1), ("queued", 0), ("queued", 0)]
    with database.reading() as db:
        outage = notifications.outage(db)
        assert outage is not None
        assert (outage.about, outage.waiting) == ("sender", 2)
        assert reply in outage.reason
        assert notifications.all_trouble(db) == ()
    assert told == []
    setattr(server.post, stage, "")
    assert send(server.channel()).paused, "nothing is tried before the pause is over"
    later(minutes=6)
    assert send(server.channel()).sent == 1
    later(minutes=6)
    assert send(server.channel()).sent == 1
    with database.reading() as db:
        assert notifications.outage(db) is None


def test_a_server_that_closes_the_connection_as_too_busy_costs_no_letter_an_attempt(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    server = start_server()
    row = queue("one")
    server.post.recipient_reply = "421 Too busy"
    assert "Too busy" in send(server.channel()).trouble
    assert status(database, row) == ("queued", 0)


class _Fussy(Post):
    async def handle_RCPT(
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("odd"):
            return "550 5.7.1 The sender is not allowed to write to this group"
        return await super().handle_RCPT(server, session, envelope, address, options)


def test_one_letter_that_the_server_always_calls_a_limit_does_not_stop_the_others_for_ever(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    server = start_server(_Fussy())
    odd = queue("odd", to_address="odd@example.org")
    others = [queue(f"letter {number}", to_address=f"parent{number}@example.org") for number in range(2)]
    assert send(server.channel()).trouble
    later(minutes=6)
    assert send(server.channel()).sent == 2
    assert [status(database, row)[0] for row in others] == ["sent", "sent"]
    later(minutes=6)
    counts = send(server.channel())
    assert (counts.retried, counts.trouble) == (1, "")
    assert status(database, odd) == ("queued", 1)


def test_an_outage_says_since_when_how_many_wait_and_when_the_next_try_is(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    clock.freeze(clock.at_london(dt.date(2026, 9, 8), 10))
    for number in range(3):
        queue(f"letter {number}")
    queue("tomorrow", not_before=clock.now() + dt.timedelta(days=1))
    down = notifications.smtp_channel(f"smtp://127.0.0.1:{free_port()}", sender="office@oval.example.org")
    send(down)
    began = clock.now()
    for _minute in range(3):
        clock.freeze(clock.now() + dt.timedelta(minutes=1))
        send(down)
    with database.reading() as db:
        outage = notifications.outage(db)
    assert outage is not None
    assert (outage.since, outage.about, outage.waiting) == (began, "server", 3)
    assert outage.reason == "The mail server 127.0.0.1 cannot be used: it does not accept connections"
    assert outage.retry_at == clock.now() + dt.timedelta(minutes=1), "never later than a minute"
    server = start_server()
    assert send(server.channel()).paused
    assert send(server.channel(), at_once=True).sent == 3
    with database.reading() as db:
        assert notifications.outage(db) is None


def test_an_outage_ends_by_itself_when_the_server_is_back_and_nothing_is_left_to_send(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    queue("one", recipient="b" * 32)
    send(notifications.smtp_channel(f"smtp://127.0.0.1:{free_port()}", sender="office@oval.example.org"))
    with database.writing() as db:
        notifications.cancel(db, "b" * 32, ["ask"])
    later(minutes=2)
    send(start_server().channel())
    with database.reading() as db:
        assert notifications.outage(db) is None


def test_messages_that_nobody_sends_are_an_outage_after_two_minutes(database: Database, queue: Say) -> None:
    queue("one")
    later(seconds=100)
    with database.reading() as db:
        assert notifications.outage(db) is None
    later(seconds=30)
    with database.reading() as db:
        outage = notifications.outage(db)
    assert outage is not None
    assert (outage.about, outage.waiting) == ("worker", 1)


def test_an_outage_names_nobody(database: Database, queue: Say, send: Send, start_server: StartServer) -> None:
    server = start_server()
    server.post.recipient_reply = "554 5.7.1 <nadia@example.org>: Relay access denied"
    queue("one")
    send(server.channel())
    with database.reading() as db:
        outage = notifications.outage(db)
    assert outage is not None
    assert outage.reason.endswith("554 5.7.1 <…>: Relay access denied")


def test_a_later_accepted_message_clears_the_address(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    server = start_server()
    server.post.recipient_reply = "552 5.2.2 Mailbox full"
    queue("one")
    send(server.channel())
    server.post.recipient_reply = ""
    automatic, asked_for = queue("two"), queue("three", asked_for=True)
    reached: list[str] = []
    send(server.channel(), limit=1, reached=lambda db, message: reached.append(message.public_id))
    assert (status(database, asked_for)[0], status(database, automatic)[0]) == ("sent", "queued")
    assert reached == [asked_for.public_id]
    with database.reading() as db:
        assert notifications.all_trouble(db) == ()
    assert send(server.channel()).sent == 1


def test_a_mailbox_refused_after_the_text_is_an_address_in_trouble(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    server = start_server()
    server.post.text_reply = "552 5.2.2 Mailbox full"
    queue("one")
    assert send(server.channel()).failed == 1
    with database.reading() as db:
        assert [row.address for row in notifications.all_trouble(db)] == ["nadia@example.org"]


def test_a_connection_cut_before_the_text_is_tried_again(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    server = start_server()
    row = queue("one")
    server.post.drop_at = "recipient"
    assert send(server.channel()).retried == 1
    assert status(database, row) == ("queued", 1)


def test_a_connection_cut_after_the_final_dot_is_uncertain_and_never_repeated_by_itself(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    server = start_server()
    row = queue("one")
    server.post.drop_at = "after the dot"
    assert send(server.channel()).uncertain == 1
    assert status(database, row) == ("uncertain", 1)
    server.post.drop_at = ""
    later(days=3)
    assert send(server.channel()).handled == 0
    assert len(server.post.letters) == 1
    with database.writing() as db:
        notifications.retry(db, row.public_id)
    assert send(server.channel()).sent == 1
    assert len({letter["Message-ID"] for letter in server.post.letters}) == 1, "a duplicate is recognisable"


class _Silent(Post):
    def __init__(self) -> None:
        super().__init__()
        self.answer = threading.Event()

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        while not self.answer.is_set():
            await asyncio.sleep(0.02)
        return "250 Taken, at last"


def test_a_server_that_falls_silent_after_the_final_dot_makes_it_uncertain(
    database: Database, queue: Say, send: Send, start_server: StartServer
) -> None:
    post = _Silent()
    server = start_server(post)
    row = queue("one")
    assert send(server.channel(receipt_seconds=0.2)).uncertain == 1
    post.answer.set()
    assert status(database, row) == ("uncertain", 1)


def test_a_server_that_is_down_costs_no_letter_an_attempt(database: Database, queue: Say, send: Send) -> None:
    rows = [queue(f"letter {number}") for number in range(3)]
    channel = notifications.smtp_channel(f"smtp://127.0.0.1:{free_port()}", sender="office@oval.example.org")
    counts = send(channel)
    assert "cannot be used" in counts.trouble
    assert [status(database, row) for row in rows] == [("queued", 0)] * 3


def test_letters_go_encrypted_and_logged_in(
    queue: Say, send: Send, start_server: StartServer, tls_context: ssl.SSLContext, certificate: Path
) -> None:
    server = start_server(tls_context=tls_context, require_starttls=True, log_in=True)
    queue("one")
    url = f"smtp://office:p%40ss%20word@127.0.0.1:{{port}}?tls=starttls&ca={certificate}"
    assert send(server.channel(url)).sent == 1
    assert server.post.logged_in == ["office"]


def test_letters_go_over_a_connection_encrypted_from_the_start(
    queue: Say, send: Send, start_server: StartServer, tls_context: ssl.SSLContext, certificate: Path
) -> None:
    server = start_server(ssl_context=tls_context)
    queue("one")
    assert send(server.channel(f"smtps://127.0.0.1:{{port}}?ca={certificate}")).sent == 1


def test_a_certificate_nobody_vouches_for_is_not_trusted(
    database: Database, queue: Say, send: Send, start_server: StartServer, tls_context: ssl.SSLContext
) -> None:
    server = start_server(tls_context=tls_context)
    row = queue("one")
    counts = send(server.channel("smtp://127.0.0.1:{port}?tls=starttls"))
    assert "certificate" in counts.trouble.lower()
    assert status(database, row) == ("queued", 0)


def test_a_server_without_encryption_is_not_used_when_encryption_was_asked_for(
    queue: Say, send: Send, start_server: StartServer
) -> None:
    server = start_server()
    queue("one")
    assert "lacks" in send(server.channel("smtp://127.0.0.1:{port}?tls=starttls")).trouble
    assert server.post.letters == []


def test_a_refused_log_in_stops_the_run_and_blames_no_letter(
    database: Database,
    queue: Say,
    send: Send,
    start_server: StartServer,
    tls_context: ssl.SSLContext,
    certificate: Path,
) -> None:
    server = start_server(tls_context=tls_context, require_starttls=True, log_in=True)
    row = queue("one")
    url = f"smtp://office:wrong@127.0.0.1:{{port}}?tls=starttls&ca={certificate}"
    assert "log-in" in send(server.channel(url)).trouble
    assert status(database, row) == ("queued", 0)


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org?tls=maybe",
        "smtp://mail.example.org?colour=blue",
        "smtp://office:secret@mail.example.org",
    ],
)
def test_a_mail_server_setting_that_cannot_be_right_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="mail"):
        notifications.smtp_channel(url, sender="office@oval.example.org")


def test_a_mail_server_setting_fills_in_the_usual_port() -> None:
    ports = [
        notifications.smtp_channel(url, sender="x@example.org").port
        for url in ("smtp://m.example.org", "smtp://a:b@m.example.org?tls=starttls", "smtps://m.example.org")
    ]
    assert ports == [25, 587, 465]
