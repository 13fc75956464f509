"""One signature per request whatever the traffic, tied to the words shown, corrected only by adding."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import agreements, evidence, signing
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, Invalid
from tests.signing.small_school import YEAR, SmallSchool, guardian_actor, staff_actor


def parents_request(db: Session, school: SmallSchool) -> signing.RequestRow:
    return next(row for row in signing.standing(db, school.ann.person_id, YEAR) if row.agreement_key == "parents")


def ann_signs(db: Session, school: SmallSchool, **changes: Any) -> signing.SignatureRow:
    wording = agreements.current(db, "parents")
    options: dict[str, Any] = {
        "wording": wording,
        "shown_sha256": wording.text_sha256,
        "typed_name": "Ann Ali",
        "signed_by_id": school.ann.person_id,
        "idempotency_key": "ann-2026",
        "actor": guardian_actor(school.ann),
    }
    return signing.sign(db, parents_request(db, school).id, **options | changes)


def entries(db: Session, kind: str) -> int:
    return int(db.execute(sa.text("SELECT count(*) FROM ledger_entry WHERE kind = :kind"), {"kind": kind}).scalar_one())


def test_a_signature_settles_the_request_and_stands_in_the_ledger(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        row = ann_signs(db, school, mark=[[[1, 2], [3, 4]]])
    with database.reading() as db:
        request = parents_request(db, school)
        entry = evidence.find(db, "ann-2026")
        assert entry is not None
        details = evidence.details(db, [entry.seq])[entry.seq]
    assert (request.status, row.outcome, row.stands, row.ledger_seq) == ("signed", "signed", True, entry.seq)
    assert request.settled_at is not None
    assert (row.channel, row.assurance) == ("link", "link-and-birth-date")
    assert entry.body["document"]["text_sha256"] == agreements_hash(database)
    assert entry.body["subject"]["pseudonym"] == school.ann.pseudonym
    assert details["typed_name"] == "Ann Ali"
    assert details["name_matches"] is True
    assert details["mark"] == [[[1, 2], [3, 4]]]
    assert details["came_by"]["sent_to"] == "ann@example.org"
    assert "Ann" not in str(entry.body)


def agreements_hash(database: Database) -> str:
    with database.reading() as db:
        return agreements.current(db, "parents").text_sha256


def test_a_double_click_is_one_signature(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        first = ann_signs(db, school)
        again = ann_signs(db, school)
    assert again == first


def test_twenty_parallel_posts_make_one_entry(database: Database, school: SmallSchool) -> None:
    def post(_number: int) -> str:
        with database.writing() as db:
            return ann_signs(db, school).public_id

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(post, range(20)))
    with database.reading() as db:
        assert entries(db, "signed") == 1
        assert signing.coverage(db, YEAR).counts("parents").signed == 1
    assert len(answers) == 1


def test_another_name_than_the_known_one_is_taken_and_noted(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        row = ann_signs(db, school, typed_name="A. Khan")
        assert evidence.details(db, [row.ledger_seq])[row.ledger_seq]["name_matches"] is False


def test_words_that_changed_meanwhile_are_a_conflict_and_leave_nothing(database: Database, school: SmallSchool) -> None:
    with pytest.raises(Conflict, match="changed while you were reading"), database.writing() as db:
        ann_signs(db, school, shown_sha256="0" * 64)
    with database.reading() as db:
        assert parents_request(db, school).status == "open"
        assert entries(db, "signed") == 0


def test_another_agreements_words_do_not_fit_the_request(database: Database, school: SmallSchool) -> None:
    with database.reading() as db:
        staff_rules = agreements.current(db, "staff")
    with pytest.raises(Conflict), database.writing() as db:
        ann_signs(db, school, wording=staff_rules, shown_sha256=staff_rules.text_sha256)


@pytest.mark.parametrize("changes", [{"typed_name": ""}, {"mark": [[["x", 1]]]}])
def test_a_missing_name_or_an_odd_drawing_is_refused_by_field(
    database: Database, school: SmallSchool, changes: dict[str, Any]
) -> None:
    with pytest.raises(Invalid), database.writing() as db:
        ann_signs(db, school, **changes)
    with database.reading() as db:
        assert parents_request(db, school).status == "open"


def test_a_second_signature_under_another_key_is_a_conflict(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        ann_signs(db, school)
    with pytest.raises(Conflict, match="answered already"), database.writing() as db:
        ann_signs(db, school, idempotency_key="other")


def test_declining_needs_no_name_and_keeps_the_reason_out_of_the_body(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        row = ann_signs(db, school, outcome="declined", typed_name="", reason="I want to talk first")
        entry = evidence.entries(db, [row.ledger_seq])[row.ledger_seq]
        details = evidence.details(db, [row.ledger_seq])[row.ledger_seq]
        assert parents_request(db, school).status == "declined"
        assert signing.coverage(db, YEAR).counts("parents").declined == 1
    assert entry.kind == "declined"
    assert details["reason"] == "I want to talk first"
    assert "talk" not in str(entry.body)


def test_somebody_who_declined_may_sign_later(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        ann_signs(db, school, outcome="declined", idempotency_key="no")
        ann_signs(db, school)
        assert signing.coverage(db, YEAR).counts("parents") == signing.Counts(open=2, signed=1)


def test_the_office_records_on_paper_without_a_device(database: Database, school: SmallSchool) -> None:
    office = Actor(
        role="admin",
        person_id=school.eve.person_id,
        pseudonym=school.eve.pseudonym,
        assurance="paper-scan",
        channel="paper",
        sent_to="eve@oval.example.org",
        browser="Office/1.0",
    )
    with database.writing() as db:
        row = ann_signs(db, school, typed_name="", recorded_by_id=school.eve.person_id, actor=office)
        details = evidence.details(db, [row.ledger_seq]).get(row.ledger_seq, {})
    assert (row.channel, row.recorded_by_id, row.signed_by_id) == ("paper", school.eve.person_id, school.ann.person_id)
    assert "came_by" not in details


def test_withdrawing_adds_a_row_that_refers_back_and_opens_the_request(database: Database, school: SmallSchool) -> None:
    eve = staff_actor(school.eve, "admin")
    with database.writing() as db:
        first = ann_signs(db, school)
        taken_back = signing.withdraw(db, first.public_id, reason="Signed by her sister", actor=eve)
        again = signing.withdraw(db, first.public_id, reason="Signed by her sister", actor=eve)
        rows = signing.signatures_of(db, school.ann.person_id)
        entry = evidence.entries(db, [taken_back.ledger_seq])[taken_back.ledger_seq]
        assert parents_request(db, school).status == "open"
        assert signing.coverage(db, YEAR).counts("parents") == signing.Counts(open=3)
    assert again == taken_back
    assert [(row.outcome, row.stands) for row in rows] == [("signed", False), ("withdrawn", True)]
    assert entry.body["refs"] == [{"seq": first.ledger_seq, "reason": "withdrawn"}]
    assert "sister" not in str(entry.body)


def test_taking_back_needs_a_reason(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        first = ann_signs(db, school)
    with pytest.raises(Invalid), database.writing() as db:
        signing.withdraw(db, first.public_id, reason="  ", actor=staff_actor(school.eve, "admin"))


def test_a_row_of_history_cannot_be_edited(database: Database, school: SmallSchool) -> None:
    with database.writing() as db:
        ann_signs(db, school)
    with pytest.raises(sa.exc.DatabaseError, match="history"), database.writing() as db:
        db.execute(sa.text("UPDATE signature SET outcome = 'declined'"))
