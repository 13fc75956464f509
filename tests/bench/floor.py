"""The floor: the product’s own application with one page more, which writes the rows of an acceptance by hand.

It stands behind the same session and token checks and in the same unit of work. What it writes is recorded at start,
from one real acceptance; what must be unique is made afresh each time. Nothing is read, checked or put together.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
from typing import Any

from flask import g, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy import event

from oval_aup.application import create_app
from oval_aup.config import load
from oval_aup.web.access import allow
from tests.bench.school import Family
from tests.bench.walk import walk

UNIQUE = {"public_id", "prev", "entry_hash", "idempotency_key", "dedupe_key"}
NUMBERS = {"seq", "ledger_seq"}
COLUMNS = re.compile(r"INSERT INTO \w+ \(([^)]*)\)")

Written = tuple[str, list[tuple[Any, ...]]]

app = create_app(load())
written: list[Written] = []


def _record() -> None:
    """Walk one family to the end and keep the statements that wrote."""
    database = app.extensions["oval_database"]
    token, born_on, name = os.environ["FLOOR_FAMILY"].split("|")
    post_last = walk(app.test_client(), Family(token, dt.date.fromisoformat(born_on), name, 1))

    def keep(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if statement.startswith(("INSERT", "UPDATE")):
            written.append((statement, list(values) if many else [values]))

    event.listen(database.engine, "before_cursor_execute", keep)
    post_last()
    event.remove(database.engine, "before_cursor_execute", keep)


def _afresh(statement: str, rows: list[tuple[Any, ...]], first: int, highest: int) -> list[tuple[Any, ...]]:
    found = COLUMNS.match(statement)
    if found is None:
        return rows
    names = [name.strip() for name in found.group(1).split(",")]
    return [
        tuple(
            secrets.token_hex(16) if name in UNIQUE else value - first + highest + 1 if name in NUMBERS else value
            for name, value in zip(names, row, strict=False)
        )
        + row[len(names) :]
        for row in rows
    ]


@app.post("/family/floor")
@allow("family")
def floor() -> ResponseReturnValue:
    """Write everything that one acceptance writes."""
    connection = g.db.connection()
    first = next(rows[0][0] for statement, rows in written if "INTO ledger_entry" in statement)
    highest = connection.exec_driver_sql("SELECT max(seq) FROM ledger_entry").scalar()
    for statement, rows in written:
        connection.exec_driver_sql(statement, _afresh(statement, rows, first, highest))
    return redirect("/family/done", 303)


_record()
