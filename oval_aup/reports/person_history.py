"""One person's whole story as the office sees it: family, requests, marks, choices, messages, documents, every act."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import agreements, consent, documents, evidence, notifications, people, signing
from oval_aup.core.db import columns_of, rows_as
from oval_aup.core.i18n import _
from oval_aup.reports import ledger_acts
from oval_aup.reports import tables as t
from oval_aup.reports.participants import Participants
from oval_aup.reports.timeline import TimelineEvent, events


@dataclass(frozen=True, slots=True)
class Mark:
    """One signature, refusal or correction in the office's words."""

    row: signing.SignatureRow
    version: int
    title: str
    assurance: str
    who: Participants
    reason: str
    other_name: str
    """The typed name where it is not the one we hold."""
    name_confirmed: str
    """``spelling`` or ``other`` where the signer was asked about the typed name and said that it is theirs."""
    """The name as typed, where it is not the name of whoever signed."""


@dataclass(frozen=True, slots=True)
class ChildChoices:
    """What one guardian has answered about pictures of one child."""

    child: people.ChildRow
    guardian: people.GuardianRow
    counts: bool
    """Whether the guardian's answer counts for this child."""
    answers: dict[str, str]


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """Everything about one person."""

    person: people.PersonRow
    child: people.ChildRow | None
    guardian: people.GuardianRow | None
    member: people.StaffRow | None
    links: tuple[people.GuardianshipRow, ...]
    """To their children, or to those who look after them; barred ones too."""
    requests: tuple[signing.RequestRow, ...]
    """Newest school year first."""
    marks: tuple[Mark, ...]
    choices: tuple[ChildChoices, ...]
    verdicts: dict[str, consent.Permission]
    """For a child: what may be done with pictures, by use."""
    blocks: tuple[consent.BlockRow, ...]
    messages: tuple[notifications.MessageRow, ...]
    documents: tuple[documents.DocumentRow, ...]
    events: tuple[TimelineEvent, ...]
    address: str
    trouble: str

    @property
    def is_barred(self) -> bool:
        """Whether nobody may write to this person at all: every link to a child here forbids it."""
        return (
            self.guardian is not None
            and self.member is None
            and bool(self.links)
            and not any(link.contact_allowed for link in self.links)
        )

    @property
    def is_blocked(self) -> bool:
        """Whether a child stands under a safeguarding block."""
        return any(block.lifted_at is None for block in self.blocks)


def history_of(db: Session, public_id: str, school_year: int) -> PersonHistory:
    """Gather one person's story; raises NotFound."""
    person = people.person(db, public_id)
    child = people.child_by_id(db, person.person_id) if person.is_child else None
    guardian = people.guardian(db, person.person_id) if person.is_guardian else None
    member = people.staff_member(db, person.person_id) if person.is_staff else None
    links = _links(db, person)
    marks = signing.signatures_of(db, person.person_id)
    decisions = consent.decisions(db, guardian_id=person.person_id) if guardian else ()
    address = (guardian.email if guardian else "") or (member.work_email if member else "")
    entries = {entry.seq: entry for entry in evidence.entries_about(db, person.pseudonym)}
    entries |= {
        entry.seq: entry
        for entry in (evidence.entries_by(db, person.pseudonym) if guardian else ())
        if entry.body["act"].get("guardian") == person.pseudonym
    }
    entries |= evidence.entries(db, {row.ledger_seq for row in marks} | {row.ledger_seq for row in decisions})
    told = [entry for _seq, entry in sorted(entries.items()) if entry.kind != "exported"]
    return PersonHistory(
        person=person,
        child=child,
        guardian=guardian,
        member=member,
        links=links,
        requests=requests_of(db, person.person_id),
        marks=_marks(db, marks),
        choices=_choices(db, links, school_year),
        verdicts=consent.permissions(db, [child.person_id], school_year)[child.person_id] if child else {},
        blocks=consent.blocks_of(db, child.person_id) if child else (),
        messages=tuple(reversed(notifications.messages_to(db, person.pseudonym))),
        documents=documents.documents_about(db, person.pseudonym),
        events=tuple(reversed(events(db, person, told))),
        address=address,
        trouble=notifications.troubled_addresses(db, [address]).get(address, ""),
    )


def _links(db: Session, person: people.PersonRow) -> tuple[people.GuardianshipRow, ...]:
    if person.is_child:
        return people.guardians_of(db, person.person_id)
    link = t.guardianship
    ids = db.scalars(sa.select(link.c.child_id).where(link.c.guardian_id == person.person_id)).all()
    found = people.guardians_of_children(db, ids)
    return tuple(row for rows in found.values() for row in rows if row.guardian.person_id == person.person_id)


def requests_of(db: Session, person_id: int) -> tuple[signing.RequestRow, ...]:
    """What a person was ever asked for, newest school year first."""
    chosen = sa.select(*columns_of(signing.RequestRow, t.request)).where(t.request.c.person_id == person_id)
    ordered = chosen.order_by(t.request.c.school_year.desc(), t.request.c.agreement_key)
    return tuple(rows_as(signing.RequestRow, db.execute(ordered)))


def _marks(db: Session, rows: Iterable[signing.SignatureRow]) -> tuple[Mark, ...]:
    rows = sorted(rows, key=lambda row: row.id, reverse=True)
    wordings = agreements.wordings(db, {row.version_text_id for row in rows})
    seqs = [row.ledger_seq for row in rows]
    told = evidence.details(db, seqs)
    who = {act.seq: act.who for act in ledger_acts.acts(db, list(evidence.entries(db, seqs).values()))}
    marks = []
    for row in rows:
        wording, details = wordings[row.version_text_id], told.get(row.ledger_seq, {})
        marks.append(
            Mark(
                row=row,
                version=wording.version_number,
                title=wording.title,
                assurance=_(evidence.ASSURANCES.get(row.assurance, row.assurance)),
                who=who[row.ledger_seq],
                reason=str(details.get("reason", "")),
                other_name=str(details.get("typed_name", "")) if details.get("name_matches") is False else "",
                name_confirmed=str(details.get("name_confirmed", "")),
            )
        )
    return tuple(marks)


def _choices(db: Session, links: Iterable[people.GuardianshipRow], school_year: int) -> tuple[ChildChoices, ...]:
    found = []
    for link in links:
        answers = consent.answers_of(db, link.child.person_id, link.guardian.person_id, school_year)
        if answers or link.may_choose:
            found.append(ChildChoices(link.child, link.guardian, link.may_choose, answers))
    return tuple(found)
