"""Log-ins for staff and the check that lets a family in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.accounts import passwords, policy, sessions, throttle
from oval_aup.accounts.links import LinkRow, link, revoke_links
from oval_aup.accounts.models import Account
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import new_public_id
from oval_aup.core.errors import Conflict, Invalid, NotAllowed, NotFound
from oval_aup.core.i18n import _


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A staff log-in."""

    id: int
    public_id: str
    person_id: int
    email: str
    role: str
    has_password: bool
    disabled: bool


def _row(account: Account) -> AccountRow:
    return AccountRow(
        account.id,
        account.public_id,
        account.person_id,
        account.email,
        account.role,
        bool(account.password_hash),
        account.disabled_at is not None,
    )


def role_for(staff_group: str, post: str) -> str:
    """The role a new log-in starts with, from the post; the office can change it."""
    if staff_group == "office":
        return "admin"
    if staff_group == "leadership":
        return "head"
    if staff_group == "governor":
        return "governor"
    return "teacher" if "teacher" in post.casefold() else "staff"


def open_account(db: Session, *, person_id: int, email: str, role: str, actor: Actor = SYSTEM) -> AccountRow:
    """Give a staff member a log-in without a password, or return the one they have."""
    if role not in policy.ROLES:
        raise Invalid(fields={"role": _("Choose one of the roles.")})
    existing = db.execute(sa.select(Account).where(Account.person_id == person_id)).scalar_one_or_none()
    if existing:
        return _row(existing)
    account = Account(person_id=person_id, email=email.strip().casefold(), role=role, created_at=clock.now())
    db.add(account)
    db.flush()
    _enter(db, person_id, "opened", after=role, actor=actor)
    return _row(account)


def _enter(
    db: Session,
    person_id: int,
    what: str,
    *,
    before: str = "",
    after: str = "",
    details: dict[str, Any] | None = None,
    actor: Actor,
) -> None:
    """Enter in the ledger that somebody's way in was opened, changed or closed."""
    act = {"what": what, "before": before, "after": after}
    evidence.append(
        db,
        "access_changed",
        subject=people.person_by_id(db, person_id).pseudonym,
        act={name: value for name, value in act.items() if value},
        details=details,
        idempotency_key=f"access:{new_public_id()}",
        actor=actor,
    )


def open_accounts(db: Session, *, actor: Actor = SYSTEM) -> int:
    """Give every current staff member with an email address a log-in; returns how many are new."""
    have = set(db.execute(sa.select(Account.person_id)).scalars())
    taken = set(db.execute(sa.select(Account.email)).scalars())
    made = 0
    for member in people.staff(db):
        email = member.work_email.casefold()
        if email and member.person_id not in have and email not in taken:
            open_account(
                db, person_id=member.person_id, email=email, role=role_for(member.staff_group, member.post), actor=actor
            )
            taken.add(email)
            made += 1
    return made


def close_accounts(db: Session, person_ids: Iterable[int], *, actor: Actor = SYSTEM) -> None:
    """Close the log-ins of people who have left, except the last office log-in, which is needed to put it right."""
    query = sa.select(Account).where(Account.person_id.in_(tuple(person_ids)), Account.disabled_at.is_(None))
    for row in db.execute(query).scalars().all():
        if not _is_last_admin(db, row):
            _close(db, row, actor=actor)


def _close(db: Session, row: Account, *, actor: Actor) -> None:
    """End it everywhere at once; its password is deleted, and no link that is on its way sets another."""
    if row.disabled_at is None:
        _enter(db, row.person_id, "disabled", actor=actor)
    row.disabled_at = clock.now()
    row.password_hash = ""
    revoke_links(db, row.person_id, purpose="set-password")
    sessions.end_all(db, person_id=row.person_id)


def follow_addresses(db: Session, *, actor: Actor = SYSTEM) -> None:
    """Let every log-in bear the work address its owner has now; links that went to the old one open nothing any more.

    An address that is another log-in's already is left where it is.
    """
    rows = {row.person_id: row for row in db.execute(sa.select(Account)).scalars()}
    taken = {row.email for row in rows.values()}
    for member in people.staff(db):
        row, email = rows.get(member.person_id), member.work_email.casefold()
        if row is None or not email or email in taken:
            continue
        taken.discard(row.email)
        taken.add(email)
        before, row.email = row.email, email
        revoke_links(db, row.person_id, purpose="set-password")
        db.flush()
        _enter(db, row.person_id, "email", details={"old": {"email": before}, "new": {"email": email}}, actor=actor)


def account(db: Session, public_id: str) -> AccountRow:
    """One log-in; raises NotFound."""
    return _row(_account(db, Account.public_id == public_id))


def account_of(db: Session, person_id: int) -> AccountRow | None:
    """The person's log-in, if they have one."""
    found = db.execute(sa.select(Account).where(Account.person_id == person_id)).scalar_one_or_none()
    return _row(found) if found else None


def all_accounts(db: Session) -> tuple[AccountRow, ...]:
    """Every log-in there ever was, closed ones too."""
    return tuple(_row(found) for found in db.execute(sa.select(Account).order_by(Account.id)).scalars())


def without_password(db: Session) -> frozenset[int]:
    """Row ids of the people whose log-in works but has no password yet."""
    chosen = sa.select(Account.person_id).where(Account.password_hash == "", Account.disabled_at.is_(None))
    return frozenset(db.scalars(chosen))


def accounts_with_role(db: Session, role: str) -> tuple[AccountRow, ...]:
    """Every log-in of a role that is not disabled."""
    query = sa.select(Account).where(Account.role == role, Account.disabled_at.is_(None)).order_by(Account.id)
    return tuple(_row(found) for found in db.execute(query).scalars())


def account_by_email(db: Session, email: str) -> AccountRow | None:
    """The working log-in for an address, if there is one."""
    query = sa.select(Account).where(Account.email == email.strip().casefold(), Account.disabled_at.is_(None))
    found = db.execute(query).scalar_one_or_none()
    return _row(found) if found else None


def _account(db: Session, condition: sa.ColumnElement[bool]) -> Account:
    found = db.execute(sa.select(Account).where(condition)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def password_holds(db: Session, email: str, password: str) -> bool:
    """Compare a typed password; slow by design, so call it outside a write transaction."""
    found = db.execute(sa.select(Account).where(Account.email == email.strip().casefold())).scalar_one_or_none()
    known = found.password_hash if found and found.disabled_at is None else ""
    return passwords.matches(known, password)


def log_in(db: Session, email: str) -> str:
    """Start a log-in session once the password has held; returns the secret for the cookie."""
    row = _account(db, Account.email == email.strip().casefold())
    if row.disabled_at is not None:
        raise NotAllowed
    return sessions.start(db, "login", person_id=row.person_id, account_id=row.id, assurance="staff-login")


def set_password(db: Session, token: str, password: str, *, school_name: str) -> AccountRow:
    """Set a password through an emailed link, which is used up; every other session of the person ends."""
    held = link(db, token, purpose="set-password")
    if held.expired:
        raise Conflict(_("This link has run out. Ask for a new one on the log-in page."))
    row = _account(db, Account.person_id == held.person_id)
    passwords.judge(password, email=row.email, school_name=school_name)
    row.password_hash = passwords.hash_password(password)
    row.pin_hash = ""
    revoke_links(db, held.person_id, purpose="set-password")
    sessions.end_all(db, person_id=held.person_id)
    owner = people.person_by_id(db, held.person_id)
    themselves = Actor(role=row.role, person_id=owner.person_id, pseudonym=owner.pseudonym, channel="link")
    _enter(db, held.person_id, "password", actor=themselves)
    return _row(row)


def choose_password(db: Session, public_id: str, password: str, *, school_name: str) -> AccountRow:
    """Set a log-in's password without a link: for demonstrations and for somebody logged in already."""
    row = _account(db, Account.public_id == public_id)
    passwords.judge(password, email=row.email, school_name=school_name)
    row.password_hash = passwords.hash_password(password)
    return _row(row)


def set_role(db: Session, public_id: str, role: str, *, actor: Actor) -> AccountRow:
    """Change what a log-in may do; takes effect with its next page. The last admin stays one."""
    row = _account(db, Account.public_id == public_id)
    if role not in policy.ROLES:
        raise Invalid(fields={"role": _("Choose one of the roles.")})
    if role != "admin":
        _keep_an_admin(db, row)
    if row.role != role:
        _enter(db, row.person_id, "role", before=row.role, after=role, actor=actor)
    row.role = role
    sessions.end_all(db, person_id=row.person_id)
    return _row(row)


def disable(db: Session, public_id: str, *, actor: Actor) -> AccountRow:
    """Close a log-in: its sessions end at once and its password is deleted."""
    row = _account(db, Account.public_id == public_id)
    _keep_an_admin(db, row)
    _close(db, row, actor=actor)
    return _row(row)


def reopen(db: Session, public_id: str, *, actor: Actor) -> AccountRow:
    """Open a closed log-in again, for somebody who is back; a new password has to be chosen through a link."""
    row = _account(db, Account.public_id == public_id)
    if row.disabled_at is not None:
        row.disabled_at = None
        row.password_hash = row.pin_hash = ""
        _enter(db, row.person_id, "reopened", actor=actor)
    return _row(row)


def _is_last_admin(db: Session, row: Account) -> bool:
    query = sa.select(sa.func.count()).where(Account.role == "admin", Account.disabled_at.is_(None))
    return row.role == "admin" and db.execute(query).scalar_one() <= 1


def _keep_an_admin(db: Session, row: Account) -> None:
    if _is_last_admin(db, row):
        raise Conflict(_("This is the last office log-in. Give another person the office role first."))


class WrongAnswer(Exception):
    """The family check failed; ``tries_left`` before a pause."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(tries_left)
        self.tries_left = tries_left


def _works_here_at(db: Session, held: LinkRow) -> bool:
    """Whether the link went to the work address of somebody who is a colleague as well as a parent."""
    if not people.person_by_id(db, held.person_id).is_staff:
        return False
    return people.staff_member(db, held.person_id).work_email == held.sent_to.casefold()


def pass_family_check(db: Session, held: LinkRow, born_on: dt.date) -> str:
    """Let a family in who know a child's date of birth; returns the secret for the cookie.

    Raises WrongAnswer, or NotFound where the person no longer has a child here they may act for, or is reached at
    another address than the link was sent to: an old mailbox opens nothing, however the school learnt of the new one.
    The caller checks ``throttle`` first and counts a WrongAnswer afterwards, outside this unit of work.
    """
    if held.expired:
        raise NotFound
    links = people.children_of(db, held.person_id)
    if not links:
        raise NotFound
    guardian = links[0].guardian
    if held.sent_to.casefold() not in ("", guardian.email) and not _works_here_at(db, held):
        raise NotFound
    if born_on not in {row.child.born_on for row in links}:
        tried = throttle.failures(db, throttle.bucket("link", held.id)) + 1
        raise WrongAnswer(max(0, throttle.LIMITS["link"] - tried))
    shared = bool(guardian.email) and people.mailbox_sharers(db, guardian.email) > 1
    return sessions.start(
        db,
        "family",
        person_id=held.person_id,
        link_id=held.id,
        assurance="shared-link-and-birth-date" if shared else "link-and-birth-date",
    )
