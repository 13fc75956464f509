"""What is looked after every minute."""

from __future__ import annotations

import datetime as dt
import logging

from sqlalchemy.orm import Session

from oval_aup import backups, campaigns, evidence, notifications, retention
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import analyze_tables
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.monitoring import document_watch, ledger_audit
from oval_aup.packs import writer
from oval_aup.worker.context import WorkerContext

JOINERS_EVERY = dt.timedelta(minutes=10)
REMINDERS_EVERY = dt.timedelta(minutes=10)
EVERYBODY_EVERY = dt.timedelta(hours=1)

log = logging.getLogger("oval_aup.worker")


class PeriodicTasks:
    """What is looked after every minute: each task by itself, so that one that fails does not hold up the others."""

    def __init__(self, context: WorkerContext) -> None:
        self.context = context
        self._joiners_at: dt.datetime | None = None
        self._reminded_at: dt.datetime | None = None
        self._weighed_on: dt.date | None = None
        self._followed: tuple[dt.datetime, int] | None = None
        """When every child's permission was last looked at, and up to which entry of the ledger choices were."""

    def take(self) -> bool:
        """Do every task once; always False, since none of them leaves work waiting."""
        tasks = (
            self._release,
            self._ask_joiners,
            self._remind,
            self._follow_permissions,
            self._erase,
            self._keep_watch,
            self._back_up,
            self._watch_documents,
            self._sweep_packs,
            self._index_ledger,
            self._weigh,
        )
        for task in tasks:
            try:
                task()
            except (Conflict, backups.BackupFailed) as error:
                log.info("task %s waits: %s", task.__name__, error)
            except Exception:
                log.exception("task %s failed", task.__name__)
        return False

    def _release(self) -> None:
        """Let go of messages whose document was ready before they began to wait for it."""
        with self.context.database.reading() as db:
            ready = [one for one in notifications.awaited_documents(db) if _is_ready(db, one)]
        if ready:
            with self.context.database.writing() as db:
                for public_id in ready:
                    notifications.release(db, public_id)

    def _ask_joiners(self) -> None:
        now = clock.now()
        if self._joiners_at is not None and abs(now - self._joiners_at) < JOINERS_EVERY:
            return
        self._joiners_at = now
        with self.context.database.writing() as db:
            campaigns.ask_joiners(db, school=self.context.settings.school, actor=SYSTEM)

    def _remind(self) -> None:
        """Take the reminders that fall due, while letters may leave: not at night or in the holidays."""
        now = clock.now()
        if self._reminded_at is not None and abs(now - self._reminded_at) < REMINDERS_EVERY:
            return
        if not campaigns.may_write_now(self.context.settings.school):
            return
        self._reminded_at = now
        today, school = clock.today(), self.context.settings.school
        with self.context.database.reading() as db:  # looking first keeps the write lock free on most days
            if not campaigns.remind(db, on=today, dry_run=True, school=school, actor=SYSTEM):
                return
        with self.context.database.writing() as db:
            taken = campaigns.remind(db, on=today, school=school, actor=SYSTEM)
        log.info("%s reminders queued", len(taken))

    def _follow_permissions(self) -> None:
        """Tell teachers of permissions that changed: among those who chose lately, and once an hour among all."""
        now, school = clock.now(), self.context.settings.school
        full = self._followed is None or not dt.timedelta() <= now - self._followed[0] < EVERYBODY_EVERY
        since = None if full or self._followed is None else self._followed[1]
        with self.context.database.reading() as db:
            size = evidence.head(db).size
            needed = campaigns.follow_permissions(db, since_entry=since, school=school, dry_run=True)
        if needed:
            with self.context.database.writing() as db:
                size = evidence.head(db).size
                campaigns.follow_permissions(db, since_entry=since, school=school)
        self._followed = (now if full or self._followed is None else self._followed[0], size)

    def _erase(self) -> None:
        """Carry out what somebody has decided to destroy, and clean the disk after it."""
        done = retention.carry_out(self.context.database, self.context.settings.instance)
        if done:
            log.info("%s decisions to destroy carried out", done)

    def _keep_watch(self) -> None:
        """Read the whole ledger back once a day, and send its head to the witnesses on school days."""
        ledger_audit.keep_watch(self.context.settings, self.context.database, self.context.seals)

    def _back_up(self) -> None:
        """Make the night's backup; one that fails stands on the office's first page until one is good."""
        backups.back_up_if_due(self.context.settings, self.context.database)

    def _watch_documents(self) -> None:
        document_watch.watch_documents(self.context.settings, self.context.database)
        document_watch.watch_certificate(self.context.settings, self.context.database)

    def _sweep_packs(self) -> None:
        writer.sweep(self.context.settings, self.context.database)
        writer.tell_of_erased(self.context.settings, self.context.database)

    def _weigh(self) -> None:
        """Tell the database once a day how large its tables have become."""
        if self._weighed_on != clock.today():
            with self.context.database.writing() as db:
                analyze_tables(db)
            self._weighed_on = clock.today()

    def _index_ledger(self) -> None:
        """File new entries under everybody whom they name, so that a record finds them at once."""
        while evidence.index_new_entries(self.context.database):
            pass


def _is_ready(db: Session, public_id: str) -> bool:
    try:
        return evidence.document(db, public_id).is_ready
    except NotFound:
        return False
