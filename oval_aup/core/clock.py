"""The only place that asks what time it is; tests and demonstrations move it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

_offset = dt.timedelta(0)
_held: dt.datetime | None = None


def now() -> dt.datetime:
    """The present instant, aware, in UTC."""
    return _held or dt.datetime.now(dt.UTC) + _offset


def today() -> dt.date:
    """The present date in London."""
    return london(now()).date()


def london(moment: dt.datetime) -> dt.datetime:
    """The same instant on the school's clock; ``moment`` must be aware."""
    if moment.tzinfo is None:
        raise ValueError("a naive time has no place on the school's clock")
    return moment.astimezone(LONDON)


def at_london(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    """The UTC instant of a London wall-clock time."""
    return dt.datetime.combine(day, dt.time(hour, minute), LONDON).astimezone(dt.UTC)


def travel_to(moment: dt.datetime | dt.date | None) -> None:
    """Move the clock so that it reads ``moment`` now and runs on from there; ``None`` puts it right.

    A bare date keeps the present London time of day.
    """
    global _offset, _held
    _offset, _held = dt.timedelta(0), None
    if moment is None:
        return
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, london(now()).time(), LONDON)
    if moment.tzinfo is None:
        raise ValueError("a naive time has no place on the school's clock")
    _offset = moment.astimezone(dt.UTC) - now()


def freeze(moment: dt.datetime) -> None:
    """Stop the clock at ``moment``, which must be aware, until ``pretend`` lets it run again."""
    global _held
    _held = moment.astimezone(dt.UTC)


def iso(moment: dt.datetime) -> str:
    """UTC in one fixed form, ``2026-11-22T12:41:07.123456Z``, as the ledger writes it."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
