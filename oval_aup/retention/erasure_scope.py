"""What an erasure of one person, or of old things, would take: looked up before it is decided and as it is done.

An entry of the ledger has one set of details, erasable as a whole. It goes when it is about the person, when they
answered in it, or when it takes such an answer back; so the choices a guardian made for a child go with either of the
two. Where somebody is named in another person's entry as the colleague who recorded or witnessed it, the entry stays:
it is that other person's evidence until their own time is over.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import accounts, consent, documents, evidence, notifications, people, signing
from oval_aup.core import clock

NAMING_REPORTS = ("class_report", "school_report")
"""Documents about many people at once that print names."""

_FOLLOWING = frozenset({"withdrawn", "corrected", "consent_invalidated", "recorded_on_behalf"})


@dataclass(frozen=True, slots=True)
class Reach:
    """Everything that goes with one person, and what of others names them and stays."""

    person: people.PersonRow
    seqs: tuple[int, ...] = ()
    """Ledger entries that lose their details."""
    mentions: tuple[int, ...] = ()
    """Entries of their family in which somebody wrote this person's name; they go only where that is asked for."""
    recorded: int = 0
    """Entries of other people which this person recorded or witnessed; they stay."""
    others: tuple[int, ...] = ()
    """Row ids of those whose evidence the entries are as well."""
    documents: tuple[str, ...] = ()
    family_documents: tuple[str, ...] = ()
    """Documents of their family that show this person."""
    reports: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    access: accounts.Access = field(default_factory=lambda: accounts.Access(0, 0, 0))

    @property
    def counts(self) -> dict[str, int]:
        """What goes beside the details, by kind; kinds without any are left out."""
        found = {
            "documents": len(self.documents),
            "family-documents": len(self.family_documents),
            "reports": len(self.reports),
            "messages": len(self.messages),
            "log-ins": self.access.log_ins,
            "links": self.access.links,
            "visits": self.access.sessions,
        }
        return {kind: number for kind, number in found.items() if number}


@dataclass(frozen=True, slots=True)
class OldThings:
    """Everything of one kind from before a day."""

    record_type: str
    until: dt.date
    counts: dict[str, int]

    @property
    def number(self) -> int:
        """How many things that are."""
        return sum(self.counts.values())


def reach_of(db: Session, person: people.PersonRow, *, with_mentions: bool = False, seqs: Iterable[int] = ()) -> Reach:
    """Look up everything an erasure of ``person`` takes, as things are now.

    ``seqs`` names entries that an earlier erasure took: documents made of them go too, though the details are gone.
    """
    kin = people.persons_by_id(db, people.kin_of(db, person.person_id))
    entries = {entry.seq: entry for entry in evidence.entries_about(db, person.pseudonym)}
    answered = {
        row.ledger_seq
        for row in signing.signatures_of(db, person.person_id)
        if person.person_id in (row.person_id, row.signed_by_id)
    }
    entries |= evidence.entries(db, (answered | consent.choice_seqs(db, person.person_id)) - set(entries))
    related = {entry.seq: entry for one in kin.values() for entry in evidence.entries_about(db, one.pseudonym)}
    entries |= {
        seq: entry
        for seq, entry in related.items()
        if entry.kind in _FOLLOWING and any(ref["seq"] in entries for ref in entry.body["refs"])
    }
    entries |= {
        seq: entry
        for seq, entry in related.items()
        if entry.kind == "responsibility_declared" and entry.body["act"].get("guardian") == person.pseudonym
    }
    recorded = _acts_for_others(db, person, set(entries))
    entries |= {entry.seq: entry for entry, details in recorded if set(details) <= {"came_by"}}
    mentions = _mentions(db, person, set(related) - set(entries))
    if with_mentions:
        entries |= {seq: related[seq] for seq in mentions}
    with_details = tuple(sorted(evidence.details(db, entries)))
    left_on = _left_on(db, person)
    return Reach(
        person=person,
        seqs=with_details,
        mentions=() if with_mentions else mentions,
        recorded=sum(1 for entry, _details in recorded if entry.seq not in entries),
        others=_others(kin.values(), person, [entries[seq] for seq in with_details]),
        documents=documents.documents_showing(db, [person.pseudonym]),
        family_documents=documents.documents_showing(db, [one.pseudonym for one in kin.values()], {*entries, *seqs}),
        reports=documents.documents_of_kinds(
            db, NAMING_REPORTS, asked_before=clock.at_london(left_on + dt.timedelta(days=1), 0)
        ),
        messages=notifications.messages_with_words(db, [person.pseudonym]),
        addresses=_addresses(db, person),
        access=accounts.access_of(db, person.person_id),
    )


def contact_reach_of(db: Session, person: people.PersonRow) -> Reach:
    """Look up how a person was reached: addresses, messages, links and visits, and nothing of what they answered."""
    return Reach(
        person=person,
        messages=notifications.messages_with_words(db, [person.pseudonym]),
        addresses=_addresses(db, person),
        access=accounts.access_of(db, person.person_id),
    )


def old_things(db: Session, record_type: str, until: dt.date) -> OldThings:
    """Everything of one kind from before a London day."""
    moment = clock.at_london(until, 0)
    counts = {}
    if record_type == "messages":
        counts = {"messages": len(notifications.old_messages(db, queued_before=moment))}
    elif record_type == "class-sessions":
        counts = {"class-codes": signing.old_class_codes(db, opened_before=moment)}
    elif record_type == "visits":
        access = accounts.old_access(db, ended_before=moment)
        counts = {"links": access.links, "visits": access.sessions}
    elif record_type == "reports":
        counts = {"reports": len(documents.documents_of_kinds(db, NAMING_REPORTS, asked_before=moment))}
    return OldThings(record_type, until, {kind: number for kind, number in counts.items() if number})


def _acts_for_others(
    db: Session, person: people.PersonRow, known: set[int]
) -> list[tuple[evidence.EntryRow, dict[str, Any]]]:
    """What a colleague recorded or witnessed for others and still has details."""
    if not person.is_staff:
        return []
    entries = [entry for entry in evidence.entries_by(db, person.pseudonym) if entry.seq not in known]
    details = evidence.details(db, [entry.seq for entry in entries])
    return [(entry, details[entry.seq]) for entry in entries if entry.seq in details]


def _mentions(db: Session, person: people.PersonRow, seqs: set[int]) -> tuple[int, ...]:
    """Entries of the family whose details hold the person's name."""
    name = person.full_name.casefold()
    details = evidence.details(db, seqs)
    return tuple(
        seq for seq, each in sorted(details.items()) if name in json.dumps(each, ensure_ascii=False).casefold()
    )


def _others(
    kin: Iterable[people.PersonRow], person: people.PersonRow, entries: Iterable[evidence.EntryRow]
) -> tuple[int, ...]:
    """Of the family, those whose evidence these entries are too."""
    named = set()
    for entry in entries:
        act = entry.body["act"]
        named |= {entry.body["subject"]["pseudonym"], act.get("guardian", ""), act.get("on_behalf_by", "")}
    return tuple(sorted(one.person_id for one in kin if one.pseudonym in named and one != person))


def _left_on(db: Session, person: people.PersonRow) -> dt.date:
    """The day the last part ended; today for somebody still here."""
    ends = []
    if person.is_child:
        ends.append(people.child_by_id(db, person.person_id).archived_on)
    if person.is_guardian:
        ends.append(people.guardian(db, person.person_id).archived_on)
    if person.is_staff:
        ends.append(people.staff_member(db, person.person_id).archived_on)
    return max((day or clock.today() for day in ends), default=clock.today())


def _addresses(db: Session, person: people.PersonRow) -> tuple[str, ...]:
    """Every address the person is or was written to that nobody else here is reached at."""
    found = {row.to_address for row in notifications.messages_to(db, person.pseudonym)}
    if person.is_guardian:
        found.add(people.guardian(db, person.person_id).email)
    if person.is_staff:
        found.add(people.staff_member(db, person.person_id).work_email)
    return tuple(sorted(address for address in found if address and not people.guardians_at(db, address)))
