"""Remembers how far something has followed the ledger, or since when something is so, each under a name."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core.db import rows_changed, table_of
from oval_aup.jobs.models import Watermark

_mark = table_of(Watermark)


def noted_at(db: Session, name: str) -> dt.datetime | None:
    """Since when something is so; None where it is not."""
    return db.scalar(sa.select(_mark.c.noted_at).where(_mark.c.name == name))


def note(db: Session, name: str, at: dt.datetime | None) -> None:
    """Remember since when something is so, or with None that it is no longer."""
    db.execute(sa.delete(_mark).where(_mark.c.name == name))
    if at is not None:
        db.execute(sa.insert(_mark), {"name": name, "seq": 0, "noted_at": at})


def followed(db: Session, name: str) -> int:
    """Up to which ledger entry something has followed."""
    return db.scalar(sa.select(_mark.c.seq).where(_mark.c.name == name)) or 0


def follow(db: Session, name: str, *, start: int, end: int) -> bool:
    """Move on from one entry to another; False where another worker has done so meanwhile."""
    moved = sa.update(_mark).where(_mark.c.name == name, _mark.c.seq == start).values(seq=end)
    return rows_changed(db.execute(moved)) == 1
