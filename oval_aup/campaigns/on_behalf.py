"""Answers that came on paper, by telephone or in person, recorded by the office under its own name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import agreements, consent, evidence, people, signing
from oval_aup.campaigns.declarations import declarations
from oval_aup.campaigns.family import Family, FamilyChild, family
from oval_aup.campaigns.invitations import restate_letters
from oval_aup.campaigns.obligations import CHILDREN
from oval_aup.campaigns.permission_changes import tell_of_changes
from oval_aup.campaigns.receipts import request_receipt, tell_office_of_refusal
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict, Invalid, NotAllowed, NotFound
from oval_aup.core.i18n import _
from oval_aup.core.school import School

ASSURANCE = {"paper": "paper-scan", "phone": "telephone", "person": "in-person"}
"""How an answer came to how its giver was identified."""


@dataclass(frozen=True, slots=True)
class OnBehalf:
    """What the office recorded, and the receipt that confirms it."""

    entries: tuple[int, ...]
    receipt: str


@dataclass(frozen=True, slots=True)
class _Recording:
    """The facts that every act of one form shares."""

    person: people.PersonRow
    school_year: int
    language: str
    signer_name: str
    recorded_by_id: int
    key: str
    extra: dict[str, Any]
    versions: Mapping[str, int]
    """Agreement to the version that was in the person's hands, where that was said."""
    at: dt.datetime | None
    """The end of the day on which the answer came; None for now."""
    actor: Actor

    def wording(self, db: Session, key: str, *, reading_level: str = "full") -> agreements.Wording:
        """The words that were in the person's hands: those named, or those in force on the day the answer came."""
        how = {"language": self.language, "reading_level": reading_level}
        try:
            if key in self.versions:
                return agreements.wording_of_version(db, key, self.versions[key], **how)
            return agreements.current(db, key, at=self.at, **how)
        except NotFound:
            problem = _("No version had been published by that day. Choose the version that they had.")
            raise Invalid(fields={f"version-{key}": problem}) from None


def record_on_behalf(
    db: Session,
    *,
    person_id: int,
    school_year: int,
    channel: str,
    outcome: str = "signed",
    answers: Mapping[str, Mapping[str, str]] | None = None,
    for_children: Collection[str] = (),
    responsibility: Mapping[str, str] | None = None,
    signer_name: str = "",
    reason: str = "",
    note: str = "",
    identified: str = "",
    received_on: dt.date | None = None,
    versions: Mapping[str, int] | None = None,
    language: str = "en",
    idempotency_key: str,
    school: School,
    actor: Actor,
) -> OnBehalf:
    """Record a whole form at once: the person's own rules, image choices and younger children's rules.

    ``channel`` is ``paper``, ``phone`` or ``person``. ``outcome`` is ``signed``, ``declined`` or empty when the form
    says nothing of their own rules; ``answers`` maps a child's public id to purpose to ``yes`` or ``no``, and
    ``for_children`` names the young children they signed for. ``responsibility`` maps a child's public id to ``yes`` or
    ``no`` where the lists do not say whether they have parental responsibility; a yes about pictures needs it. Uses
    that are not named keep their answer, and so do those named with the answer that they have. ``versions`` maps an
    agreement to the version that was in the person's hands; without it that is the one in force on ``received_on``.
    ``identified`` says how the office confirmed who it was. The form counts like a signature made by the person,
    marked with how it came and who recorded it. Raises Conflict when there was nothing to record, and Invalid on
    ``version-`` and the agreement where no version was published by then.
    """
    if channel not in ASSURANCE:
        raise Invalid(fields={"channel": _("Choose how the answer came: on paper, by telephone or in person.")})
    if actor.person_id is None:
        raise NotAllowed(_("Only a person can record an answer for somebody."))
    known = evidence.find(db, f"on-behalf:{idempotency_key}")
    recording = _Recording(
        person=people.person_by_id(db, person_id),
        school_year=school_year,
        language=language,
        signer_name=signer_name,
        recorded_by_id=actor.person_id,
        key=idempotency_key,
        extra=_extra(db, actor.person_id, note, identified, received_on),
        versions=versions or {},
        at=_end_of(received_on) if received_on else None,
        actor=replace(actor, channel=channel, assurance=ASSURANCE[channel], sent_to="", browser=""),
    )
    if known is not None:
        return OnBehalf(
            tuple(known.body["act"]["entries"]), _receipt(db, recording, known.body["act"]["entries"], school)
        )
    seqs = [*_own(db, recording, outcome, reason, school)]
    if answers or for_children or responsibility:
        seqs += _for_family(db, recording, answers or {}, for_children, responsibility or {})
        tell_of_changes(db, school=school)
    if not seqs:
        raise Conflict(_("Nothing new was entered: choose what they said, or go back if it is recorded already."))
    evidence.append(
        db,
        "recorded_on_behalf",
        subject=recording.person.pseudonym,
        act={"school_year": school_year, "entries": seqs},
        refs=[evidence.Ref(seq, "recorded on behalf") for seq in seqs],
        details=recording.extra,
        idempotency_key=f"on-behalf:{idempotency_key}",
        actor=recording.actor,
    )
    restate_letters(db, recording.person, school_year, school)
    return OnBehalf(tuple(seqs), _receipt(db, recording, seqs, school))


def _end_of(day: dt.date) -> dt.datetime | None:
    """The last instant of a day; None for today, of which the present moment is the last that there is."""
    if day >= clock.today():
        return None
    return clock.at_london(day + dt.timedelta(days=1), 0) - dt.timedelta(microseconds=1)


def _extra(db: Session, recorder_id: int, note: str, identified: str, received_on: dt.date | None) -> dict[str, Any]:
    extra: dict[str, Any] = {"recorded_by_name": people.person_by_id(db, recorder_id).full_name}
    for key, text in (("note", note.strip()[:2000]), ("identified", identified.strip()[:500])):
        if text:
            extra[key] = text
    if received_on is not None:
        extra["received_on"] = received_on.isoformat()
    return extra


def _own(db: Session, recording: _Recording, outcome: str, reason: str, school: School) -> list[int]:
    """The rules that are the person's own: parents', staff's, or an older child's."""
    if not outcome:
        return []
    seqs = []
    for request in signing.standing(db, recording.person.person_id, recording.school_year):
        if request.way == "guardian" or request.status not in ("open", "started", "declined"):
            continue
        if request.status == outcome:
            continue
        row = _sign(db, recording, request, outcome=outcome, reason=reason, about={})
        seqs.append(row.ledger_seq)
        if outcome == "declined":
            tell_office_of_refusal(db, recording.person, key=row.public_id, school=school)
    return seqs


def _for_family(
    db: Session,
    recording: _Recording,
    answers: Mapping[str, Mapping[str, str]],
    for_children: Collection[str],
    responsibility: Mapping[str, str],
) -> list[int]:
    mine = family(db, recording.person.person_id, recording.school_year)
    by_id = {each.child.public_id: each for each in mine.children}
    if not {*answers, *for_children, *responsibility} <= set(by_id):
        raise NotAllowed(_("This person does not answer for that child."))
    _check_responsibility(mine, answers, responsibility)
    declared = declarations(
        mine,
        responsibility,
        key=f"on-behalf:{recording.key}",
        extra=recording.extra,
        recorded_by=people.person_by_id(db, recording.recorded_by_id).pseudonym,
    )
    seqs = [entry.seq for entry in evidence.append_all(db, declared.entries, actor=recording.actor)]
    declared.keep(db)
    seqs += [
        seq for child, chosen in answers.items() for seq in _choose(db, recording, mine.guardian, by_id[child], chosen)
    ]
    for each in mine.younger:
        if each.child.public_id in for_children and each.request is not None:
            about = {"child_name": each.child.full_name, "relationship": each.link.relationship_name}
            seqs.append(_sign(db, recording, each.request, outcome="signed", reason="", about=about).ledger_seq)
    return seqs


def _check_responsibility(
    mine: Family, answers: Mapping[str, Mapping[str, str]], responsibility: Mapping[str, str]
) -> None:
    """Raise Invalid for each child about whose pictures somebody chooses who has not said that they are responsible."""
    faults: dict[str, str] = {}
    for each in mine.undeclared:
        name, said = each.child.public_id, responsibility.get(each.child.public_id, "")
        if "yes" in answers.get(name, {}).values() and said != "yes":
            faults[f"responsibility-{name}"] = _(
                "%(child)s: ask whether they have parental responsibility before you record a yes.",
                child=each.child.forename,
            )
        elif name in answers and said == "no":
            faults[f"responsibility-{name}"] = _(
                "%(child)s: without parental responsibility they are not asked about pictures.",
                child=each.child.forename,
            )
    if faults:
        raise Invalid(fields=faults)


def _choose(
    db: Session,
    recording: _Recording,
    guardian: people.GuardianRow,
    each: FamilyChild,
    chosen: Mapping[str, str],
) -> list[int]:
    """Record what is new for one child: a yes that is taken back as a withdrawal of its own, all else together."""
    new = {key: answer for key, answer in chosen.items() if each.answers.get(key) != answer}
    withdrawn = {key: answer for key, answer in new.items() if answer == "no" and each.answers.get(key) == "yes"}
    rest = {key: answer for key, answer in new.items() if key not in withdrawn}
    return [
        consent.record(
            db,
            child=each.child,
            guardian=guardian,
            answers=answers,
            only=set(answers),
            wording=recording.wording(db, consent.AGREEMENT),
            school_year=recording.school_year,
            idempotency_key=f"on-behalf:{recording.key}:{what}:{each.child.public_id}",
            details={
                **recording.extra,
                "signer_name": guardian.full_name,
                "child_name": each.child.full_name,
                "relationship": each.link.relationship_name,
            },
            recorded_by_id=recording.recorded_by_id,
            actor=recording.actor,
        ).seq
        for what, answers in (("withdrawn", withdrawn), ("pictures", rest))
        if answers
    ]


def _sign(
    db: Session,
    recording: _Recording,
    request: signing.RequestRow,
    *,
    outcome: str,
    reason: str,
    about: dict[str, str],
) -> signing.SignatureRow:
    level = "younger" if request.agreement_key == CHILDREN and request.way == "guardian" else "full"
    wording = recording.wording(db, request.agreement_key, reading_level=level)
    return signing.sign(
        db,
        request.id,
        wording=wording,
        shown_sha256=wording.text_sha256,
        typed_name=recording.signer_name,
        signed_by_id=recording.person.person_id,
        outcome=outcome,
        reason=reason,
        recorded_by_id=recording.recorded_by_id,
        idempotency_key=f"on-behalf:{recording.key}:{request.public_id}",
        extra={**recording.extra, "signer_name": recording.person.full_name, **about},
        actor=recording.actor,
    )


def _receipt(db: Session, recording: _Recording, seqs: Collection[int], school: School) -> str:
    person = recording.person
    guardian = people.guardian(db, person.person_id) if person.is_guardian else None
    member = people.staff_member(db, person.person_id) if person.is_staff else None
    address = (guardian.email if guardian else "") or (member.work_email if member else "")
    forename = guardian.greeting_name if guardian else member.greeting_name if member else person.full_name
    return request_receipt(
        db,
        person=person,
        entries=seqs,
        school_year=recording.school_year,
        language=recording.language,
        forename=forename,
        to_address=address,
        family=guardian is not None,
        key=f"on-behalf:{recording.key}",
        school=school,
        requested_by_id=recording.recorded_by_id,
    )
