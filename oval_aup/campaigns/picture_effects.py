"""What a change of how adults stand to children would do to what is allowed with pictures, before anything is written.

A list, or the office by hand, ends a link, says who has parental responsibility or bars somebody. Then a yes may stop
or begin to count, which happens by itself and is told here by name; and a no may belong to somebody who has no say any
more, which goes on counting unless the office declares it invalid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from oval_aup import consent, evidence, people
from oval_aup.consent import Resolution
from oval_aup.core.actor import Actor
from oval_aup.core.i18n import _
from oval_aup.people import roster

KEEP, INVALIDATE = "keep", "invalidate"


@dataclass(frozen=True, slots=True)
class UseEffect:
    """One use of one child's pictures becomes another value: what a class is shown before and afterwards."""

    heading: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NoEffect:
    """A no of somebody whose standing changes: it stays, unless the office declares it invalid."""

    child_id: int
    guardian_id: int
    key: str
    """Names this no in a form."""
    guardian_name: str
    uses: tuple[str, ...]
    would_open: tuple[str, ...]
    """The uses that would be allowed without it."""


@dataclass(frozen=True, slots=True)
class ChildEffect:
    """Everything that changes, or is to be decided, about one child."""

    child: people.ChildRow
    uses: tuple[UseEffect, ...]
    noes: tuple[NoEffect, ...]


def effects_of(db: Session, links: Iterable[roster.LinkAfter], school_year: int) -> tuple[ChildEffect, ...]:
    """The children about whom anything changes or is to be decided, by name; nobody who is new can change anything."""
    changed = [link for link in links if link.changed and link.child_id > 0 and link.guardian_id > 0]
    child_ids = {link.child_id for link in changed}
    if not child_ids:
        return ()
    before = {child_id: list(rows) for child_id, rows in people.guardians_of_children(db, child_ids).items()}
    before = {child_id: before.get(child_id, []) for child_id in child_ids}
    after = _after(db, before, changed)
    verdicts_before = consent.foreseen(db, before, school_year)
    verdicts_after = consent.foreseen(db, after, school_year)
    headings = {use.key: use.heading for use in consent.purposes(db)}
    children = people.children_by_id(db, child_ids)
    noes = _noes(db, changed, after, verdicts_after, headings, children, school_year)
    found = []
    for child_id, child in children.items():
        uses = tuple(
            UseEffect(headings[key], verdicts_before[child_id][key].shown, verdict.shown)
            for key, verdict in verdicts_after[child_id].items()
            if verdict.shown != verdicts_before[child_id][key].shown
        )
        mine = tuple(each for each in noes if each.child_id == child_id)
        if uses or mine:
            found.append(ChildEffect(child, uses, mine))
    return tuple(sorted(found, key=lambda each: (each.child.full_name, each.child.person_id)))


def fingerprint(effects: Iterable[ChildEffect]) -> str:
    """Names exactly what the office was shown, so that nothing else is carried out."""
    return hashlib.sha256(repr([(each.child.person_id, each.uses, each.noes) for each in effects]).encode()).hexdigest()


def invalidate_noes(
    db: Session, noes: Iterable[NoEffect], school_year: int, *, reason: str, key: str, actor: Actor
) -> list[evidence.EntryRow]:
    """Declare these noes invalid, as the office chose; ``key`` names the act of which they are part."""
    return [
        consent.invalidate(
            db,
            child=people.child_by_id(db, each.child_id),
            guardian=people.guardian(db, each.guardian_id),
            school_year=school_year,
            reason=reason,
            purpose_keys=_refused(db, each, school_year),
            idempotency_key=f"no-invalid:{key}:{each.key}",
            actor=actor,
        )
        for each in noes
    ]


def chosen(effects: Iterable[ChildEffect], answers: Mapping[str, str]) -> list[NoEffect]:
    """The noes that the office declares invalid; whatever it says nothing about is kept."""
    return [no for each in effects for no in each.noes if answers.get(no.key) == INVALIDATE]


def _refused(db: Session, each: NoEffect, school_year: int) -> list[str]:
    answers = consent.answers_of(db, each.child_id, each.guardian_id, school_year)
    return [key for key, answer in answers.items() if answer == "no"]


def _after(
    db: Session, before: Mapping[int, Sequence[people.GuardianshipRow]], changed: Iterable[roster.LinkAfter]
) -> dict[int, list[people.GuardianshipRow]]:
    found = {child_id: {row.guardian.person_id: row for row in rows} for child_id, rows in before.items()}
    children = people.children_by_id(db, before)
    guardians = people.guardians_by_id(db, {link.guardian_id for link in changed})
    for link in changed:
        rows = found[link.child_id]
        if link.ended:
            rows.pop(link.guardian_id, None)
            continue
        row = rows.get(link.guardian_id) or people.GuardianshipRow(
            children[link.child_id], guardians[link.guardian_id], "", "unknown", True, None, 1
        )
        rows[link.guardian_id] = replace(
            row,
            relationship_name=link.relationship_name,
            parental_responsibility=link.parental_responsibility,
            contact_allowed=link.contact_allowed,
        )
    return {child_id: list(rows.values()) for child_id, rows in found.items()}


def _noes(
    db: Session,
    changed: Iterable[roster.LinkAfter],
    after: Mapping[int, Sequence[people.GuardianshipRow]],
    verdicts: Mapping[int, Mapping[str, Resolution]],
    headings: Mapping[str, str],
    children: Mapping[int, people.ChildRow],
    school_year: int,
) -> list[NoEffect]:
    """The standing noes of everybody who may not choose afterwards."""
    standing = consent.standing_answers(db, after, school_year)
    found = []
    for link in changed:
        chooses = any(row.may_choose for row in after[link.child_id] if row.guardian.person_id == link.guardian_id)
        answers = standing.get(link.child_id, {}).get(link.guardian_id, {})
        refused = [key for key in headings if key in answers and answers[key].answer == "no"]
        if chooses or not refused:
            continue
        without = consent.foreseen(
            db, {link.child_id: after[link.child_id]}, school_year, without={(link.child_id, link.guardian_id)}
        )[link.child_id]
        opened = [key for key in refused if without[key].verdict == "yes" != verdicts[link.child_id][key].verdict]
        guardian = people.guardian(db, link.guardian_id)
        found.append(
            NoEffect(
                link.child_id,
                link.guardian_id,
                f"no-{children[link.child_id].public_id}-{guardian.public_id}",
                guardian.full_name,
                tuple(headings[key] for key in refused),
                tuple(headings[key] for key in opened),
            )
        )
    return found


def ended_reason() -> str:
    """What the record says of a no that is declared invalid because its giver has no say any more."""
    return _("This person no longer has a say about this child, and the office decided not to keep their no.")
