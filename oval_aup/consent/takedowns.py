"""Keeps track of pictures that must come down because a permission has ended: who, by when, and what was done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.consent.models import TakeDown
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.errors import NotFound

DAYS_TO_TAKE_DOWN = 7


@dataclass(frozen=True, slots=True)
class TakeDownRow:
    """One task: look for this child's pictures in this use and take them down."""

    public_id: str
    child: people.ChildRow
    purpose_key: str
    opened_at: dt.datetime
    due_on: dt.date
    owner_id: int | None
    done_at: dt.datetime | None
    done_by_id: int | None
    places: str


def open_take_downs(db: Session, child_id: int, purpose_keys: Iterable[str]) -> None:
    """Open a task for each use that has none open."""
    wanted = set(purpose_keys)
    if not wanted:
        return
    waiting = set(
        db.scalars(sa.select(TakeDown.purpose_key).where(TakeDown.child_id == child_id, TakeDown.done_at.is_(None)))
    )
    for key in sorted(wanted - waiting):
        db.add(
            TakeDown(
                child_id=child_id,
                purpose_key=key,
                opened_at=clock.now(),
                due_on=clock.today() + dt.timedelta(days=DAYS_TO_TAKE_DOWN),
            )
        )
    db.flush()


def take_downs(db: Session, *, done: bool = False, limit: int = 200) -> tuple[TakeDownRow, ...]:
    """Open tasks, the most urgent first; or finished ones, the newest first."""
    if done:
        statement = sa.select(TakeDown).where(TakeDown.done_at.is_not(None)).order_by(TakeDown.done_at.desc())
    else:
        statement = sa.select(TakeDown).where(TakeDown.done_at.is_(None)).order_by(TakeDown.due_on, TakeDown.id)
    tasks = db.scalars(statement.limit(limit)).all()
    children = people.children_by_id(db, {task.child_id for task in tasks})
    return tuple(_row(task, children[task.child_id]) for task in tasks)


def assign_take_down(db: Session, public_id: str, *, owner_id: int | None, actor: Actor) -> TakeDownRow:
    """Say who sees to a task; None gives it back to the office. Raises NotFound."""
    task = _task(db, public_id)
    task.owner_id = owner_id
    db.flush()
    return _row(task, people.child_by_id(db, task.child_id))


def finish_take_down(db: Session, public_id: str, *, places: str = "", actor: Actor) -> TakeDownRow:
    """Record that the pictures are down and where they were found; again changes nothing. Raises NotFound."""
    task = _task(db, public_id)
    child = people.child_by_id(db, task.child_id)
    if task.done_at is None:
        evidence.append(
            db,
            "taken_down",
            subject=child.pseudonym,
            act={"purpose": task.purpose_key},
            details={"places": places} if places else None,
            idempotency_key=f"taken-down:{public_id}",
            actor=actor,
        )
        task.done_at = clock.now()
        task.done_by_id = actor.person_id
        task.places = places
        db.flush()
    return _row(task, child)


def _task(db: Session, public_id: str) -> TakeDown:
    task = db.scalar(sa.select(TakeDown).where(TakeDown.public_id == public_id))
    if task is None:
        raise NotFound
    return task


def _row(task: TakeDown, child: people.ChildRow) -> TakeDownRow:
    return TakeDownRow(
        public_id=task.public_id,
        child=child,
        purpose_key=task.purpose_key,
        opened_at=task.opened_at,
        due_on=task.due_on,
        owner_id=task.owner_id,
        done_at=task.done_at,
        done_by_id=task.done_by_id,
        places=task.places,
    )
