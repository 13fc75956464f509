"""How the database is opened, how a unit of work begins and ends, and the column types all rooms share."""

from __future__ import annotations

import datetime as dt
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import QueuePool

from oval_aup.core.errors import DatabaseBusy

try:  # a wheel with a recent SQLite; without it the system's library serves in a slower, equally safe mode
    import pysqlite3.dbapi2 as sqlite_driver
except ImportError:  # pragma: no cover - depends on the machine
    import sqlite3 as sqlite_driver

WAL_SAFE_FROM = (3, 51, 3)
"""From this SQLite on, WAL with synchronous=FULL loses nothing; older ones carry the WAL-reset corruption bug."""


PATIENCE = 15.0
"""Seconds that a unit of work waits for its turn to write, unless it says otherwise."""
READERS_WAIT = 5.0
SHORT_WAIT = 0.5
LONG_WAITERS = 4
"""How many threads of a process may wait longer than ``SHORT_WAIT`` for their turn; the others give up then.

Otherwise, while another process holds the database, posts would soon occupy every thread and nobody could read."""

NEXT_BEGIN = "oval_next_begin"
"""With a connection: whether its next transaction writes, and how many milliseconds it waits for others."""

SQLITE_VERSION: tuple[int, ...] = sqlite_driver.sqlite_version_info
"""Of the library in use: the wheel's, or the system's."""

Row = TypeVar("Row")

__all__ = [
    "SQLITE_VERSION",
    "WAL_SAFE_FROM",
    "Base",
    "Database",
    "Session",
    "UtcDateTime",
    "analyze_tables",
    "columns_of",
    "fetch",
    "insert_once",
    "new_pseudonym",
    "new_public_id",
    "public_id_column",
    "read_view",
    "row_as",
    "rows_as",
    "rows_changed",
    "table_of",
]


class Base(DeclarativeBase):
    """The one declarative base; constraint names are fixed so that migrations can name them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def rows_changed(result: sa.Result[Any]) -> int:
    """How many rows an INSERT, UPDATE or DELETE met."""
    return cast("sa.CursorResult[Any]", result).rowcount


def table_of(model: type[Base]) -> sa.Table:
    """The table of a model, for statements that are written once and run many times."""
    return cast(sa.Table, model.__table__)


def columns_of(kind: type[Any], table: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """The columns of a table that are named like the fields of a dataclass, in the order of the fields."""
    return [table.c[field.name] for field in fields(kind) if field.name in table.c]


def rows_as(kind: Callable[..., Row], result: sa.Result[*tuple[Any, ...]]) -> list[Row]:
    """Each row as an object of a dataclass whose fields are named like the columns, in whatever order.

    Raises KeyError for a column that is no field; TypeError where a field without a default has no column.
    """
    names, keys = _field_names(kind), tuple(result.keys())
    if keys == names[: len(keys)]:
        return [kind(*row) for row in result]
    if unknown := set(keys) - set(names):
        raise KeyError(f"{kind} has no field for {sorted(unknown)}")
    return [kind(**dict(zip(keys, row, strict=True))) for row in result]


def row_as(kind: Callable[..., Row], result: sa.Result[*tuple[Any, ...]]) -> Row | None:
    """``rows_as`` of the first row, or None."""
    rows = rows_as(kind, result)
    return rows[0] if rows else None


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def read_view(model: type[Base], *columns: str) -> sa.TableClause:
    """The columns of a table that other rooms may read in statements of their own, declared by the room it belongs to.

    Raises KeyError for a column that the table does not have.
    """
    table = table_of(model)
    return sa.table(table.name, *(sa.column(name, table.c[name].type) for name in columns))


class UtcDateTime(sa.TypeDecorator[dt.datetime]):
    """An aware UTC instant; stored as naive UTC where the engine has no time zones."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        value = value.astimezone(dt.UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, _dialect: sa.Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def new_public_id() -> str:
    """A random id fit for a URL; it identifies and never authorises."""
    return str(uuid.uuid4())


def new_pseudonym() -> str:
    """128 random bits that stand for a person in the ledger."""
    return secrets.token_hex(16)


def fetch(db: Session, statement: sa.Executable, **values: object) -> sa.CursorResult[*tuple[Any, ...]]:
    """Execute a statement of plain columns; cheaper than ``db.execute`` where it is written with mapped classes.

    The session's machinery for loading mapped objects costs more than most answers, and plain columns need none of it.
    Like ``db.execute`` it first writes down what the session still holds back.
    """
    if db.autoflush:
        db.flush()
    connection = db.direct() if isinstance(db, UnitOfWork) else db.connection()
    return connection.execute(statement, values)


def insert_once(table: sa.Table, key: str) -> sa.TextClause:
    """An insert of every column but ``id`` that lets a row with the same unique ``key`` be; its rowcount tells which.

    Both engines understand it, and unlike a refused insert it leaves the transaction whole without a savepoint.
    """
    columns = [column for column in table.columns if column.name != "id"]
    names, places = ", ".join(c.name for c in columns), ", ".join(f":{c.name}" for c in columns)
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({places}) ON CONFLICT ({key}) DO NOTHING"  # noqa: S608
    typed = [sa.bindparam(column.name, type_=column.type) for column in columns]
    return sa.text(statement).bindparams(*typed).execution_options(preserve_rowcount=True)


def analyze_tables(db: Session) -> None:
    """Tell the query planner how large tables have become; call it after many rows came or went at once.

    Without it a school of 70,000 children had each piece of a list read from the wrong end, 600 times slower.
    """
    if db.get_bind().dialect.name == "sqlite":
        # Whole tables, not samples: a sample takes an index over a column that is nearly always empty for a good one.
        db.execute(sa.text("PRAGMA analysis_limit=0"))
    db.execute(sa.text("ANALYZE"))


def public_id_column() -> Mapped[str]:
    """The id that appears in addresses."""
    return mapped_column(sa.String(36), unique=True, default=new_public_id)


class UnitOfWork(Session):
    """A session that sends statements of plain columns straight to its one connection.

    Its machinery for loading mapped objects costs more than most answers, and plain columns need none of it.
    """

    _direct: Connection | None = None

    def execute(self, statement: sa.Executable, params: Any = None, **more: Any) -> sa.Result[Any]:
        """Like ``Session.execute``."""
        if more or statement._propagate_attrs:
            return super().execute(statement, params, **more)
        return self.direct().execute(statement, params)

    def direct(self) -> Connection:
        """The connection of the transaction in hand."""
        if self.in_nested_transaction():  # whose savepoint is not set before the session takes the connection
            return self.connection()
        held = self._direct
        if held is None or held.closed or not held.in_transaction():
            held = self._direct = self.connection()
        return held


class Database:
    """One database and its two kinds of unit of work.

    ``reading()`` sees one snapshot and cannot write. ``writing()`` holds the only write transaction
    (``BEGIN IMMEDIATE`` on SQLite, preceded by an in-process lock because SQLite's own busy wait is
    unfair and slow) and commits on leaving, or rolls back if anything is raised. Either raises DatabaseBusy where
    others hold the database for too long.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.on_commit: Callable[[Mapping[Any, Any]], None] | None = None
        """Hears, after each commit, what the unit of work left in its session's ``info``."""
        self._write_lock = threading.RLock()
        self._long_waiters = threading.BoundedSemaphore(LONG_WAITERS)
        self.engine = self._sqlite_engine() if self.is_sqlite else self._server_engine()

    def _server_engine(self) -> Engine:
        engine = sa.create_engine(self.url, pool_pre_ping=True, hide_parameters=True)
        event.listen(engine, "handle_error", _say_busy)
        return engine

    def _sqlite_engine(self) -> Engine:
        engine = sa.create_engine(
            self.url,
            module=sqlite_driver,
            poolclass=QueuePool,
            hide_parameters=True,  # a fault is logged with its statement, never with somebody's name
            pool_size=12,
            max_overflow=20,
            pool_use_lifo=True,  # the connection used last has the freshest page cache
            connect_args={"check_same_thread": False, "timeout": READERS_WAIT},
        )
        event.listen(engine, "handle_error", _say_busy)
        event.listen(engine, "connect", _prepare_sqlite)
        # No listener to "begin": one of those makes every statement look for more of them.
        dialect: Any = engine.dialect
        dialect.do_begin = _begin_sqlite
        return engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; anything pending is thrown away."""
        with self._connection(writes=False, wait_ms=int(1000 * READERS_WAIT)) as connection:
            session = UnitOfWork(connection, expire_on_commit=False, autoflush=False)
            try:
                if not self.is_sqlite:
                    connection.execute(sa.text("SET TRANSACTION READ ONLY"))
                yield session
            finally:
                session.rollback()
                session.close()

    @contextmanager
    def writing(self, *, patience: float = PATIENCE) -> Iterator[Session]:
        """A session in the write transaction; commits unless something is raised.

        ``patience`` is how many seconds it waits for its turn, in this process and among processes together.
        """
        until = time.monotonic() + patience
        with self._turn(patience):
            wait_ms = max(0, int(1000 * (until - time.monotonic())))
            with self._connection(writes=True, wait_ms=wait_ms) as connection:
                session = UnitOfWork(connection, expire_on_commit=False)
                try:
                    session.direct()
                    if not self.is_sqlite:
                        connection.execute(sa.text(f"SET LOCAL lock_timeout = {max(1, wait_ms)}"))
                    yield session
                    session.commit()
                    if self.on_commit is not None:
                        self.on_commit(session.info)
                except BaseException:
                    session.rollback()
                    raise
                finally:
                    session.close()

    @contextmanager
    def _connection(self, *, writes: bool, wait_ms: int) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            connection.info[NEXT_BEGIN] = writes, wait_ms
            try:
                yield connection
            finally:
                connection.info.pop(NEXT_BEGIN, None)

    @contextmanager
    def _turn(self, patience: float) -> Iterator[None]:
        """This process's turn to write."""
        short = min(SHORT_WAIT, patience)
        if not self._write_lock.acquire(timeout=short):
            if patience <= short or not self._long_waiters.acquire(blocking=False):
                raise DatabaseBusy
            try:
                if not self._write_lock.acquire(timeout=patience - short):
                    raise DatabaseBusy
            finally:
                self._long_waiters.release()
        try:
            yield
        finally:
            self._write_lock.release()

    def scrub(self) -> bool:
        """Rewrite the files so that nothing deleted is left in them; False when a long reader kept the log from going.

        Zeroing what is deleted (``secure_delete``) is not enough: a page that was split keeps a copy of what moved,
        the planner's statistics hold samples of indexed columns, and the write-ahead log holds older pages.
        """
        if not self.is_sqlite:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text("VACUUM (FULL, ANALYZE)"))
            return True
        with self._write_lock:
            raw = self.engine.raw_connection()
            try:
                raw.info.pop("oval_writes", None)
                driver: Any = raw.driver_connection
                driver.execute("PRAGMA query_only=OFF")
                for (table,) in driver.execute(
                    "SELECT name FROM sqlite_master WHERE name IN ('sqlite_stat1', 'sqlite_stat4')"
                ).fetchall():
                    driver.execute(f"DELETE FROM {table}")  # noqa: S608 - one of the two names above
                driver.execute("PRAGMA analysis_limit=0")
                driver.execute("ANALYZE")
                driver.execute("VACUUM")
                return bool(driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
            finally:
                raw.close()

    def dispose(self) -> None:
        """Close every connection, for a clean stop or before a fork."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves; the driver's own rule opens too late
    cursor = connection.cursor()
    wal = SQLITE_VERSION >= WAL_SAFE_FROM
    for pragma in (
        f"journal_mode={'WAL' if wal else 'TRUNCATE'}",
        f"synchronous={'FULL' if wal else 'EXTRA'}",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    """Begin a transaction as the unit of work that took the connection said; any other begins to write."""
    driver, info = connection.driver_connection, connection.info
    writes, wait_ms = info.pop(NEXT_BEGIN, (True, int(1000 * READERS_WAIT)))
    # Straight to the driver: these run before every unit of work, and going through the layers costs ten times as much.
    if info.get("oval_writes") is not writes:
        driver.execute(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
        info["oval_writes"] = writes
    if info.get("oval_wait_ms") != wait_ms:
        driver.execute(f"PRAGMA busy_timeout={wait_ms}")
        info["oval_wait_ms"] = wait_ms
    try:
        driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    except sqlite_driver.OperationalError as error:
        if "locked" in str(error):
            raise DatabaseBusy from error
        raise


def _say_busy(context: ExceptionContext) -> None:
    """Turn the engines' own ways to say that others hold a lock into ours."""
    said = context.original_exception
    locked = isinstance(said, sqlite_driver.OperationalError) and "locked" in str(said)
    if locked or getattr(said, "sqlstate", "") == "55P03":
        raise DatabaseBusy from said
