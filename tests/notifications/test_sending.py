"""Sending under crashes and company: every message is claimed once, and a dead worker's messages are not forgotten."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from oval_aup import notifications
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.errors import NotFound
from tests.notifications.conftest import Say
from tests.notifications.memory import MemoryChannel

Send = Callable[..., notifications.SendCounts]
LINK = notifications.LINK_MARK


class Dies(BaseException):
    """Stands for a killed worker: nothing after it runs."""


class DyingChannel(MemoryChannel):
    """Dies at a chosen point of the first letter."""

    def __init__(self, point: str) -> None:
        super().__init__()
        self.point = point

    @contextmanager
    def opened(self) -> Iterator[MemoryChannel]:
        yield self

    def carry(self, letter: EmailMessage, to_address: str, hand_over: Callable[[], None]) -> None:
        if self.point == "before":
            raise Dies
        hand_over()
        if self.point == "while handing over":
            raise Dies
        self.letters.append(letter)
        if self.point == "after":
            raise Dies


def status(database: Database, row: notifications.MessageRow) -> str:
    with database.reading() as db:
        return notifications.message(db, row.public_id).status


def test_a_worker_that_dies_before_the_text_leaves_loses_nothing(database: Database, queue: Say, send: Send) -> None:
    row = queue("one")
    with pytest.raises(Dies):
        send(DyingChannel("before"))
    assert status(database, row) == "sending"
    channel = MemoryChannel()
    assert send(channel).sent == 0, "its claim still stands"
    clock.travel_to(clock.now() + dt.timedelta(minutes=3))
    assert send(channel).sent == 1
    assert len(channel.letters) == 1


@pytest.mark.parametrize(("point", "arrived"), [("while handing over", 0), ("after", 1)])
def test_a_worker_that_dies_once_the_text_may_have_left_makes_it_uncertain(
    database: Database, queue: Say, send: Send, point: str, arrived: int
) -> None:
    row = queue("one")
    channel = DyingChannel(point)
    with pytest.raises(Dies):
        send(channel)
    clock.travel_to(clock.now() + dt.timedelta(hours=1))
    second = MemoryChannel()
    assert send(second).handled == 0
    assert status(database, row) == "uncertain"
    assert (len(channel.letters), len(second.letters)) == (arrived, 0)


def test_a_slow_worker_whose_claim_was_taken_over_sends_nothing(database: Database, queue: Say, send: Send) -> None:
    queue("one")
    quick = MemoryChannel()

    class Slow(MemoryChannel):
        def carry(self, letter: EmailMessage, to_address: str, hand_over: Callable[[], None]) -> None:
            clock.travel_to(clock.now() + dt.timedelta(minutes=3))
            assert send(quick).sent == 1
            super().carry(letter, to_address, hand_over)

    slow = Slow()
    send(slow)
    assert (len(quick.letters), len(slow.letters)) == (1, 0)


def test_four_workers_send_forty_letters_once_each(queue: Say, send: Send) -> None:
    for number in range(40):
        queue(f"letter {number}")
    channel = MemoryChannel()
    workers = [threading.Thread(target=send, args=(channel,)) for _n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(channel.letters) == 40
    assert len({letter["Message-ID"] for letter in channel.letters}) == 40


def test_one_bad_letter_does_not_hold_up_the_others(database: Database, queue: Say, send: Send) -> None:
    bad = queue("bad", kind="ask", link_purpose="family", text=LINK, html=LINK)
    good = queue("good", kind="receipt")

    def mint(db: Session, message: notifications.MessageRow) -> str:
        raise RuntimeError("a fault of ours")

    counts = send(MemoryChannel(), mint=mint)
    assert (counts.sent, counts.retried) == (1, 1)
    assert (status(database, bad), status(database, good)) == ("queued", "sent")


def test_a_person_who_is_gone_gets_no_letter(database: Database, queue: Say, send: Send) -> None:
    row = queue("one", link_purpose="family", text=LINK, html=LINK)

    def mint(db: Session, message: notifications.MessageRow) -> str:
        raise NotFound("There is no such person.")

    assert send(MemoryChannel(), mint=mint).failed == 1
    assert status(database, row) == "failed"


@pytest.mark.parametrize(
    "address", ["nobody", "two@one.org, three@one.org", "a b@example.org", "x@\r\nexample.org", ""]
)
def test_something_that_is_no_address_fails_at_once_and_shows(
    database: Database, queue: Say, send: Send, address: str
) -> None:
    row = queue("one", to_address=address)
    channel = MemoryChannel()
    assert send(channel).failed == 1
    assert channel.letters == []
    assert status(database, row) == "failed"


def test_an_empty_attachment_is_never_sent(database: Database, queue: Say, send: Send) -> None:
    row = queue("one", attachment="doc-1")
    channel = MemoryChannel()
    assert send(channel, attachment=lambda db, public_id: ("receipt.pdf", b"")).retried == 1
    assert channel.letters == []
    assert status(database, row) == "queued"


def test_the_mail_folder_holds_one_file_per_message(database: Database, queue: Say, send: Send, instance: Path) -> None:
    row = queue("one")
    channel = notifications.FolderChannel(instance / "mail")
    assert send(channel).sent == 1
    files = list((instance / "mail").iterdir())
    assert [file.name for file in files] == [f"{row.public_id}.eml"]
    assert files[0].stat().st_mode & 0o077 == 0, "a letter with a private link is nobody else's to read"
    assert b"Auto-Submitted: auto-generated" in files[0].read_bytes()


def test_a_mail_folder_that_cannot_be_written_costs_no_attempt(
    database: Database, queue: Say, send: Send, instance: Path
) -> None:
    row = queue("one")
    (instance / "mail").write_text("a file stands in the way")
    assert "mail folder" in send(notifications.FolderChannel(instance / "mail")).trouble
    assert status(database, row) == "queued"
