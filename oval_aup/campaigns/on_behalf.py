"""Answers that came on paper, by telephone or in person, recorded by the office under its own name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import agreements, consent, evidence, people, signing
from oval_aup.campaigns.family import CHILDREN, FamilyChild, family
from oval_aup.campaigns.permission_changes import tell_of_changes
from oval_aup.campaigns.receipts import stop_asking, tell_office_of_refusal, want_receipt
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict, Invalid, NotAllowed
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
    actor: Actor


def record_on_behalf(
    db: Session,
    *,
    person_id: int,
    school_year: int,
    channel: str,
    outcome: str = "signed",
    answers: Mapping[str, Mapping[str, str]] | None = None,
    for_children: Collection[str] = (),
    signer_name: str = "",
    reason: str = "",
    note: str = "",
    language: str = "en",
    idempotency_key: str,
    school: School,
    actor: Actor,
) -> OnBehalf:
    """Record a whole form at once: the person's own rules, image choices and younger children's rules.

    ``channel`` is ``paper``, ``phone`` or ``person``. ``outcome`` is ``signed``, ``declined`` or empty when the form
    says nothing of their own rules; ``answers`` maps a child's public id to purpose to ``yes`` or ``no``, and
    ``for_children`` names the young children they signed for. The form counts like a signature made by the person,
    marked with how it came and who recorded it. Raises Conflict when there was nothing to record.
    """
    if channel not in ASSURANCE:
        raise Invalid(fields={"channel": _("Say how the answer came: on paper, by telephone or in person.")})
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
        extra=_extra(db, actor.person_id, note),
        actor=replace(actor, channel=channel, assurance=ASSURANCE[channel], sent_to="", browser=""),
    )
    if known is not None:
        return OnBehalf(
            tuple(known.body["act"]["entries"]), _receipt(db, recording, known.body["act"]["entries"], school)
        )
    seqs = [*_own(db, recording, outcome, reason, school)]
    if answers or for_children:
        seqs += _for_family(db, recording, answers or {}, for_children)
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
    stop_asking(db, recording.person, school_year)
    return OnBehalf(tuple(seqs), _receipt(db, recording, seqs, school))


def _extra(db: Session, recorder_id: int, note: str) -> dict[str, Any]:
    extra: dict[str, Any] = {"recorded_by_name": people.person_by_id(db, recorder_id).full_name}
    if note.strip():
        extra["note"] = note.strip()[:2000]
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
) -> list[int]:
    mine = family(db, recording.person.person_id, recording.school_year)
    by_id = {each.child.public_id: each for each in mine.children}
    if not {*answers, *for_children} <= set(by_id):
        raise NotAllowed(_("This person does not answer for that child."))
    seqs = [_choose(db, recording, mine.guardian, by_id[child], chosen) for child, chosen in answers.items()]
    for public_id in for_children:
        each = by_id[public_id]
        if each.wants_signature and each.request is not None:
            about = {"child_name": each.child.full_name, "relationship": each.link.relationship_name}
            seqs.append(_sign(db, recording, each.request, outcome="signed", reason="", about=about).ledger_seq)
    return seqs


def _choose(
    db: Session,
    recording: _Recording,
    guardian: people.GuardianRow,
    each: FamilyChild,
    chosen: Mapping[str, str],
) -> int:
    return consent.record(
        db,
        child=each.child,
        guardian=guardian,
        answers=chosen,
        wording=agreements.current(db, consent.AGREEMENT, language=recording.language),
        school_year=recording.school_year,
        idempotency_key=f"on-behalf:{recording.key}:pictures:{each.child.public_id}",
        details={
            **recording.extra,
            "signer_name": guardian.full_name,
            "child_name": each.child.full_name,
            "relationship": each.link.relationship_name,
        },
        recorded_by_id=recording.recorded_by_id,
        actor=recording.actor,
    ).seq


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
    wording = agreements.current(db, request.agreement_key, language=recording.language, reading_level=level)
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
    forename = guardian.forename if guardian else member.forename if member else person.full_name
    return want_receipt(
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
