"""``flask <noun> <verb>``: as thin as views, one service call each, safe to repeat."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from oval_aup import accounts, campaigns, demo, schema, worker
from oval_aup.cli import setup
from oval_aup.cli.backup import backup_group
from oval_aup.cli.context import FILES, OFFICE, refuse_the_other_school, start_of
from oval_aup.cli.context import database as _database
from oval_aup.cli.context import settings as _settings
from oval_aup.cli.evidence import evidence_group, ledger_group
from oval_aup.cli.retention import retention_group
from oval_aup.config import BadSetting, Settings
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.errors import DomainError, Invalid, NotFound
from oval_aup.people import roster
from oval_aup.server import supervisor


def install(app: Flask) -> None:
    """Register the commands."""
    for group in GROUPS:
        app.cli.add_command(group)


db_group = AppGroup("db", help="Set up and update the database.")


@db_group.command("upgrade")
def db_upgrade() -> None:
    """Update the database to this version; safe to repeat."""
    click.echo(f"The database is at {schema.upgrade(_database())}.")
    gone = schema.put_guards_back(_database())
    if gone:
        click.echo(f"Put back the guards of history: {', '.join(sorted(gone))}. Find out who removed them.")


@db_group.command("revise")
@click.argument("slug")
def db_revise(slug: str) -> None:
    """Write a migration for what the models have and the database lacks."""
    click.echo(f"Wrote migrations/versions/{schema.new_migration(_database(), slug)}.py: read it before you commit it.")


rules_group = AppGroup("rules", help="The rule sets.")


@rules_group.command("publish")
def rules_publish() -> None:
    """Publish the shipped rule sets that are not published yet."""
    refuse_the_other_school()
    with _database().writing() as db:
        published = campaigns.publish_shipped_rules(db, actor=OFFICE)
    click.echo(
        "\n".join(f"Published {w.title}, version {w.version_number}, {w.reading_level}." for w in published)
        or "All are published already."
    )


demo_group = AppGroup("demo", help="The demonstration school.")


@demo_group.command("seed")
def demo_seed() -> None:
    """Fill an empty database with the demonstration school; leaves a filled one alone. Needs OVAL_DEMO=yes."""
    _refuse_without_demo()
    refuse_the_other_school()
    click.echo(demo.seed(_database(), _settings()))


@demo_group.command("serve")
def demo_serve() -> None:
    """Prepare everything and serve the demonstration: web and worker together. Needs OVAL_DEMO=yes."""
    _refuse_without_demo()
    schema.upgrade(_database())
    refuse_the_other_school()
    demo.seed(_database(), _settings(), say=click.echo)
    _serve(demo.welcome)


def _refuse_without_demo() -> None:
    if not _settings().demo:
        sys.exit("The demonstration needs OVAL_DEMO=yes. For a real school say “.venv/bin/flask server run”.")


def _serve(welcome: Callable[[Database, Settings], str]) -> None:
    """Say where and serve what can be served; anything else is refused in one sentence."""
    _refuse_unfit()
    try:
        supervisor.refuse_taken_port(_settings())
        click.echo(welcome(_database(), _settings()))
        code = supervisor.serve(_settings())
    except BadSetting as problem:
        sys.exit(f"Oval AUP cannot start. {problem}")
    sys.exit(code)


def _refuse_unfit() -> None:
    """Stop in one sentence where the database cannot be served."""
    try:
        supervisor.refuse_unfit(_settings(), _database())
    except BadSetting as problem:
        sys.exit(f"Oval AUP cannot start. {problem}")


roster_group = AppGroup("roster", help="The school’s lists of pupils, contacts and staff.")


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
    refuse_the_other_school()
    _roster(files, keep=True, confirm_leavers=confirm_leavers, partial=partial, same_children=same_children)


def _roster(files: tuple[Path, ...], *, keep: bool, confirm_leavers: bool, partial: bool, same_children: bool) -> None:
    settings = _settings()
    answers = {"*": "same"} if same_children else {}
    for path in files:
        try:
            with _database().writing() as db:
                content = start_of(path, settings.upload_limit)
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


campaign_group = AppGroup("campaign", help="Sign-ups and reminders.")


@campaign_group.command("remind")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def campaign_remind(dry_run: bool) -> None:
    """Queue the reminders that are due today."""
    refuse_the_other_school()
    with _database().writing() as db:
        planned = campaigns.remind(db, on=clock.today(), dry_run=dry_run, school=_settings().school, actor=OFFICE)
    for one in planned:
        click.echo(f"{one.step:12}  {one.to_address}")
    click.echo(f"{len(planned)} {'would go' if dry_run else 'queued'}.")


outbox_group = AppGroup("outbox", help="Messages on their way.")


@outbox_group.command("send")
def outbox_send() -> None:
    """Send what is due now and say the outcome of it."""
    refuse_the_other_school()
    click.echo(worker.send_now(_settings(), _database()))


worker_group = AppGroup("worker", help="The background worker.")


@worker_group.command("run")
def worker_run() -> None:
    """Render, send and remind until told to stop."""
    _refuse_unfit()
    worker.run(_settings())


server_group = AppGroup("server", help="The web server and the worker.")


@server_group.command("run")
def server_run() -> None:
    """Serve until told to stop: web server and worker together. Says where, and what is still to be done."""
    _serve(setup.welcome)


account_group = AppGroup("account", help="Staff log-ins.")


@account_group.command("open")
@click.argument("email")
@click.option("--name", default="", help="Their forename and surname, where no staff list has been imported yet.")
@click.option("--role", default="admin", show_default=True, type=click.Choice(accounts.ROLES))
def account_open(email: str, name: str, role: str) -> None:
    """Give the staff member with this work email a log-in of this role and a link to choose a password.

    With --name, somebody who is on no list yet is added to the staff first.
    """
    refuse_the_other_school()
    settings = _settings()
    try:
        with _database().writing() as db:
            account = setup.open_account(db, email=email, name=name, role=role, actor=OFFICE)
            link = setup.password_link(db, account, settings)
    except NotFound:
        sys.exit(
            f"Nobody on the staff list has the email address “{email}”."
            ' Give their name as well: --name "Forename Surname", or import the staff list first.'
        )
    except Invalid as problem:
        sys.exit(" ".join(problem.fields.values()) or problem.message)
    except DomainError as problem:
        sys.exit(problem.message)
    click.echo(f"{account.email} can log in as {account.role} once a password has been chosen.")
    click.echo(f"Open this link within 3 days: {link}" if link else "The link to choose one is emailed by the server.")


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
