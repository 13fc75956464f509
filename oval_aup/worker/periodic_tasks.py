"""What the worker does again and again, and when each is due next."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import backups, campaigns, documents, evidence, jobs, notifications, packs, retention
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import analyze_tables
from oval_aup.core.errors import NotFound
from oval_aup.monitoring import document_watch, ledger_audit
from oval_aup.packs import writer
from oval_aup.worker.context import WorkerContext

State = dict[str, Any]
Do = Callable[[WorkerContext, State], State | None]
"""Does it once, given what it remembered; returns what it is to remember, where that has changed."""

log = logging.getLogger("oval_aup.worker")


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do again and again."""

    do: Do
    next_due: Callable[[WorkerContext, dt.datetime], dt.datetime]
    """When it can be due again, given when it was last done."""


def every(**delta: int) -> Callable[[WorkerContext, dt.datetime], dt.datetime]:
    """As often as this."""
    return lambda _context, now: now + dt.timedelta(**delta)


def tasks_of(context: WorkerContext) -> dict[str, jobs.Run]:
    """Every task by its name, ready to run."""

    def ready(task: Task) -> jobs.Run:
        def run(state: State) -> jobs.TaskOutcome:
            after = task.do(context, state)
            return jobs.TaskOutcome(task.next_due(context, clock.now()), state if after is None else after)

        return run

    return {name: ready(task) for name, task in TASKS.items()}


def do_all(context: WorkerContext) -> None:
    """Do every task once, due or not."""
    tasks = tasks_of(context)
    with context.database.writing() as db:
        jobs.prepare_tasks(db, tuple(tasks))
    for _number in range(len(tasks)):
        jobs.run_due_task(context.database, tasks)


def _release(context: WorkerContext, _state: State) -> None:
    """Send messages on whose document was ready before they began to wait for it."""
    with context.database.reading() as db:
        ready = [one for one in notifications.awaited_documents(db) if _is_ready(db, one)]
    if ready:
        with context.database.writing() as db:
            for public_id in ready:
                notifications.release(db, public_id)


def _ask_joiners(context: WorkerContext, _state: State) -> None:
    with context.database.writing() as db:
        campaigns.ask_joiners(db, school=context.settings.school, actor=SYSTEM)


def _remind(context: WorkerContext, _state: State) -> None:
    """Take the reminders that fall due, while letters may leave: not at night or in the holidays."""
    school = context.settings.school
    if campaigns.next_sending_time(school) > clock.now():
        return
    today = clock.today()
    with context.database.reading() as db:  # looking first keeps the write lock free on most days
        if not campaigns.remind(db, on=today, dry_run=True, school=school, actor=SYSTEM):
            return
    with context.database.writing() as db:
        taken = campaigns.remind(db, on=today, school=school, actor=SYSTEM)
    log.info("%s reminders queued", len(taken))


def _reminders_due(context: WorkerContext, now: dt.datetime) -> dt.datetime:
    """Within the hours of school days, once an hour: somebody may have got an address, or another date, meanwhile."""
    return campaigns.next_sending_time(context.settings.school, after=now + dt.timedelta(hours=1))


def _follow_choices(context: WorkerContext, state: State) -> State | None:
    """Tell teachers of permissions that changed among those who have chosen since the ledger entry remembered."""
    return _follow(context, since=int(state.get("entry", 0)))


def _follow_everybody(context: WorkerContext, _state: State) -> State | None:
    """Tell teachers of permissions that changed for any other reason, such as a day that came."""
    return _follow(context, since=None)


def _follow(context: WorkerContext, *, since: int | None) -> State | None:
    school = context.settings.school
    with context.database.reading() as db:
        size = evidence.head(db).size
        if since == size:
            return None
        needed = campaigns.follow_permissions(db, since_entry=since, school=school, dry_run=True)
    if needed:
        with context.database.writing() as db:
            size = evidence.head(db).size
            campaigns.follow_permissions(db, since_entry=since, school=school)
    return {"entry": size}


def _erase(context: WorkerContext, _state: State) -> None:
    """Carry out what somebody has decided to destroy, and clean the disk after it."""
    done = retention.carry_out(context.database, context.settings.shared)
    if done:
        log.info("%s decisions to destroy carried out", done)


def _audit(context: WorkerContext, _state: State) -> None:
    """Read the whole ledger back once a day, and send its head to the witnesses on school days."""
    ledger_audit.keep_watch(context.settings, context.database, context.seals)


def _back_up(context: WorkerContext, _state: State) -> None:
    """Make the night's backup; one that fails is shown on the office's first page until one is good."""
    try:
        backups.back_up_if_due(context.settings, context.database)
    except backups.BackupFailed as error:
        log.info("no backup: %s", error)


def _watch_documents(context: WorkerContext, _state: State) -> None:
    document_watch.watch_documents(context.settings, context.database)
    document_watch.watch_certificate(context.settings, context.database)


def _sweep_packs(context: WorkerContext, _state: State) -> None:
    settings = context.settings
    writer.sweep(settings.shared, context.database, keep_days=settings.pack_days)
    with context.database.reading() as db:
        untold = packs.untold_packs(db)
    if untold:
        with context.database.writing() as db:
            campaigns.tell_of_erased_packs(db, school=settings.school)


def _index_ledger(context: WorkerContext, _state: State) -> None:
    """File new entries under everybody whom they name, so that a record finds them at once."""
    while evidence.index_new_entries(context.database):
        pass


def _analyze(context: WorkerContext, _state: State) -> None:
    """Tell the database how large its tables have become."""
    with context.database.writing() as db:
        analyze_tables(db)


def _is_ready(db: Session, public_id: str) -> bool:
    try:
        return documents.document(db, public_id).is_ready
    except NotFound:
        return False


TASKS: dict[str, Task] = {
    "release-messages": Task(_release, every(minutes=1)),
    "ask-joiners": Task(_ask_joiners, every(minutes=10)),
    "remind": Task(_remind, _reminders_due),
    "follow-choices": Task(_follow_choices, every(minutes=1)),
    "follow-everybody": Task(_follow_everybody, every(hours=1)),
    "erase": Task(_erase, every(minutes=1)),
    "audit-ledger": Task(_audit, every(minutes=1)),
    "back-up": Task(_back_up, every(minutes=1)),
    "watch-documents": Task(_watch_documents, every(minutes=1)),
    "sweep-packs": Task(_sweep_packs, every(minutes=1)),
    "index-ledger": Task(_index_ledger, every(minutes=1)),
    "analyze-tables": Task(_analyze, every(days=1)),
}
"""In the order in which a new worker does them."""
