"""Reads the recorded choices back, in one statement for however many children."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence
from oval_aup.consent.models import ConsentDecision, ImageBlock
from oval_aup.consent.resolve import Decision, GuardianAnswer, fold
from oval_aup.core.db import fetch

ID_BATCH = 5_000
"""Ids in one statement: below every engine's limit of parameters."""


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One recorded choice, for showing the whole story."""

    child_id: int
    guardian_id: int
    school_year: int
    purpose_key: str
    act: str
    """``given``, ``refused``, ``withdrawn`` or ``invalidated``."""
    channel: str
    recorded_by_id: int | None
    decided_at: dt.datetime
    version_text_id: int
    ledger_seq: int


def answers_of(db: Session, child_id: int, guardian_id: int, school_year: int) -> dict[str, str]:
    """What one guardian answers for one child as it stands: purpose to ``yes`` or ``no``; unanswered is absent."""
    return answers_of_guardian(db, guardian_id, school_year).get(child_id, {})


def answers_of_guardian(db: Session, guardian_id: int, school_year: int) -> dict[int, dict[str, str]]:
    """What one guardian answers for all their children: child to purpose to ``yes`` or ``no``."""
    rows = fetch(db, _OF_GUARDIAN, guardian_id=guardian_id, school_year=school_year)
    found = {
        child_id: {key: each.answer for key, each in by_guardian.get(guardian_id, {}).items()}
        for child_id, by_guardian in _fold_by_child(rows).items()
    }
    return {child_id: answers for child_id, answers in found.items() if answers}


def standing_answers(
    db: Session, child_ids: Iterable[int], school_year: int, *, past: evidence.Past | None = None
) -> dict[int, dict[int, dict[str, GuardianAnswer]]]:
    """Child to guardian to purpose to the answer that stands in that school year, or stood in it at a past moment."""
    found: dict[int, dict[int, dict[str, GuardianAnswer]]] = {}
    for batch in batches(child_ids):
        if past is None:
            rows = fetch(db, _OF_CHILDREN, child_ids=batch, school_year=school_year)
        else:
            rows = fetch(db, _OF_CHILDREN_THEN, child_ids=batch, school_year=school_year, size=past.size)
        found |= _fold_by_child(rows)
    return found


def blocked_children(db: Session, child_ids: Iterable[int]) -> frozenset[int]:
    """Which of these children stand under a safeguarding block."""
    found: set[int] = set()
    for batch in batches(child_ids):
        found.update(fetch(db, _BLOCKED, child_ids=batch).scalars())
    return frozenset(found)


def block_keys(block_id: int) -> tuple[str, str]:
    """Under which keys the ledger holds the placing and the lifting of a block."""
    return f"image-block:{block_id}", f"image-unblock:{block_id}"


def decisions(db: Session, *, child_id: int | None = None, guardian_id: int | None = None) -> tuple[DecisionRow, ...]:
    """Every choice ever recorded about a child, or by a guardian, or both; oldest first."""
    statement = sa.select(ConsentDecision).order_by(ConsentDecision.id)
    if child_id is None and guardian_id is None:
        raise ValueError("name a child, a guardian or both")
    if child_id is not None:
        statement = statement.where(ConsentDecision.child_id == child_id)
    if guardian_id is not None:
        statement = statement.where(ConsentDecision.guardian_id == guardian_id)
    return tuple(map(_row, db.scalars(statement)))


def batches(ids: Iterable[int]) -> Iterator[list[int]]:
    """The ids, each once and in order, in lists short enough for one statement."""
    wanted = sorted(set(ids))
    return (wanted[start : start + ID_BATCH] for start in range(0, len(wanted), ID_BATCH))


# Built once: putting the statement together costs more than its answer.
_OF_YEAR = (
    sa.select(
        ConsentDecision.child_id,
        ConsentDecision.guardian_id,
        ConsentDecision.purpose_key,
        ConsentDecision.act,
        ConsentDecision.ledger_seq,
        ConsentDecision.version_text_id,
    )
    .where(ConsentDecision.school_year == sa.bindparam("school_year"))
    .order_by(ConsentDecision.id)
)
_OF_GUARDIAN = _OF_YEAR.where(ConsentDecision.guardian_id == sa.bindparam("guardian_id"))
_OF_CHILDREN = _OF_YEAR.where(ConsentDecision.child_id.in_(sa.bindparam("child_ids", expanding=True)))
_BLOCKED = sa.select(ImageBlock.child_id).where(
    ImageBlock.child_id.in_(sa.bindparam("child_ids", expanding=True)), ImageBlock.lifted_at.is_(None)
)
_OF_CHILDREN_THEN = _OF_CHILDREN.where(ConsentDecision.ledger_seq <= sa.bindparam("size"))


def _fold_by_child(rows: Iterable[Any]) -> dict[int, dict[int, dict[str, GuardianAnswer]]]:
    by_child: dict[int, list[Decision]] = {}
    for child_id, guardian_id, key, act, seq, text_id in rows:
        by_child.setdefault(child_id, []).append(Decision(guardian_id, key, act, seq, text_id))
    return {child_id: fold(acts) for child_id, acts in by_child.items()}


def _row(decision: ConsentDecision) -> DecisionRow:
    return DecisionRow(
        child_id=decision.child_id,
        guardian_id=decision.guardian_id,
        school_year=decision.school_year,
        purpose_key=decision.purpose_key,
        act=decision.act,
        channel=decision.channel,
        recorded_by_id=decision.recorded_by_id,
        decided_at=decision.decided_at,
        version_text_id=decision.version_text_id,
        ledger_seq=decision.ledger_seq,
    )
