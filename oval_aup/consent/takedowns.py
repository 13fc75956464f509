"""Keeps track of pictures that must come down because a permission has ended: one task a child, who and by when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.consent.models import TakeDown
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import new_public_id
from oval_aup.core.errors import NotFound

DAYS_TO_TAKE_DOWN = 7
ANYBODY = -1
"""Asks for the tasks of every owner; None asks for those that the office has kept."""


@dataclass(frozen=True, slots=True)
class TakeDownRow:
    """One task: look for this child's pictures in these uses and take them down."""

    public_id: str
    child: people.ChildRow
    purpose_keys: tuple[str, ...]
    opened_at: dt.datetime
    """When the newest of these permissions ended."""
    due_on: dt.date
    """When the first of them must be done."""
    owner_id: int | None
    done_at: dt.datetime | None
    done_by_id: int | None
    places: str


def open_take_downs(db: Session, child_id: int, purpose_keys: Iterable[str]) -> None:
    """Add uses to the child's open task, or open one; a use that waits already is left as it is."""
    wanted = set(purpose_keys)
    if not wanted:
        return
    waiting = _open_of(db, child_id)
    owner_id = waiting[-1].owner_id if waiting else None
    for key in sorted(wanted - {task.purpose_key for task in waiting}):
        db.add(
            TakeDown(
                child_id=child_id,
                purpose_key=key,
                opened_at=clock.now(),
                due_on=clock.today() + dt.timedelta(days=DAYS_TO_TAKE_DOWN),
                owner_id=owner_id,
            )
        )
    db.flush()


def take_downs(
    db: Session,
    *,
    done: bool = False,
    owner_id: int | None = ANYBODY,
    child_id: int | None = None,
    limit: int = 200,
) -> tuple[TakeDownRow, ...]:
    """Open tasks, or finished ones, one a child and the newest first."""
    statement = sa.select(TakeDown).where(TakeDown.done_at.is_not(None) if done else TakeDown.done_at.is_(None))
    if owner_id != ANYBODY:
        statement = statement.where(TakeDown.owner_id == owner_id)
    if child_id is not None:
        statement = statement.where(TakeDown.child_id == child_id)
    grouped: dict[tuple[int, dt.datetime | None], list[TakeDown]] = {}
    newest = TakeDown.done_at.desc() if done else TakeDown.opened_at.desc()
    for task in db.scalars(statement.order_by(newest, TakeDown.id)):
        if (task.child_id, task.done_at) in grouped or len(grouped) < limit:
            grouped.setdefault((task.child_id, task.done_at), []).append(task)
    children = people.children_by_id(db, {child_id for child_id, _done_at in grouped})
    return tuple(_row(tasks, children[child_id]) for (child_id, _done_at), tasks in grouped.items())


def take_down_owners(db: Session) -> dict[int | None, int]:
    """How many children's pictures each owner has to take down; None is the office."""
    owned = sa.select(TakeDown.owner_id, sa.func.count(TakeDown.child_id.distinct())).where(TakeDown.done_at.is_(None))
    return {row[0]: row[1] for row in db.execute(owned.group_by(TakeDown.owner_id))}


def assign_take_down(db: Session, public_id: str, *, owner_id: int | None, actor: Actor) -> TakeDownRow:
    """Say who does a child's task; None gives it back to the office. Raises NotFound."""
    tasks = _tasks(db, public_id)
    child = people.child_by_id(db, tasks[0].child_id)
    if any(task.owner_id != owner_id for task in tasks):
        for task in tasks:
            task.owner_id = owner_id
        db.flush()
        owner = people.person_by_id(db, owner_id).pseudonym if owner_id is not None else ""
        evidence.append(
            db,
            "take_down_given",
            subject=child.pseudonym,
            act={"purposes": sorted(task.purpose_key for task in tasks), "owner": owner},
            idempotency_key=f"take-down-given:{public_id}:{new_public_id()}",
            actor=actor,
        )
    return _row(tasks, child)


def finish_take_down(db: Session, public_id: str, *, places: str = "", actor: Actor) -> TakeDownRow:
    """Record that a child's pictures are down, and where they were; again changes nothing. Raises NotFound."""
    tasks = _tasks(db, public_id)
    child = people.child_by_id(db, tasks[0].child_id)
    now = clock.now()
    for task in tasks:
        if task.done_at is None:
            evidence.append(
                db,
                "taken_down",
                subject=child.pseudonym,
                act={"purpose": task.purpose_key},
                details={"places": places} if places else None,
                idempotency_key=f"taken-down:{task.public_id}",
                actor=actor,
            )
            task.done_at, task.done_by_id, task.places = now, actor.person_id, places
    db.flush()
    return _row(tasks, child)


def finish_take_downs(db: Session, public_ids: Iterable[str], *, places: str, actor: Actor) -> int:
    """Record the same of several children, such as that no picture was found; returns how many. Raises NotFound."""
    wanted = list(dict.fromkeys(public_ids))
    for public_id in wanted:
        finish_take_down(db, public_id, places=places, actor=actor)
    return len(wanted)


def _tasks(db: Session, public_id: str) -> list[TakeDown]:
    """Everything that one task consists of: what is open for the child, or what was finished with it."""
    named = db.scalar(sa.select(TakeDown).where(TakeDown.public_id == public_id))
    if named is None:
        raise NotFound
    if named.done_at is None:
        return _open_of(db, named.child_id)
    together = sa.and_(TakeDown.child_id == named.child_id, TakeDown.done_at == named.done_at)
    return list(db.scalars(sa.select(TakeDown).where(together).order_by(TakeDown.id)))


def _open_of(db: Session, child_id: int) -> list[TakeDown]:
    waiting = sa.and_(TakeDown.child_id == child_id, TakeDown.done_at.is_(None))
    return list(db.scalars(sa.select(TakeDown).where(waiting).order_by(TakeDown.id)))


def _row(tasks: Sequence[TakeDown], child: people.ChildRow) -> TakeDownRow:
    first = min(tasks, key=lambda task: task.id)
    return TakeDownRow(
        public_id=first.public_id,
        child=child,
        purpose_keys=tuple(sorted({task.purpose_key for task in tasks})),
        opened_at=max(task.opened_at for task in tasks),
        due_on=min(task.due_on for task in tasks),
        owner_id=first.owner_id,
        done_at=first.done_at,
        done_by_id=first.done_by_id,
        places=first.places,
    )
