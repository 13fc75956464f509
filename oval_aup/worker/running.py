"""Keeps every step going side by side until the end is asked for."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

from oval_aup import documents, jobs, packs
from oval_aup.config import Settings
from oval_aup.core import logs
from oval_aup.core.db import Database
from oval_aup.packs import writer
from oval_aup.worker.context import WorkerContext, opened
from oval_aup.worker.mail import send, send_some
from oval_aup.worker.periodic_tasks import do_all, tasks_of
from oval_aup.worker.rendering import hands, render_all, render_in_advance, render_next

IDLE_SECONDS = 1.0
CONSUMER_LOOKS_AFTER = 10.0
"""Seconds between looks at whether every thread of the consumer is still there."""

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
            documents.note_worker(db)
        with opened(settings, own) as context:
            if once:
                _everything_once(context)
            else:
                _consume(context, stop)
    finally:
        if database is None:
            own.dispose()


def make_pack(
    settings: Settings, database: Database, public_id: str, tell: Callable[[packs.PackRow], object]
) -> packs.PackRow:
    """Make one pack here and now, beside whatever worker is running; ``tell`` hears each second how far it has come."""
    stop = threading.Event()
    with opened(settings, database) as context, ThreadPoolExecutor(hands(context) + 1) as threads:
        steps = [lambda: render_next(context)] * hands(context) + [lambda: writer.make_next(context.packer)]
        going = [threads.submit(_repeat, step, stop) for step in steps]
        try:
            while True:
                with database.reading() as db:
                    row = packs.pack(db, public_id)
                tell(row)
                if not row.is_open:
                    return row
                stop.wait(IDLE_SECONDS)
        finally:
            stop.set()
            for one in going:
                one.result()


def _repeat(step: Callable[[], bool], stop: threading.Event) -> None:
    """Take a step again and again: at once while there is work, after a pause otherwise."""
    while not stop.is_set():
        try:
            worked = step()
        except Exception:
            log.exception("a step of making a pack failed")
            worked = False
        if not worked:
            stop.wait(IDLE_SECONDS)


def _consume(context: WorkerContext, stop: threading.Event) -> None:
    """Take every kind of work as bells and the minute's sweep call for it, until ``stop`` is set."""
    tasks = tasks_of(context)
    with context.database.writing() as db:
        jobs.prepare_tasks(db, tuple(tasks))
    steps = {
        jobs.DOCUMENTS: jobs.WorkStep(lambda: render_next(context), slots=hands(context), stop=stop),
        jobs.IN_ADVANCE: jobs.WorkStep(lambda: render_in_advance(context, rest=stop.wait), stop=stop),
        jobs.PACKS: jobs.WorkStep(lambda: writer.make_next(context.packer), stop=stop),
        jobs.MESSAGES: jobs.WorkStep(lambda: send_some(context), stop=stop),
        jobs.TASKS: jobs.WorkStep(lambda: jobs.run_due_task(context.database, tasks), stop=stop),
    }
    settings = context.settings
    doorbell = jobs.Doorbell(settings.broker_url, settings.instance, secret=settings.secret_key)
    doorbell.follow(context.database)
    consumer = doorbell.consumer(steps)
    consumer.start()
    while not stop.wait(CONSUMER_LOOKS_AFTER):  # waiting with an end lets the main thread hear signals
        consumer.check_worker_health()
    consumer.stop(graceful=True)


def _everything_once(context: WorkerContext) -> None:
    do_all(context)
    render_all(context)
    while writer.make_next(context.packer) or render_next(context, in_advance=True):
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
