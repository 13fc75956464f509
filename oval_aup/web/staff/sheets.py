"""What a class sheet says of each child: exceptions first, and what has changed in the last fortnight."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from oval_aup import consent, people
from oval_aup.core import clock

MARKED_FOR = dt.timedelta(days=14)
"""How long a change stays marked."""

Verdicts = Mapping[int, Mapping[str, str]]
"""Child to use to ``yes``, ``no``, ``missing`` or ``blocked``."""


@dataclass(frozen=True, slots=True)
class ChildException:
    """A child whose pictures may not be used for everything that families are asked about."""

    child: people.ChildRow
    blocked: bool
    refused: tuple[str, ...]
    """Short names of the uses with a no."""
    unanswered: tuple[str, ...]
    """Short names of the uses without an answer."""
    asked: int

    @property
    def refuses_everything(self) -> bool:
        """Whether every use is a no."""
        return len(self.refused) == self.asked

    @property
    def says_no(self) -> bool:
        """Whether anything is a no, rather than waiting for an answer."""
        return self.blocked or bool(self.refused)


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What became different for one child on one day, by the value it has now."""

    child: people.ChildRow
    changed_at: dt.datetime
    blocked: bool
    refused: tuple[str, ...]
    allowed: tuple[str, ...]
    unanswered: tuple[str, ...]
    asked: int

    @property
    def refuses_everything(self) -> bool:
        """Whether every use became a no."""
        return len(self.refused) == self.asked

    @property
    def allows_everything(self) -> bool:
        """Whether every use became a yes."""
        return len(self.allowed) == self.asked

    @property
    def ended(self) -> bool:
        """Whether something may not be done now."""
        return self.blocked or bool(self.refused or self.unanswered)


def exceptions(
    children: Iterable[people.ChildRow], uses: Sequence[consent.Purpose], verdicts: Verdicts
) -> tuple[ChildException, ...]:
    """Every child with anything but a yes to everything, in the order of the class."""
    found = []
    for child in children:
        given = verdicts[child.person_id]
        if all(given[use.key] == "yes" for use in uses):
            continue
        found.append(
            ChildException(
                child,
                any(given[use.key] == "blocked" for use in uses),
                tuple(use.short_name for use in uses if given[use.key] == "no"),
                tuple(use.short_name for use in uses if given[use.key] == "missing"),
                len(uses),
            )
        )
    return tuple(found)


def lately(now: dt.datetime | None = None) -> dt.datetime:
    """The moment from which on changes are marked."""
    return (now or clock.now()) - MARKED_FOR


def change_lines(
    children: Iterable[people.ChildRow],
    uses: Sequence[consent.Purpose],
    changes: Mapping[int, Mapping[str, consent.ChangeRow]],
) -> tuple[ChangeLine, ...]:
    """The changes of these children, one line a child and day, newest first."""
    lines = []
    for child in children:
        by_day: dict[dt.date, list[consent.ChangeRow]] = {}
        for row in changes.get(child.person_id, {}).values():
            by_day.setdefault(clock.london(row.changed_at).date(), []).append(row)
        lines += [_line(child, rows, uses) for rows in by_day.values()]
    return tuple(sorted(lines, key=lambda line: line.changed_at, reverse=True))


def _line(child: people.ChildRow, rows: Sequence[consent.ChangeRow], uses: Sequence[consent.Purpose]) -> ChangeLine:
    now = {row.purpose_key: row.now for row in rows}
    return ChangeLine(
        child,
        max(row.changed_at for row in rows),
        "blocked" in now.values(),
        tuple(use.short_name for use in uses if now.get(use.key) == "no"),
        tuple(use.short_name for use in uses if now.get(use.key) == "yes"),
        tuple(use.short_name for use in uses if now.get(use.key) == "missing"),
        len(uses),
    )
