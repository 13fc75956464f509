"""What every step of the worker works with."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import evidence, notifications, packs, printing, reports
from oval_aup.config import Settings
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.packs import writer

log = logging.getLogger("oval_aup.worker")


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """Settings, tables and tools."""

    settings: Settings
    database: Database
    press: printing.RenderPool
    seals: evidence.SealPress
    channel: notifications.Channel

    @property
    def packer(self) -> writer.Packer:
        """What packs are made with."""
        return packer_of(self.settings, self.database, self.seals)


@contextmanager
def opened(settings: Settings, database: Database) -> Iterator[WorkerContext]:
    """A context with renderers of its own, whose processes end with the block.

    Where a key cannot be used, everything else goes on and papers wait with the reason.
    """
    with printing.RenderPool(settings.instance) as press:
        context = WorkerContext(settings, database, press, _seals(settings), channel_of(settings))
        try:
            with database.writing() as db:
                context.seals.ring.prepare(db, school_name=settings.school.name, actor=SYSTEM)
        except evidence.KeyMissing as error:
            log.critical("%s", error)
        yield context


def keyring(settings: Settings) -> evidence.Keyring:
    """The school's private keys as the settings place them."""
    keys = settings.keys
    return evidence.Keyring(
        keys.folder,
        keys.password.encode("utf-8"),
        certificate=keys.certificate,
        certificate_password=keys.certificate_password.encode("utf-8"),
    )


def packer_of(settings: Settings, database: Database, seals: evidence.SealPress) -> writer.Packer:
    """What packs are made with; their small files are the reports'."""

    def contents(db: Session, row: packs.PackRow, members: Sequence[packs.MemberRow]) -> Mapping[str, bytes]:
        return reports.pack_files(db, row, members, school=settings.school)

    return writer.Packer(settings.shared, database, seals, settings.school, contents)


def _seals(settings: Settings) -> evidence.SealPress:
    return evidence.SealPress(
        keyring(settings), school_name=settings.school.name, timestamp_url=settings.keys.timestamp_url
    )


def channel_of(settings: Settings) -> notifications.Channel:
    """Where messages go: a mail server or a folder; without either they wait."""
    if settings.smtp_url:
        tokens = notifications.Tokens(settings.mail_service) if settings.mail_service else None
        return notifications.smtp_channel(settings.smtp_url, sender=settings.mail_from, tokens=tokens)
    return (
        notifications.FolderChannel(settings.mail_folder) if settings.mail_in_folder else notifications.NoMailServer()
    )
