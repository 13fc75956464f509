"""What every test may ask for: a fresh migrated database of its own, and a clock put right afterwards."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask, Response
from sqlalchemy.orm import Session

from oval_aup import evidence, schema
from oval_aup.accounts import passwords
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.jobs.bells import CARRIER
from tests import kept_lists
from tests.web import world as worlds
from tests.web.world import World

MEMORY_DISK = Path("/dev/shm")
BROWSED_WITHOUT = pytest.StashKey[bool]()
"""Set by browser tests that had to go without the real htmx and signature_pad, so that the summary can say it."""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of several hands its remark to the one that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["browsed_without"] = session.config.stash.get(BROWSED_WITHOUT, False)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the remark of a process that has ended."""
    if getattr(node, "workeroutput", {}).get("browsed_without"):
        node.config.stash[BROWSED_WITHOUT] = True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was not tested with the real thing."""
    if config.stash.get(BROWSED_WITHOUT, False):
        terminalreporter.write_line(
            "Browser tests drew with a stand-in for signature_pad and went without htmx:"
            " make test did not reach the npm registry."
        )


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database brought up by the real migrations, once per test process."""
    path = tmp_path_factory.mktemp("schema") / "oval.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.dispose()
    return path


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Path]:
    """An instance folder of the test's own, on a memory disk where there is one."""
    if not os.access(MEMORY_DISK, os.W_OK):
        yield tmp_path
        return
    folder = MEMORY_DISK / f"oval-{os.getpid()}-{tmp_path.name}"
    folder.mkdir()
    yield folder
    for thread in threading.enumerate():  # a bell that is being passed on writes into the folder
        if thread.name == CARRIER:
            thread.join()
    shutil.rmtree(folder)


@pytest.fixture
def database(instance: Path, migrated_file: Path) -> Iterator[Database]:
    """A fresh database file: real commits, real locking."""
    path = instance / "oval.db"
    shutil.copy(migrated_file, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


def raise_faults(app: Flask) -> None:
    """Let a fault inside a page fail the test, until it sets ``app.testing = False`` to see what a person would see."""
    shown = app.error_handler_spec[None][None][Exception]

    def fault(error: Exception) -> Response:
        if app.testing:
            raise error
        return cast(Response, shown(error))

    app.register_error_handler(Exception, fault)
    app.testing = True


def put_in_place(file: Path, database: Database) -> None:
    """Give a test a database that was filled once for many; its own must not have been written to."""
    with database.reading() as db:
        assert evidence.head(db).size == 0
    database.dispose()
    shutil.copy(file, str(database.url.database))


@pytest.fixture(scope="session")
def built_world(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> tuple[Path, World]:
    """The base world of the web tests in a file, made once per test process: a minute before its tests begin."""
    path = tmp_path_factory.mktemp("world") / "oval.db"
    shutil.copy(migrated_file, path)
    database = Database(f"sqlite:///{path}")
    clock.travel_to(clock.at_london(worlds.TODAY, 9, 59))
    built = worlds.build(database)
    clock.travel_to(None)
    database.dispose()
    return path, built


@pytest.fixture
def world(database: Database, built_world: tuple[Path, World]) -> World:
    """The base world on an autumn morning of the school year."""
    file, built = built_world
    put_in_place(file, database)
    clock.travel_to(clock.at_london(worlds.TODAY, 10))
    return replace(built, database=database)


@pytest.fixture(autouse=True)
def _clock_put_right() -> Iterator[None]:
    yield
    clock.travel_to(None)


@pytest.fixture(scope="session", autouse=True)
def _passwords_hash_quickly() -> Iterator[None]:
    """The real cost would make the suite slow and prove nothing more."""
    real = passwords.HASHER
    passwords.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    passwords.HASHER = real


@pytest.fixture(scope="session", autouse=True)
def _lists_are_kept() -> Iterator[None]:
    """No unit of work of any test leaves a change of the school's lists without its state, however it was made."""
    sa.event.listen(Session, "before_commit", kept_lists.check)
    yield
    sa.event.remove(Session, "before_commit", kept_lists.check)
