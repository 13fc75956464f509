"""How a database is copied while it is in use, opened again beside it, and put in its place: SQLite and PostgreSQL."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from oval_aup import evidence
from oval_aup.backups.archive import BackupFailed, make_durable, settle
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.i18n import _

SQLITE_FILES = ("", "-wal", "-shm", "-journal")
"""What lies beside a database file while it is open, or after a crash."""

SCRATCH = "_scratch_"


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """What a copy holds: the head of its ledger and the revision of its schema."""

    head: evidence.Head
    revision: str


class Store(Protocol):
    """One kind of database; ``kind`` and ``member`` are its names in manifests and in backup files."""

    kind: str
    member: str

    def workplace(self, instance: Path) -> Path:
        """The folder in which copies are worked on, from where they can be moved into place in one step."""

    def copy(self, into: Path) -> DatabaseCopy:
        """Write a consistent copy while others go on reading and writing."""

    @contextmanager
    def opened(self, copy: Path) -> Iterator[Database]:
        """The copy as a database of its own, gone afterwards unless it was put in place; raises BackupFailed."""

    def check(self, database: Database) -> None:
        """Have the engine read the whole copy back; raises BackupFailed."""

    def is_filled(self) -> bool:
        """Whether there is something already where the database belongs, readable or not."""

    def put_in_place(self, opened: Database, stamp: str) -> str:
        """Move an opened copy to where the database belongs and say where the old one is now, if there was one."""

    def sweep(self) -> None:
        """Remove what an earlier run that was killed left behind."""


def store(database: Database) -> Store:
    """The way this database is copied."""
    return _Sqlite(database) if database.is_sqlite else _Postgresql(database)


def _taken(db: Session) -> DatabaseCopy:
    return DatabaseCopy(evidence.head(db), str(db.scalar(sa.text("SELECT version_num FROM alembic_version"))))


class _Sqlite:
    kind = "sqlite"
    member = "database.sqlite"

    def __init__(self, database: Database) -> None:
        self.database = database
        self.file = Path(str(database.url.database))
        self._driver_fault: type[Exception] = database.engine.dialect.loaded_dbapi.Error

    def workplace(self, _instance: Path) -> Path:
        return self.file.parent

    def copy(self, into: Path) -> DatabaseCopy:
        with _passing(f"sqlite:///{into}") as target:
            with closing(self.database.engine.raw_connection()) as ours, closing(target.engine.raw_connection()) as its:
                driver: Any = ours.driver_connection
                try:
                    # All pages in one step: a backup in several starts over at each commit of somebody else.
                    driver.backup(its.driver_connection)
                except self._driver_fault as error:
                    raise BackupFailed(
                        _("The database cannot be copied (%(fault)s).", fault=_first_line(str(error)))
                    ) from error
            with target.reading() as db:
                return _taken(db)

    @contextmanager
    def opened(self, copy: Path) -> Iterator[Database]:
        with _passing(f"sqlite:///{copy}") as database:
            yield database

    def check(self, database: Database) -> None:
        try:
            with database.reading() as db:
                found = list(db.scalars(sa.text("PRAGMA integrity_check(3)")))
                strays = db.execute(sa.text("PRAGMA foreign_key_check")).first()
        except sa.exc.DBAPIError as error:
            found, strays = [_first_line(str(error.orig))], None
        if found != ["ok"] or strays is not None:
            fault = _first_line(found[0]) if found != ["ok"] else _("a row refers to one that is missing")
            raise BackupFailed(_("The copied database is damaged: %(fault)s.", fault=fault))

    def is_filled(self) -> bool:
        try:
            if not self.file.stat().st_size:
                return False
            with _passing(f"sqlite:///{self.file}") as database, database.engine.connect() as connection:
                return bool(sa.inspect(connection).get_table_names())
        except FileNotFoundError:
            return False
        except (sa.exc.DBAPIError, self._driver_fault):
            return True

    def put_in_place(self, opened: Database, stamp: str) -> str:
        new = Path(str(opened.url.database))
        opened.dispose()
        self.database.dispose()
        self._refuse_in_use()
        with new.open("rb") as file:
            make_durable(file.fileno())
        aside = self.file.with_name(f"{self.file.stem}-before-{stamp}{self.file.suffix}")
        moved = False
        for ending in SQLITE_FILES:
            old = Path(f"{self.file}{ending}")
            if old.exists():
                old.replace(f"{aside}{ending}")
                moved = True
        new.chmod(0o600)
        new.replace(self.file)
        settle(self.file.parent)
        return str(aside) if moved else ""

    def sweep(self) -> None:
        """Nothing: its copies lie in the working folder."""

    def _refuse_in_use(self) -> None:
        """Leaving WAL needs the file for oneself; it also gathers everything into one file."""
        if not self.file.exists() or not self.file.stat().st_size:
            return
        try:
            with (
                _passing(f"sqlite:///{self.file}") as database,
                closing(database.engine.raw_connection()) as connection,
            ):
                cursor = connection.cursor()
                cursor.execute("PRAGMA busy_timeout=0")
                cursor.execute("PRAGMA journal_mode=DELETE")
                cursor.close()
        except (sa.exc.DBAPIError, self._driver_fault) as error:
            if "locked" in str(error):
                raise BackupFailed(_in_use()) from error
            # Anything else: it is damaged, or no database; that is why somebody restores.


class _Postgresql:
    kind = "postgresql"
    member = "database.pgdump"

    def __init__(self, database: Database) -> None:
        self.database = database
        self.name = str(database.url.database)

    def workplace(self, instance: Path) -> Path:
        return instance

    def copy(self, into: Path) -> DatabaseCopy:
        with self.database.engine.connect() as connection:
            frozen = connection.execution_options(isolation_level="REPEATABLE READ")
            snapshot = frozen.scalar(sa.text("SELECT pg_export_snapshot()"))
            with Session(frozen) as db:
                taken = _taken(db)
            self._run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={into}", database=self.name)
        return taken

    @contextmanager
    def opened(self, copy: Path) -> Iterator[Database]:
        scratch = f"{self.name[:40]}{SCRATCH}{secrets.token_hex(4)}"
        with self._service() as server:
            self._make(server, scratch)
            database = Database(self._address(scratch))
            try:
                self._run("pg_restore", "--exit-on-error", f"--dbname={scratch}", str(copy), database=scratch)
                yield database
            finally:
                database.dispose()
                self._drop(server, scratch)

    def check(self, database: Database) -> None:
        """Nothing more: ``pg_restore`` has read every row and built every index and key anew."""

    def is_filled(self) -> bool:
        if not self._exists():
            return False
        with self.database.engine.connect() as connection:
            return bool(sa.inspect(connection).get_table_names())

    def put_in_place(self, opened: Database, stamp: str) -> str:
        new, aside = str(opened.url.database), f"{self.name[:40]}_before_{stamp.lower()}"
        opened.dispose()
        self.database.dispose()
        there = self._exists()
        with self._service() as server:
            moves = [(self.name, aside)] if there else []
            try:
                server.execute(sa.text("BEGIN"))
                for old, now in [*moves, (new, self.name)]:
                    server.execute(sa.text(f"ALTER DATABASE {_quoted(old)} RENAME TO {_quoted(now)}"))
                server.execute(sa.text("COMMIT"))
            except sa.exc.DBAPIError as error:
                server.execute(sa.text("ROLLBACK"))
                busy = getattr(error.orig, "sqlstate", "") == "55006"
                raise BackupFailed(_in_use() if busy else self._sentence(str(error.orig))) from error
        return aside if there else ""

    def sweep(self) -> None:
        with self._service() as server:
            names = server.scalars(sa.text("SELECT datname FROM pg_database")).all()
            for name in names:
                if name.startswith(f"{self.name[:40]}{SCRATCH}"):
                    self._drop(server, name)

    def _exists(self) -> bool:
        with self._service() as server:
            found = server.scalar(sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": self.name})
            return found is not None

    def _make(self, server: sa.Connection, name: str) -> None:
        try:
            server.execute(sa.text(f"CREATE DATABASE {_quoted(name)} TEMPLATE template0 ENCODING 'UTF8'"))
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") == "42501":
                raise BackupFailed(
                    _("Testing a backup needs a database beside the live one: grant this role CREATEDB.")
                ) from error
            raise BackupFailed(self._sentence(str(error.orig))) from error

    def _drop(self, server: sa.Connection, name: str) -> None:
        server.execute(sa.text(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)"))

    @contextmanager
    def _service(self) -> Iterator[sa.Connection]:
        """A connection outside any of our databases, each statement by itself."""
        engine: Engine = sa.create_engine(
            self.database.url.set(database="postgres"), isolation_level="AUTOCOMMIT", hide_parameters=True
        )
        try:
            with engine.connect() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise BackupFailed(self._sentence(str(error.orig))) from error
        finally:
            engine.dispose()

    def _address(self, name: str) -> str:
        return self.database.url.set(database=name).render_as_string(hide_password=False)

    def _run(self, tool: str, *words: str, database: str) -> None:
        """Run a tool of PostgreSQL; the password goes by the environment, where other users cannot read it."""
        found = shutil.which(tool)
        if found is None:
            raise BackupFailed(
                _("%(tool)s is not installed: install PostgreSQL’s client tools of the server’s version.", tool=tool)
            )
        url = self.database.url
        facts = {"host": url.host, "port": url.port, "user": url.username, "password": url.password, **url.query}
        environment = {f"PG{name.upper()}": str(fact) for name, fact in facts.items() if fact}
        outcome = subprocess.run(  # noqa: S603 - PostgreSQL's own tools with words of ours
            [found, "--no-owner", "--no-privileges", "--no-password", *words],
            env={**os.environ, **environment, "PGDATABASE": database, "LC_ALL": "C"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
        if outcome.returncode:
            raise BackupFailed(self._sentence(outcome.stderr))

    def _sentence(self, said: str) -> str:
        return _("PostgreSQL refuses: %(fault)s.", fault=_first_line(said))


def stamp() -> str:
    """The present moment in UTC as it stands in file names."""
    return f"{clock.now():%Y%m%dT%H%M%SZ}"


@contextmanager
def _passing(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


def _first_line(said: str) -> str:
    """Without what follows, where an engine repeats the row that it stumbled over."""
    return (said.strip().splitlines() or [""])[0][:200].rstrip(".")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _in_use() -> str:
    return _("The database is in use: stop the web server and the worker first.")
