"""What of signing is personal and may go: half-finished answers and old class codes; signatures hold pseudonyms."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core.db import rows_changed, table_of
from oval_aup.signing.models import ClassSession, Signature, SigningSession

_signature = table_of(Signature)
_signing_session = table_of(SigningSession)
_session = table_of(ClassSession)


def signed_about(db: Session) -> dict[int, frozenset[int]]:
    """Who ever answered or was answered for, mapped to everybody their marks are about."""
    found: dict[int, set[int]] = defaultdict(set)
    for person_id, signer_id in db.execute(sa.select(_signature.c.person_id, _signature.c.signed_by_id).distinct()):
        found[signer_id].add(person_id)
        found[person_id].add(person_id)
    return {person_id: frozenset(others) for person_id, others in found.items()}


def erase_drafts(db: Session, person_id: int) -> int:
    """Empty what a person had ticked in every signing session and close the open ones; returns how many there were."""
    rows = db.execute(
        sa.select(_signing_session.c.id, _signing_session.c.draft).where(_signing_session.c.person_id == person_id)
    ).all()
    for row in rows:
        kept = {"journey": row.draft["journey"]} if "journey" in row.draft else {}
        db.execute(sa.update(_signing_session).where(_signing_session.c.id == row.id).values(draft=kept))
    still_open = sa.and_(_signing_session.c.person_id == person_id, _signing_session.c.status == "reading")
    db.execute(sa.update(_signing_session).where(still_open).values(status="expired"))
    return len(rows)


def old_class_codes(db: Session, *, opened_before: dt.datetime) -> int:
    """How many class sessions from before this moment still carry their code."""
    return int(db.scalar(sa.select(sa.func.count()).select_from(_session).where(_old(opened_before))) or 0)


def erase_class_codes(db: Session, *, opened_before: dt.datetime) -> int:
    """Take the codes out of old class sessions; who took part stays where it is recorded. Returns how many."""
    gone = db.execute(sa.update(_session).where(_old(opened_before)).values(join_code=""))
    return rows_changed(gone)


def _old(opened_before: dt.datetime) -> sa.ColumnElement[bool]:
    return sa.and_(_session.c.opened_at < opened_before, _session.c.join_code != "")
