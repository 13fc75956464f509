"""A writing session for each test, on a fixed November day."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.core import clock
from oval_aup.core.db import Database
from tests import kept_lists
from tests.people import builders

QUESTIONS = {f"oval_aup.people.{name}" for name in ("families", "history", "queries")}
"""Where the front door's queries stand; every other module is taken to hold verbs."""


@pytest.fixture(autouse=True)
def _november() -> None:
    clock.travel_to(dt.date(2026, 11, 22))


@pytest.fixture
def db(database: Database, _november: None) -> Iterator[Session]:
    """A unit of work that is rolled back at the end."""
    with database.writing() as session:
        yield session
        session.rollback()


@pytest.fixture(autouse=True)
def _every_verb_keeps_the_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is committed, so whatever the front doors offer is looked at as soon as it has been done."""
    for door in (people, people.roster, builders):
        for name in door.__all__:
            verb = getattr(door, name)
            if not isinstance(verb, type | ModuleType) and callable(verb) and verb.__module__ not in QUESTIONS:
                monkeypatch.setattr(door, name, _checked(verb))


def _checked(verb: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(verb)
    def run(*args: Any, **options: Any) -> Any:
        done = verb(*args, **options)
        if args and isinstance(args[0], Session):
            kept_lists.check(args[0])
        return done

    return run
