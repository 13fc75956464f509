"""Does in the background what nobody should wait for: makes PDFs, sends messages, takes the reminders that fall due.

The tables are the queue: whatever is wanted is a row, a row is claimed by conditional update, and a row whose worker
died is claimed again. So any number of workers may run, and one that is killed at any moment loses nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import FrameType

from sqlalchemy.orm import Session

from oval_aup import (
    accounts,
    backups,
    campaigns,
    evidence,
    notifications,
    packing,
    papers,
    people,
    printing,
    reports,
    retention,
    witnesses,
)
from oval_aup.config import Settings
from oval_aup.core import clock, logs
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database, weigh_tables
from oval_aup.core.errors import Conflict, DomainError, NotFound
from oval_aup.core.i18n import _

IDLE_SECONDS = 1.0
CHORES_EVERY = 60.0
JOINERS_EVERY = dt.timedelta(minutes=10)
SLOWEST = 600.0
"""Seconds between attempts while something stays broken: the mail server, or a step of our own."""

LONGER_SECONDS = {
    "record": 30.0,
    "as_at": 30.0,
    "subject_access": 120.0,
    "class_report": 30.0,
    "school_report": 120.0,
    "figures_report": 30.0,
}
"""Time that rendering may take where a document can have many pages."""

LINK_PATHS = {"family": "/f/", "set-password": "/set-password/"}
"""Purpose of a private link to the address it opens, without the secret."""

log = logging.getLogger("oval_aup.worker")


@dataclass(frozen=True, slots=True)
class _Bench:
    """What every step works with."""

    settings: Settings
    database: Database
    press: printing.Press
    seals: evidence.SealPress
    channel: notifications.Channel

    @property
    def packer(self) -> packing.Packer:
        return packing.Packer(self.settings, self.database, self.seals)


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
        with printing.Press(settings.instance) as press:
            bench = _Bench(settings, own, press, _seals(settings), _channel(settings))
            with own.writing() as db:
                evidence.note_worker(db)
            _prepare_keys(bench)
            if once:
                _everything_once(bench)
            else:
                _loops(bench, stop)
    finally:
        if database is None:
            own.dispose()


def keyring(settings: Settings) -> evidence.Keyring:
    """The school's private keys as the settings place them."""
    keys = settings.keys
    return evidence.Keyring(
        keys.folder,
        keys.password.encode("utf-8"),
        certificate=keys.certificate,
        certificate_password=keys.certificate_password.encode("utf-8"),
    )


def _seals(settings: Settings) -> evidence.SealPress:
    return evidence.SealPress(
        keyring(settings), school_name=settings.school.name, timestamp_url=settings.keys.timestamp_url
    )


def _prepare_keys(bench: _Bench) -> None:
    """Make the first keys; where one cannot be used, everything else goes on and papers wait with the reason."""
    try:
        with bench.database.writing() as db:
            bench.seals.ring.prepare(db, school_name=bench.settings.school.name, actor=SYSTEM)
    except evidence.KeyMissing as error:
        log.critical("%s", error)


def send_now(settings: Settings, database: Database) -> str:
    """Send everything that is due at this moment and say what became of it."""
    counts = _send(settings, database, _channel(settings), limit=10_000)
    said = _(
        "%(sent)s sent, %(retried)s to be tried again, %(failed)s failed, %(uncertain)s uncertain.",
        sent=counts.sent,
        retried=counts.retried,
        failed=counts.failed,
        uncertain=counts.uncertain,
    )
    return f"{said} {counts.trouble}".strip()


def make_pack(
    settings: Settings, database: Database, public_id: str, tell: Callable[[evidence.PackRow], object]
) -> evidence.PackRow:
    """Make one pack here and now, beside whatever worker is running; ``tell`` hears each second how far it has come."""
    with printing.Press(settings.instance) as press, ThreadPoolExecutor(press.renderers + 1) as threads:
        bench = _Bench(settings, database, press, _seals(settings), _channel(settings))
        _prepare_keys(bench)
        stop = threading.Event()
        steps = [lambda: _render_next(bench)] * press.renderers + [lambda: packing.take_turn(bench.packer)]
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


def _loops(bench: _Bench, stop: threading.Event) -> None:
    steps: dict[str, tuple[Callable[[], bool], float]] = {
        **{f"render-{number}": (lambda: _render_next(bench), IDLE_SECONDS) for number in range(bench.press.renderers)},
        "pack": (lambda: packing.take_turn(bench.packer), IDLE_SECONDS),
        "send": (lambda: _send_some(bench), IDLE_SECONDS),
        "chores": (_Chores(bench).take, CHORES_EVERY),
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
        except Exception as error:
            broken += 1
            worked = False
            if isinstance(error, _MailServerDown):
                log.warning("mail cannot be sent: %s", error)
            else:
                log.exception("step %s failed", name)
        if not worked:
            stop.wait(min(SLOWEST, pause * 2 ** min(broken, 20)))


def _everything_once(bench: _Bench) -> None:
    _Chores(bench).take()
    _render_all(bench)
    while packing.take_turn(bench.packer):
        _render_all(bench)
    counts = _send(bench.settings, bench.database, bench.channel, limit=10_000)
    if counts.trouble:
        log.warning("mail cannot be sent: %s", counts.trouble)


def _render_all(bench: _Bench) -> None:
    with ThreadPoolExecutor(bench.press.renderers) as threads:
        for _done in threads.map(lambda _number: _drain(lambda: _render_next(bench)), range(bench.press.renderers)):
            pass


def _drain(step: Callable[[], bool]) -> None:
    while step():
        pass


def _render_next(bench: _Bench) -> bool:
    """Make one wanted document; a fault is noted in its row and never stops the others."""
    claim = evidence.claim_document(bench.database)
    if claim is None:
        return False
    try:
        make = _plain if claim.kind in evidence.PLAIN_KINDS else _sealed
        content, record, through = make(bench, claim)
    except (DomainError, printing.PrintFailed, evidence.KeyMissing, evidence.SealFailed) as error:
        fault = str(error) or type(error).__name__
    except Exception as error:
        log.exception("document %s could not be made", claim.public_id)
        fault = _("Unexpected fault: %(kind)s", kind=type(error).__name__)
    else:
        with bench.database.writing() as db:
            evidence.store_document(db, claim, content, record=record, through=through)
            notifications.release(db, claim.public_id)
        return True
    with bench.database.writing() as db:
        after = evidence.fail_document(db, claim, fault)
    log.warning("document %s, attempt %s: %s (now %s)", claim.public_id, claim.attempts, fault, after.status)
    return True


def _sealed(bench: _Bench, claim: evidence.DocumentRow) -> tuple[bytes, bytes, int]:
    """The sealed PDF, the record file inside it, and the size of the ledger it was made from."""
    with bench.database.reading() as db:
        sealer, head = bench.seals.sealer(db), bench.seals.head(db)
        paper = reports.paper(db, claim, school=bench.settings.school, head=head)
    content = sealer.seal(bench.press.print(paper, seconds=LONGER_SECONDS.get(claim.kind)))
    return content, paper.carried(evidence.RECORD_NAME), head.size


def _plain(bench: _Bench, claim: evidence.DocumentRow) -> tuple[bytes, bytes, int]:
    with bench.database.reading() as db:
        return reports.plain_file(db, claim, school=bench.settings.school), b"", evidence.head(db).size


class _MailServerDown(Exception):
    """The run stopped because nothing can be sent just now."""


def _send_some(bench: _Bench) -> bool:
    counts = _send(bench.settings, bench.database, bench.channel, limit=50)
    if counts.trouble:
        raise _MailServerDown(counts.trouble)
    return counts.handled > 0


def _send(
    settings: Settings, database: Database, channel: notifications.Channel, *, limit: int
) -> notifications.SendCounts:
    return notifications.send_due(
        database,
        channel,
        sender=notifications.Sender(settings.school.name, settings.mail_from),
        mint=lambda db, message: _mint(db, message, settings.school.base_url),
        attachment=_attachment,
        limit=limit,
        refused=_refused,
    )


def _channel(settings: Settings) -> notifications.Channel:
    if settings.smtp_url:
        return notifications.smtp_channel(settings.smtp_url, sender=settings.mail_from)
    return notifications.FolderChannel(settings.mail_folder)


def _mint(db: Session, message: notifications.MessageRow, base_url: str) -> str:
    person = people.persons_by_pseudonym(db, [message.recipient]).get(message.recipient)
    if person is None or person.archived:
        raise NotFound(_("This person is no longer at the school."))
    purpose = message.link_purpose
    token = accounts.mint_link(db, purpose=purpose, person_id=person.person_id, sent_to=message.to_address)
    return f"{base_url}{LINK_PATHS[purpose]}{token}"


def _attachment(db: Session, public_id: str) -> tuple[str, bytes]:
    return reports.file_name(evidence.document(db, public_id)), evidence.document_bytes(db, public_id)


def _refused(db: Session, message: notifications.MessageRow, code: str) -> None:
    evidence.append(
        db,
        "bounced",
        subject=message.recipient,
        act={"message": message.public_id, "message_kind": message.kind, "code": code},
        details={"address": message.to_address},
        idempotency_key=f"bounced:{message.public_id}:{message.attempts}",
        actor=SYSTEM,
    )


class _Chores:
    """What is looked after every minute: each chore by itself, so that one that fails does not hold up the others."""

    def __init__(self, bench: _Bench) -> None:
        self.bench = bench
        self._joiners_at: dt.datetime | None = None
        self._weighed_on: dt.date | None = None
        self._settled_in = False

    def take(self) -> bool:
        """Take every chore once; always False, since none of them leaves work waiting."""
        chores = (
            self._release,
            self._ask_joiners,
            self._remind,
            self._erase,
            self._keep_watch,
            self._back_up,
            self._watch_papers,
            self._sweep_packs,
            self._keep_records,
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

    def _erase(self) -> None:
        """Carry out what somebody has decided to destroy, and clean the disk after it."""
        done = retention.carry_out(self.bench.database, self.bench.settings.instance)
        if done:
            log.info("%s decisions to destroy carried out", done)

    def _keep_watch(self) -> None:
        """Read the whole ledger back once a day, and send its head to the witnesses on school days."""
        witnesses.keep_watch(self.bench.settings, self.bench.database, self.bench.seals)

    def _back_up(self) -> None:
        """Make the night's backup; one that fails stands on the office's first page until one is good."""
        backups.back_up_if_due(self.bench.settings, self.bench.database)

    def _watch_papers(self) -> None:
        papers.watch(self.bench.settings, self.bench.database)
        papers.watch_certificate(self.bench.settings, self.bench.database)

    def _sweep_packs(self) -> None:
        packing.sweep(self.bench.settings, self.bench.database)

    def _weigh(self) -> None:
        """Tell the database once a day how large its tables have become."""
        if self._weighed_on != clock.today():
            with self.bench.database.writing() as db:
                weigh_tables(db)
            self._weighed_on = clock.today()

    def _keep_records(self) -> None:
        """Want fresh records, from the second minute on: what people wait for after a start comes first."""
        if self._settled_in:
            papers.keep_records(self.bench.database)
        self._settled_in = True


def _is_ready(db: Session, public_id: str) -> bool:
    try:
        return evidence.document(db, public_id).is_ready
    except NotFound:
        return False


def _listen(stop: threading.Event) -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
