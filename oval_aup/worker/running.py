"""Keeps every step going side by side until the end is asked for."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

from oval_aup import evidence
from oval_aup.config import Settings
from oval_aup.core import logs
from oval_aup.core.db import Database
from oval_aup.packs import writer
from oval_aup.worker.context import WorkerContext, opened
from oval_aup.worker.mail import send, send_some
from oval_aup.worker.periodic_tasks import PeriodicTasks
from oval_aup.worker.rendering import hands, render_all, render_next

IDLE_SECONDS = 1.0
TASKS_EVERY = 60.0
SLOWEST = 600.0
"""Seconds between attempts while a step of our own stays broken."""

log = logging.getLogger("oval_aup.worker")


def run(
    settings: Settings, *, once: bool = False, stop: threading.Event | None = None, database: Database | None = None
) -> None:
    """Work until ``stop`` is set or the process is told to end; with ``once`` only until nothing is due.

    What is in hand when the end comes is finished first.
    """
    logs.install()
    stop = stop or threading.Event()
    _listen(stop)
    own = database or Database(settings.database_url)
    try:
        with own.writing() as db:
            evidence.note_worker(db)
        with opened(settings, own) as context:
            if once:
                _everything_once(context)
            else:
                _loops(context, stop)
    finally:
        if database is None:
            own.dispose()


def make_pack(
    settings: Settings, database: Database, public_id: str, tell: Callable[[evidence.PackRow], object]
) -> evidence.PackRow:
    """Make one pack here and now, beside whatever worker is running; ``tell`` hears each second how far it has come."""
    with opened(settings, database) as context, ThreadPoolExecutor(hands(context) + 1) as threads:
        stop = threading.Event()
        steps = [lambda: render_next(context)] * hands(context) + [lambda: writer.take_turn(context.packer)]
        going = [threads.submit(_repeat, "pack", step, IDLE_SECONDS, stop) for step in steps]
        try:
            while True:
                with database.reading() as db:
                    row = evidence.pack(db, public_id)
                tell(row)
                if not row.is_open:
                    return row
                stop.wait(IDLE_SECONDS)
        finally:
            stop.set()
            for one in going:
                one.result()


def _loops(context: WorkerContext, stop: threading.Event) -> None:
    steps: dict[str, tuple[Callable[[], bool], float]] = {
        **{f"render-{number}": (lambda: render_next(context), IDLE_SECONDS) for number in range(hands(context))},
        "pack": (lambda: writer.take_turn(context.packer), IDLE_SECONDS),
        "send": (lambda: send_some(context), IDLE_SECONDS),
        "periodic-tasks": (PeriodicTasks(context).take, TASKS_EVERY),
    }
    threads = [
        threading.Thread(target=_repeat, name=name, args=(name, step, pause, stop))
        for name, (step, pause) in steps.items()
    ]
    for thread in threads:
        thread.start()
    while not stop.wait(IDLE_SECONDS):  # waiting with an end lets the main thread hear signals
        pass
    for thread in threads:
        thread.join()


def _repeat(name: str, step: Callable[[], bool], pause: float, stop: threading.Event) -> None:
    """Take a step again and again: at once while there is work, after a pause otherwise, later and later on faults."""
    broken = 0
    while not stop.is_set():
        try:
            worked = step()
            broken = 0
        except Exception:
            broken += 1
            worked = False
            log.exception("step %s failed", name)
        if not worked:
            stop.wait(min(SLOWEST, pause * 2 ** min(broken, 20)))


def _everything_once(context: WorkerContext) -> None:
    PeriodicTasks(context).take()
    render_all(context)
    while writer.take_turn(context.packer):
        render_all(context)
    counts = send(context.settings, context.database, context.channel, limit=10_000, at_once=True)
    if counts.trouble:
        log.warning("mail cannot be sent: %s", counts.trouble)


def _listen(stop: threading.Event) -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
