"""Tells for one child and a past moment what might be done with pictures, and whose answers led to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.consent.history import DecisionRow, decisions, standing_answers
from oval_aup.consent.permissions import Permission, child_verdicts, choosers, names_of_guardians
from oval_aup.consent.purposes import Purpose, purposes
from oval_aup.consent.resolve import GuardianAnswer
from oval_aup.core import clock


@dataclass(frozen=True, slots=True)
class Said:
    """One guardian's answer to one use as it stood at the moment."""

    guardian_id: int
    name: str
    decision: DecisionRow
    answer: str
    """``yes`` or ``no``."""
    counts: bool
    """False for the yes of a guardian who was not known at the moment to have parental responsibility."""


@dataclass(frozen=True, slots=True)
class UseThen:
    """One use of pictures at the moment."""

    purpose: Purpose
    permission: Permission
    said: tuple[Said, ...]
    """Oldest answer first; empty where nobody had answered or nobody is asked."""


def pictures_then(db: Session, child: people.ChildRow, past: evidence.Past) -> PicturesThen:
    """Everything about one child's pictures as it stood at a moment; for the office and the head alone."""
    year = people.school_year(clock.london(past.at).date())
    adults = people.guardians_then(db, [child.person_id], past.at).get(child.person_id, ())
    blocks = _blocks(db, child, past)
    uses = _uses(
        db,
        child.person_id,
        purposes(db, at=past.at),
        adults,
        standing_answers(db, [child.person_id], year, past=past).get(child.person_id, {}),
        blocked=bool(blocks) and blocks[-1].lifted_at is None,
    )
    return PicturesThen(uses, blocks, adults)


def _uses(
    db: Session,
    child_id: int,
    uses: Sequence[Purpose],
    adults: Sequence[people.GuardianshipThen],
    standing: Mapping[int, Mapping[str, GuardianAnswer]],
    *,
    blocked: bool,
) -> tuple[UseThen, ...]:
    counted = choosers(adults)
    resolved = child_verdicts(uses, counted, standing, blocked=blocked)
    meant = {id_ for each in resolved.values() for id_ in each.broken_by} | set(standing)
    known = names_of_guardians(db, meant, {child_id: adults})
    verdicts = {
        key: Permission(key, each.verdict, tuple(known.get(id_, "") for id_ in each.broken_by))
        for key, each in resolved.items()
    }
    made = {(row.ledger_seq, row.guardian_id, row.purpose_key): row for row in decisions(db, child_id=child_id)}
    said: dict[str, list[Said]] = {}
    for guardian_id, answers in standing.items():
        for key, each in answers.items():
            row = made[each.ledger_seq, guardian_id, key]
            name = known.get(guardian_id, "")
            heard = each.answer == "no" or counted.get(guardian_id, False)
            said.setdefault(key, []).append(Said(guardian_id, name, row, each.answer, heard))
    return tuple(
        UseThen(use, verdicts[use.key], tuple(sorted(said.get(use.key, ()), key=lambda one: one.decision.ledger_seq)))
        for use in uses
    )


@dataclass(frozen=True, slots=True)
class BlockThen:
    """A safeguarding block as known at the moment: ``lifted_at`` is None while it stood."""

    placed_at: dt.datetime
    lifted_at: dt.datetime | None
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PicturesThen:
    """One child's pictures at the moment."""

    uses: tuple[UseThen, ...]
    """Every use that the wording of that moment listed, with its verdict then; none before the first such wording."""
    blocks: tuple[BlockThen, ...]
    """Placed up to the moment, oldest first."""
    adults: tuple[people.GuardianshipThen, ...]


def _blocks(db: Session, child: people.ChildRow, past: evidence.Past) -> tuple[BlockThen, ...]:
    """The blocks placed up to a moment, oldest first, from the ledger."""
    found: list[BlockThen] = []
    for entry in evidence.entries_about(db, child.pseudonym):
        if entry.seq > past.size:
            break
        if entry.kind == "blocked":
            found.append(BlockThen(entry.at, None, (entry.seq,)))
        elif entry.kind == "unblocked" and found:
            found[-1] = BlockThen(found[-1].placed_at, entry.at, (*found[-1].seqs, entry.seq))
    return tuple(found)
