"""Remembers the addresses that mail does not reach, until the office changes or clears them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.db import rows_changed, table_of
from oval_aup.notifications.models import AddressTrouble

_trouble = table_of(AddressTrouble)


@dataclass(frozen=True, slots=True)
class BouncedAddressRow:
    """One address that mail does not reach."""

    address: str
    reason: str
    noticed_at: dt.datetime


def troubled_addresses(db: Session, addresses: Iterable[str]) -> dict[str, str]:
    """Which of these addresses mail does not reach, and why; keyed by the address as it was given."""
    by_folded: dict[str, list[str]] = {}
    for address in addresses:
        if address.strip():
            by_folded.setdefault(_folded(address), []).append(address)
    found: dict[str, str] = {}
    wanted = sorted(by_folded)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        rows = db.execute(sa.select(_trouble.c.address, _trouble.c.reason).where(_trouble.c.address.in_(part)))
        for row in rows:
            found.update((address, row.reason) for address in by_folded[row.address])
    return found


def all_trouble(db: Session, limit: int = 500) -> tuple[BouncedAddressRow, ...]:
    """Every address in trouble, newest first."""
    chosen = sa.select(_trouble).order_by(_trouble.c.noticed_at.desc(), _trouble.c.id.desc()).limit(limit)
    return tuple(BouncedAddressRow(row.address, row.reason, row.noticed_at) for row in db.execute(chosen))


def notice(db: Session, address: str, reason: str) -> None:
    """Note that mail does not reach an address; the newest reason stands."""
    seen = {"reason": reason[:2000], "noticed_at": clock.now()}
    known = db.scalar(sa.select(_trouble.c.id).where(_trouble.c.address == _folded(address)))
    if known is None:
        db.execute(sa.insert(_trouble), {"address": _folded(address), **seen})
    else:
        db.execute(sa.update(_trouble).where(_trouble.c.id == known).values(**seen))


def clear_trouble(db: Session, address: str) -> bool:
    """Let mail go to an address again; whether it had been in trouble."""
    gone = db.execute(sa.delete(_trouble).where(_trouble.c.address == _folded(address)))
    return bool(rows_changed(gone))


def _folded(address: str) -> str:
    return address.strip().lower()
