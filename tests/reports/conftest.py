"""The small school with Ann's family answered in full, and every kind of document wanted of it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from oval_aup import agreements, consent, documents, evidence, printing, reports, signing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database, Session
from oval_aup.core.school import School
from oval_aup.people import ChildRow, GuardianRow, StaffRow
from tests.signing import small_school

SCHOOL = School("The Oval School", "0121 496 0000", "office@oval.example.org", "https://oval.example.org")
YEAR = small_school.YEAR
LOOP = [[20 + n, 60 + round(30 * math.sin(n / 9))] for n in range(0, 240, 3)]
MARK = [LOOP, [[250, 40], [270, 90]]]


def unsigned_head(db: Session) -> evidence.SignedHead:
    """The present head in the shape of a signed one: what papers print does not depend on the keys."""
    now = evidence.head(db)
    return evidence.SignedHead(now.size, now.entry_hash, "2026-11-22T12:41:07.000000Z", "0" * 64, "A" * 87 + "=")


@dataclass
class Answered:
    """The people, what Ann's signing session wrote into the ledger, and a way to get any paper."""

    database: Database
    people: small_school.SmallSchool
    entries: tuple[int, ...]

    def want(self, kind: str, subject: str, **params: object) -> documents.DocumentRow:
        with self.database.writing() as db:
            return documents.request_document(
                db,
                kind=kind,
                subject=subject,
                params=params,
                dedupe_key=f"{kind}:{subject}:{sorted(params.items())}",
                requested_by_id=self.people.eve.person_id,
            )

    def paper(self, kind: str, subject: str, **params: object) -> printing.PrintJob:
        document = self.want(kind, subject, **params)
        with self.database.reading() as db:
            return reports.paper(db, document, school=SCHOOL, head=unsigned_head(db))

    def as_at(self, person: GuardianRow | ChildRow | StaffRow) -> printing.PrintJob:
        """The statement of the day after Ann answered, when Bob has since said no and the school has stopped Max."""
        clock.travel_to(dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC))
        with self.database.writing() as db:
            consent.record(
                db,
                child=self.people.max,
                guardian=self.people.bob,
                answers={use.key: "no" for use in consent.asked_purposes(db)},
                wording=agreements.current(db, "image-uses"),
                school_year=YEAR,
                idempotency_key="later:bob",
                actor=small_school.guardian_actor(self.people.bob),
            )
            consent.block(db, self.people.max, school_year=YEAR, actor=SYSTEM)
        at = dt.datetime(2026, 11, 23, 23, 59, 59, 999999, tzinfo=dt.UTC)
        return self.paper("as_at", person.pseudonym, person_id=person.person_id, at=clock.iso(at))

    def receipt(self, **params: object) -> printing.PrintJob:
        ann = self.people.ann
        chosen: dict[str, object] = {
            "person_id": ann.person_id,
            "school_year": YEAR,
            "entries": list(self.entries),
            "language": "en",
            **params,
        }
        return self.paper("receipt", ann.pseudonym, **chosen)


@pytest.fixture
def answered(database: Database) -> Answered:
    clock.travel_to(dt.datetime(2026, 9, 14, 8, 0, tzinfo=dt.UTC))
    with database.writing() as db:
        founded = small_school.found(db)
        small_school.ask_everybody(db, founded)
    clock.freeze(dt.datetime(2026, 11, 22, 12, 41, 7, tzinfo=dt.UTC))
    actor = small_school.guardian_actor(founded.ann)
    seqs: list[int] = []
    with database.writing() as db:
        for person, key, level in ((founded.ann, "parents", "full"), (founded.mia, "children", "younger")):
            wording = agreements.current(db, key, reading_level=level)
            owed = signing.standing(db, person.person_id, YEAR)[0]
            signature = signing.sign(
                db,
                owed.id,
                wording=wording,
                shown_sha256=wording.text_sha256,
                typed_name="Ann Ali",
                mark=MARK,
                signed_by_id=founded.ann.person_id,
                idempotency_key=f"sitting:{key}",
                actor=actor,
            )
            seqs.append(signature.ledger_seq)
        uses = agreements.current(db, "image-uses")
        for child in (founded.max, founded.mia):
            asked = [use.key for use in consent.asked_purposes(db)]
            entry = consent.record(
                db,
                child=child,
                guardian=founded.ann,
                answers={key: "no" if number % 3 == 1 else "yes" for number, key in enumerate(asked)},
                wording=uses,
                school_year=YEAR,
                idempotency_key=f"sitting:pictures:{child.public_id}",
                actor=actor,
            )
            seqs.append(entry.seq)
    return Answered(database, founded, tuple(seqs))


@pytest.fixture(scope="session")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[printing.RenderPool]:
    with printing.RenderPool(tmp_path_factory.mktemp("press"), renderers=1, seconds=60) as running:
        yield running


@pytest.fixture
def printed(press: printing.RenderPool, tmp_path: Path) -> Callable[[printing.PrintJob], Path]:
    """Render a paper for real and give the file."""

    def run(paper: printing.PrintJob) -> Path:
        path = tmp_path / "document.pdf"
        path.write_bytes(press.print(paper))
        return path

    return run
