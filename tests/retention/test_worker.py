"""The worker carries out what was decided and makes the certificate, which names nobody but who decided."""

from __future__ import annotations

import os
from pathlib import Path

from oval_aup import config, documents, packs, reports, retention, worker
from oval_aup.core import clock
from tests.reports.conftest import SCHOOL, unsigned_head
from tests.reports.test_golden_papers import text_of
from tests.retention.conftest import ADDRESS, CHILD, TYPED, Family, decide

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "papers" / "destruction-certificate.txt"


def test_one_turn_of_the_worker_destroys_and_certifies(family: Family) -> None:
    world = family.world
    family.leave()
    with family.database.reading() as db:
        planned = retention.plan(
            db,
            [world.ann.public_id, world.ayaan.public_id],
            ["messages"],
            basis="no-longer-needed",
            received_on=clock.today().replace(day=1),
        )
    batch = decide(family, planned)
    settings = config.load({"OVAL_INSTANCE": str(family.instance)})
    worker.run(settings, once=True, database=family.database)
    assert family.found_in_files(TYPED, CHILD) == set()
    with family.database.reading() as db:
        certificate = documents.documents_about(db, batch)[0]
        assert certificate.is_ready
        assert reports.file_name(db, certificate).startswith("destruction-certificate-2026-12-18-")
        assert documents.document_bytes(db, certificate.public_id).startswith(b"%PDF")
        paper = reports.paper(db, certificate, school=SCHOOL, head=unsigned_head(db))
    text = text_of(paper)
    assert [name for name in ("Ann", "Khan", "Ayaan", "Erased person", ADDRESS) if name in text] == []
    assert paper.embedded[0].content.count(b'"entry_hash"') == 3, "two erased entries and the head"
    kept = text.replace(certificate.public_id, "<document>")
    if os.environ.get("OVAL_GOLDEN") == "write":
        GOLDEN.write_text(kept, encoding="utf-8")
    assert kept == GOLDEN.read_text(encoding="utf-8")


def test_a_pack_ordered_after_an_erasure_is_made_though_records_of_the_family_went(family: Family) -> None:
    settings = config.load({"OVAL_INSTANCE": str(family.instance)})

    def made() -> packs.PackRow:
        with family.database.writing() as db:
            ordered = reports.order_pack(db, reports.Scope("audience", "parents"), actor=family.eve)
        worker.run(settings, once=True, database=family.database)
        with family.database.reading() as db:
            return packs.pack(db, ordered.public_id)

    assert made().status == "ready"
    family.leave()
    with family.database.reading() as db:
        planned = retention.plan(db, [family.world.ayaan.public_id], basis="objection")
        assert planned.reaches[0].family_documents, "his mother's record shows him and goes"
    decide(family, planned)
    worker.run(settings, once=True, database=family.database)
    again = made()
    assert (again.status, again.error) == ("ready", "")
