"""Who did what is found without reading the whole ledger, and papers are made in the order in which they are missed."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from oval_aup import documents, evidence, packs
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import Database
from oval_aup.documents import queue
from oval_aup.evidence import actor_index
from oval_aup.packs import making

ANN, BOB, EVE, KID = (letter * 32 for letter in "abed")


def enter(database: Database, kind: str, subject: str, *, by: str = "", **act: str) -> int:
    with database.writing() as db:
        actor = Actor(role="guardian", pseudonym=by)
        key = f"{evidence.head(db).size}"
        return evidence.append(db, kind, subject=subject, act=act, idempotency_key=key, actor=actor).seq


def history(database: Database) -> None:
    enter(database, "requested", ANN)
    enter(database, "signed", ANN, by=ANN)
    enter(database, "consent_recorded", KID, by=ANN, guardian=ANN)
    enter(database, "consent_recorded", KID, by=EVE, guardian=BOB)
    enter(database, "signed", KID, by=EVE, on_behalf_by=ANN)
    enter(database, "reminded", BOB, note=ANN)
    enter(database, "exported", ANN)


@pytest.mark.parametrize("followed", [0, 3, 100])
def test_what_somebody_did_is_found_however_far_the_ledger_was_followed(
    database: Database, monkeypatch: pytest.MonkeyPatch, followed: int
) -> None:
    history(database)
    monkeypatch.setattr(actor_index, "STEP", followed)
    if followed:
        evidence.index_new_entries(database)
    with database.reading() as db:
        seqs = {name: [entry.seq for entry in evidence.entries_by(db, name)] for name in (ANN, BOB, EVE, KID)}
        assert seqs == {ANN: [2, 3, 5], BOB: [4], EVE: [4, 5], KID: []}
        assert evidence.newest_seqs(db, [ANN, BOB, EVE, KID, "f" * 32]) == {ANN: 5, BOB: 6, EVE: 5, KID: 5}
        assert evidence.named_between(db, 4, 5) == {KID, EVE, BOB, ANN}
        assert evidence.named_between(db, 6, 7) == {BOB}


def test_each_entry_is_followed_once_and_a_head_start_costs_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(database)
    monkeypatch.setattr(actor_index, "STEP", 2)
    assert [evidence.index_new_entries(database) for _time in range(5)] == [2, 2, 2, 1, 0]
    with database.reading() as db:
        assert db.scalar(sa.text("SELECT count(*) FROM ledger_trace")) == 5


def want(database: Database, key: str, priority: int = queue.NOW, kind: str = "receipt") -> documents.DocumentRow:
    with database.writing() as db:
        return documents.request_document(db, kind=kind, subject=ANN, params={}, dedupe_key=key, priority=priority)


def taken(database: Database) -> str:
    claim = documents.claim_document(database)
    return claim.public_id if claim else ""


def test_people_come_before_small_packs_and_those_before_large_ones(database: Database) -> None:
    large = want(database, "1", queue.FOR_A_PACK, "record")
    small = [want(database, f"2 {number}", queue.FOR_A_SMALL_PACK, "record") for number in range(2)]
    now = [want(database, f"3 {number}") for number in range(2)]
    order = [taken(database) for _time in range(6)]
    expected = [now[1], now[0], small[0], small[1], large]
    assert order == [*(row.public_id for row in expected), ""]


def test_what_is_missed_by_somebody_now_moves_forward_and_never_back(database: Database) -> None:
    record = want(database, "a", queue.FOR_A_PACK, "record")
    want(database, "b", queue.FOR_A_SMALL_PACK, "record")
    assert want(database, "a", queue.NOW, "record").public_id == record.public_id
    want(database, "a", queue.FOR_A_PACK, "record")
    assert taken(database) == record.public_id


def make(database: Database, key: str, *, by: int | None = None) -> documents.DocumentRow:
    with database.writing() as db:
        documents.request_document(
            db, kind="record", subject=ANN, params={}, dedupe_key=key, priority=queue.FOR_A_PACK, requested_by_id=by
        )
    claim = documents.claim_document(database)
    assert claim is not None
    with database.writing() as db:
        return documents.store_document(db, claim, key.encode(), through=evidence.head(db).size)


def test_a_newer_record_replaces_only_those_that_went_nowhere(database: Database) -> None:
    went_nowhere, handed_out = make(database, "1"), make(database, "2")
    with database.writing() as db:
        assert documents.document(db, went_nowhere.public_id).status == "superseded"
        documents.note_handed_out(db, handed_out.public_id)
    in_a_pack = make(database, "3")
    wanted = packs.Wanted("record", ANN, {}, "3", 0)
    report = packs.Wanted("school_report", "school", {}, "report", 0)
    with database.writing() as db:
        packs.order_pack(db, scope={"title": "all"}, report=report, records=[wanted], actor=SYSTEM)
    claim = making.claim_pack(database)
    assert claim is not None
    with database.writing() as db:
        assert making.collect(db, claim) == (1, True)
    assert taken(database), "the report"
    newest = make(database, "4")
    with database.reading() as db:
        assert [row.public_id for row in documents.documents_about(db, ANN)] == [
            newest.public_id,
            in_a_pack.public_id,
            handed_out.public_id,
        ]
        assert documents.document_bytes(db, in_a_pack.public_id) == b"3"


def test_documents_are_late_after_a_quarter_of_an_hour_with_the_reason(database: Database) -> None:
    want(database, "receipt")
    clock.travel_to(clock.now() + dt.timedelta(minutes=14))
    with database.reading() as db:
        assert documents.overdue_documents(db) is None
    clock.travel_to(clock.now() + dt.timedelta(minutes=2))
    with database.reading() as db:
        late = documents.overdue_documents(db)
        assert late is not None
        assert (late.number, late.reason) == (1, "")
    claim = documents.claim_document(database)
    assert claim is not None
    with database.writing() as db:
        documents.fail_document(db, claim, "The key is missing.")
    with database.reading() as db:
        late = documents.overdue_documents(db)
        assert late is not None
        assert (late.number, late.reason) == (1, "The key is missing.")


def test_a_pack_that_takes_longer_than_a_quarter_of_an_hour_is_no_alarm_while_papers_are_made(
    database: Database,
) -> None:
    for number in range(2):
        want(database, f"record {number}", queue.FOR_A_PACK, "record")
    clock.travel_to(clock.now() + dt.timedelta(minutes=14))
    claim = documents.claim_document(database)
    assert claim is not None
    with database.writing() as db:
        documents.store_document(db, claim, b"%PDF-1.7")
    for minutes_more, late in ((14, False), (2, True)):
        clock.travel_to(clock.now() + dt.timedelta(minutes=minutes_more))
        with database.reading() as db:
            assert (documents.overdue_documents(db) is not None) is late


def test_what_waited_while_no_worker_ran_is_late_only_when_a_worker_had_its_time(database: Database) -> None:
    want(database, "receipt")
    clock.travel_to(clock.now() + dt.timedelta(days=3))
    for minutes_more, late in ((0, False), (14, False), (2, True), (30, True)):
        clock.travel_to(clock.now() + dt.timedelta(minutes=minutes_more))
        with database.writing() as db:
            documents.note_worker(db)  # one that dies and comes back each time earns no new patience
            assert (documents.overdue_documents(db) is not None) is late
