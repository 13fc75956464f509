"""Small parts that every query of this room uses: chunked ids, one-or-NotFound, the name as shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import sqlalchemy as sa

from oval_aup.core.errors import NotFound

CHUNK = 5000
"""Ids per statement: well below every engine's limit on bound values."""

Condition = sa.ColumnElement[bool]
T = TypeVar("T")


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """The values without repeats, in lists short enough for one statement."""
    rest = iter(dict.fromkeys(values))
    while piece := list(islice(rest, CHUNK)):
        yield piece


def shown_name(forename: str, surname: str, preferred: str) -> str:
    """The name people use, forename first."""
    return f"{preferred or forename} {surname}".strip()


def one(rows: Sequence[T]) -> T:
    """The first row; raises NotFound where there is none."""
    if not rows:
        raise NotFound
    return rows[0]
