"""What an imported roster sets going besides: the record, leavers' requests and log-ins, and coverage."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oval_aup import accounts, evidence, people, signing
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.people import roster


def apply_roster(db: Session, import_public_id: str, *, confirm_leavers: bool = False, actor: Actor) -> roster.Applied:
    """Carry out an import and everything that follows from it, in the caller's transaction.

    Leavers' open requests are cancelled and their log-ins closed, new staff get log-ins, coverage is counted afresh
    because children may have changed class. Joiners are asked by the next ``ask_joiners``. Raises as ``roster.apply``.
    """
    applied = roster.apply(db, import_public_id, confirm_leavers=confirm_leavers, actor=actor)
    evidence.append(
        db,
        "imported",
        subject="school",
        act={"kind": applied.kind, "sha256": applied.sha256, **applied.summary},
        details={"file_name": applied.file_name},
        idempotency_key=f"imported:{applied.public_id}",
        actor=actor,
    )
    signing.cancel_for_leavers(db, applied.leaver_ids)
    accounts.close_accounts(db, applied.leaver_ids)
    accounts.open_accounts(db)
    signing.rebuild_coverage(db, people.school_year(clock.today()))
    return applied
