"""Destroying by decision: what is planned is shown, what was shown is ordered, and an order is carried out once."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import accounts, evidence, packs, people
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import new_public_id
from oval_aup.core.errors import Conflict, Invalid
from oval_aup.core.i18n import _, gettext_noop, ngettext
from oval_aup.retention import holds
from oval_aup.retention.erasure_scope import OldThings, Reach, contact_reach_of, old_things, reach_of
from oval_aup.retention.erasure_steps import Removed, wipe, wipe_contact, wipe_old
from oval_aup.retention.holds import REASON_LENGTH
from oval_aup.retention.models import Erasure
from oval_aup.retention.periods import periods
from oval_aup.retention.review import THINGS, cut_off, due_people

RETENTION = "retention"
BASES: dict[str, str] = {
    RETENTION: gettext_noop("The time for which the school keeps it is over (UK GDPR, Article 5(1)(e))"),
    "no-longer-needed": gettext_noop("Asked for: no longer needed for what it was collected for (Article 17(1)(a))"),
    "consent-withdrawn": gettext_noop("Asked for: consent was withdrawn and nothing else allows it (Article 17(1)(b))"),
    "objection": gettext_noop("Asked for: an objection that the school upholds (Article 17(1)(c))"),
    "unlawful": gettext_noop("It should never have been held (Article 17(1)(d))"),
    "legal-duty": gettext_noop("The law requires that it is erased (Article 17(1)(e))"),
}
"""Why something may be destroyed, in the order offered."""


STANDING = ("proposed", "ordered", "wiped", "done")
"""The states of a decision that was, or will be, carried out."""


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What would be destroyed, exactly; ``refusals`` says by public id why somebody cannot be."""

    basis: str
    reaches: tuple[Reach, ...]
    things: tuple[OldThings, ...]
    refusals: Mapping[str, str]
    with_mentions: bool
    received_on: dt.date | None = None
    """When the person asked; None where it is the school's own decision."""
    early: bool = False
    """Whether anybody's time is not over: a second person has to approve it then."""
    contact_only: bool = False
    """Whether only how somebody was reached goes, and the record of what they answered stays."""
    packs: int = 0
    """Evidence packs kept or being made: they all go with anybody, since they may name people who are not in them."""

    @property
    def entries(self) -> int:
        """How many entries of the ledger lose their details."""
        return len({seq for reach in self.reaches for seq in reach.seqs})

    @property
    def counts(self) -> dict[str, int]:
        """Everything else that goes, by kind; what two people share is counted once for each."""
        total = Removed()
        for counts in (*(reach.counts for reach in self.reaches), *(one.counts for one in self.things)):
            for kind, number in counts.items():
                total.add(kind, number)
        total.add("packs", self.packs)
        return total.counts

    @property
    def confirmation(self) -> str:
        """What has to be typed before anything goes early: the person's name, or how many people they are."""
        if len(self.reaches) == 1:
            return self.reaches[0].person.full_name
        return ngettext("%(num)s person", "%(num)s people", len(self.reaches))

    @property
    def open_log_ins(self) -> bool:
        """Whether a log-in is among what would go; it may have to be closed first."""
        return any(reach.access.log_ins for reach in self.reaches)

    @property
    def fingerprint(self) -> str:
        """Names exactly this: the confirming page posts it back."""
        people_ = sorted((r.person.public_id, list(r.seqs), sorted(r.counts.items())) for r in self.reaches)
        things = sorted((one.record_type, one.until.isoformat(), sorted(one.counts.items())) for one in self.things)
        facts = json.dumps([self.basis, self.with_mentions, self.contact_only, people_, things, self.packs])
        return hashlib.sha256(facts.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """One decision as it stands; ``status`` is explained in ``Erasure.status``."""

    public_id: str
    batch: str
    what: str
    person_id: int | None
    until: dt.date | None
    basis: str
    reason: str
    received_on: dt.date | None
    status: str
    ordered_at: dt.datetime
    ordered_by_id: int | None
    approved_at: dt.datetime | None
    approved_by_id: int | None
    wiped_at: dt.datetime | None
    ledger_seq: int | None
    entries: int
    removed: dict[str, int]


def plan(
    db: Session,
    person_public_ids: Iterable[str],
    things: Iterable[str] = (),
    *,
    basis: str,
    received_on: dt.date | None = None,
    with_mentions: bool = False,
    contact_only: bool = False,
) -> ErasurePlan:
    """Work out what would go, without doing anything; ``received_on`` is the day on which it was asked for, if it was.

    ``contact_only`` leaves the record of what somebody answered, and takes how they were reached: that may go early.

    Raises NotFound for an unknown person, Invalid for the basis or a request from the future.
    """
    problems = {}
    if basis not in BASES:
        problems["basis"] = _("Choose why it may be erased.")
    if received_on is not None and received_on > clock.today():
        problems["received"] = _("The request cannot have come in the future.")
    if problems:
        raise Invalid(fields=problems)
    months = {key: row.months for key, row in periods(db).items()}
    today = clock.today()
    chosen = [people.person(db, public_id) for public_id in dict.fromkeys(person_public_ids)]
    due = {row.person.person_id for row in due_people(db, today)} if chosen else set()
    if contact_only:
        reaches = tuple(contact_reach_of(db, person) for person in chosen)
    else:
        reaches = tuple(reach_of(db, person, with_mentions=with_mentions) for person in chosen)
    early = not contact_only and any(person.person_id not in due for person in chosen)
    refusals = {}
    for reach in reaches:
        why = _refusal(db, reach) or (_not_due(reach, due) if basis == RETENTION else "")
        if why:
            refusals[reach.person.public_id] = why
    old = tuple(old_things(db, key, cut_off(key, months[key], today)) for key in dict.fromkeys(things) if key in THINGS)
    number = len(packs.packs(db, limit=None)) if reaches and not contact_only else 0
    found = tuple(one for one in old if one.number)
    return ErasurePlan(basis, reaches, found, refusals, with_mentions, received_on, early, contact_only, number)


def order(
    db: Session,
    planned: ErasurePlan,
    *,
    fingerprint: str,
    confirmation: str = "",
    actor: Actor,
) -> str:
    """Decide that everything in ``planned`` goes, and return the batch under which ``carry_out_next`` finds it.

    Before its time a record is only proposed, with ``Plan.confirmation`` typed: it goes when a second person has called
    ``approve``. Raises Conflict where it is no longer what ``fingerprint``
    named, where somebody in it cannot be erased, and where there is nothing in it; Invalid for the confirmation.
    """
    if planned.refusals:
        raise Conflict(" ".join(dict.fromkeys(planned.refusals.values())))
    if not planned.reaches and not planned.things:
        raise Conflict(_("You haven’t chosen anything."))
    if planned.fingerprint != fingerprint:
        raise Conflict(_("Something has changed since this list was shown. Check it again before you decide."))
    if planned.early:
        _check_early(planned, confirmation)
    shared = {
        "batch": new_public_id(),
        "basis": planned.basis,
        "received_on": planned.received_on,
        "with_mentions": planned.with_mentions,
        "status": "proposed" if planned.early else "ordered",
        "ordered_at": clock.now(),
        "ordered_by_id": actor.person_id,
    }
    what = "contact" if planned.contact_only else "person"
    db.add_all(Erasure(what=what, person_id=reach.person.person_id, **shared) for reach in planned.reaches)
    db.add_all(Erasure(what=one.record_type, until=one.until, **shared) for one in planned.things)
    db.flush()
    return str(shared["batch"])


def decided_before(
    db: Session, person_public_ids: Iterable[str], things: Iterable[str] = (), *, contact_only: bool = False
) -> ErasureRow | None:
    """The newest decision by which all of this is gone or about to go; None where some of it is still to be decided.

    For whoever posts a decision a second time: it is answered with the outcome of the first. Raises NotFound for an
    unknown person.
    """
    months = {key: row.months for key, row in periods(db).items()}
    what = "contact" if contact_only else "person"
    chosen = [
        sa.and_(Erasure.what == what, Erasure.person_id == people.person(db, public_id).person_id)
        for public_id in dict.fromkeys(person_public_ids)
    ]
    for key in dict.fromkeys(things):
        until = cut_off(key, months[key], clock.today()) if key in THINGS else None
        same = sa.and_(Erasure.what == key, Erasure.until == until)
        left = until is not None and old_things(db, key, until).number
        chosen.append(sa.and_(same, Erasure.status == "ordered") if left else same)
    standing = sa.select(Erasure).where(Erasure.status.in_(STANDING)).order_by(Erasure.id.desc()).limit(1)
    found = [db.scalar(standing.where(one)) for one in chosen]
    rows = [row for row in found if row is not None]
    return erasure_row(max(rows, key=lambda row: row.id)) if rows and len(rows) == len(found) else None


def approve(db: Session, batch: str, *, fingerprint: str, confirmation: str, actor: Actor) -> None:
    """Agree, as the second person, that a record goes before its time: ``carry_out_next`` finds it from now on.

    Raises Conflict where nothing waits, where this person may not be the second, where somebody cannot be erased any
    more, and where it is no longer what ``fingerprint`` named; Invalid for the typed name.
    """
    rows = _proposed(db, batch)
    planned = proposed_plan(db, batch)
    if why := why_not_second(db, batch, actor):
        raise Conflict(why)
    if planned.refusals:
        raise Conflict(" ".join(planned.refusals.values()))
    if planned.fingerprint != fingerprint:
        raise Conflict(_("Something has changed since this list was shown. Check it again before you decide."))
    _check_early(planned, confirmation)
    until = {one.record_type: one.until for one in planned.things}
    for row in rows:
        row.until = until.get(row.what, row.until)
        row.status, row.approved_at, row.approved_by_id = "ordered", clock.now(), actor.person_id
    db.flush()


def send_back(db: Session, batch: str, *, reason: str, actor: Actor) -> None:
    """Decide, as whoever may approve or proposed it, that a record stays; raises Conflict where nothing waits."""
    rows = _proposed(db, batch)
    if not reason.strip():
        raise Invalid(fields={"reason": _("Say in a few words why.")})
    for row in rows:
        row.status, row.reason = "sent-back", reason.strip()[:REASON_LENGTH]
        row.approved_at, row.approved_by_id = clock.now(), actor.person_id
    db.flush()


def proposed_plan(db: Session, batch: str) -> ErasurePlan:
    """What would go, as things are now, if a waiting proposal were approved; raises Conflict where nothing waits."""
    rows = _proposed(db, batch)
    persons = people.persons_by_id(db, [row.person_id for row in rows if row.person_id])
    return plan(
        db,
        [persons[row.person_id].public_id for row in rows if row.person_id],
        [row.what for row in rows if not row.person_id],
        basis=rows[0].basis,
        received_on=rows[0].received_on,
        with_mentions=rows[0].with_mentions,
    )


def why_not_second(db: Session, batch: str, actor: Actor) -> str:
    """Why this person cannot be the second one who approves, in a sentence; empty where they can.

    Two different people, of whom one is the head.
    """
    first = _proposed(db, batch)[0].ordered_by_id
    if actor.person_id is None or actor.person_id == first:
        return _("You asked for this, so somebody else has to approve it.")
    if not any(_is_head(db, person_id) for person_id in (actor.person_id, first)):
        return _("The head has to be one of the two who decide this.")
    return ""


def waiting_for_approval(db: Session) -> tuple[ErasureRow, ...]:
    """Proposals that wait for a second person, oldest first."""
    return tuple(map(erasure_row, db.scalars(sa.select(Erasure).filter_by(status="proposed").order_by(Erasure.id))))


def carry_out_next(db: Session, *, batch: str = "") -> bool:
    """Carry out the oldest order, of one batch where given, in the caller's unit of work; False when none is left.

    One order is one unit of work: killed anywhere, it either happened whole or is still ordered. Whoever has come
    under a hold since, or is back at school, is left alone and the order says why it stopped.
    """
    waiting = sa.select(Erasure).where(Erasure.status == "ordered").order_by(Erasure.id).limit(1)
    if batch:
        waiting = waiting.where(Erasure.batch == batch)
    row = db.scalar(waiting.with_for_update(skip_locked=True))
    if row is None:
        return False
    decider = _decider(db, row)
    if row.what == "person":
        _erase_person(db, row, decider)
    elif row.what == "contact":
        _erase_contact(db, row, decider)
    else:
        _erase_things(db, row, decider)
    db.flush()
    return True


def erasures(db: Session, *, batch: str = "", person_id: int | None = None, limit: int = 100) -> tuple[ErasureRow, ...]:
    """Decisions, newest first: all, those of one batch, or those about one person."""
    chosen = sa.select(Erasure).order_by(Erasure.id.desc()).limit(limit)
    if batch:
        chosen = chosen.where(Erasure.batch == batch)
    if person_id is not None:
        chosen = chosen.where(Erasure.person_id == person_id)
    return tuple(map(erasure_row, db.scalars(chosen)))


def erasure_row(row: Erasure) -> ErasureRow:
    """The frozen form of a row."""
    names = ErasureRow.__dataclass_fields__
    return ErasureRow(**{name: getattr(row, name) for name in names})


def ledger_key(row: Erasure) -> str:
    """Under which key the ledger keeps it; says enough to do the same again to a database that has gone back."""
    until = f":{row.until.isoformat()}" if row.until else ""
    return f"erased:{row.what}{until}:{row.public_id}"


def _erase_person(db: Session, row: Erasure, decider: Actor) -> None:
    person = people.person_by_id(db, row.person_id or 0)
    reach = reach_of(db, person, with_mentions=row.with_mentions)
    why = _refusal(db, reach)
    if not why and row.approved_by_id is None:
        why = _not_due(reach, {due.person.person_id for due in due_people(db, clock.today())})
    if why:
        row.status, row.reason = "stopped", why
        return
    removed = wipe(db, reach)
    _enter(db, row, person.pseudonym, reach.seqs, removed, decider)


def _erase_contact(db: Session, row: Erasure, decider: Actor) -> None:
    reach = contact_reach_of(db, people.person_by_id(db, row.person_id or 0))
    why = _refusal(db, reach)
    if why:
        row.status, row.reason = "stopped", why
        return
    _enter(db, row, reach.person.pseudonym, (), wipe_contact(db, reach), decider)


def _erase_things(db: Session, row: Erasure, decider: Actor) -> None:
    if row.until is None:
        raise ValueError("old things need a day")
    _enter(db, row, "school", (), wipe_old(db, row.what, row.until), decider)


def _enter(db: Session, row: Erasure, subject: str, seqs: Sequence[int], removed: Removed, decider: Actor) -> None:
    entry = evidence.erase_details(
        db,
        seqs,
        basis=row.basis,
        subject=subject,
        removed=removed.counts,
        approved_by=people.person_by_id(db, row.approved_by_id).pseudonym if row.approved_by_id else "",
        idempotency_key=ledger_key(row),
        actor=decider,
    )
    row.status, row.wiped_at, row.ledger_seq, row.entries = "wiped", entry.at, entry.seq, len(seqs)
    row.removed, row.files, row.reason = removed.counts, removed.files, ""


def _decider(db: Session, row: Erasure) -> Actor:
    """Whoever decided is who acts, also when a worker does it later; no device facts, which would be details again."""
    if row.ordered_by_id is None:
        return Actor(role="office", channel="cli")
    person = people.person_by_id(db, row.ordered_by_id)
    account = accounts.account_of(db, person.person_id)
    return Actor(
        role=account.role if account else "office",
        person_id=person.person_id,
        pseudonym=person.pseudonym,
        assurance="staff-login",
        channel="office",
    )


def _refusal(db: Session, reach: Reach) -> str:
    """Why nobody may erase this person just now, or an empty string."""
    person = reach.person
    if person.erased:
        return _("%(name)s has been erased already.", name=person.full_name)
    if not person.archived:
        return _(
            "%(name)s is still on the school’s lists, and the next list would bring them back. Only somebody who has"
            " left can be erased.",
            name=person.full_name,
        )
    if holds.held(db, [person.person_id]):
        return _("The record of %(name)s is held.", name=person.full_name)
    if holds.held(db, reach.others):
        return _("%(name)s’s record is part of the evidence about somebody who is held.", name=person.full_name)
    account = accounts.account_of(db, person.person_id)
    if account is not None and not account.disabled:
        return _("The log-in of %(name)s is still open. Close it first.", name=person.full_name)
    return ""


def _not_due(reach: Reach, due: set[int]) -> str:
    if reach.person.person_id not in due:
        return _("The school still has to keep %(name)s’s record.", name=reach.person.full_name)
    return ""


def _check_early(planned: ErasurePlan, confirmation: str) -> None:
    expected = planned.confirmation
    if " ".join(confirmation.split()).casefold() != " ".join(expected.split()).casefold():
        raise Invalid(fields={"confirmation": _("Type exactly what is shown: %(words)s", words=expected)})


def _proposed(db: Session, batch: str) -> list[Erasure]:
    chosen = sa.select(Erasure).filter_by(batch=batch, status="proposed").order_by(Erasure.id)
    rows = list(db.scalars(chosen.with_for_update()))
    if not rows:
        raise Conflict(_("This no longer waits for approval."))
    return rows


def _is_head(db: Session, person_id: int | None) -> bool:
    account = accounts.account_of(db, person_id) if person_id is not None else None
    return account is not None and account.role == "head" and not account.disabled
