"""Several requests that one person signs in one act: the same marks as one by one, in far fewer statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.agreements import Wording
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _
from oval_aup.signing import marks
from oval_aup.signing.requests import move_all
from oval_aup.signing.rows import RequestRow
from oval_aup.signing.signatures import add_rows, check_answer, document_ref, row_values


@dataclass(frozen=True, slots=True)
class ToSign:
    """One request as read in this unit of work, and the wording that is accepted by signing it."""

    request: RequestRow
    wording: Wording
    subject: str
    """Pseudonym of the person whose request it is."""
    idempotency_key: str
    extra: dict[str, Any] = field(default_factory=dict)
    """Joins the erasable details."""


def entries_to_sign(
    answers: Sequence[ToSign],
    *,
    signer: people.GuardianRow | people.PersonRow,
    typed_name: str,
    mark: Any = None,
) -> list[evidence.NewEntry]:
    """What the ledger is to say of every one of ``answers``, signed as one person's own act; then ``sign_all``.

    The caller has compared each wording with what was shown. A drawn ``mark`` is kept with the first. Raises Conflict
    when a request was answered meanwhile, Invalid for an implausible name or drawing.
    """
    name = marks.typed_name(typed_name)
    personal: dict[str, Any] = {
        "typed_name": name,
        "name_matches": marks.same_name(name, signer.full_name),
        "signer_name": signer.full_name,
    }
    drawn = marks.drawn_mark(mark)
    for each in answers:
        check_answer(each.request, each.wording, "signed")
    return [
        _entry(each, signer, personal | ({"mark": drawn} if drawn and not place else {}) | each.extra)
        for place, each in enumerate(answers)
    ]


def sign_all(
    db: Session,
    answers: Sequence[ToSign],
    entries: Sequence[evidence.EntryRow],
    *,
    signer: people.GuardianRow | people.PersonRow,
    signing_session_id: int,
    actor: Actor,
) -> None:
    """Sign every one of ``answers`` now that the ledger has the entry of each; Conflict where an entry is not new."""
    if not answers:
        return
    if not all(entry.is_new for entry in entries):
        raise Conflict(_("This has been answered already."))
    move_all(db, [each.request for each in answers], "signed")
    add_rows(
        db,
        [
            row_values(
                entry,
                request=each.request,
                signed_by_id=signer.person_id,
                outcome="signed",
                version_text_id=each.wording.version_text_id,
                signing_session_id=signing_session_id,
                actor=actor,
            )
            for each, entry in zip(answers, entries, strict=True)
        ],
    )


def _entry(answer: ToSign, signer: people.GuardianRow | people.PersonRow, details: dict[str, Any]) -> evidence.NewEntry:
    request = answer.request
    act: dict[str, Any] = {"outcome": "signed", "request": request.public_id, "school_year": request.school_year}
    if answer.subject != signer.pseudonym:
        act["on_behalf_by"] = signer.pseudonym
    return evidence.NewEntry(
        "signed",
        answer.subject,
        act,
        answer.idempotency_key,
        document=document_ref(answer.wording),
        details=details,
    )
