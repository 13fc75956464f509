"""Wakes workers: a bell is rung when a unit of work that left them something to do has been committed.

The tables stay the truth. A bell says only which kind of work there is, so nothing is lost with one, and a worker looks
at all tables once a minute in any case.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from huey.serializer import SignedSerializer
from sqlalchemy.orm import Session

from oval_aup.core.db import Database

DOCUMENTS, MESSAGES, PACKS, TASKS = "documents", "messages", "packs", "tasks"
IN_ADVANCE = "in-advance"
"""Documents that nobody waits for: no bell is rung for them, the sweep finds them."""
SWEEP_SECONDS = 60
"""A worker looks at the tables that often, rung or not."""
MOST_AT_ONCE = 4
"""Bells of one kind that one unit of work is worth: as many workers as could share what it left."""
LONGEST_POLL = 1.0
LOCKED_SECONDS = 30
"""How long the file of the embedded broker may be held by others."""
GATHER_SECONDS = 0.05
"""How long bells are gathered before they are passed on."""
CARRIER = "doorbell"
"""The name of the threads that pass bells on; a process that ends waits for them."""

log = logging.getLogger("oval_aup.worker")


def ring(db: Session, bell: str, *, after: dt.timedelta = dt.timedelta()) -> None:
    """Have a worker woken for this kind of work once this unit of work is committed, at once or after a while."""
    if after.total_seconds() < SWEEP_SECONDS:
        rung = db.info.setdefault("bells", [])
        rung.append((bell, max(0.0, after.total_seconds())))


class Doorbell:
    """Carries bells from whoever commits to whatever worker is free, through a broker."""

    def __init__(self, url: str, folder: Path, *, secret: str) -> None:
        """``url`` is ``redis://…``, ``postgresql://…`` or empty for a file in ``folder``; ``secret`` signs bells."""
        self._url, self._folder, self._secret = url, folder, secret
        self._waiting: list[list[tuple[str, float]]] = []
        self._closing = threading.Event()
        """Set when nobody waits for more bells any longer."""
        self._lock = threading.Lock()
        self._carrier: threading.Thread | None = None
        self._opened: Any = None
        self._steps: dict[str, WorkStep] = {}

    def follow(self, database: Database) -> None:
        """Carry the bells of everything that is committed through this database."""
        database.on_commit = self._take

    def close(self) -> None:
        """Let what was rung be passed on, and close the connection to the broker."""
        self._closing.set()
        if (carrier := self._carrier) is not None:
            carrier.join()
        if self._opened is not None:
            self._close(self._opened)

    def _take(self, info: Mapping[Any, Any]) -> None:
        if rung := info.get("bells"):
            with self._lock:
                self._waiting.append(rung)
                if self._carrier is None:
                    self._carrier = threading.Thread(target=self._carry, name=CARRIER)
                    self._carrier.start()

    def _carry(self) -> None:
        """Pass on what was rung, in a thread of its own: a person never waits for the broker."""
        while True:
            self._closing.wait(GATHER_SECONDS)  # many commits at once are worth no more bells than one
            with self._lock:
                if not self._waiting:
                    self._carrier = None
                    return
                rung = [bell for bells in self._waiting for bell in bells]
                self._waiting.clear()
            try:
                broker = self._opened = self._opened or self._broker()
                for bell, after in _worthwhile(rung):
                    broker.enqueue(broker.wake.s(bell, delay=after) if after else broker.wake.s(bell))
            except Exception as error:  # the sweep finds what this bell was for
                log.warning("the broker cannot be reached, workers look by themselves: %s", type(error).__name__)
                self._opened = None

    def _broker(self) -> Any:
        parts: dict[str, Any] = {
            "name": "oval",
            "results": False,
            "utc": True,
            "serializer": SignedSerializer(secret=self._secret, salt="oval-bells"),
        }
        broker: Huey
        if self._url.startswith("redis"):
            broker = RedisHuey(url=self._url, **parts)
        elif self._url:
            broker = PostgresHuey(dsn=self._url, table_prefix="oval_broker", **parts)
        else:
            file = str(self._folder / "broker.db")
            broker = SqliteHuey(filename=file, journal_mode="truncate", fsync=False, timeout=LOCKED_SECONDS, **parts)
        broker.wake = broker.task(name="wake", expires=SWEEP_SECONDS)(self._wake)
        return broker

    def _close(self, broker: Any) -> None:
        with self._lock:  # several threads end at once, and the library closes what another has closed already
            broker.storage.close()

    def _wake(self, bell: str) -> None:
        if bell in self._steps:
            self._steps[bell].wake()

    def consumer(self, steps: Mapping[str, WorkStep]) -> Consumer:
        """What hears the bells and takes these steps in threads: start it, and stop it gracefully."""
        self._steps = dict(steps)
        broker = self._broker()

        def sweep() -> None:
            for name, step in self._steps.items():
                for _number in range(step.slots):
                    broker.enqueue(broker.wake.s(name))

        broker.periodic_task(crontab(), name="sweep")(sweep)
        broker.on_shutdown(name="close")(lambda: self._close(broker))  # each thread may have a connection of its own
        threads = sum(step.slots for step in steps.values())
        return _Quiet(broker, workers=threads, max_delay=LONGEST_POLL, worker_type="thread", periodic=True)


class WorkStep:
    """One kind of work: ``take`` does one piece of it and says whether there was any; ``slots`` at once at most."""

    def __init__(self, take: Callable[[], bool], *, slots: int = 1, stop: threading.Event) -> None:
        self.slots = slots
        self._take, self._stop = take, stop
        self._free = threading.Semaphore(slots)
        self._rung = threading.Event()

    def wake(self) -> None:
        """Do all there is; where enough are at it already, one of them looks once more before it ends."""
        self._rung.set()
        while self._rung.is_set() and self._free.acquire(blocking=False):
            try:
                self._rung.clear()
                while not self._stop.is_set() and self._take():
                    pass
            except Exception:
                log.exception("a step of the worker failed")
            finally:
                self._free.release()


class _Quiet(Consumer):  # type: ignore[misc]
    """A consumer that leaves the signals of the process to us, and leaves no connection open."""

    def _set_signal_handlers(self) -> None:
        pass

    def stop(self, graceful: bool = False) -> None:
        super().stop(graceful=graceful)
        self.huey.storage.close()


def _worthwhile(rung: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Of many bells of one kind as many as can be of use."""
    kept: list[tuple[str, float]] = []
    for bell in rung:
        if kept.count(bell) < MOST_AT_ONCE:
            kept.append(bell)
    return kept
