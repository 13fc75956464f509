"""One person's signing session: begun by a deliberate post, kept while they read, closed by their answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import columns_of, new_public_id, row_as, rows_as, rows_changed, table_of
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.core.i18n import _
from oval_aup.signing.models import SigningSession
from oval_aup.signing.requests import move_all, standing
from oval_aup.signing.rows import SigningSessionRow

RESUMES_FOR = dt.timedelta(days=28)
"""How long answers wait for somebody who stopped half-way."""

_signing_session = table_of(SigningSession)
_COLUMNS = columns_of(SigningSessionRow, _signing_session)

_BY_PUBLIC_ID = sa.select(*_COLUMNS).where(_signing_session.c.public_id == sa.bindparam("sitting"))
_HELD = _BY_PUBLIC_ID.with_for_update()
_OF_PERSON = (
    sa.select(*_COLUMNS)
    .where(
        _signing_session.c.person_id == sa.bindparam("person"),
        _signing_session.c.school_year == sa.bindparam("year"),
    )
    .order_by(_signing_session.c.id.desc())
)
_OF_PERSON_HELD = _OF_PERSON.with_for_update()
_ADD = sa.insert(_signing_session).returning(*_COLUMNS)
_KEEP = (
    sa.update(_signing_session)
    .where(_signing_session.c.public_id == sa.bindparam("sitting"), _signing_session.c.status == "reading")
    .values(
        draft=sa.bindparam("answers"), language=sa.func.coalesce(sa.bindparam("spoken"), _signing_session.c.language)
    )
)
_CLOSE = (
    sa.update(_signing_session)
    .where(_signing_session.c.public_id == sa.bindparam("sitting"), _signing_session.c.status == "reading")
    .values(
        status=sa.bindparam("becomes"),
        finished_at=sa.bindparam("finished"),
        receipt=sa.bindparam("receipt_id"),
        other_name=sa.bindparam("named_otherwise"),
    )
)


def begin(
    db: Session,
    person_id: int,
    school_year: int,
    language: str,
    *,
    pages: str = "staff",
    agreement_keys: Collection[str] = (),
    actor: Actor,
) -> SigningSessionRow:
    """Start a signing session, or resume the one this person left open on the same ``pages``.

    Only a post may call this: it moves the person's requests for ``agreement_keys`` from open to started and
    writes the ledger entry ``started``.
    """
    current = _reading(db, person_id, school_year, pages)
    if current is not None:
        return current
    public_id = new_public_id()
    begun = db.execute(
        _ADD,
        {
            "public_id": public_id,
            "person_id": person_id,
            "school_year": school_year,
            "status": "reading",
            "language": language,
            "draft": {"journey": pages},
            "started_at": clock.now(),
            "receipt": "",
        },
    )
    (session,) = rows_as(SigningSessionRow, begun)
    rows = standing(db, person_id, school_year)
    move_all(db, [row for row in rows if row.status == "open" and row.agreement_key in agreement_keys], "started")
    evidence.append(
        db,
        "started",
        subject=actor.pseudonym or people.person_by_id(db, person_id).pseudonym,
        act={"school_year": school_year, "agreements": sorted(agreement_keys), "sitting": public_id},
        idempotency_key=f"started:{public_id}",
        actor=actor,
    )
    return session


def _reading(db: Session, person_id: int, school_year: int, pages: str) -> SigningSessionRow | None:
    for row in _of_person(db, person_id, school_year):
        if row.status != "reading" or row.draft.get("journey") != pages:
            continue
        if row.started_at > clock.now() - RESUMES_FOR:
            return row
        _close(db, row.public_id, status="expired")
    return None


def _of_person(db: Session, person_id: int, school_year: int, *, hold: bool = False) -> list[SigningSessionRow]:
    """Newest first."""
    statement = _OF_PERSON_HELD if hold else _OF_PERSON
    return rows_as(SigningSessionRow, db.execute(statement, {"person": person_id, "year": school_year}))


def signing_session(db: Session, public_id: str, *, hold: bool = False) -> SigningSessionRow:
    """One signing session by public id; raises NotFound.

    With ``hold`` another post of the same session waits until this unit of work ends and then sees the outcome.
    """
    row = row_as(SigningSessionRow, db.execute(_HELD if hold else _BY_PUBLIC_ID, {"sitting": public_id}))
    if row is None:
        raise NotFound
    return row


def latest_signing_session(
    db: Session, person_id: int, school_year: int, *, pages: str = "staff", hold: bool = False
) -> SigningSessionRow | None:
    """The newest signing session of one person's visit this school year, open or finished; None before the first.

    ``hold`` as in ``signing_session``.
    """
    rows = _of_person(db, person_id, school_year, hold=hold)
    return next((row for row in rows if row.draft.get("journey") == pages), None)


def signed_under_other_names(db: Session, school_year: int, limit: int) -> tuple[SigningSessionRow, ...]:
    """The signing sessions of a school year in which quite another name than the signer's was typed, newest first."""
    found = (
        sa.select(*_COLUMNS)
        .where(_signing_session.c.school_year == school_year, _signing_session.c.other_name)
        .order_by(_signing_session.c.id.desc())
        .limit(limit)
    )
    return tuple(rows_as(SigningSessionRow, db.execute(found)))


def save_draft(db: Session, public_id: str, draft: dict[str, Any], *, language: str | None = None) -> None:
    """Keep what has been answered so far; raises Conflict once the signing session is over."""
    changed = db.execute(_KEEP, {"sitting": public_id, "answers": draft, "spoken": language})
    if rows_changed(changed) != 1:
        raise Conflict(_("You have already signed. To change an answer, use your family page."))


def finish(db: Session, public_id: str, *, status: str, receipt: str = "", other_name: bool = False) -> None:
    """Close a signing session as ``signed`` or ``declined`` and remember its receipt; raises Conflict if it is closed.

    ``other_name`` says that quite another name than the signer's was typed, for the office to look at.
    """
    _close(db, public_id, status=status, receipt=receipt, other_name=other_name)


def _close(db: Session, public_id: str, *, status: str, receipt: str = "", other_name: bool = False) -> None:
    changed = db.execute(
        _CLOSE,
        {
            "sitting": public_id,
            "becomes": status,
            "finished": clock.now(),
            "receipt_id": receipt,
            "named_otherwise": other_name,
        },
    )
    if rows_changed(changed) != 1:
        raise Conflict(_("This has been signed already."))
