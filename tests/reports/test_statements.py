"""Documents gather their facts in few statements, and in no more for a person with a longer history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from oval_aup import reports
from oval_aup.core import clock
from oval_aup.core.db import Database
from tests.reports.conftest import SCHOOL, Answered, unsigned_head

THE_DAY_AFTER = dt.datetime(2026, 11, 23, 23, 59, 59, 999999, tzinfo=dt.UTC)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Every statement that the database meets meanwhile."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)


def statements(answered: Answered, kind: str, who: str) -> list[str]:
    person = getattr(answered.people, who)
    answered.as_at(person)  # once before: texts of rules stay in memory, and Bob's answer and the stop are there
    moment = {"at": clock.iso(THE_DAY_AFTER)} if kind == "as_at" else {}
    document = answered.want(kind, person.pseudonym, person_id=person.person_id, **moment)
    with answered.database.reading() as db:
        head = unsigned_head(db)
        with counted(answered.database) as said:
            reports.paper(db, document, school=SCHOOL, head=head)
    return said


@pytest.mark.parametrize(
    ("kind", "who", "most"),
    [
        ("as_at", "ann", 14),
        ("as_at", "max", 19),
        ("as_at", "eve", 10),
        ("subject_access", "ann", 41),
        ("subject_access", "max", 43),
        ("subject_access", "eve", 32),
    ],
)
def test_a_document_about_a_person_takes_few_statements(answered: Answered, kind: str, who: str, most: int) -> None:
    said = statements(answered, kind, who)
    assert len(said) <= most, "\n".join(said)
