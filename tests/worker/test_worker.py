"""A worker's ordinary day: what is wanted gets made, what waits gets sent, and one bad item stops nobody."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import signal
import subprocess
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from oval_aup import accounts, campaigns, documents, evidence, notifications, reports, worker
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.worker import rendering
from oval_aup.worker.context import opened
from tests.notifications.conftest import StartServer
from tests.worker.conftest import Installation, Waits

Start = Callable[[], subprocess.Popen[bytes]]


def test_a_wanted_receipt_is_made_and_mailed_with_a_working_link(
    installation: Installation, start_server: StartServer
) -> None:
    server = start_server()
    installation.mail_through(server)
    document = installation.want_receipt()
    installation.work_once()
    assert installation.document(document).is_ready
    (letter,) = server.post.letters
    (attached,) = letter.iter_attachments()
    content = attached.get_content()
    with installation.database.reading() as db:
        assert content == documents.document_bytes(db, document.public_id)
    assert content.startswith(b"%PDF")
    assert (attached.get_filename() or "").startswith("receipt-2026-")
    plain = letter.get_body(("plain",))
    assert plain is not None
    token = plain.get_content().split("https://oval.example.org/f/")[1].split()[0]
    with installation.database.reading() as db:
        held = accounts.link(db, token, purpose="family")
    assert held.person_id == installation.school.people.ann.person_id


def test_everything_about_a_person_is_made_in_both_forms_and_entered_in_the_ledger(installation: Installation) -> None:
    ann = installation.school.people.ann
    wanted = [
        installation.school.want(kind, ann.pseudonym, person_id=ann.person_id)
        for kind in ("subject_access", "subject_access_data")
    ]
    wanted.append(
        installation.school.want("as_at", ann.pseudonym, person_id=ann.person_id, at="2026-11-22T23:59:59.999999Z")
    )
    installation.work_once()
    with installation.database.reading() as db:
        contents = {row.kind: documents.document_bytes(db, row.public_id) for row in wanted}
        exported = {
            entry.body["act"]["kind"]: entry.body["act"]["sha256"]
            for entry in evidence.entries_about(db, ann.pseudonym)
            if entry.kind == "exported"
        }
    assert exported == {kind: hashlib.sha256(content).hexdigest() for kind, content in contents.items()}
    assert contents["subject_access"].startswith(b"%PDF")
    assert contents["as_at"].startswith(b"%PDF")
    assert json.loads(contents["subject_access_data"])["person"] == "Ann Ali"
    with installation.database.reading() as db:
        names = [reports.file_name(db, documents.document(db, row.public_id)) for row in wanted]
    assert [name.rsplit(".")[-1] for name in names] == ["pdf", "json", "pdf"]
    assert not any("ann" in name.casefold() for name in names)


def test_letters_land_in_the_mail_folder_where_it_is_set(installation: Installation) -> None:
    installation.want_receipt()
    installation.work_once()
    assert len(list((installation.instance / "mail").glob("*.eml"))) == 1


def test_without_a_mail_server_messages_wait_and_the_office_sees_why(
    installation: Installation, start_server: StartServer
) -> None:
    del installation.environment["OVAL_SMTP_URL"]
    waiting = installation.queue("early")
    installation.work_once()
    message = installation.message(waiting)
    assert (message.status, message.attempts) == ("queued", 0)
    assert not (installation.instance / "mail").exists()
    with installation.database.reading() as db:
        outage = notifications.outage(db)
    assert outage is not None
    assert outage.waiting == 1
    assert outage.reason == "No mail server has been set up yet (setting OVAL_SMTP_URL)."
    installation.mail_through(start_server())
    with installation.database.writing() as db:
        notifications.try_now(db)
    installation.work_once()
    assert installation.message(waiting).status == "sent"


def test_one_document_that_cannot_be_made_does_not_hold_up_the_next(installation: Installation) -> None:
    bad = installation.school.want("receipt", "f" * 32, entries=[1])
    good = installation.want_receipt()
    installation.work_once()
    assert installation.document(good).is_ready
    failed = installation.document(bad)
    assert (failed.status, failed.attempts, failed.error) == ("pending", 1, "There is no such person.")


def test_a_letter_that_began_to_wait_too_late_is_let_go(installation: Installation) -> None:
    document = installation.want_receipt(mailed=False)
    installation.work_once()
    late = installation.queue("late", attachment=document.public_id, waits=True)
    installation.work_once()
    assert installation.message(late).status == "sent"


def test_a_refused_address_is_a_bounce_in_the_ledger_without_the_address(
    installation: Installation, start_server: StartServer
) -> None:
    server = start_server()
    installation.mail_through(server)
    server.post.recipient_reply = "550 5.1.1 No such mailbox"
    row = installation.queue("one")
    installation.work_once()
    ann = installation.school.people.ann
    with installation.database.reading() as db:
        bounced = [entry for entry in evidence.entries_about(db, ann.pseudonym) if entry.kind == "bounced"]
        assert [entry.body["act"]["message"] for entry in bounced] == [row.public_id]
        assert "example.org" not in str(bounced[0].body)
        assert evidence.details(db, [bounced[0].seq]) == {
            bounced[0].seq: {"address": "ann@example.org", "reply": "550 5.1.1 No such mailbox"}
        }


def test_a_bounce_is_cleared_in_the_ledger_by_a_later_accepted_message(
    installation: Installation, start_server: StartServer
) -> None:
    server = start_server()
    installation.mail_through(server)
    server.post.recipient_reply = "552 5.2.2 Mailbox full"
    installation.queue("one")
    installation.work_once()
    server.post.recipient_reply = ""
    row = installation.queue("two", asked_for=True)
    installation.work_once()
    assert installation.message(row).status == "sent"
    with installation.database.reading() as db:
        entries = evidence.entries_about(db, installation.school.people.ann.pseudonym)
        bounced, reached = (entry for entry in entries if entry.kind in ("bounced", "reached"))
        assert reached.body["refs"] == [{"seq": bounced.seq, "reason": "reached"}]
        assert notifications.all_trouble(db) == ()


def test_a_bounce_that_was_the_schools_own_limit_is_corrected_by_a_later_entry(installation: Installation) -> None:
    ann = installation.school.people.ann
    limit, full = "554 5.2.0 STOREDRV.Submission: SubmissionQuotaExceededException", "552 5.2.2 Mailbox full"
    with installation.database.writing() as db:
        for reply, address in ((limit, "ann@example.org"), (full, "bob@example.org")):
            row = installation.queue_in(db, reply, to_address=address)
            notifications.bounce(db, row.public_id, reply)
            evidence.append(
                db,
                "bounced",
                subject=ann.pseudonym,
                act={"message": row.public_id, "message_kind": row.kind, "code": reply[:3]},
                details={"address": address},
                idempotency_key=f"bounced:{row.public_id}:1",
                actor=SYSTEM,
            )
    with installation.database.writing() as db:
        (wrong,) = campaigns.wrong_bounces(db)
        assert (wrong.address, wrong.reply) == ("ann@example.org", limit)
        assert campaigns.correct_wrong_bounces(db, actor=SYSTEM) == 1
        assert campaigns.correct_wrong_bounces(db, actor=SYSTEM) == 0
    with installation.database.reading() as db:
        assert [row.address for row in notifications.all_trouble(db)] == ["bob@example.org"]
        (corrected,) = (entry for entry in evidence.entries_about(db, ann.pseudonym) if entry.kind == "corrected")
        assert corrected.body["refs"] == [{"seq": wrong.seq, "reason": "corrected"}]


def test_nobody_who_has_left_gets_a_link(installation: Installation) -> None:
    row = installation.queue("one", recipient="e" * 32)
    installation.work_once()
    after = installation.message(row)
    assert (after.status, after.error) == (
        "failed",
        "This message cannot be sent: This person is no longer at the school.",
    )


def test_sending_now_says_what_became_of_it(installation: Installation) -> None:
    installation.queue("one")
    said = worker.send_now(installation.settings, installation.database)
    assert said == "1 sent, 0 to be tried again, 0 failed, 0 uncertain."


def test_a_mail_server_that_is_down_is_said_plainly(installation: Installation) -> None:
    installation.environment["OVAL_SMTP_URL"] = "smtp://127.0.0.1:9"
    row = installation.queue("one")
    assert "cannot be used" in worker.send_now(installation.settings, installation.database)
    assert installation.message(row).status == "queued"


def test_the_ledger_is_read_back_once_a_day_and_the_finding_kept(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    note = installation.instance / "ledger-check.txt"
    installation.work_once()
    with installation.database.reading() as db:
        size = evidence.head(db).size
    assert f"is in order: {size} entries" in note.read_text()
    first = note.read_text()
    installation.work_once()
    assert note.read_text() == first
    with installation.database.writing() as db:
        db.execute(sa.text("DROP TRIGGER ledger_entry_no_update"))
        db.execute(sa.text("UPDATE ledger_entry SET kind = 'declined' WHERE seq = 2"))
    clock.travel_to(clock.now() + dt.timedelta(days=1))
    installation.work_once()
    assert "NOT in order. Entry 2 was edited" in note.read_text()
    assert "NOT in order" in caplog.text


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_stop_stops_politely_and_leaves_nobody_behind(
    installation: Installation, workers: Start, until: Waits, ending: signal.Signals
) -> None:
    document = installation.want_receipt()
    process = workers()
    until(lambda: installation.document(document).is_ready)
    process.send_signal(ending)
    assert process.wait(20) == 0
    with installation.database.reading() as db:
        counts = notifications.outbox_counts(db)
    assert counts.sending == 0


def test_two_workers_make_each_document_and_send_each_letter_once(
    installation: Installation, workers: Start, until: Waits, start_server: StartServer
) -> None:
    server = start_server()
    installation.mail_through(server)
    for number in range(4):
        document = installation.school.want(
            "receipt",
            installation.school.people.ann.pseudonym,
            person_id=installation.school.people.ann.person_id,
            entries=list(installation.school.entries),
            number=number,
        )
        installation.queue(f"letter {number}", attachment=document.public_id, waits=True)
    for _number in range(2):
        workers()

    def all_sent() -> bool:
        with installation.database.reading() as db:
            return notifications.outbox_counts(db).sent == 4

    until(all_sent)
    assert len(server.post.letters) == 4
    assert len({letter["Message-ID"] for letter in server.post.letters}) == 4
    with installation.database.reading() as db:
        subject = installation.school.people.ann.pseudonym
        exported = [entry for entry in evidence.entries_about(db, subject) if entry.kind == "exported"]
        assert len(exported) == 4
        assert evidence.verify(db).ok


def test_a_receipt_takes_at_most_twenty_statements_from_claim_to_stored(installation: Installation) -> None:
    installation.want_receipt()
    said: list[str] = []
    with opened(installation.settings, installation.database) as context:
        sa.event.listen(
            installation.database.engine,
            "before_cursor_execute",
            lambda _connection, _cursor, statement, *_rest: said.append(statement),
        )
        assert rendering.render_next(context)
    assert len(said) <= 20, "\n".join(said)
