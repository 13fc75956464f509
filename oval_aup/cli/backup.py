"""``flask backup``: copies of the database, and the way back to one."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from oval_aup import backups, retention
from oval_aup.cli.context import counted, database, settings
from oval_aup.core.errors import DomainError

backup_group = AppGroup("backup", help="Copies of the database, and the way back to one.")
REAPPLY: tuple[backups.Reapply, ...] = (retention.reapply,)
"""What wipes again, outside the ledger, whatever was erased after the backup that is restored."""


def _backup_file(name: str) -> Path:
    """A file by its path, or by its name in the folder of backups; the newest good one where none is named."""
    folder = settings().backups.folder
    if name:
        return Path(name) if Path(name).is_file() else folder / name
    newest = next((one.file for one in backups.kept(settings()) if one.good), None)
    if newest is None:
        sys.exit(f"There is no good backup in {folder}.")
    return folder / newest


@backup_group.command("create")
def backup_create() -> None:
    """Make a backup now, and try it out by restoring it beside the live database."""
    try:
        made = backups.create(settings(), database())
    except DomainError as problem:
        sys.exit(f"No backup was made. {problem.message}")
    entries = counted(made.ledger_size, "entry", "entries")
    click.echo(f"Good: {settings().backups.folder / made.file}, {entries}, {made.size:,} bytes.")
    click.echo(f"It opens with {settings().shared / backups.IDENTITY} alone: keep a copy of that file elsewhere.")


@backup_group.command("list")
def backup_list() -> None:
    """List the backups in the folder, newest first."""
    rows = backups.kept(settings())
    for one in rows:
        state = "good" if one.good else f"BAD: {one.fault}"
        entries = f"{counted(one.ledger_size, 'entry  ', 'entries'):>17}"
        click.echo(f"{one.at:%Y-%m-%d %H:%M} UTC  {entries}  {one.size:>13,} bytes  {one.file}  {state}")
    click.echo(f"Backups in {settings().backups.folder}: {len(rows)}.")


@backup_group.command("verify")
@click.argument("file", default="")
def backup_verify(file: str) -> None:
    """Try out FILE, or the newest good backup, by restoring it beside the live database; changes nothing."""
    try:
        found = backups.verify(settings(), database(), _backup_file(file))
    except DomainError as problem:
        sys.exit(problem.message)
    entries = counted(found.ledger_size, "entry", "entries")
    click.echo(f"{found.file} is good: {entries}, the last with fingerprint {found.head_hash}.")


@backup_group.command("restore")
@click.argument("file", default="")
@click.option("--replace", is_flag=True, help="Move the present database aside; it is never deleted.")
@click.option("--older-than-known", is_flag=True, help="Yes, what was recorded after this backup is to be lost.")
def backup_restore(file: str, replace: bool, older_than_known: bool) -> None:
    """Put the database of FILE, or of the newest good backup, in place."""
    chosen = _backup_file(file)
    try:
        done = backups.restore(
            settings(), database(), chosen, replace=replace, older_than_known=older_than_known, reapply=REAPPLY
        )
    except DomainError as problem:
        sys.exit(f"Nothing was restored. {problem.message}")
    click.echo(f"Restored {chosen.name}: {counted(done.size, 'entry', 'entries')}, {done.lost:,} known to be lost.")
    click.echo(f"Erasures applied again: {done.erasures:,}. Everybody is logged out.")
    if done.keys:
        click.echo(f"Keys of after this backup registered again: {done.keys}.")
    if done.aside:
        click.echo(f"The old database is now {done.aside}; delete it once you no longer need it.")


@backup_group.command("reapply-erasures")
def backup_reapply_erasures() -> None:
    """Erase again what a database that was put back by hand has too much; needed before it can be served."""
    try:
        number = backups.reapply_erasures(settings(), database(), reapply=REAPPLY)
    except DomainError as problem:
        sys.exit(problem.message)
    click.echo(f"Erasures applied again: {number:,}.")
