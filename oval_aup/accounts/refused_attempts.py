"""When refused tries of somebody who is logged in are more than a slip."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence
from oval_aup.accounts import throttle
from oval_aup.accounts.models import AccessSession
from oval_aup.accounts.sessions import COMES_BACK, Visitor
from oval_aup.core import clock
from oval_aup.core.actor import Actor

KIND = "probed"
SEVERAL = 3
"""Refused tries within the window of ``throttle``; fewer are an old bookmark or a page left open."""


def note_probe(db: Session, held: Visitor, what: str, *, actor: Actor) -> None:
    """Count one refused try; several within a quarter of an hour become one ledger entry for that day."""
    who = actor.pseudonym or held.class_session_key
    name = throttle.bucket("probe", f"{what}:{who}")
    throttle.note_failure(db, name)
    db.flush()
    if throttle.failures(db, name) < SEVERAL:
        return
    evidence.append(
        db,
        KIND,
        subject=actor.pseudonym or "school",
        act={"what": what} | ({"class_session": held.class_session_key} if held.class_session_key else {}),
        idempotency_key=f"{KIND}:{what}:{who}:{clock.today().isoformat()}",
        actor=actor,
    )


def continues(db: Session, session_id: int, earlier: object) -> bool:
    """Whether one visit goes on where an earlier one fell silent: the same kind, the same person or class, lately."""
    if not isinstance(earlier, int):
        return False
    both = sa.select(AccessSession).where(AccessSession.id.in_((session_id, earlier)))
    rows = {row.id: row for row in db.scalars(both)}
    now, then = rows.get(session_id), rows.get(earlier)
    if now is None or then is None or now.kind != then.kind:
        return False
    same = (now.person_id, now.class_session_key) == (then.person_id, then.class_session_key)
    return same and then.last_seen_at > clock.now() - COMES_BACK
