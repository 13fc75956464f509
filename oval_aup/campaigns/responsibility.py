"""The office says by hand how adults stand to children: looked at with its effects first, then done in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import accounts, consent, people
from oval_aup.campaigns.invitations import follow_roster
from oval_aup.campaigns.permission_changes import tell_of_changes
from oval_aup.campaigns.picture_effects import (
    ChildEffect,
    chosen,
    effects_of,
    ended_reason,
    fingerprint,
    invalidate_noes,
)
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import new_public_id
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.people import roster


class EffectsChanged(Conflict):
    """What changes for pictures is not what the office was shown; nothing has been written."""


@dataclass(frozen=True, slots=True)
class LinkDecision:
    """What becomes of one adult and one child; what is None stays as it is."""

    child_id: int
    guardian_id: int
    parental_responsibility: str | None = None
    contact_allowed: bool | None = None
    ended: bool = False


def standing_effects(db: Session, decisions: Sequence[LinkDecision]) -> tuple[ChildEffect, ...]:
    """What these decisions would do to what is allowed with pictures. Raises NotFound for a link that is not there."""
    return effects_of(db, _links(db, decisions), people.school_year(clock.today()))


def decide_standing(
    db: Session,
    decisions: Sequence[LinkDecision],
    *,
    noes: Mapping[str, str] | None = None,
    seen_effects: str,
    school: School,
    actor: Actor,
) -> int:
    """Carry out what the office decided and what follows: who is asked, what counts, whom to tell; how many differed.

    ``noes`` and ``seen_effects`` as for ``apply_roster``; raises Conflict where the effects are others by now.
    """
    year = people.school_year(clock.today())
    effects = standing_effects(db, decisions)
    if seen_effects != fingerprint(effects):
        raise EffectsChanged(_("The effects on pictures have changed since you checked. Check them again."))
    changed = 0
    with consent.following(db, {each.child_id for each in decisions}, year, cause="roster"):
        for each in decisions:
            changed += people.change_link(
                db,
                child_id=each.child_id,
                guardian_id=each.guardian_id,
                parental_responsibility=each.parental_responsibility,
                contact_allowed=each.contact_allowed,
                ended=each.ended,
                actor=actor,
            )
    dropped = chosen(effects, noes or {})
    invalidate_noes(db, dropped, year, reason=ended_reason(), key=new_public_id(), actor=actor)
    follow_roster(db, school=school, actor=actor)
    tell_of_changes(db, school=school)
    return changed


def take_off_lists(
    db: Session,
    person: people.PersonRow,
    decisions: Sequence[LinkDecision],
    *,
    noes: Mapping[str, str] | None = None,
    seen_effects: str,
    school: School,
    actor: Actor,
) -> None:
    """Take a leaver off the current lists in every part, close their log-in, and cancel what they owe.

    ``decisions`` end each of their links. Raises as ``decide_standing``.
    """
    year = people.school_year(clock.today())
    effects = standing_effects(db, decisions)
    if seen_effects != fingerprint(effects):
        raise EffectsChanged(_("The effects on pictures have changed since you checked. Check them again."))
    with consent.following(db, {each.child_id for each in decisions}, year, cause="roster"):
        people.archive_person(db, person.person_id, actor=actor)
    invalidate_noes(db, chosen(effects, noes or {}), year, reason=ended_reason(), key=new_public_id(), actor=actor)
    accounts.close_accounts(db, [person.person_id], actor=actor)
    follow_roster(db, school=school, actor=actor)
    tell_of_changes(db, school=school)


def _links(db: Session, decisions: Iterable[LinkDecision]) -> list[roster.LinkAfter]:
    rows = people.guardians_of_children(db, {each.child_id for each in decisions})
    found = []
    for each in decisions:
        link = next((row for row in rows.get(each.child_id, ()) if row.guardian.person_id == each.guardian_id), None)
        if link is None:
            raise NotFound
        responsible, allowed = each.parental_responsibility, each.contact_allowed
        found.append(
            roster.LinkAfter(
                each.child_id,
                each.guardian_id,
                link.relationship_name,
                link.parental_responsibility if responsible is None else responsible,
                link.contact_allowed if allowed is None else allowed,
                each.ended,
                changed=True,
            )
        )
    return found
