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
EVERYBODY_EVERY = dt.timedelta(hours=1)

log = logging.getLogger("oval_aup.worker")


class PeriodicTasks:
    """What is looked after every minute: each chore by itself, so that one that fails does not hold up the others."""

    def __init__(self, bench: WorkerContext) -> None:
        self.bench = bench
        self._joiners_at: dt.datetime | None = None
        self._weighed_on: dt.date | None = None
        self._followed: tuple[dt.datetime, int] | None = None
        """When every child's permission was last looked at, and up to which entry of the ledger choices were."""

    def take(self) -> bool:
        """Take every chore once; always False, since none of them leaves work waiting."""
        chores = (
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
        for chore in chores:
            try:
                chore()
            except (Conflict, backups.BackupFailed) as error:
                log.info("chore %s waits: %s", chore.__name__, error)
            except Exception:
                log.exception("chore %s failed", chore.__name__)
        return False

    def _release(self) -> None:
        """Let go of messages whose document was ready before they began to wait for it."""
        with self.bench.database.reading() as db:
            ready = [one for one in notifications.awaited_documents(db) if _is_ready(db, one)]
        if ready:
            with self.bench.database.writing() as db:
                for public_id in ready:
                    notifications.release(db, public_id)

    def _ask_joiners(self) -> None:
        now = clock.now()
        if self._joiners_at is not None and abs(now - self._joiners_at) < JOINERS_EVERY:
            return
        self._joiners_at = now
        with self.bench.database.writing() as db:
            campaigns.ask_joiners(db, school=self.bench.settings.school, actor=SYSTEM)

    def _remind(self) -> None:
        today, school = clock.today(), self.bench.settings.school
        with self.bench.database.reading() as db:  # looking first keeps the write lock free on most days
            if not campaigns.remind(db, on=today, dry_run=True, school=school, actor=SYSTEM):
                return
        with self.bench.database.writing() as db:
            taken = campaigns.remind(db, on=today, school=school, actor=SYSTEM)
        log.info("%s reminders queued", len(taken))

    def _follow_permissions(self) -> None:
        """Tell teachers of permissions that changed: among those who chose lately, and once an hour among all."""
        now, school = clock.now(), self.bench.settings.school
        full = self._followed is None or not dt.timedelta() <= now - self._followed[0] < EVERYBODY_EVERY
        since = None if full or self._followed is None else self._followed[1]
        with self.bench.database.reading() as db:
            size = evidence.head(db).size
            needed = campaigns.follow_permissions(db, since_entry=since, school=school, dry_run=True)
        if needed:
            with self.bench.database.writing() as db:
                size = evidence.head(db).size
                campaigns.follow_permissions(db, since_entry=since, school=school)
        self._followed = (now if full or self._followed is None else self._followed[0], size)

    def _erase(self) -> None:
        """Carry out what somebody has decided to destroy, and clean the disk after it."""
        done = retention.carry_out(self.bench.database, self.bench.settings.instance)
        if done:
            log.info("%s decisions to destroy carried out", done)

    def _keep_watch(self) -> None:
        """Read the whole ledger back once a day, and send its head to the witnesses on school days."""
        ledger_audit.keep_watch(self.bench.settings, self.bench.database, self.bench.seals)

    def _back_up(self) -> None:
        """Make the night's backup; one that fails stands on the office's first page until one is good."""
        backups.back_up_if_due(self.bench.settings, self.bench.database)

    def _watch_documents(self) -> None:
        document_watch.watch_documents(self.bench.settings, self.bench.database)
        document_watch.watch_certificate(self.bench.settings, self.bench.database)

    def _sweep_packs(self) -> None:
        writer.sweep(self.bench.settings, self.bench.database)
        writer.tell_of_erased(self.bench.settings, self.bench.database)

    def _weigh(self) -> None:
        """Tell the database once a day how large its tables have become."""
        if self._weighed_on != clock.today():
            with self.bench.database.writing() as db:
                analyze_tables(db)
            self._weighed_on = clock.today()

    def _index_ledger(self) -> None:
        """File new entries under everybody whom they name, so that a record finds them at once."""
        while evidence.index_new_entries(self.bench.database):
            pass


def _is_ready(db: Session, public_id: str) -> bool:
    try:
        return evidence.document(db, public_id).is_ready
    except NotFound:
        return False
