"""Finds where the ledger stood at a moment, so that what was true then is read from a beginning of it and no more."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.db import table_of
from oval_aup.evidence.models import LedgerEntry

_entry = table_of(LedgerEntry)
_FIRST = sa.select(_entry.c.body).order_by(_entry.c.seq).limit(1)


@dataclass(frozen=True, slots=True)
class Past:
    """The record as it stood at a moment: the first ``size`` entries of the ledger and nothing after them.

    Entries carry a number as well as a time, and where two share a time, or a clock was set back, the number decides.
    """

    at: dt.datetime
    size: int


def past(db: Session, at: dt.datetime) -> Past:
    """Where the ledger stood at a moment: up to the last entry made then or before."""
    # From the newest backwards: the question is mostly about a recent day, and then few entries are looked at.
    made = sa.select(_entry.c.seq).where(_made_at(db) <= clock.iso(at)).order_by(_entry.c.seq.desc()).limit(1)
    return Past(at, db.scalar(made) or 0)


def record_began(db: Session) -> dt.datetime | None:
    """When the first entry was made; None while there is none."""
    body = db.scalar(_FIRST)
    return None if body is None else dt.datetime.fromisoformat(json.loads(body)["at"])


def _made_at(db: Session) -> sa.ColumnElement[Any]:
    """The time inside an entry's bytes, whose fixed form sorts as text."""
    if db.get_bind().dialect.name == "postgresql":
        body = sa.cast(sa.func.convert_from(_entry.c.body, "UTF8"), JSONB)
        return cast("sa.ColumnElement[Any]", body["at"].astext)
    return sa.func.json_extract(sa.cast(_entry.c.body, sa.Text), "$.at")
