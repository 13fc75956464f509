"""What an imported roster sets going besides: the record, leavers' requests and log-ins, and coverage."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from oval_aup import accounts, consent, evidence, people
from oval_aup.campaigns.invitations import follow_roster
from oval_aup.campaigns.permission_changes import tell_of_changes
from oval_aup.campaigns.picture_effects import chosen, effects_of, ended_reason, fingerprint, invalidate_noes
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import analyze_tables
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.people import roster


def apply_roster(
    db: Session,
    import_public_id: str,
    *,
    confirm_leavers: bool = False,
    noes: Mapping[str, str] | None = None,
    seen_effects: str | None = None,
    school: School,
    actor: Actor,
) -> roster.Applied:
    """Carry out an import and everything that follows from it, in the caller's transaction.

    Leavers' open requests are cancelled and their log-ins closed, log-ins follow changed work addresses,
    new staff get one, joiners are asked, coverage is counted afresh because children may have changed class, and class
    teachers are told where a permission for pictures has changed. ``noes`` says by ``NoEffect.key`` what becomes of the
    no of somebody who has no say any more: kept, where it says nothing. ``seen_effects`` is the ``fingerprint`` of the
    effects that the office was shown: RosterChanged where they are others by now.
    Raises as ``roster.apply``.
    """
    year = people.school_year(clock.today())
    shown = roster.show(db, import_public_id, actor=actor)
    effects = effects_of(db, shown.plan.links if shown.plan else (), year)
    if seen_effects is not None and seen_effects != fingerprint(effects):
        raise roster.RosterChanged(
            _("The effects on pictures have changed since you previewed this list. Check them again.")
        )
    dropped = chosen(effects, noes or {})
    with consent.following(db, None, year, cause="roster"):
        applied = roster.apply(db, import_public_id, confirm_leavers=confirm_leavers, actor=actor)
    invalidate_noes(db, dropped, year, reason=ended_reason(), key=applied.public_id, actor=actor)
    analyze_tables(db)
    evidence.append(
        db,
        "imported",
        subject="school",
        act={"kind": applied.kind, "sha256": applied.sha256, **applied.summary}
        | {"noes_kept": sum(len(each.noes) for each in effects) - len(dropped), "noes_invalidated": len(dropped)},
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
