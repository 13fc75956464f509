"""Makes a backup and tries it out at once: only one that was restored and found in order counts as good."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from oval_aup import evidence, schema
from oval_aup.backups import archive, manifest, stores
from oval_aup.backups.archive import BackupFailed
from oval_aup.backups.manifest import Manifest
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, DatabaseBusy
from oval_aup.core.i18n import _

IDENTITY = "backup-identity"
"""In the instance folder: what opens the backups, and the one thing a backup must never hold."""

WORK = "backup-work-"
MONTHS_KEPT = 12
BAD_KEPT = 3
JUST_MADE = dt.timedelta(hours=24)
LATE_AFTER = dt.timedelta(days=2)
RETRY_AFTER = dt.timedelta(hours=1)

log = logging.getLogger("oval_aup.backups")


@dataclass(frozen=True, slots=True)
class BackupHealth:
    """How the backups stand, for somebody in the office."""

    last_good_at: dt.datetime | None
    fault: str
    """Why the last attempt failed; empty when it went well."""
    late: bool
    """Whether the last good one is older than two days though one is due each night."""
    scheduled: bool

    @property
    def needs_help(self) -> bool:
        """Whether somebody has to see to it."""
        return self.late or bool(self.fault)


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup that was unpacked and opened beside the live database, and found in order."""

    database: Database
    members: dict[str, Path]
    head: evidence.Head
    revision: str
    made_at: str


def create(settings: Settings, database: Database) -> Manifest:
    """Make a backup, restore it beside the live database, read it back in full, and remove those no longer needed.

    Raises BackupFailed with the reason, which is also kept for the office to see, and Conflict while another is made.
    """
    with alone(settings.shared):
        try:
            made = _make(settings, database)
        except Exception as error:
            fault = sentence(error)
            log.error("no backup was made: %s", fault)
            with suppress(OSError):
                manifest.note_try(settings.shared, ok=False, fault=fault)
            raise BackupFailed(fault) from error
        manifest.note_try(settings.shared, ok=True)
        _tidy(settings.backups.folder, settings.backups.keep_days)
    log.info("backup %s is good: %s entries", made.file, made.ledger_size)
    return made


def verify(settings: Settings, database: Database, file: Path) -> Manifest:
    """Restore a backup beside the live database and read it back in full; raises BackupFailed with what is wrong."""
    known = manifest.manifest_of(file)
    with opened(settings, database, file) as backup:
        size, sha256 = manifest.measure(file)
        found = Manifest(
            file.name,
            backup.made_at,
            backup.head.size,
            backup.head.entry_hash,
            stores.store(database).kind,
            backup.revision,
            size,
            sha256,
            good=True,
        )
    if known is not None and (known.sha256, known.head) != (sha256, found.head):
        raise BackupFailed(_("%(file)s is not the file that its manifest describes.", file=file.name))
    return found


def kept(settings: Settings) -> tuple[Manifest, ...]:
    """Every backup in the folder that has a manifest, newest first."""
    return manifest.manifests(settings.backups.folder)


def back_up_if_due(settings: Settings, database: Database) -> Manifest | None:
    """Make the day's backup once its hour has come; one that failed is tried again each hour. None when none is due.

    The list of erasures is copied beside the backups each time, due or not.
    """
    noted = evidence.noted_erasures(settings.shared)
    if noted and settings.backups.folder.is_dir():
        evidence.keep_erasures(settings.backups.folder, noted)
    return create(settings, database) if _is_due(settings) else None


def backup_health(settings: Settings) -> BackupHealth:
    """When the last good backup was made and whether somebody has to see to it."""
    last, scheduled = manifest.last_try(settings.shared), settings.backups.at is not None
    if last is None:
        return BackupHealth(None, "", False, scheduled)
    late = scheduled and clock.now() - (last.good_at or last.at) > LATE_AFTER
    return BackupHealth(last.good_at, last.fault if last.ok is False else "", late, scheduled)


@contextmanager
def opened(settings: Settings, database: Database, file: Path) -> Iterator[Opened]:
    """Unpack a backup, open it beside the live database and read it back in full; gone again afterwards.

    Raises BackupFailed for a file that cannot be opened, is damaged, was made by a newer version or whose ledger is
    not in order.
    """
    if not file.is_file():
        raise BackupFailed(_("There is no backup file %(path)s.", path=file))
    opener = archive.identity(settings.shared / IDENTITY)
    store = stores.store(database)
    with tempfile.TemporaryDirectory(prefix=WORK, dir=store.workplace(settings.instance)) as work:
        members = archive.unpack(file, opener, Path(work))
        facts = _facts(file, members)
        if store.member not in members:
            raise BackupFailed(
                _("%(file)s holds another kind of database; OVAL_DATABASE_URL must name that kind.", file=file.name)
            )
        if not schema.knows(database, facts["revision"]):
            raise BackupFailed(
                _(
                    "%(file)s was made by a newer version of this product (%(revision)s); install that first.",
                    file=file.name,
                    revision=facts["revision"],
                )
            )
        with store.opened(members[store.member]) as copy:
            store.check(copy)
            head = evidence.Head(facts["ledger_size"], facts["head_hash"])
            _compare(copy, head, facts["revision"], _heads(members))
            yield Opened(copy, members, head, facts["revision"], facts["made_at"])


@contextmanager
def alone(instance: Path) -> Iterator[None]:
    """Nobody else makes or restores a backup meanwhile; raises Conflict when somebody does."""
    with (instance / "backup.lock").open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(_("A backup is being made or restored at this moment.")) from None
        yield


def sentence(error: Exception) -> str:
    """What went wrong, in words that name no row of the database."""
    if isinstance(error, (BackupFailed, DatabaseBusy)):
        return error.message
    if isinstance(error, OSError):
        return _("The disk cannot be written to: %(fault)s.", fault=error.strerror or type(error).__name__)
    if isinstance(error, sa.exc.DBAPIError):
        return _("The database cannot be read (%(kind)s).", kind=type(error.orig).__name__)
    return _("Unexpected fault: %(kind)s", kind=type(error).__name__)


def _make(settings: Settings, database: Database) -> Manifest:
    folder, shared, store = settings.backups.folder, settings.shared, stores.store(database)
    if not store.is_filled():
        raise BackupFailed(_("There is no database to back up yet."))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    recipient = archive.identity_for_making(shared / IDENTITY).to_public()
    workplace = store.workplace(settings.instance)
    _sweep(folder, workplace)
    store.sweep()
    with database.reading() as db:
        evidence.note_missing_erasures(db, shared)
    evidence.keep_erasures(folder, evidence.noted_erasures(shared))
    part = folder / f"{secrets.token_hex(8)}{manifest.ENDING}.part"
    with tempfile.TemporaryDirectory(prefix=WORK, dir=workplace) as work:
        members, taken, made_at = _collect(shared, store, Path(work))
        archive.pack(members, recipient, part)
    size, sha256 = manifest.measure(part)
    name = f"oval-{made_at:%Y%m%dT%H%M%SZ}-{taken.head.size}{manifest.ENDING}"
    if (folder / name).exists():
        name = name.replace(manifest.ENDING, f"-{secrets.token_hex(2)}{manifest.ENDING}")
    made = Manifest(
        name,
        clock.iso(made_at),
        taken.head.size,
        taken.head.entry_hash,
        store.kind,
        taken.revision,
        size,
        sha256,
        good=True,
    )
    try:
        with opened(settings, database, part) as backup:
            if (backup.head, backup.revision) != (taken.head, taken.revision):
                raise BackupFailed(_("The backup is not what was taken from the database."))
    except BackupFailed as error:
        _place(folder, part, replace(made, file=f"{manifest.BAD}{name}", good=False, fault=error.message))
        raise
    _place(folder, part, made)
    return made


def _place(folder: Path, part: Path, made: Manifest) -> None:
    """Give a whole and tried file its name; whatever has no such name is no backup."""
    part.replace(folder / made.file)
    archive.settle(folder)
    manifest.keep(folder, made)


def _collect(
    instance: Path, store: stores.Store, work: Path
) -> tuple[dict[str, Path], stores.DatabaseCopy, dt.datetime]:
    """Everything that goes into a backup: the database and the two lists that must outlive it, and nothing secret."""
    made_at = clock.now()
    copy = work / store.member
    taken = store.copy(copy)
    facts = {
        "format": manifest.FORMAT,
        "product": manifest.PRODUCT,
        "made_at": clock.iso(made_at),
        "ledger_size": taken.head.size,
        "head_hash": taken.head.entry_hash,
        "database": store.kind,
        "revision": taken.revision,
    }
    (work / "manifest.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    members = {"manifest.json": work / "manifest.json", store.member: copy}
    for name in (evidence.KEPT_HEADS, evidence.ERASURES):
        with suppress(FileNotFoundError):
            shutil.copyfile(instance / name, work / name)  # a line may be added while it is packed
            members[name] = work / name
    return members, taken, made_at


def _facts(file: Path, members: dict[str, Path]) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(members["manifest.json"].read_text(encoding="utf-8"))
        newer = int(facts["format"]) > manifest.FORMAT
        whole = {"made_at", "ledger_size", "head_hash", "revision"} <= facts.keys()
    except (KeyError, ValueError, TypeError):
        whole = newer = False
    if newer:
        raise BackupFailed(_("%(file)s was made by a newer version of this product.", file=file.name))
    if not whole:
        raise BackupFailed(_("%(file)s is not a backup of this product.", file=file.name))
    return facts


def _heads(members: dict[str, Path]) -> tuple[evidence.Head, ...]:
    """The heads that were kept when the backup was made, which its ledger must contain."""
    listed = members.get(evidence.KEPT_HEADS)
    return evidence.kept_heads(listed.parent) if listed else ()


def _compare(copy: Database, head: evidence.Head, revision: str, heads: tuple[evidence.Head, ...]) -> None:
    with copy.reading() as db:
        # A head kept while the copy was made may be longer than the copy.
        verdict = evidence.verify(db, known_heads=[one for one in heads if one.size <= head.size])
    if not verdict.ok:
        raise BackupFailed(verdict.sentence)
    if (evidence.Head(verdict.size, verdict.head_hash), schema.current(copy)) != (head, revision):
        raise BackupFailed(_("The backup is not what was taken from the database."))


def _sweep(folder: Path, workplace: Path) -> None:
    """Remove what a run that was killed left; nobody else is at work while this one is alone."""
    for part in folder.glob(f"*{manifest.ENDING}.part"):
        part.unlink()
    for left in workplace.glob(f"{WORK}*"):
        shutil.rmtree(left, ignore_errors=True)


def _is_due(settings: Settings) -> bool:
    at, last, now = settings.backups.at, manifest.last_try(settings.shared), clock.now()
    if at is None:
        return False
    if last is None:  # a new installation waits for its first night
        manifest.note_try(settings.shared, ok=None)
        return False
    moment = clock.at_london(clock.today(), at.hour, at.minute)
    if moment > now:
        moment = clock.at_london(clock.today() - dt.timedelta(days=1), at.hour, at.minute)
    if last.at > now:  # the clock was put back
        return True
    return last.at < moment or (last.ok is False and now - last.at >= RETRY_AFTER)


def _tidy(folder: Path, keep_days: int) -> None:
    """Remove what is neither of the last day, nor the newest of one of the last days or months.

    The newest good one is always among those kept, and a file that no manifest calls good or bad is never touched.
    """
    found = manifest.manifests(folder)
    good = [one for one in found if one.good]
    days: dict[dt.date, str] = {}
    months: dict[tuple[int, int], str] = {}
    for one in good:
        day = clock.london(one.at).date()
        days.setdefault(day, one.file)
        months.setdefault((day.year, day.month), one.file)
    staying = {*list(days.values())[:keep_days], *list(months.values())[:MONTHS_KEPT]}
    staying |= {one.file for one in good if clock.now() - one.at < JUST_MADE}
    staying |= {one.file for one in [each for each in found if not each.good][:BAD_KEPT]}
    for one in found:
        if one.file not in staying:
            (folder / one.file).unlink(missing_ok=True)
            manifest.beside(folder / one.file).unlink(missing_ok=True)
