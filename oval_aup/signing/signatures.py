"""The mark itself: made once, tied to the exact words shown, and corrected only by adding to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.agreements import Wording
from oval_aup.core.actor import Actor
from oval_aup.core.db import columns_of, new_public_id, rows_as, table_of
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.signing import marks
from oval_aup.signing.models import Signature, SignatureRequest
from oval_aup.signing.requests import move, move_all, request_by_id
from oval_aup.signing.rows import RequestRow, SignatureRow

REMARK_LENGTH = 2000
"""Longest reason or remark kept, in characters."""

_signature = table_of(Signature)
_request = table_of(SignatureRequest)
_later = _signature.alias("later")
_COLUMNS = [
    *columns_of(SignatureRow, _signature),
    _request.c.public_id.label("request_public_id"),
    _request.c.agreement_key,
    _request.c.school_year,
]

# A later row always shares its request, and that column is the indexed one.
_TAKEN_BACK = sa.exists().where(
    _later.c.request_id == _signature.c.request_id, _later.c.refers_to_id == _signature.c.id
)
_ALL: sa.Select[Any] = (
    sa.select(*_COLUMNS, (~_TAKEN_BACK).label("stands"))
    .join(_request, _request.c.id == _signature.c.request_id)
    .order_by(_signature.c.id)
)
# Built once: a page waits longer for a statement to be put together than for its answer.
_IN_SITTING = _ALL.where(_signature.c.signing_session_id == sa.bindparam("sitting_id"))
_OF_PEOPLE = _ALL.where(
    _signature.c.person_id.in_(sa.bindparam("person_ids", expanding=True)),
    _request.c.school_year == sa.bindparam("school_year"),
)
_ADD = sa.insert(_signature)


@dataclass(frozen=True, slots=True)
class ToSign:
    """One request as read in this unit of work, and the wording that is accepted, or declined, by answering it."""

    request: RequestRow
    wording: Wording
    subject: str
    """Pseudonym of the person whose request it is."""
    idempotency_key: str
    extra: dict[str, Any] = field(default_factory=dict)
    """Joins the erasable details: declarations, remarks, names."""
    outcome: str = "signed"


@dataclass(frozen=True, slots=True)
class SignedBy:
    """Whose act it is, and who entered it where that was somebody else."""

    signer: people.PersonRow | people.GuardianRow
    typed_name: str
    mark: Any = None
    """What was drawn, as it came from the browser; kept with the first of several answers."""
    reason: str = ""
    recorded_by: people.PersonRow | None = None
    """The office or teacher who recorded it; their device is not the signer's and is left out."""
    signing_session_id: int | None = None
    class_session_id: int | None = None


def sign(
    db: Session,
    request_id: int,
    *,
    wording: Wording,
    shown_sha256: str,
    typed_name: str,
    mark: Any = None,
    signed_by_id: int,
    outcome: str = "signed",
    reason: str = "",
    recorded_by_id: int | None = None,
    signing_session_id: int | None = None,
    class_session_id: int | None = None,
    idempotency_key: str,
    extra: dict[str, Any] | None = None,
    actor: Actor,
) -> SignatureRow:
    """Record that ``signed_by_id`` signed or declined ``wording`` for a request; the same key twice is one signature.

    Raises Conflict when ``shown_sha256`` is not the hash of ``wording`` or the request is answered already, and
    Invalid for an implausible typed name or drawing. A declined request needs no name.
    """
    known = evidence.find(db, idempotency_key)
    if known is not None:
        return _of_entry(db, known.seq)
    if shown_sha256 != wording.text_sha256:
        raise Conflict(_("The wording changed while you were reading. Please read the new wording before you answer."))
    request, signer = request_by_id(db, request_id), people.person_by_id(db, signed_by_id)
    by = SignedBy(
        signer,
        typed_name,
        mark,
        reason,
        None if recorded_by_id is None else people.person_by_id(db, recorded_by_id),
        signing_session_id,
        class_session_id,
    )
    subject = signer if request.person_id == signer.person_id else people.person_by_id(db, request.person_id)
    answers = [ToSign(request, wording, subject.pseudonym, idempotency_key, extra or {}, outcome)]
    entries = evidence.append_all(db, entries_to_sign(answers, by=by), actor=actor)
    if entries[0].is_new:  # else the same post in another process came first while this one waited for the ledger
        sign_all(db, answers, entries, by=by, actor=actor)
    return _of_entry(db, entries[0].seq)


def entries_to_sign(answers: Sequence[ToSign], *, by: SignedBy) -> list[evidence.NewEntry]:
    """What the ledger is to say of every one of ``answers``, as one person's act; then ``sign_all``.

    The caller has compared each wording with what was shown. Raises Conflict when a request was answered meanwhile,
    Invalid for an implausible name or drawing.
    """
    for each in answers:
        _check_answer(each)
    return [_entry(each, by, is_first=place == 0) for place, each in enumerate(answers)]


def sign_all(
    db: Session, answers: Sequence[ToSign], entries: Sequence[evidence.EntryRow], *, by: SignedBy, actor: Actor
) -> None:
    """Record every one of ``answers`` now that the ledger has the entry of each; Conflict where one is not new."""
    if not all(entry.is_new for entry in entries):
        raise Conflict(_("This has been answered already."))
    for outcome in dict.fromkeys(each.outcome for each in answers):
        move_all(db, [each.request for each in answers if each.outcome == outcome], outcome)
    add_rows(
        db,
        [
            row_values(
                entry,
                request=each.request,
                signed_by_id=by.signer.person_id,
                recorded_by_id=by.recorded_by.person_id if by.recorded_by else None,
                outcome=each.outcome,
                version_text_id=each.wording.version_text_id,
                signing_session_id=by.signing_session_id,
                class_session_id=by.class_session_id,
                actor=actor,
            )
            for each, entry in zip(answers, entries, strict=True)
        ],
    )


def _check_answer(answer: ToSign) -> None:
    """Raise Conflict where this outcome, for this wording, is no answer to the request as it stands."""
    request, outcome = answer.request, answer.outcome
    if outcome not in ("signed", "declined"):
        raise ValueError(f"{outcome!r} is no answer to a request")
    if answer.wording.agreement_key != request.agreement_key:
        raise Conflict(_("These are not the rules that were asked about."))
    if request.status == outcome or (request.status, outcome) == ("signed", "declined"):
        raise Conflict(_("This has been answered already."))


def _entry(answer: ToSign, by: SignedBy, *, is_first: bool) -> evidence.NewEntry:
    request = answer.request
    act: dict[str, Any] = {"outcome": answer.outcome, "request": request.public_id, "school_year": request.school_year}
    if answer.subject != by.signer.pseudonym:
        act["on_behalf_by"] = by.signer.pseudonym
    if by.recorded_by is not None:
        act["recorded_by"] = by.recorded_by.pseudonym
    return evidence.NewEntry(
        answer.outcome,
        answer.subject,
        act,
        answer.idempotency_key,
        document=document_ref(answer.wording),
        details=_personal(by, answer.outcome, with_mark=is_first) | answer.extra,
    )


def _personal(by: SignedBy, outcome: str, *, with_mark: bool) -> dict[str, Any]:
    """What was typed, picked or drawn; in class a child picks their name from the roll instead of typing it."""
    details: dict[str, Any] = {}
    if by.class_session_id is not None:
        details["picked_name"] = by.typed_name
    elif by.typed_name.strip() or (outcome == "signed" and by.recorded_by is None):
        details["typed_name"] = marks.typed_name(by.typed_name)
        if by.recorded_by is None:
            details["name_matches"] = marks.same_name(details["typed_name"], by.signer.full_name)
    if by.recorded_by is None and with_mark and (drawn := marks.drawn_mark(by.mark)):
        details["mark"] = drawn
    if by.reason.strip():
        details["reason"] = remark(by.reason)
    return details


def remark(text: str) -> str:
    """A reason as typed, within bounds; raises Invalid on field ``reason`` when it is too long."""
    tidy = marks.visible(text).strip()
    if len(tidy) > REMARK_LENGTH:
        raise Invalid(fields={"reason": _("Please use 2,000 letters or fewer.")})
    return tidy


def document_ref(wording: Wording) -> evidence.DocumentRef:
    """The wording in the ledger's terms."""
    return evidence.DocumentRef(
        agreement=wording.agreement_key,
        version=wording.version_number,
        text_sha256=wording.text_sha256,
        language=wording.language,
        reading_level=wording.reading_level,
    )


def add_row(db: Session, entry: evidence.EntryRow, **facts: Any) -> SignatureRow:
    """Add the row that stands beside one ledger entry; ``facts`` are those of ``row_values``."""
    add_rows(db, [row_values(entry, **facts)])
    return _of_entry(db, entry.seq)


def row_values(
    entry: evidence.EntryRow,
    *,
    request: RequestRow,
    signed_by_id: int,
    recorded_by_id: int | None = None,
    outcome: str,
    version_text_id: int,
    signing_session_id: int | None = None,
    class_session_id: int | None = None,
    refers_to_id: int | None = None,
    actor: Actor,
) -> dict[str, Any]:
    """The columns of the row that stands beside a ledger entry."""
    return {
        "public_id": new_public_id(),
        "request_id": request.id,
        "person_id": request.person_id,
        "signed_by_id": signed_by_id,
        "recorded_by_id": recorded_by_id,
        "outcome": outcome,
        "version_text_id": version_text_id,
        "channel": actor.channel,
        "assurance": actor.assurance,
        "signed_at": entry.at,
        "ledger_seq": entry.seq,
        "signing_session_id": signing_session_id,
        "class_session_id": class_session_id,
        "refers_to_id": refers_to_id,
    }


def add_rows(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Add the rows that stand beside several ledger entries."""
    if rows:
        db.execute(_ADD, rows)


def withdraw(db: Session, signature_public_id: str, *, reason: str, actor: Actor) -> SignatureRow:
    """Take back a mark that was rightly made; the request opens again and both rows stay in the record.

    Raises Invalid without a reason and Conflict when it was taken back before.
    """
    return _take_back(db, signature_public_id, kind="withdrawn", reason=reason, actor=actor)


def correct(db: Session, signature_public_id: str, *, reason: str, actor: Actor) -> SignatureRow:
    """Undo a mark that should never have been made, such as a wrong name in class; otherwise like ``withdraw``."""
    return _take_back(db, signature_public_id, kind="corrected", reason=reason, actor=actor)


def _take_back(db: Session, public_id: str, *, kind: str, reason: str, actor: Actor) -> SignatureRow:
    earlier = signature(db, public_id)
    key = f"{kind}:{public_id}"
    known = evidence.find(db, key)
    if known is not None:
        return _of_entry(db, known.seq)
    why = remark(reason)
    if not why:
        raise Invalid(fields={"reason": _("Say in a few words why.")})
    if not earlier.stands or earlier.outcome == "withdrawn":
        raise Conflict(_("This was taken back already."))
    request = request_by_id(db, earlier.request_id)
    entry = evidence.append(
        db,
        kind,
        subject=people.person_by_id(db, earlier.person_id).pseudonym,
        act={"outcome": "withdrawn", "request": request.public_id, "school_year": request.school_year},
        details={"reason": why},
        refs=[evidence.Ref(earlier.ledger_seq, kind)],
        idempotency_key=key,
        actor=actor,
    )
    if earlier.outcome == request.status:
        move(db, request, "open")
    return add_row(
        db,
        entry,
        request=request,
        signed_by_id=earlier.signed_by_id,
        recorded_by_id=actor.person_id,
        outcome="withdrawn",
        version_text_id=earlier.version_text_id,
        class_session_id=earlier.class_session_id,
        refers_to_id=earlier.id,
        actor=actor,
    )


def signature(db: Session, public_id: str) -> SignatureRow:
    """One mark by public id; raises NotFound."""
    rows = _select(db, _signature.c.public_id == public_id)
    if not rows:
        raise NotFound
    return rows[0]


def signatures_of(db: Session, person_id: int, *, past: evidence.Past | None = None) -> tuple[SignatureRow, ...]:
    """Every mark for this person or by them, corrections included, oldest first; with ``past``, as it stood then."""
    rows = _select(db, sa.or_(_signature.c.person_id == person_id, _signature.c.signed_by_id == person_id))
    if past is None:
        return tuple(rows)
    made = [row for row in rows if row.ledger_seq <= past.size]
    taken_back = {row.refers_to_id for row in made}
    return tuple(replace(row, stands=row.id not in taken_back) for row in made)


def signatures_for(db: Session, person_ids: Iterable[int], school_year: int) -> dict[int, tuple[SignatureRow, ...]]:
    """Every mark for each of these people in one school year, oldest first; people without marks are absent."""
    found: dict[int, list[SignatureRow]] = {}
    wanted = tuple(dict.fromkeys(person_ids))
    rows = rows_as(SignatureRow, db.execute(_OF_PEOPLE, {"person_ids": wanted, "school_year": school_year}))
    for row in rows:
        found.setdefault(row.person_id, []).append(row)
    return {person_id: tuple(rows) for person_id, rows in found.items()}


def signatures_in(db: Session, signing_session_id: int) -> tuple[SignatureRow, ...]:
    """The marks made in one signing session."""
    return tuple(rows_as(SignatureRow, db.execute(_IN_SITTING, {"sitting_id": signing_session_id})))


def _of_entry(db: Session, seq: int) -> SignatureRow:
    rows = _select(db, _signature.c.ledger_seq == seq)
    if not rows:
        raise Conflict(_("This was already recorded as something else."))
    return rows[0]


def _select(db: Session, *where: sa.ColumnElement[bool]) -> list[SignatureRow]:
    return rows_as(SignatureRow, db.execute(_ALL.where(*where)))
