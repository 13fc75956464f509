"""What an imported roster sets going besides: the record, leavers' requests and log-ins, and coverage."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oval_aup import accounts, consent, evidence, people
from oval_aup.campaigns.asking import follow_roster
from oval_aup.campaigns.permission_changes import tell_of_changes
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import weigh_tables
from oval_aup.core.school import School
from oval_aup.people import roster


def apply_roster(
    db: Session, import_public_id: str, *, confirm_leavers: bool = False, school: School, actor: Actor
) -> roster.Applied:
    """Carry out an import and everything that follows from it, in the caller's transaction.

    Leavers' open requests are cancelled and their log-ins closed, log-ins follow changed work addresses,
    new staff get one, joiners are asked, coverage is counted afresh because children may have changed class, and class
    teachers are told where a permission for pictures has changed.
    Raises as ``roster.apply``.
    """
    with consent.following(db, None, people.school_year(clock.today()), cause="roster"):
        applied = roster.apply(db, import_public_id, confirm_leavers=confirm_leavers, actor=actor)
    weigh_tables(db)
    evidence.append(
        db,
        "imported",
        subject="school",
        act={"kind": applied.kind, "sha256": applied.sha256, **applied.summary},
        details={"file_name": applied.file_name},
        idempotency_key=f"imported:{applied.public_id}",
        actor=actor,
    )
    accounts.close_accounts(db, applied.leaver_ids, actor=actor)
    accounts.follow_addresses(db, actor=actor)
    accounts.open_accounts(db, actor=actor)
    follow_roster(db, school=school, actor=actor)
    tell_of_changes(db, school=school)
    return applied
