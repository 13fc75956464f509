"""What follows a committed erasure: files, the list outside the database, free space, the certificate; and doing it
again to a database that has gone back to a backup. Every step may be repeated."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import documents, evidence, people
from oval_aup.core.db import Database, new_public_id
from oval_aup.evidence import NotedErasure
from oval_aup.retention.erasure import carry_out_next
from oval_aup.retention.erasure_scope import contact_reach_of, reach_of
from oval_aup.retention.erasure_steps import wipe, wipe_contact, wipe_old
from oval_aup.retention.models import Erasure

CERTIFICATE = "destruction_certificate"


def carry_out(database: Database, instance: Path) -> int:
    """Carry out every order there is, one unit of work each, then finish what has been wiped; returns how many.

    Killed anywhere and called again it ends in the same, each order done once.
    """
    number = 0
    while _one(database):
        number += 1
    finish(database, instance)
    return number


def finish(database: Database, instance: Path) -> bool:
    """Clean up after every wiped order and want its batch's certificate; False while something must wait.

    What waits is only the free space of the database: a long read can hold it back.
    """
    with database.reading() as db:
        wiped = db.execute(sa.select(Erasure.id, Erasure.files).where(Erasure.status == "wiped")).all()
        if not wiped:
            return True
        evidence.note_missing_erasures(db, instance)
    for row in wiped:
        for name in row.files:
            _delete(instance, name)
    if not database.scrub():
        return False
    with database.writing() as db:
        ids = [row.id for row in wiped]
        db.execute(sa.update(Erasure).where(Erasure.id.in_(ids)).values(status="done", files=[]))
        for batch in db.scalars(sa.select(Erasure.batch).where(Erasure.id.in_(ids)).distinct()).all():
            _want_certificate(db, batch)
    return True


def reapply(db: Session, noted: NotedErasure) -> None:
    """Take out of the tables again what a noted erasure took, after the database went back to before it.

    The ledger's details are ``evidence.erase_again``'s. Whoever had not left at the time of the backup is off the lists
    as well: they were when it was decided. Safe to repeat, also where nothing came back.
    """
    what, until, public_id = _key(noted.idempotency_key)
    about = what in ("person", "contact")
    person = people.persons_by_pseudonym(db, [noted.subject]).get(noted.subject) if about else None
    if person is not None and what == "contact":
        removed = wipe_contact(db, contact_reach_of(db, person))
    elif person is not None:
        removed = wipe(db, reach_of(db, person, seqs=noted.seqs))
    elif until is not None:
        removed = wipe_old(db, what, until)
    else:
        return  # somebody who came to the school after the backup was made: nothing of them is here
    again = evidence.find(db, noted.idempotency_key)
    row = db.scalar(sa.select(Erasure).where(Erasure.public_id == public_id))
    if row is None:
        row = Erasure(public_id=public_id, batch=new_public_id(), what=what, until=until, basis=noted.basis)
        row.ordered_at = dt.datetime.fromisoformat(noted.at)
    row.person_id = person.person_id if person else None
    row.status, row.wiped_at = "wiped", row.wiped_at or dt.datetime.fromisoformat(noted.at)
    row.ledger_seq, row.entries = again.seq if again else None, len(noted.seqs)
    row.removed, row.files = row.removed or removed.counts, removed.files
    db.add(row)
    db.flush()


def _one(database: Database) -> bool:
    with database.reading() as db:  # looking first keeps the write lock free on most days
        if db.scalar(sa.select(Erasure.id).where(Erasure.status == "ordered").limit(1)) is None:
            return False
    with database.writing() as db:
        return carry_out_next(db)


def _delete(instance: Path, name: str) -> None:
    """Delete one file below the instance folder; whatever a row says, nothing outside it."""
    path = (instance / name).resolve()
    if path.is_relative_to(instance.resolve()):
        path.unlink(missing_ok=True)


def _want_certificate(db: Session, batch: str) -> None:
    rows = db.execute(
        sa.select(Erasure.public_id, Erasure.status, Erasure.ordered_by_id).where(Erasure.batch == batch)
    ).all()
    done = [row.public_id for row in rows if row.status == "done"]
    if any(row.status in ("ordered", "wiped") for row in rows) or not done:
        return
    documents.request_document(
        db,
        kind=CERTIFICATE,
        subject=batch,
        params={"erasures": done},
        dedupe_key=f"{CERTIFICATE}:{batch}:{len(done)}",
        requested_by_id=rows[0].ordered_by_id,
    )


def _key(idempotency_key: str) -> tuple[str, dt.date | None, str]:
    """What was erased, the day for old things, and the decision's public id; see ``erasing.ledger_key``."""
    found = re.fullmatch(r"erased:([a-z-]+):(?:(\d{4}-\d\d-\d\d):)?([0-9a-f-]{36})", idempotency_key)
    if found is None:
        return "", None, ""
    what, until, public_id = found.groups()
    return what, dt.date.fromisoformat(until) if until else None, public_id
