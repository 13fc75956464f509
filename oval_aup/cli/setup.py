"""What a real school needs at its first start: the address, what is still to be done, the first office log-in."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oval_aup import accounts, campaigns, evidence, people
from oval_aup.config import Settings
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from oval_aup.core.errors import NotFound

GROUPS = {"admin": "office", "head": "leadership", "governor": "governor", "teacher": "teaching"}
"""The staff group of somebody who is on no list yet, by the role of their log-in."""


def welcome(database: Database, settings: Settings) -> str:
    """The text to print when the server starts."""
    lines = [
        f"{settings.school.name} is at  {settings.school.base_url}",
        f"(listening on {settings.host} port {settings.port}; stop with Ctrl+C)",
    ]
    steps = next_steps(database, settings)
    return "\n".join([*lines, *(["Still to do:"] if steps else []), *(f"  {step}" for step in steps)])


def next_steps(database: Database, settings: Settings) -> list[str]:
    """What the school has to do before it can ask anybody, in this order."""
    steps = []
    with database.reading() as db:
        if not evidence.entries_of_kind(db, "published"):
            steps.append("publish the rules: .venv/bin/flask rules publish")
        offices = accounts.accounts_with_role(db, "admin")
        if not offices:
            steps.append(
                "make the first office log-in, for which no list is needed:"
                ' .venv/bin/flask account open EMAIL --name "Forename Surname"'
            )
        elif not any(account.has_password for account in offices):
            steps.append(
                f"choose the password of {offices[0].email}: open the link that “account open” gave;"
                f" for a new one run .venv/bin/flask account open {offices[0].email}"
            )
        if not settings.smtp_url and not settings.mail_in_folder:
            steps.append("set up email (OVAL_SMTP_URL), as docs/operations.md says: until then every message waits")
        if not people.children(db):
            place = f"{settings.school.base_url}/office/roster"
            steps.append(f"log in as the office and import the school’s lists: {place}")
    return steps


def open_account(db: Session, *, email: str, name: str, role: str, actor: Actor) -> accounts.AccountRow:
    """A working log-in of this role; with a name, somebody who is on no list yet joins the staff. Raises NotFound."""
    try:
        member = people.staff_by_email(db, email)
    except NotFound:
        if not name.strip():
            raise
        forename, _blank, surname = name.strip().rpartition(" ")
        member = people.add_staff_member(
            db,
            forename=forename,
            surname=surname,
            work_email=email,
            staff_group=GROUPS.get(role, "support"),
            actor=actor,
        )
    account = accounts.open_account(db, person_id=member.person_id, email=member.work_email, role=role, actor=actor)
    accounts.reopen(db, account.public_id, actor=actor)
    if account.role != role:  # an import gave the log-in the role that goes with the post
        account = accounts.set_role(db, account.public_id, role, actor=actor)
    return account


def password_link(db: Session, account: accounts.AccountRow, settings: Settings) -> str:
    """Send the link to choose a password; without a mail server, return it to be printed instead."""
    if settings.smtp_url:
        campaigns.send_password_link(db, account.email, school=settings.school)
        return ""
    token = accounts.mint_link(db, purpose="set-password", person_id=account.person_id, sent_to=account.email)
    return f"{settings.school.base_url}/set-password/{token}"
