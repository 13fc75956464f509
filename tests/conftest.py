"""What every test may ask for: a fresh migrated database of its own, and a clock put right afterwards."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import schema
from oval_aup.core import clock
from oval_aup.core.db import Database
from tests import kept_lists

MEMORY_DISK = Path("/dev/shm")


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
    shutil.rmtree(folder)


@pytest.fixture
def database(instance: Path, migrated_file: Path) -> Iterator[Database]:
    """A fresh database file: real commits, real locking."""
    path = instance / "oval.db"
    shutil.copy(migrated_file, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture(autouse=True)
def _clock_put_right() -> Iterator[None]:
    yield
    clock.pretend(None)


@pytest.fixture(scope="session", autouse=True)
def _lists_are_kept() -> Iterator[None]:
    """No unit of work of any test leaves a change of the school's lists without its state, however it was made."""
    sa.event.listen(Session, "before_commit", kept_lists.check)
    yield
    sa.event.remove(Session, "before_commit", kept_lists.check)
