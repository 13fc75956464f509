"""A writing session for each test, on a fixed November day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.db import Database


@pytest.fixture(autouse=True)
def _november() -> None:
    clock.pretend(dt.date(2026, 11, 22))


@pytest.fixture
def db(database: Database, _november: None) -> Iterator[Session]:
    """A unit of work that is rolled back at the end."""
    with database.writing() as session:
        yield session
        session.rollback()
