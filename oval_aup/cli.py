"""``flask <noun> <verb>``: as thin as views, one service call each, safe to repeat."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from oval_aup import accounts, campaigns, demo, evidence, people, schema, serving, witnesses, worker
from oval_aup.config import BadSetting, Settings
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from oval_aup.core.errors import DomainError, NotFound
from oval_aup.people import roster

OFFICE = Actor(role="office", channel="cli", assurance="none")


def install(app: Flask) -> None:
    """Register the commands."""
    for group in GROUPS:
        app.cli.add_command(group)


def _settings() -> Settings:
    return cast(Settings, current_app.extensions["oval_settings"])


def _database() -> Database:
    return cast(Database, current_app.extensions["oval_database"])


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
    fault = schema.fault(_database())
    _database().dispose()
    if fault:
        sys.exit(f"Oval AUP cannot start. {fault}")
    try:
        code = serving.serve(_settings())
    except BadSetting as problem:
        sys.exit(f"Oval AUP cannot start. {problem}")
    sys.exit(code)


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
                # One byte past the limit is enough to refuse a file without reading all of it.
                with path.open("rb") as file:
                    content = file.read(settings.upload_limit + 1)
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
def ledger_verify() -> None:
    """Re-hash every entry; names the first bad one and exits with 1 if there is one."""
    with _database().reading() as db:
        verdict = witnesses.check(db, _settings().instance)
    click.echo(verdict.sentence)
    sys.exit(0 if verdict.ok else 1)


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


worker_group = AppGroup("worker", help="The background worker.")


@worker_group.command("run")
def worker_run() -> None:
    """Render, send and remind until told to stop."""
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
    account_group,
    worker_group,
    server_group,
)
