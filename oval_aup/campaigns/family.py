"""One guardian's visit for all their children: what it asks, and the one act in which all of it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import agreements, consent, evidence, people, signing
from oval_aup.campaigns.declarations import declarations
from oval_aup.campaigns.draft import PAGES, Draft
from oval_aup.campaigns.permission_changes import tell_of_changes
from oval_aup.campaigns.receipts import request_receipt, stop_asking_unless, tell_office_of_refusal
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict, DomainError, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.core.school import School

RULES, USES, CHILDREN = "parents", consent.AGREEMENT, "children"


@dataclass(frozen=True, slots=True)
class FamilyChild:
    """One child as this guardian stands to them, with the guardian's own answers about pictures."""

    link: people.GuardianshipRow
    request: signing.RequestRow | None
    answers: Mapping[str, str]
    asked: tuple[str, ...]
    """The uses of pictures that need a yes today."""
    refused: bool = False
    """Whether this guardian declined the younger children's rules for the child, and that answer stands."""

    @property
    def child(self) -> people.ChildRow:
        """The child."""
        return self.link.child

    @property
    def wants_choices(self) -> bool:
        """Whether this guardian is still to be asked about pictures of the child."""
        return bool(self.unanswered)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The uses they have not answered: all of them at first, later only one that was added during the year."""
        return tuple(key for key in self.asked if key not in self.answers) if self.link.may_choose else ()

    @property
    def wants_signature(self) -> bool:
        """Whether this guardian is to accept the younger children's rules on the child's behalf."""
        return (
            self.link.is_asked
            and self.request is not None
            and self.request.way == "guardian"
            and self.request.is_outstanding
        )


@dataclass(frozen=True, slots=True)
class Family:
    """A guardian, the children they may be written to about, and how far they have come this school year."""

    guardian: people.GuardianRow
    school_year: int
    request: signing.RequestRow | None
    """Their own request for the parents' rules."""
    children: tuple[FamilyChild, ...]
    other_requests: tuple[signing.RequestRow, ...] = ()
    """What else is, or was, asked of them: the staff rules, where they work here."""

    @property
    def wants_rules(self) -> bool:
        """Whether the parents' rules wait for an answer."""
        return self.has_children and self.request is not None and self.request.is_outstanding

    @property
    def has_children(self) -> bool:
        """Whether there is a child for whose sake they are asked; not so once the last has left, or they are barred."""
        return any(each.link.is_asked for each in self.children)

    @property
    def has_refused(self) -> bool:
        """Whether they said no to the parents' rules, which they may take back by signing."""
        return self.has_children and self.request is not None and self.request.status == "declined"

    @property
    def refused_for(self) -> tuple[FamilyChild, ...]:
        """The children for whom they declined the younger children's rules, which they may take back by signing."""
        return tuple(each for each in self.children if each.refused)

    @property
    def choosing(self) -> tuple[FamilyChild, ...]:
        """The children about whose pictures they are still to be asked."""
        return tuple(each for each in self.children if each.wants_choices)

    @property
    def undeclared(self) -> tuple[FamilyChild, ...]:
        """The children of whom nobody has said yet whether this guardian has parental responsibility."""
        return tuple(each for each in self.children if each.link.must_declare)

    @property
    def younger(self) -> tuple[FamilyChild, ...]:
        """The children for whom they are still to accept the children's rules."""
        return tuple(each for each in self.children if each.wants_signature)

    @property
    def owes_anything(self) -> bool:
        """Whether there is a reason to sit down."""
        return self.wants_rules or bool(self.choosing or self.younger or self.undeclared)


@dataclass(frozen=True, slots=True)
class FamilyVisit:
    """A signing session with everything its pages need: the family, the wordings in force and the answers so far."""

    signing_session: signing.SigningSessionRow
    family: Family
    rules: agreements.Wording
    uses: agreements.Wording
    children_rules: agreements.Wording
    draft: Draft
    confirmed: str = ""
    """While it is signed: what the record says of the typed name, as ``_check_name`` finds it."""

    @property
    def wants_rules(self) -> bool:
        """Whether the parents' rules are a page of this visit: they wait, or a refusal is thought over."""
        return self.family.wants_rules or (self.draft.reconsiders and self.family.has_refused)

    @property
    def younger(self) -> tuple[FamilyChild, ...]:
        """The children whose rules are a page of this visit: they wait, or a refusal is thought over."""
        thought_over = self.family.refused_for if self.draft.reconsiders else ()
        return tuple(each for each in (*self.family.younger, *thought_over) if not self._denies(each))

    @property
    def choosing(self) -> tuple[FamilyChild, ...]:
        """The children whose pictures this visit asks about: not those for whom they say they are not responsible."""
        return tuple(each for each in self.family.choosing if not self._denies(each))

    def _denies(self, each: FamilyChild) -> bool:
        return each.link.must_declare and self.draft.responsibility.get(each.child.public_id) == "no"

    @property
    def answers_nothing_else(self) -> bool:
        """Whether every page of this signing session so far says that they do not agree."""
        return all(self.is_done(step) and self.draft.declines(step) for step in self.steps[:-1])

    @property
    def steps(self) -> tuple[str, ...]:
        """The pages in order: ``responsibility``, ``rules``, one ``pictures/<child>`` each, ``younger``, ``check``."""
        found = ["responsibility"] if self.family.undeclared else []
        found += ["rules"] if self.wants_rules else []
        found += [f"pictures/{each.child.public_id}" for each in self.choosing]
        found += ["younger"] if self.younger else []
        return (*found, "check")

    def is_done(self, step: str) -> bool:
        """Whether a page was answered, to the words now in force."""
        if step == "responsibility":
            return all(each.child.public_id in self.draft.responsibility for each in self.family.undeclared)
        if step == "rules":
            return self.draft.rules_sha256 == self.rules.text_sha256
        if step == "younger":
            return self.draft.younger_sha256 == self.children_rules.text_sha256
        if step.startswith("pictures/"):
            answered = self.draft.pictures if self.draft.pictures_sha256 == self.uses.text_sha256 else {}
            each = self.child(step.removeprefix("pictures/"))
            return each is not None and set(each.unanswered) == set(answered.get(each.child.public_id, ()))
        return False

    @property
    def next_step(self) -> str:
        """The first page that has not been answered; ``check`` when all have."""
        return next(step for step in self.steps if not self.is_done(step))

    def child(self, public_id: str) -> FamilyChild | None:
        """One of the children asked about in this signing session."""
        return next((each for each in self.choosing if each.child.public_id == public_id), None)


def family(db: Session, guardian_id: int, school_year: int) -> Family:
    """One guardian's family as of now; raises NotFound for somebody who is not a guardian."""
    links = people.children_of(db, guardian_id)
    guardian = links[0].guardian if links else people.guardian(db, guardian_id)
    rows = signing.standing_of(db, (guardian_id, *(link.child.person_id for link in links)), school_year)
    answers = consent.answers_of_guardian(db, guardian_id, school_year)
    asked = tuple(use.key for use in consent.asked_purposes(db))
    own = rows.get(guardian_id, ())
    refused = _refused_by(db, guardian_id, rows, school_year)
    return Family(
        guardian=guardian,
        school_year=school_year,
        request=_request(own, RULES),
        other_requests=tuple(row for row in own if row.agreement_key != RULES),
        children=tuple(
            FamilyChild(
                link=link,
                request=_request(rows.get(link.child.person_id, ()), CHILDREN),
                answers=answers.get(link.child.person_id, {}),
                asked=asked,
                refused=link.is_asked and link.child.person_id in refused,
            )
            for link in links
        ),
    )


def _refused_by(
    db: Session, guardian_id: int, rows: Mapping[int, tuple[signing.RequestRow, ...]], school_year: int
) -> frozenset[int]:
    """The children whose younger rules this guardian declined; another adult's refusal is not shown to them."""
    declined = [
        person_id
        for person_id, own in rows.items()
        if any(row.way == "guardian" and row.status == "declined" for row in own)
    ]
    marks = signing.signatures_for(db, declined, school_year) if declined else {}
    last = {
        person_id: [row for row in made if row.outcome == "declined" and row.stands][-1:]
        for person_id, made in marks.items()
    }
    return frozenset(person_id for person_id, made in last.items() if any(r.signed_by_id == guardian_id for r in made))


def _request(rows: tuple[signing.RequestRow, ...], agreement_key: str) -> signing.RequestRow | None:
    return next((row for row in rows if row.agreement_key == agreement_key), None)


def begin_for_family(
    db: Session, guardian_id: int, school_year: int, *, language: str, actor: Actor
) -> signing.SigningSessionRow:
    """Start, or go on with, a guardian's signing session; raises Conflict where nothing is owed."""
    mine = family(db, guardian_id, school_year)
    if not mine.owes_anything:
        raise Conflict(_("You’ve answered everything for this school year."))
    return _begin(db, mine, language, actor)


def begin_family_visit(db: Session, guardian_id: int, school_year: int, *, actor: Actor) -> FamilyVisit:
    """``begin_for_family`` in the guardian's own language, with everything the first page needs."""
    mine = family(db, guardian_id, school_year)
    if not mine.owes_anything:
        raise Conflict(_("You’ve answered everything for this school year."))
    return _family_visit(db, _begin(db, mine, mine.guardian.language, actor), mine)


def _begin(db: Session, mine: Family, language: str, actor: Actor) -> signing.SigningSessionRow:
    return signing.begin(
        db,
        mine.guardian.person_id,
        mine.school_year,
        language,
        pages=PAGES,
        agreement_keys=(RULES,),
        actor=actor,
    )


def reconsider_rules(
    db: Session, guardian_id: int, school_year: int, *, language: str, actor: Actor
) -> signing.SigningSessionRow:
    """Ask once more for the rules a guardian said no to; the no stands until they sign. Conflict where it does not."""
    mine = family(db, guardian_id, school_year)
    if not (mine.has_refused or mine.refused_for):
        raise Conflict(_("You’ve answered everything for this school year."))
    found = _begin(db, mine, language, actor)
    signing.save_draft(db, found.public_id, Draft.read(found.draft).reconsidering(True).kept())
    return signing.signing_session(db, found.public_id)


def signing_session_of_family(
    db: Session, guardian_id: int, school_year: int, *, hold: bool = False
) -> signing.SigningSessionRow | None:
    """Their newest signing session of this school year, open or over; ``hold`` as in ``signing.signing_session``."""
    return signing.latest_signing_session(db, guardian_id, school_year, pages=PAGES, hold=hold)


def not_in_use(db: Session, mine: Family) -> dict[int, frozenset[str]]:
    """Child's person id to the uses for which the school does not use pictures today.

    Whether another adult, the school or nobody's answer is the reason makes no difference here: a guardian is shown
    their own answer and whether pictures are used, never why.
    """
    children = [each.child.person_id for each in mine.children if each.link.may_choose]
    found = consent.permissions(db, children, mine.school_year) if children else {}
    return {
        child_id: frozenset(key for key, each in uses.items() if not each.allowed) for child_id, uses in found.items()
    }


def unfinished(db: Session, guardian_id: int, school_year: int) -> tuple[str, ...]:
    """What a guardian has still to answer, by kind of page: ``rules``, ``pictures``, ``younger``, and last ``sign``.

    Empty where nothing waits for them.
    """
    mine = family(db, guardian_id, school_year)
    signing_session = signing_session_of_family(db, guardian_id, school_year)
    if signing_session is not None and signing_session.status == "reading":
        visit = _family_visit(db, signing_session, mine)
        steps = [step for step in visit.steps[:-1] if not visit.is_done(step)]
        waits = len(visit.steps) > 1
    else:
        steps = ["rules"] * mine.wants_rules + ["pictures"] * bool(mine.choosing) + ["younger"] * bool(mine.younger)
        waits = mine.owes_anything
    return (*dict.fromkeys(step.partition("/")[0] for step in steps), "sign") if waits else ()


def family_visit(db: Session, signing_session: signing.SigningSessionRow) -> FamilyVisit:
    """Everything the pages of a signing session need."""
    return _family_visit(db, signing_session, family(db, signing_session.person_id, signing_session.school_year))


def _family_visit(db: Session, signing_session: signing.SigningSessionRow, mine: Family) -> FamilyVisit:
    return FamilyVisit(
        signing_session=signing_session,
        family=mine,
        rules=agreements.current(db, RULES, language=signing_session.language),
        uses=agreements.current(db, USES, language=signing_session.language),
        children_rules=agreements.current(db, CHILDREN, language=signing_session.language, reading_level="younger"),
        draft=Draft.read(signing_session.draft).only({each.child.public_id: each.unanswered for each in mine.choosing}),
    )


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
    signatures = signing.entries_to_sign(to_sign, signer=guardian, typed_name=name, mark=mark)
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
    signing.sign_all(db, to_sign, signed, signer=guardian, signing_session_id=visit.signing_session.id, actor=actor)
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
    return [signing.ToSign(own, visit.rules, visit.family.guardian.pseudonym, place, _name_noted(visit))]


def _name_noted(visit: FamilyVisit) -> dict[str, Any]:
    return {"name_confirmed": visit.confirmed} if visit.confirmed else {}


def _rules_for_children(visit: FamilyVisit, key: str) -> list[signing.ToSign]:
    return [
        signing.ToSign(
            each.request,
            visit.children_rules,
            each.child.pseudonym,
            key.format(each.request.public_id),
            {"child_name": each.child.full_name, "relationship": each.link.relationship_name} | _name_noted(visit),
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
            extra={"signer_name": guardian.full_name} | each.extra,
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
        } | _name_noted(visit)
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
