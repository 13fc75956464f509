"""The outbox: what waits, what is let go, what is taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from oval_aup import notifications
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, NotFound
from tests.notifications.conftest import Say
from tests.notifications.memory import MemoryChannel

Send = Callable[..., notifications.SendCounts]
LINK = notifications.LINK_MARK


def test_the_same_key_queues_one_message(database: Database, queue: Say) -> None:
    assert queue("one") == queue("one")
    with database.reading() as db:
        assert notifications.outbox_counts(db).queued == 1


def test_the_same_key_for_another_person_is_refused(queue: Say) -> None:
    queue("one")
    with pytest.raises(Conflict):
        queue("one", recipient="b" * 32)


def test_a_letter_needs_its_link_mark_exactly_when_it_has_a_link(queue: Say) -> None:
    with pytest.raises(ValueError, match="link mark"):
        queue("one", link_purpose="family")
    with pytest.raises(ValueError, match="link mark"):
        queue("two", text=LINK, html=LINK)
    with pytest.raises(ValueError, match="waits only"):
        queue("three", waits=True)


def test_a_subject_with_a_line_break_cannot_add_a_header(queue: Say, send: Send) -> None:
    queue("one", subject="Please sign\r\nBcc: everyone@example.org")
    channel = MemoryChannel()
    assert send(channel).sent == 1
    assert channel.letters[0]["Bcc"] is None
    assert channel.letters[0]["Subject"] == "Please sign Bcc: everyone@example.org"


def test_a_waiting_message_goes_once_its_document_is_there(database: Database, queue: Say, send: Send) -> None:
    queue("one", attachment="doc-1", waits=True)
    channel = MemoryChannel()
    assert send(channel).handled == 0
    with database.writing() as db:
        assert notifications.awaited_documents(db) == ("doc-1",)
        assert notifications.release(db, "doc-1") == 1
        assert notifications.release(db, "doc-1") == 0
    assert send(channel).sent == 1
    attached = next(iter(channel.letters[0].iter_attachments()))
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_content() == b"%PDF-1.7 doc-1"


def test_a_message_for_later_stays_until_its_time(queue: Say, send: Send) -> None:
    clock.travel_to(dt.datetime(2026, 10, 2, 20, 0, tzinfo=dt.UTC))
    queue("one", not_before=clock.now() + dt.timedelta(hours=11))
    channel = MemoryChannel()
    assert send(channel).sent == 0
    clock.travel_to(dt.datetime(2026, 10, 3, 7, 1, tzinfo=dt.UTC))
    assert send(channel).sent == 1


def test_a_message_taken_back_is_never_sent(database: Database, queue: Say, send: Send) -> None:
    queue("one")
    queue("two", kind="receipt")
    with database.writing() as db:
        assert notifications.cancel(db, "a" * 32, ["ask", "reminder"]) == 1
    channel = MemoryChannel()
    assert send(channel).sent == 1
    with database.reading() as db:
        assert [row.status for row in notifications.messages_to(db, "a" * 32)] == ["cancelled", "sent"]


def test_the_private_link_is_put_in_only_when_the_letter_leaves(database: Database, queue: Say, send: Send) -> None:
    row = queue("one", link_purpose="family", text=f"Open {LINK} now", html=f'<a href="{LINK}">Open</a>')
    assert LINK in row.text
    channel = MemoryChannel()
    send(channel)
    letter = channel.letters[0]
    plain, rich = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert rich is not None
    assert "https://oval.example.org/l/ask-secret" in plain.get_content()
    assert 'href="https://oval.example.org/l/ask-secret"' in rich.get_content()
    with database.reading() as db:
        stored = db.execute(sa.text("SELECT * FROM message")).mappings().one()
    assert "secret" not in str(dict(stored))


def test_a_letter_says_who_it_is_from_and_that_no_answer_is_needed(queue: Say, send: Send) -> None:
    row = queue("one")
    channel = MemoryChannel()
    send(channel)
    letter = channel.letters[0]
    assert letter["From"] == "The Oval School <office@oval.example.org>"
    assert letter["To"] == "nadia@example.org"
    assert letter["Message-ID"] == f"<{row.public_id}@oval.example.org>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"]
    assert letter.get_content_type() == "multipart/alternative"


def test_a_bounce_marks_the_address_and_stops_what_is_automatic(database: Database, queue: Say, send: Send) -> None:
    row = queue("one", to_address="Nadia@Example.org")
    channel = MemoryChannel()
    send(channel)
    with database.writing() as db:
        assert notifications.bounce(db, row.public_id, "550 no such mailbox").status == "bounced"
        assert notifications.troubled_addresses(db, ["nadia@example.org", "bob@example.org"]) == {
            "nadia@example.org": "550 no such mailbox"
        }
        with pytest.raises(Conflict):
            notifications.retry(db, row.public_id)
    queue("two")
    send(channel)
    assert len(channel.letters) == 1
    with database.writing() as db:
        assert "emails to this address bounce" in notifications.messages_to(db, "a" * 32)[1].error
        notifications.clear_trouble(db, "NADIA@example.org ")
        assert notifications.all_trouble(db) == ()
        assert notifications.retry(db, row.public_id).status == "queued"
    assert send(channel).sent == 1


def test_a_sent_message_is_not_sent_again_on_request(database: Database, queue: Say, send: Send) -> None:
    row = queue("one")
    send(MemoryChannel())
    with database.writing() as db, pytest.raises(Conflict):
        notifications.retry(db, row.public_id)
    with database.reading() as db, pytest.raises(NotFound):
        notifications.message(db, "no such message")
