"""Goes back to a backup without losing what must outlive it: the erasures made since, and that there was a restore.

Everything is done to a copy beside the live database, which takes its place in one step when it is fit to be served.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import accounts, evidence, schema
from oval_aup.backups import creation, stores
from oval_aup.backups.archive import BackupFailed
from oval_aup.config import Settings
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _, ngettext

Reapply = Callable[[Session, evidence.NotedErasure], None]
"""Wipes once more what an erasure wiped outside the ledger; safe to repeat."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The outcome of a restore; ``known_size`` is how long the ledger was known to have been."""

    size: int
    known_size: int
    erasures: int
    aside: str
    """Where the old database is now; empty when there was none."""
    keys: int
    """How many keys of the school the backup was too old to know; they are registered again."""

    @property
    def lost(self) -> int:
        """How many entries are known to have been lost."""
        return max(0, self.known_size - self.size)


def restore(
    settings: Settings,
    database: Database,
    file: Path,
    *,
    replace: bool = False,
    older_than_known: bool = False,
    reapply: Sequence[Reapply] = (),
) -> Restored:
    """Put the database of a backup in place, fit to be served: upgraded, erased again, everybody logged out, verified.

    An existing database is refused unless ``replace``, and then moved aside, never deleted. A backup that is shorter
    than the ledger is known to have been is refused unless ``older_than_known``. Raises BackupFailed and Conflict.
    """
    with creation.alone(settings.shared):
        try:
            return _restore(settings, database, file, replace, older_than_known, reapply)
        except (OSError, sa.exc.DBAPIError) as error:
            raise BackupFailed(creation.sentence(error)) from error


def fault(settings: Settings, database: Database) -> str:
    """Why this database must not be served, in one sentence: somebody went back by hand to before an erasure."""
    noted = _noted(settings)
    if not noted:
        return ""
    with database.reading() as db:
        number = len(evidence.unapplied_erasures(db, noted))
    if not number:
        return ""
    return ngettext(
        "The database is older than %(num)s erasure that was made since; "
        "run “.venv/bin/flask backup reapply-erasures” first.",
        "The database is older than %(num)s erasures that were made since; "
        "run “.venv/bin/flask backup reapply-erasures” first.",
        number,
    )


def reapply_erasures(settings: Settings, database: Database, *, reapply: Sequence[Reapply] = ()) -> int:
    """Erase again whatever a database that somebody put back by hand has too much; returns how many erasures."""
    noted = _noted(settings)
    with creation.alone(settings.shared), database.writing() as db:
        before = evidence.head(db)
        number = _erase_again(db, noted, reapply)
        if number:
            _record(db, before, _newest_known(settings, before), number)
    return number


def _restore(
    settings: Settings,
    database: Database,
    file: Path,
    replace: bool,
    older_than_known: bool,
    reapply: Sequence[Reapply],
) -> Restored:
    store = stores.store(database)
    filled = store.is_filled()
    if filled and not replace:
        raise Conflict(_("There is a database already; with --replace it is moved aside and this one takes its place."))
    with creation.opened(settings, database, file) as backup:
        known = _newest_known(settings, backup.head, _live_head(database) if filled else None)
        if known.size > backup.head.size and not older_than_known:
            raise Conflict(
                _(
                    "%(file)s ends at entry %(size)s, but the ledger is known to have had %(known)s: take a newer "
                    "backup, or say --older-than-known to lose the rest.",
                    file=file.name,
                    size=f"{backup.head.size:,}",
                    known=f"{known.size:,}",
                )
            )
        erasures = (*_noted(settings), *evidence.noted_erasures(_folder_of(backup)))
        schema.upgrade(backup.database)
        keys = _live_keys(database) if filled else ()
        with backup.database.writing() as db:
            accounts.end_all(db, everybody=True)
            number = _erase_again(db, erasures, reapply)
            _record(db, backup.head, known, number)
            registered = _keyring(settings).register_again(db, keys, actor=SYSTEM)
        with backup.database.reading() as db:
            verdict = evidence.verify(db, known_heads=[backup.head])
        if not verdict.ok:
            raise BackupFailed(verdict.sentence)
        evidence.keep_erasures(settings.shared, erasures)
        stamp = stores.stamp()
        aside = store.put_in_place(backup.database, stamp)
        _go_back_with_heads(settings.shared, _folder_of(backup), stamp)
    return Restored(backup.head.size, known.size, number, aside, registered)


def _erase_again(db: Session, erasures: Sequence[evidence.NotedErasure], reapply: Sequence[Reapply]) -> int:
    missing = evidence.unapplied_erasures(db, erasures)
    for noted in missing:
        evidence.erase_again(db, noted, actor=SYSTEM)
        for wipe in reapply:
            wipe(db, noted)
    return len(missing)


def _record(db: Session, backup: evidence.Head, known: evidence.Head, erasures: int) -> None:
    evidence.append(
        db,
        "restored",
        subject="school",
        act={
            "backup_size": backup.size,
            "backup_head": backup.entry_hash,
            "known_size": known.size,
            "known_head": known.entry_hash,
            "erasures_applied_again": erasures,
        },
        idempotency_key=f"restored:{stores.stamp()}:{secrets.token_hex(4)}",
        actor=SYSTEM,
    )


def _newest_known(settings: Settings, *others: evidence.Head | None) -> evidence.Head:
    """The longest head that anything beside the database remembers: the kept ones, and the newest backup's."""
    heads = [*evidence.kept_heads(settings.shared), *(one.head for one in creation.kept(settings)[:1])]
    heads += [one for one in others if one is not None]
    return max(heads, key=lambda head: head.size)


def _live_head(database: Database) -> evidence.Head | None:
    """The head of the database that is to be replaced, as far as it can be read."""
    try:
        with database.reading() as db:
            return evidence.head(db)
    except (sa.exc.DBAPIError, database.engine.dialect.loaded_dbapi.Error):
        return None


def _live_keys(database: Database) -> tuple[evidence.KeyRow, ...]:
    """The keys that the database to be replaced names as far as it is in order: papers sealed since go by them."""
    try:
        with database.reading() as db:
            return evidence.register(db, upto=evidence.verify(db, details=False).size)
    except (sa.exc.DBAPIError, database.engine.dialect.loaded_dbapi.Error):
        return ()


def _keyring(settings: Settings) -> evidence.Keyring:
    return evidence.Keyring(settings.keys.folder, settings.keys.password.encode("utf-8"))


def _noted(settings: Settings) -> tuple[evidence.NotedErasure, ...]:
    """Every erasure that the instance folder or the folder of backups knows of."""
    folders = (settings.shared, settings.backups.folder)
    return tuple(noted for folder in folders for noted in evidence.noted_erasures(folder))


def _folder_of(backup: creation.Opened) -> Path:
    return backup.members["manifest.json"].parent


def _go_back_with_heads(instance: Path, unpacked: Path, stamp: str) -> None:
    """Heads of what was lost are set aside, or each day's reading would call the loss a forgery."""
    heads = instance / evidence.KEPT_HEADS
    if heads.exists():
        heads.replace(heads.with_name(f"heads-before-{stamp}.txt"))
    if (unpacked / evidence.KEPT_HEADS).exists():
        heads.write_bytes((unpacked / evidence.KEPT_HEADS).read_bytes())
    (instance / evidence.CHECK_NOTE).unlink(missing_ok=True)
