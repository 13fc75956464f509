"""Workers killed at the worst moments (F01, F09, F13): nothing is lost, nothing is half done, nobody hears it twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from oval_aup import documents, evidence
from tests.notifications.conftest import Post, StartServer
from tests.worker.conftest import Installation, Waits

Start = Callable[[], subprocess.Popen[bytes]]


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_worker_killed_while_rendering_leaves_a_document_that_is_made_once(
    installation: Installation, workers: Start, until: Waits
) -> None:
    document = installation.want_receipt()
    process = workers()
    until(lambda: installation.document(document).status == "rendering")
    kill(process)
    assert installation.document(document).status == "rendering"
    installation.work_once()
    assert installation.document(document).status == "rendering", "its claim still stands"
    installation.pass_time_for_claims()
    installation.work_once()
    ready = installation.document(document)
    assert (ready.status, ready.attempts) == ("ready", 2)
    with installation.database.reading() as db:
        assert documents.document_bytes(db, document.public_id).startswith(b"%PDF")
        about = evidence.entries_about(db, installation.school.people.ann.pseudonym)
        assert [entry.kind for entry in about].count("exported") == 1
        assert evidence.verify(db).ok
    assert len(list((installation.instance / "mail").glob("*.eml"))) == 1


def test_the_renderers_of_a_killed_worker_end_by_themselves(
    installation: Installation, workers: Start, until: Waits
) -> None:
    document = installation.want_receipt()
    process = workers()
    until(lambda: installation.document(document).is_ready)
    renderers = descendants(process.pid)
    assert renderers
    kill(process)
    until(lambda: not any(is_alive(one) for one in renderers))


class _Hanging(Post):
    """Takes a letter and then says nothing until it is let go."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self.stage = stage
        self.reached = threading.Event()
        self.go_on = threading.Event()

    async def _hang(self, stage: str) -> None:
        if stage == self.stage:
            self.reached.set()
            while not self.go_on.is_set():
                await asyncio.sleep(0.01)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._hang("recipient")
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await super().handle_DATA(server, session, envelope)
        await self._hang("after the dot")
        return "250 Taken"


def test_a_worker_killed_before_the_text_left_is_followed_by_one_that_sends_it(
    installation: Installation, workers: Start, start_server: StartServer
) -> None:
    post = _Hanging("recipient")
    installation.mail_through(start_server(post))
    row = installation.queue("one")
    process = workers()
    assert post.reached.wait(30)
    kill(process)
    post.stage = "never again"
    post.go_on.set()
    assert installation.message(row).status == "sending"
    installation.pass_time_for_claims()
    installation.work_once()
    assert installation.message(row).status == "sent"
    assert len(post.letters) == 1


def test_a_worker_killed_after_the_final_dot_leaves_the_letter_uncertain_and_sent_once(
    installation: Installation, workers: Start, start_server: StartServer
) -> None:
    post = _Hanging("after the dot")
    installation.mail_through(start_server(post))
    row = installation.queue("one")
    process = workers()
    assert post.reached.wait(30)
    kill(process)
    post.stage = "never again"
    post.go_on.set()
    assert installation.message(row).status == "delivering"
    for _restart in range(3):
        installation.pass_time_for_claims()
        installation.work_once()
    after = installation.message(row)
    assert (after.status, len(post.letters)) == ("uncertain", 1)
    assert "may have arrived" in after.error


def descendants(parent: int) -> list[int]:
    """Processes that the given one started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (entry / "status").exists() and f"PPid:\t{parent}\n" in status_of(int(entry.name)):
            found.append(int(entry.name))
    return found


def status_of(process_id: int) -> str:
    try:
        return Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return ""


def is_alive(process_id: int) -> bool:
    status = status_of(process_id)
    return bool(status) and "State:\tZ" not in status and os.getpid() != process_id
