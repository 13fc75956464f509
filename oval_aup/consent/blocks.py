"""Places and lifts a safeguarding block, which outweighs every choice and never says why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.consent.changes import following
from oval_aup.consent.history import block_keys
from oval_aup.consent.models import ImageBlock
from oval_aup.consent.permissions import permissions
from oval_aup.consent.takedowns import open_take_downs
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.errors import NotFound


@dataclass(frozen=True, slots=True)
class BlockRow:
    """One block and its life."""

    child_id: int
    placed_at: dt.datetime
    placed_by_id: int | None
    lifted_at: dt.datetime | None


def block(db: Session, child: people.ChildRow, *, school_year: int, actor: Actor) -> BlockRow:
    """Stop every use of a child's pictures and open take-downs for those in use; a standing block is left as it is."""
    standing = _standing(db, child)
    if standing is not None:
        return _row(standing)
    allowed = permissions(db, [child.person_id], school_year)[child.person_id]
    placed = ImageBlock(child_id=child.person_id, placed_at=clock.now(), placed_by_id=actor.person_id)
    with following(db, [child.person_id], school_year, cause="block"):
        db.add(placed)
        db.flush()
    evidence.append(
        db, "blocked", subject=child.pseudonym, act={}, idempotency_key=block_keys(placed.id)[0], actor=actor
    )
    open_take_downs(db, child.person_id, (key for key, each in allowed.items() if each.verdict == "yes"))
    return _row(placed)


def unblock(db: Session, child: people.ChildRow, *, actor: Actor) -> BlockRow:
    """Let the choices count again; raises NotFound where no block stands."""
    standing = _standing(db, child)
    if standing is None:
        raise NotFound
    with following(db, [child.person_id], people.school_year(clock.today()), cause="block"):
        standing.lifted_at = clock.now()
        db.flush()
    evidence.append(
        db, "unblocked", subject=child.pseudonym, act={}, idempotency_key=block_keys(standing.id)[1], actor=actor
    )
    return _row(standing)


def blocks_of(db: Session, child_id: int) -> tuple[BlockRow, ...]:
    """Every block a child was ever under, newest first; for those who may know."""
    rows = db.scalars(sa.select(ImageBlock).where(ImageBlock.child_id == child_id).order_by(ImageBlock.id.desc()))
    return tuple(map(_row, rows))


def _standing(db: Session, child: people.ChildRow) -> ImageBlock | None:
    return db.scalar(
        sa.select(ImageBlock).where(ImageBlock.child_id == child.person_id, ImageBlock.lifted_at.is_(None))
    )


def _row(block: ImageBlock) -> BlockRow:
    return BlockRow(block.child_id, block.placed_at, block.placed_by_id, block.lifted_at)
