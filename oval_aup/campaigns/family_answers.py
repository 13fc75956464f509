"""The one act in which a guardian's visit is recorded: signatures, refusals, choices, and the receipt that follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import consent, evidence, people, signing
from oval_aup.campaigns.declarations import declarations
from oval_aup.campaigns.family import Family
from oval_aup.campaigns.family_visits import FamilyVisit, family_visit, signing_session_of_family
from oval_aup.campaigns.permission_changes import tell_of_changes
from oval_aup.campaigns.receipts import request_receipt, stop_asking_unless, tell_office_of_refusal
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict, DomainError, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.core.school import School


class NameDiffers(DomainError):
    """The typed name is not the signer's: ask whether it is theirs before anything is signed."""


def _check_name(db: Session, mine: Family, typed: str, confirmed: str) -> str:
    """What the record says of a typed name: empty where it is the signer's, else ``spelling`` or ``other``.

    Raises Invalid for the name of another adult of the same children, and NameDiffers where the signer has not
    ``confirmed`` this very name to be theirs.
    """
    own = mine.guardian.full_name
    if signing.same_name(typed, own):
        return ""
    children = [each.child.person_id for each in mine.children]
    others = {
        link.guardian.full_name
        for links in people.guardians_of_children(db, children).values()
        for link in links
        if link.guardian.person_id != mine.guardian.person_id
    }
    alike = signing.like_name(typed, own)
    if any(signing.same_name(typed, name) or (not alike and signing.like_name(typed, name)) for name in others):
        raise Invalid(
            fields={
                "typed_name": _(
                    "“%(typed)s” is the name of another adult. Only %(name)s can sign here.", typed=typed, name=own
                )
            }
        )
    if confirmed != typed:
        raise NameDiffers
    return "spelling" if alike else "other"


def sign_for_family(
    db: Session,
    guardian_id: int,
    school_year: int,
    *,
    typed_name: str,
    confirmed_name: str = "",
    mark: Any = None,
    fingerprint: str,
    school: School,
    actor: Actor,
) -> str:
    """Record everything of a guardian's visit in one go and return its receipt's public id; again returns the same.

    Signs the parents' rules, records the image choices of each child, and accepts the younger children's rules on
    their behalf; rules that the guardian does not agree to are recorded as declined. ``fingerprint`` is that of the
    draft that was restated to the signer; ``confirmed_name`` is another name than the one we hold that the signer was
    asked about and said is theirs. Raises NotFound before the first session, Invalid for the name or the drawing,
    NameDiffers where they are to be asked about the name, and Conflict when a page is unanswered, the wording changed
    or the answers are not those restated.
    """
    signing_session = signing_session_of_family(db, guardian_id, school_year, hold=True)
    if signing_session is None:
        raise NotFound
    if signing_session.status in ("signed", "declined"):
        return signing_session.receipt
    visit = family_visit(db, signing_session)
    _check_complete(visit, fingerprint)
    name, drawn = signing.typed_name(typed_name), signing.drawn_mark(mark)
    confirmed = _check_name(db, visit.family, name, confirmed_name)
    visit = replace(visit, confirmed=confirmed)
    earlier = _marks_before(db, visit)
    others = bool(_to_sign(visit) or visit.choosing or visit.family.undeclared)
    refused = _refuse(db, visit, name=name, mark=None if others else drawn, school=school, actor=actor)
    made = _record(db, visit, name, drawn, school, actor) if others else []
    receipt = _finish(db, visit, [*earlier, *refused, *made], "signed" if others else "declined", school)
    stop_asking_unless(db, visit.family.guardian, _left_open(visit))
    return receipt


def _record(db: Session, visit: FamilyVisit, name: str, mark: Any, school: School, actor: Actor) -> list[int]:
    """Enter signatures and choices in the ledger together, write down each beside its entry; the entries' numbers."""
    guardian = visit.family.guardian
    to_sign = _to_sign(visit)
    by = signing.SignedBy(guardian, name, mark, signing_session_id=visit.signing_session.id)
    signatures = signing.entries_to_sign(to_sign, by=by)
    choices = consent.choices_of(
        db,
        _to_record(visit, name, None if to_sign else mark),  # drawn once, kept once: with the first act
        guardian=guardian,
        wording=visit.uses,
        school_year=visit.family.school_year,
    )
    alone = not (to_sign or visit.choosing)
    declared = declarations(
        visit.family,
        visit.draft.responsibility,
        key=visit.signing_session.public_id,
        extra={"typed_name": name, "mark": mark} if alone and mark else {"typed_name": name} if alone else {},
    )
    entries = evidence.append_all(db, [*declared.entries, *signatures, *choices.entries], actor=actor)
    first, after = len(declared.entries), len(declared.entries) + len(to_sign)
    signed, chosen = entries[first:after], entries[after:]
    declared.keep(db)
    signing.sign_all(db, to_sign, signed, by=by, actor=actor)
    consent.record_all(db, choices, chosen, actor=actor)
    if choices.may_end_something:
        tell_of_changes(db, school=school)
    return [entry.seq for entry in entries]


def _marks_before(db: Session, visit: FamilyVisit) -> list[int]:
    """Entries of marks made earlier in this session: a refusal that is now thought over, or stands."""
    own = visit.family.request
    if own is not None and own.status == "started":  # which it is no longer once refused, nor when that is taken back
        return []
    return [row.ledger_seq for row in signing.signatures_in(db, visit.signing_session.id)]


def _left_open(visit: FamilyVisit) -> list[signing.RequestRow]:
    """What the guardian's own requests are after this signing session was signed, without those it answers."""
    answered = {each.request.id for each in [*_to_sign(visit), *_to_refuse(visit)]}
    own = (visit.family.request, *visit.family.other_requests)
    return [row for row in own if row is not None and row.id not in answered]


def _check_complete(visit: FamilyVisit, fingerprint: str) -> None:
    draft = visit.draft
    changed = (
        (draft.rules_sha256 and visit.wants_rules and not visit.is_done("rules"))
        or (draft.pictures and draft.pictures_sha256 != visit.uses.text_sha256)
        or (draft.younger_sha256 and visit.younger and not visit.is_done("younger"))
    )
    if changed:
        raise Conflict(_("The wording changed while you were reading. Please read the new wording before you answer."))
    if visit.steps == ("check",):
        raise Conflict(_("You’ve answered everything for this school year."))
    if visit.next_step != "check":
        raise Conflict(_("There’s a page you haven’t answered yet."))
    if draft.fingerprint != fingerprint:
        raise Conflict(_("Your answers changed in another window. Please check them again."))


def _to_sign(visit: FamilyVisit) -> list[signing.ToSign]:
    """What is accepted: the parents' rules as the guardian's own, the younger children's on behalf of each child."""
    key = f"sitting:{visit.signing_session.public_id}:{{}}:signed"
    own = [] if visit.draft.rules_declined else _own_rules(visit, key)
    return own + ([] if visit.draft.younger_declined else _rules_for_children(visit, key))


def _to_refuse(visit: FamilyVisit) -> list[signing.ToSign]:
    """What is declined, without what was declined before: a no that was thought over and stands is not said twice."""
    key = f"sitting:{visit.signing_session.public_id}:{{}}"
    own = _own_rules(visit, key) if visit.draft.rules_declined else []
    found = own + (_rules_for_children(visit, key) if visit.draft.younger_declined else [])
    return [each for each in found if each.request.status != "declined"]


def _own_rules(visit: FamilyVisit, key: str) -> list[signing.ToSign]:
    if not visit.wants_rules or visit.family.request is None:
        return []
    own = visit.family.request
    place = key.format(own.public_id)
    return [signing.ToSign(own, visit.rules, visit.family.guardian.pseudonym, place, _names_noted(visit))]


def _names_noted(visit: FamilyVisit) -> dict[str, Any]:
    confirmed = {"name_confirmed": visit.confirmed} if visit.confirmed else {}
    return {"signer_name": visit.family.guardian.full_name} | confirmed


def _rules_for_children(visit: FamilyVisit, key: str) -> list[signing.ToSign]:
    return [
        signing.ToSign(
            each.request,
            visit.children_rules,
            each.child.pseudonym,
            key.format(each.request.public_id),
            {"child_name": each.child.full_name, "relationship": each.link.relationship_name} | _names_noted(visit),
        )
        for each in visit.younger
        if each.request is not None
    ]


def _refuse(
    db: Session, visit: FamilyVisit, *, name: str = "", mark: Any = None, school: School, actor: Actor
) -> list[int]:
    """Record what the signing session declines and tell the office of it once; the entries' numbers."""
    guardian = visit.family.guardian
    seqs: list[int] = []
    for each in _to_refuse(visit):
        own = each.request.person_id == guardian.person_id
        row = signing.sign(
            db,
            each.request.id,
            wording=each.wording,
            shown_sha256=each.wording.text_sha256,
            typed_name=name,
            mark=None if seqs else mark,
            signed_by_id=guardian.person_id,
            outcome="declined",
            reason=visit.draft.rules_reason if own else visit.draft.younger_reason,
            signing_session_id=visit.signing_session.id,
            idempotency_key=each.idempotency_key,
            extra=each.extra,
            actor=actor,
        )
        if not seqs:
            tell_office_of_refusal(db, guardian, key=row.public_id, school=school)
        seqs.append(row.ledger_seq)
    return seqs


def _to_record(visit: FamilyVisit, name: str, mark: Any) -> list[consent.ToRecord]:
    """The choices about pictures of each child; a drawn ``mark`` is kept with the first."""
    guardian, drawn = visit.family.guardian, signing.drawn_mark(mark)
    found: list[consent.ToRecord] = []
    for each in visit.choosing:
        details: dict[str, Any] = {
            "typed_name": name,
            "name_matches": signing.same_name(name, guardian.full_name),
            "signer_name": guardian.full_name,
            "child_name": each.child.full_name,
            "relationship": each.link.relationship_name,
        } | _names_noted(visit)
        if drawn and not found:
            details["mark"] = drawn
        key = f"sitting:{visit.signing_session.public_id}:pictures:{each.child.public_id}"
        answers = visit.draft.pictures[each.child.public_id]
        link = replace(each.link, parental_responsibility="declared") if each.link.must_declare else each.link
        found.append(consent.ToRecord(each.child, answers, key, details, each.unanswered, link))
    return found


def _finish(db: Session, visit: FamilyVisit, seqs: list[int], status: str, school: School) -> str:
    guardian, draft = visit.family.guardian, visit.draft
    if draft.rules_reason or draft.younger_reason or draft.mark:  # in the record now, where they can be erased
        kept = replace(draft, rules_reason="", younger_reason="", mark="").kept()
        signing.save_draft(db, visit.signing_session.public_id, kept)
    receipt = request_receipt(
        db,
        person=guardian,
        entries=seqs,
        school_year=visit.family.school_year,
        language=visit.signing_session.language,
        forename=guardian.greeting_name,
        to_address=guardian.email,
        family=True,
        key=visit.signing_session.public_id,
        school=school,
    )
    signing.finish(
        db, visit.signing_session.public_id, status=status, receipt=receipt, other_name=visit.confirmed == "other"
    )
    return receipt


def decline_for_family(
    db: Session,
    signing_session: signing.SigningSessionRow,
    *,
    step: str = "rules",
    reason: str,
    shown_sha256: str,
    school: School,
    actor: Actor,
) -> signing.SigningSessionRow:
    """Keep that a guardian does not agree to the rules of ``step`` (``rules`` or ``younger``); safe to repeat.

    It is recorded with the rest when they sign, or at once where the visit asks for nothing else. A no that was
    thought over and stands after all is not recorded again. Raises Conflict when the wording changed and Invalid for
    the reason.
    """
    signing_session = signing.signing_session(db, signing_session.public_id, hold=True)
    visit = family_visit(db, signing_session)
    if signing_session.status != "reading" or step not in visit.steps:
        return signing_session
    wording = visit.rules if step == "rules" else visit.children_rules
    if shown_sha256 != wording.text_sha256:
        raise Conflict(_("The wording changed while you were reading. Please read the new wording before you answer."))
    answer = visit.draft.with_rules if step == "rules" else visit.draft.with_younger
    draft = answer(shown_sha256, declined=True, reason=signing.remark(reason))
    visit = replace(visit, draft=draft)
    if visit.answers_nothing_else and not _to_refuse(visit):
        draft = draft.reconsidering(False)
    signing.save_draft(db, signing_session.public_id, draft.kept())
    if visit.steps == (step, "check") and _to_refuse(visit):
        seqs = [*_marks_before(db, visit), *_refuse(db, visit, school=school, actor=actor)]
        _finish(db, visit, seqs, "declined", school)
        stop_asking_unless(db, visit.family.guardian, _left_open(visit))
    return signing.signing_session(db, signing_session.public_id)
