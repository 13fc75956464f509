"""``flask <noun> <verb>``: as thin as views, one service call each, safe to repeat."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from oval_aup import accounts, backups, campaigns, demo, evidence, people, retention, schema, serving, witnesses, worker
from oval_aup.cli.context import OFFICE
from oval_aup.cli.context import database as _database
from oval_aup.cli.context import settings as _settings
from oval_aup.cli.keeping import retention_group
from oval_aup.config import BadSetting
from oval_aup.core import clock
from oval_aup.core.errors import DomainError, NotFound
from oval_aup.people import roster


def install(app: Flask) -> None:
    """Register the commands."""
    for group in GROUPS:
        app.cli.add_command(group)


db_group = AppGroup("db", help="The database's shape.")


@db_group.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to the newest shape; says so when it already is."""
    click.echo(f"The database is at {schema.upgrade(_database())}.")


@db_group.command("revise")
@click.argument("slug")
def db_revise(slug: str) -> None:
    """Write a migration for what the models have and the database lacks."""
    click.echo(f"Wrote migrations/versions/{schema.new_migration(_database(), slug)}.py: read it before you commit it.")


rules_group = AppGroup("rules", help="The rule sets.")


@rules_group.command("publish")
def rules_publish() -> None:
    """Publish the shipped rule sets that are not published yet."""
    with _database().writing() as db:
        published = campaigns.publish_shipped_rules(db, actor=OFFICE)
    click.echo(
        "\n".join(f"Published {w.title}, version {w.version_number}, {w.reading_level}." for w in published)
        or "All are published already."
    )


demo_group = AppGroup("demo", help="The demonstration school.")


@demo_group.command("seed")
def demo_seed() -> None:
    """Fill an empty database with the demonstration school; leaves a filled one alone."""
    click.echo(demo.seed(_database(), _settings()))


@demo_group.command("serve")
def demo_serve() -> None:
    """Prepare everything and serve the demonstration: web and worker together."""
    schema.upgrade(_database())
    demo.seed(_database(), _settings(), say=click.echo)
    click.echo(demo.welcome(_database(), _settings()))
    _serve()


def _serve() -> None:
    """Serve what can be served; anything else is refused in one sentence."""
    _refuse_unfit()
    try:
        code = serving.serve(_settings())
    except BadSetting as problem:
        sys.exit(f"Oval AUP cannot start. {problem}")
    sys.exit(code)


def _refuse_unfit() -> None:
    """Stop in one sentence where the database has another shape, or holds what was erased since."""
    fault = schema.fault(_database()) or backups.fault(_settings(), _database())
    _database().dispose()
    if fault:
        sys.exit(f"Oval AUP cannot start. {fault}")


roster_group = AppGroup("roster", help="The school’s lists of pupils, contacts and staff.")
FILES = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))


PARTIAL = click.option("--partial", is_flag=True, help="The file is not the whole school: nobody leaves by missing.")
SAME = click.option(
    "--same-children", is_flag=True, help="Children with the name and birthday of one on roll are that child."
)


@roster_group.command("preview")
@FILES
@PARTIAL
@SAME
def roster_preview(files: tuple[Path, ...], partial: bool, same_children: bool) -> None:
    """Show what importing FILES would change; writes nothing."""
    _roster(files, keep=False, confirm_leavers=False, partial=partial, same_children=same_children)


@roster_group.command("apply")
@FILES
@PARTIAL
@SAME
@click.option("--confirm-leavers", is_flag=True, help="Yes, this many have really left.")
def roster_apply(files: tuple[Path, ...], partial: bool, same_children: bool, confirm_leavers: bool) -> None:
    """Import FILES, one transaction each."""
    _roster(files, keep=True, confirm_leavers=confirm_leavers, partial=partial, same_children=same_children)


def _roster(files: tuple[Path, ...], *, keep: bool, confirm_leavers: bool, partial: bool, same_children: bool) -> None:
    settings = _settings()
    answers = {"*": "same"} if same_children else {}
    for path in files:
        try:
            with _database().writing() as db:
                content = _start_of(path, settings.upload_limit)
                shown = roster.preview(
                    db, path.name, content, partial=partial, answers=answers, limit=settings.upload_limit, actor=OFFICE
                )
                click.echo(roster.as_text(shown))
                if not keep:
                    raise _LookedOnly
                applied = campaigns.apply_roster(
                    db, shown.public_id, confirm_leavers=confirm_leavers, school=settings.school, actor=OFFICE
                )
                click.echo(roster.applied_as_text(applied))
        except _LookedOnly:
            continue
        except DomainError as problem:
            sys.exit(f"{path.name}: {problem.message}")


class _LookedOnly(Exception):
    """Rolls back what a preview kept for the browser."""


campaign_group = AppGroup("campaign", help="Rounds of asking.")


@campaign_group.command("remind")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def campaign_remind(dry_run: bool) -> None:
    """Queue the reminders that are due today."""
    with _database().writing() as db:
        planned = campaigns.remind(db, on=clock.today(), dry_run=dry_run, school=_settings().school, actor=OFFICE)
    for one in planned:
        click.echo(f"{one.step:12}  {one.to_address}")
    click.echo(f"{len(planned)} {'would go' if dry_run else 'queued'}.")


outbox_group = AppGroup("outbox", help="Messages on their way.")


@outbox_group.command("send")
def outbox_send() -> None:
    """Send what is due now and say what became of it."""
    click.echo(worker.send_now(_settings(), _database()))


ledger_group = AppGroup("ledger", help="The record of every act.")


@ledger_group.command("verify")
@click.option("--head", "kept", multiple=True, help="A kept head: its text, or a file that holds it. May be repeated.")
def ledger_verify(kept: tuple[str, ...]) -> None:
    """Re-hash every entry; names the first bad one and exits with 1 if there is one.

    With --head also proves that today's history begins with the one a kept head names.
    """
    with _database().reading() as db:
        heads = [head for each in kept for head in _heads_of(db, each)]
        verdict = witnesses.check(db, _settings().instance, heads)
    for head in heads:
        click.echo(f"Head of {head.size:,} entries, {head.entry_hash[:16]}…: {head.reason}")
    click.echo(verdict.sentence)
    if place := evidence.turning_point(heads):
        click.echo(place)
    sys.exit(0 if verdict.ok and all(head.verdict == "stands" for head in heads) else 1)


def _heads_of(db: Session, kept: str) -> tuple[evidence.HeadFinding, ...]:
    path, limit = Path(kept), _settings().upload_limit
    is_file = len(kept) < 250 and path.is_file()
    content = _start_of(path, limit) if is_file else kept.encode("utf-8")
    found = evidence.check_heads(db, evidence.text_with_heads(content, limit=limit))
    if not found:
        sys.exit(f"There is no head in {path.name if is_file else 'this text'}: a line that begins with OVAL-HEAD.")
    return found


def _start_of(path: Path, limit: int) -> bytes:
    """One byte past the limit is enough to refuse a file without reading all of it."""
    with path.open("rb") as file:
        return file.read(limit + 1)


evidence_group = AppGroup("evidence", help="Keys, and proof of what was made with them.")


@evidence_group.command("keys")
def evidence_keys() -> None:
    """List every key of the register, oldest first."""
    with _database().reading() as db:
        rows = evidence.register(db)
    for row in rows:
        ends = f", certificate until {row.ends_at:%Y-%m-%d}" if row.ends_at else ""
        used = f"until {row.until:%Y-%m-%d %H:%M} UTC" if row.until else "in use"
        click.echo(f"{row.use:5} {row.key_id}  since {row.since:%Y-%m-%d %H:%M} UTC, {used}{ends}")
    click.echo(f"{len(rows)} keys." if rows else "No key yet: the worker makes the first ones when it starts.")


@evidence_group.command("rotate-key")
@click.argument("use", type=click.Choice(["head", "seal"]))
def evidence_rotate_key(use: str) -> None:
    """Make a new key for heads or seals; what older ones signed stays provable."""
    settings = _settings()
    if use == "seal" and settings.keys.certificate is not None:
        sys.exit("OVAL_SEAL_CERTIFICATE seals: put the new file there and start again; it is registered by itself.")
    with _database().writing() as db:
        row = worker.keyring(settings).rotate(db, use, school_name=settings.school.name, actor=OFFICE)
    click.echo(f"The new {use} key is {row.key_id}. Keep a copy of {settings.keys.folder}.")


@evidence_group.command("verify")
@FILES
def evidence_verify(files: tuple[Path, ...]) -> None:
    """Say of each of FILES whether it is genuine, and why; exits with 1 unless all are."""
    limit, all_genuine = _settings().upload_limit, True
    for path in files:
        with _database().reading() as db:
            finding = evidence.examine(db, _start_of(path, limit), limit=limit)
        all_genuine &= finding.verdict == "genuine" and not finding.ledger_fault
        click.echo(f"{path.name}: {finding.verdict.replace('_', ' ').upper()}")
        for reason in finding.reasons:
            click.echo(f"  {reason}")
        if finding.ledger_fault:
            click.echo(f"  THE LEDGER IS NOT WHAT IT WAS. {finding.ledger_fault}")
    sys.exit(0 if all_genuine else 1)


backup_group = AppGroup("backup", help="Copies of the database, and the way back to one.")
REAPPLY: tuple[backups.Reapply, ...] = (retention.reapply,)
"""What wipes again, outside the ledger, whatever was erased after the backup that is restored."""


def _backup_file(name: str) -> Path:
    """A file by its path, or by its name in the folder of backups; the newest good one where none is named."""
    folder = _settings().backups.folder
    if name:
        return Path(name) if Path(name).is_file() else folder / name
    newest = next((one.file for one in backups.kept(_settings()) if one.good), None)
    if newest is None:
        sys.exit(f"There is no good backup in {folder}.")
    return folder / newest


@backup_group.command("create")
def backup_create() -> None:
    """Make a backup now, and try it out by restoring it beside the live database."""
    try:
        made = backups.create(_settings(), _database())
    except DomainError as problem:
        sys.exit(f"No backup was made. {problem.message}")
    click.echo(f"Good: {_settings().backups.folder / made.file}, {made.ledger_size:,} entries, {made.size:,} bytes.")
    click.echo(f"It opens with {_settings().instance / backups.IDENTITY} alone: keep a copy of that file elsewhere.")


@backup_group.command("list")
def backup_list() -> None:
    """List the backups in the folder, newest first."""
    rows = backups.kept(_settings())
    for one in rows:
        state = "good" if one.good else f"BAD: {one.fault}"
        click.echo(
            f"{one.at:%Y-%m-%d %H:%M} UTC  {one.ledger_size:>9,} entries  {one.size:>13,} bytes  {one.file}  {state}"
        )
    click.echo(f"Backups in {_settings().backups.folder}: {len(rows)}.")


@backup_group.command("verify")
@click.argument("file", default="")
def backup_verify(file: str) -> None:
    """Try out FILE, or the newest good backup, by restoring it beside the live database; changes nothing."""
    try:
        found = backups.verify(_settings(), _database(), _backup_file(file))
    except DomainError as problem:
        sys.exit(problem.message)
    click.echo(f"{found.file} is good: {found.ledger_size:,} entries, the last with fingerprint {found.head_hash}.")


@backup_group.command("restore")
@click.argument("file", default="")
@click.option("--replace", is_flag=True, help="Move the present database aside; it is never deleted.")
@click.option("--older-than-known", is_flag=True, help="Yes, what was recorded after this backup is to be lost.")
def backup_restore(file: str, replace: bool, older_than_known: bool) -> None:
    """Put the database of FILE, or of the newest good backup, in place."""
    chosen = _backup_file(file)
    try:
        done = backups.restore(
            _settings(), _database(), chosen, replace=replace, older_than_known=older_than_known, reapply=REAPPLY
        )
    except DomainError as problem:
        sys.exit(f"Nothing was restored. {problem.message}")
    click.echo(f"Restored {chosen.name}: {done.size:,} entries, {done.lost:,} known to be lost.")
    click.echo(f"Erasures applied again: {done.erasures:,}. Everybody is logged out.")
    if done.aside:
        click.echo(f"The old database is now {done.aside}; delete it once you no longer need it.")


@backup_group.command("reapply-erasures")
def backup_reapply_erasures() -> None:
    """Erase again what a database that was put back by hand has too much; needed before it can be served."""
    try:
        number = backups.reapply_erasures(_settings(), _database(), reapply=REAPPLY)
    except DomainError as problem:
        sys.exit(problem.message)
    click.echo(f"Erasures applied again: {number:,}.")


worker_group = AppGroup("worker", help="The background worker.")


@worker_group.command("run")
def worker_run() -> None:
    """Render, send and remind until told to stop."""
    _refuse_unfit()
    worker.run(_settings())


server_group = AppGroup("server", help="The web server and the worker.")


@server_group.command("run")
def server_run() -> None:
    """Serve until told to stop: web server and worker together."""
    _serve()


account_group = AppGroup("account", help="Staff log-ins.")


@account_group.command("open")
@click.argument("email")
@click.option("--role", default="admin", show_default=True, type=click.Choice(accounts.ROLES))
def account_open(email: str, role: str) -> None:
    """Give the staff member with this work e-mail a log-in of this role and send the link to set a password."""
    settings = _settings()
    try:
        with _database().writing() as db:
            member = people.staff_by_email(db, email)
            account = accounts.open_account(db, person_id=member.person_id, email=member.work_email, role=role)
            accounts.reopen(db, account.public_id)
            if account.role != role:  # an import gave the log-in the role that goes with the post
                account = accounts.set_role(db, account.public_id, role)
            campaigns.send_password_link(db, account.email, school=settings.school)
    except NotFound:
        sys.exit(f"Nobody on the staff list has the e-mail address “{email}”. Import the list first.")
    except DomainError as problem:
        sys.exit(problem.message)
    where = "" if settings.smtp_url else f" No mail server is set: the message lands in {settings.mail_folder}."
    click.echo(f"{account.email} can log in as {account.role} once the e-mailed link is used.{where}")


GROUPS = (
    db_group,
    rules_group,
    demo_group,
    roster_group,
    campaign_group,
    outbox_group,
    ledger_group,
    evidence_group,
    backup_group,
    account_group,
    retention_group,
    worker_group,
    server_group,
)
