"""The queue of wanted PDFs: one claim at a time, patient retries, nothing lost and nothing made twice."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading

import pytest
import sqlalchemy as sa

from oval_aup import documents, evidence
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.documents import queue


def want(database: Database, key: str = "one", kind: str = "receipt", subject: str = "a" * 32) -> documents.DocumentRow:
    with database.writing() as db:
        return documents.request_document(db, kind=kind, subject=subject, params={"entries": [1]}, dedupe_key=key)


def claim(database: Database) -> documents.DocumentRow:
    taken = documents.claim_document(database)
    assert taken is not None
    return taken


def store(database: Database, taken: documents.DocumentRow, content: bytes = b"%PDF-1.7") -> documents.DocumentRow:
    with database.writing() as db:
        return documents.store_document(db, taken, content)


def fail(database: Database, taken: documents.DocumentRow, fault: str = "no paper") -> documents.DocumentRow:
    with database.writing() as db:
        return documents.fail_document(db, taken, fault)


def later(**span: int) -> None:
    clock.travel_to(clock.now() + dt.timedelta(**span))


def test_the_same_key_wants_one_document(database: Database) -> None:
    assert want(database) == want(database)
    with pytest.raises(Conflict):
        want(database, subject="b" * 32)
    with pytest.raises(ValueError, match="no kind"):
        want(database, "two", kind="poster")


def test_a_document_is_claimed_once(database: Database) -> None:
    want(database)
    assert claim(database).status == "rendering"
    assert documents.claim_document(database) is None


def test_ten_workers_share_thirty_documents_without_a_clash(database: Database) -> None:
    wanted = {want(database, f"document {number}").public_id for number in range(30)}
    taken: list[str] = []

    def work() -> None:
        while (one := documents.claim_document(database)) is not None:
            taken.append(one.public_id)

    workers = [threading.Thread(target=work) for _n in range(10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == sorted(wanted)


def test_a_finished_document_is_kept_with_its_hash_and_entered_in_the_ledger(database: Database) -> None:
    want(database)
    ready = store(database, claim(database), b"%PDF-1.7 content")
    digest = hashlib.sha256(b"%PDF-1.7 content").hexdigest()
    assert (ready.status, ready.sha256, ready.size) == ("ready", digest, 16)
    with database.reading() as db:
        assert documents.document_bytes(db, ready.public_id) == b"%PDF-1.7 content"
        (entry,) = evidence.entries_about(db, "a" * 32)
        assert entry.kind == "exported"
        assert entry.body["act"] == {
            "document": ready.public_id,
            "kind": "receipt",
            "sha256": digest,
            "size": 16,
        }


def test_a_document_that_is_not_ready_has_no_bytes(database: Database) -> None:
    wanted = want(database)
    with database.reading() as db:
        with pytest.raises(NotFound):
            documents.document_bytes(db, wanted.public_id)
        with pytest.raises(NotFound):
            documents.document(db, "no such document")


def test_a_stored_file_that_changed_is_not_given_out(database: Database) -> None:
    ready = (want(database), store(database, claim(database)))[1]
    with database.writing() as db:
        db.execute(sa.text("UPDATE document_content SET content = x'00'"))
    with database.reading() as db, pytest.raises(Conflict):
        documents.document_bytes(db, ready.public_id)


def test_an_empty_file_is_never_stored(database: Database) -> None:
    want(database)
    with pytest.raises(ValueError, match="empty"):
        store(database, claim(database), b"")


def test_a_failed_attempt_waits_longer_each_time_and_eight_are_enough(database: Database) -> None:
    clock.freeze(dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC))
    want(database)
    for wait in queue.BACK_OFF:
        assert fail(database, claim(database)).status == "pending"
        clock.freeze(clock.now() + wait - dt.timedelta(microseconds=1))
        assert documents.claim_document(database) is None
        clock.freeze(clock.now() + dt.timedelta(microseconds=1))
    assert fail(database, claim(database), "still no paper").status == "failed"
    later(days=2)
    assert documents.claim_document(database) is None
    with database.reading() as db:
        assert [row.error for row in documents.failed_documents(db)] == ["still no paper"]
        assert documents.pending_documents(db).failed == 1


def test_a_document_that_waits_for_a_key_cannot_be_stored_by_who_held_it_before(database: Database) -> None:
    want(database)
    dead = claim(database)
    later(minutes=6)
    second = claim(database)
    with database.writing() as db:
        assert documents.defer_document(db, second, "no key").status == "pending"
    later(minutes=6)
    third = claim(database)
    assert store(database, dead, b"late").status == "rendering"
    assert store(database, third).is_ready


def test_a_given_up_document_can_be_asked_for_again(database: Database) -> None:
    wanted = want(database)
    for _attempt in range(queue.MAX_ATTEMPTS):
        fail(database, claim(database))
        later(hours=2)
    with database.writing() as db:
        assert documents.retry_document(db, wanted.public_id).status == "pending"
    assert store(database, claim(database)).is_ready


def test_a_dead_workers_document_is_taken_over_after_five_minutes(database: Database) -> None:
    want(database)
    dead = claim(database)
    later(minutes=4)
    assert documents.claim_document(database) is None
    later(minutes=2)
    second = claim(database)
    assert second.attempts == 2
    assert store(database, second, b"the second worker's").is_ready
    late = store(database, dead, b"the first worker's, late")
    with database.reading() as db:
        assert documents.document_bytes(db, late.public_id) == b"the second worker's"
        assert len(evidence.entries_about(db, "a" * 32)) == 1


def test_a_document_that_kills_every_worker_is_given_up(database: Database) -> None:
    want(database)
    for _attempt in range(queue.MAX_ATTEMPTS):
        claim(database)
        later(minutes=6)
    assert documents.claim_document(database) is None
    with database.reading() as db:
        assert "stopped each time" in documents.failed_documents(db)[0].error


def test_the_queue_says_how_long_the_oldest_has_waited(database: Database) -> None:
    clock.travel_to(dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC))
    first = want(database, "one")
    later(minutes=20)
    want(database, "two")
    with database.reading() as db:
        counts = documents.pending_documents(db)
    assert (counts.waiting, counts.oldest_at) == (2, first.requested_at)
