"""Records what guardians choose about their children's pictures, takes it back, and opens what must follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import agreements, evidence, people
from oval_aup.consent.changes import ChangeValues, keep, of_answers
from oval_aup.consent.history import blocked_children, standing_answers
from oval_aup.consent.models import ConsentDecision
from oval_aup.consent.permissions import child_verdicts, choosers
from oval_aup.consent.purposes import AGREEMENT, Purpose, purposes_in
from oval_aup.consent.resolve import Decision, GuardianAnswer, fold
from oval_aup.consent.takedowns import open_take_downs
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import table_of
from oval_aup.core.errors import Conflict, Invalid, NotAllowed
from oval_aup.core.i18n import _
from oval_aup.evidence import EntryRow

ACTS = {"yes": "given", "no": "refused"}

_ADD_DECISION = sa.insert(table_of(ConsentDecision))


@dataclass(frozen=True, slots=True)
class ToRecord:
    """One child's answers on their way into the record: purpose to ``yes`` or ``no``; ``details`` are erasable."""

    child: people.ChildRow
    answers: Mapping[str, str]
    idempotency_key: str
    details: dict[str, Any] = field(default_factory=dict)
    only: Collection[str] | None = None
    link: people.GuardianshipRow | None = None
    """How the guardian stands to the child, where this unit of work has read it already."""


@dataclass(frozen=True, slots=True)
class _Choosing:
    """One guardian choosing for one child in one school year, and how things stand before."""

    child: people.ChildRow
    guardian: people.GuardianRow
    school_year: int
    counted: dict[int, bool]
    standing: dict[int, dict[str, GuardianAnswer]]

    @property
    def own(self) -> Mapping[str, GuardianAnswer]:
        return self.standing.get(self.guardian.person_id, {})

    def withdraws(self, answers: Mapping[str, str]) -> bool:
        """Whether the answers do nothing but take back a yes that the guardian had given."""
        yes = {key for key, each in self.own.items() if each.answer == "yes"}
        return bool(answers) and all(answer == "no" and key in yes for key, answer in answers.items())


@dataclass(frozen=True, slots=True)
class Choices:
    """Checked answers of one guardian, about to be entered in the ledger and then recorded."""

    answered: tuple[tuple[_Choosing, ToRecord], ...]
    wording: agreements.Wording
    kind: str = "consent_recorded"

    @property
    def may_end_something(self) -> bool:
        """Whether any answer stood for one of the children before: only then can a permission end."""
        return any(choosing.standing for choosing, _new in self.answered)

    @property
    def entries(self) -> list[evidence.NewEntry]:
        """What the ledger is to say of each child, in order."""
        return [_entry(self.kind, choosing, each, self.wording) for choosing, each in self.answered]


def record(
    db: Session,
    *,
    child: people.ChildRow,
    guardian: people.GuardianRow,
    answers: Mapping[str, str],
    only: Collection[str] | None = None,
    wording: agreements.Wording,
    school_year: int,
    idempotency_key: str,
    details: dict[str, Any] | None = None,
    recorded_by_id: int | None = None,
    actor: Actor,
) -> EntryRow:
    """Record one guardian's answers to every asked use for one child, as one entry in the ledger.

    ``answers`` maps purpose to ``yes`` or ``no`` and must cover exactly the uses that ``wording`` asks about, or those
    of them in ``only`` (a use that was added later is asked alone, and one answer is changed alone): Invalid names each
    that is missing. They count at once. ``details`` is personal and erasable. Answers that only take back a yes are
    entered as a withdrawal and open take-downs. Raises NotAllowed for a guardian who may not choose for this child. A
    known ``idempotency_key`` returns the entry made the first time.
    """
    known = _known(db, idempotency_key, child)
    if known is not None:
        return known
    one = ToRecord(child, answers, idempotency_key, details or {}, only)
    choices = choices_of(db, [one], guardian=guardian, wording=wording, school_year=school_year)
    if all(choosing.withdraws(each.answers) for choosing, each in choices.answered):
        choices = replace(choices, kind="consent_withdrawn")
    entries = evidence.append_all(db, choices.entries, actor=actor)
    record_all(db, choices, entries, recorded_by_id=recorded_by_id, actor=actor)
    return entries[0]


def choices_of(
    db: Session,
    children: Sequence[ToRecord],
    *,
    guardian: people.GuardianRow,
    wording: agreements.Wording,
    school_year: int,
) -> Choices:
    """Check one guardian's answers for several children, as ``record`` does, on their way to ``record_all``."""
    uses = _asked(wording)
    for each in children:
        _check_answers(each.answers, [use for use in uses if each.only is None or use.key in each.only])
    choosing = _choosing(db, children, guardian, school_year) if children else []
    return Choices(tuple(zip(choosing, children, strict=True)), wording)


def record_all(
    db: Session, choices: Choices, entries: Sequence[EntryRow], *, recorded_by_id: int | None = None, actor: Actor
) -> None:
    """Record choices now that the ledger has the entry of each, in no more statements for many children than for one.

    An entry that is not new belongs to another transaction that wrote this very act while this one waited its turn.
    """
    acts = [
        (choosing, _decisions(choosing, each, entry, choices.wording))
        for (choosing, each), entry in zip(choices.answered, entries, strict=True)
        if entry.is_new
    ]
    _add_rows(db, acts, recorded_by_id=recorded_by_id, actor=actor)
    # A child's first answers of the year can end nothing; that permission began is noticed later, off the signer's way.
    _follow(db, [each for each in acts if each[0].standing], purposes_in(choices.wording))


def invalidate(
    db: Session,
    *,
    child: people.ChildRow,
    guardian: people.GuardianRow,
    school_year: int,
    reason: str,
    purpose_keys: Iterable[str] | None = None,
    idempotency_key: str,
    actor: Actor,
) -> EntryRow:
    """Declare that a guardian's answers, all or some, should never have counted: they are missing again.

    Unlike a withdrawal this is the school's correction (the wrong person answered, the wrong child). ``reason`` is
    kept among the erasable details. Raises Conflict where no such answer stands.
    """
    known = _known(db, idempotency_key, child)
    if known is not None:
        return known
    if not reason.strip():
        raise Invalid(fields={"reason": _("Say why these answers do not count.")})
    counted = choosers(people.guardians_of(db, child.person_id))
    standing = standing_answers(db, [child.person_id], school_year).get(child.person_id, {})
    choosing = _Choosing(child, guardian, school_year, counted, standing)
    keys = sorted(choosing.own if purpose_keys is None else set(purpose_keys) & set(choosing.own))
    if not keys:
        raise Conflict(_("There is no answer to mark as invalid."))
    entry = evidence.append(
        db,
        "consent_invalidated",
        subject=child.pseudonym,
        act={"school_year": school_year, "guardian": guardian.pseudonym, "purposes": keys},
        details={"reason": reason.strip()},
        refs=[evidence.Ref(seq, "invalidated") for seq in sorted({choosing.own[key].ledger_seq for key in keys})],
        idempotency_key=idempotency_key,
        actor=actor,
    )
    if not entry.is_new:
        return entry
    acts = [
        Decision(guardian.person_id, key, "invalidated", entry.seq, choosing.own[key].version_text_id) for key in keys
    ]
    _add_rows(db, [(choosing, acts)], recorded_by_id=actor.person_id, actor=actor)
    _follow(db, [(choosing, acts)], purposes_in(agreements.current(db, AGREEMENT)))
    return entry


def _known(db: Session, idempotency_key: str, child: people.ChildRow) -> EntryRow | None:
    known = evidence.find(db, idempotency_key)
    if known is not None and known.body["subject"]["pseudonym"] != child.pseudonym:
        raise Conflict(_("This was already recorded as something else."))
    return known


def _asked(wording: agreements.Wording) -> tuple[Purpose, ...]:
    if wording.agreement_key != AGREEMENT:
        raise Invalid(_("These are not the words about pictures."))
    return tuple(use for use in purposes_in(wording) if use.basis == "consent")


def _check_answers(answers: Mapping[str, str], uses: Iterable[Purpose]) -> None:
    headings = {use.key: use.heading for use in uses}
    faults = {
        key: _("Choose yes or no for “%(use)s”.", use=heading)
        for key, heading in headings.items()
        if answers.get(key) not in ACTS
    }
    faults |= {key: _("This is not something we ask about.") for key in answers if key not in headings}
    if faults:
        raise Invalid(fields=faults)


def _choosing(
    db: Session, children: Sequence[ToRecord], guardian: people.GuardianRow, school_year: int
) -> list[_Choosing]:
    ids = [each.child.person_id for each in children]
    standing = standing_answers(db, ids, school_year)
    # Where nothing stands nothing can end, and what the other adults may choose makes no difference.
    unknown = {each.child.person_id for each in children if each.link is None} | set(standing)
    links = people.guardians_of_children(db, sorted(unknown))
    found = []
    for each in children:
        known = (each.link,) if each.link is not None and each.link.child == each.child else ()
        counted = choosers(links.get(each.child.person_id, ()) if each.child.person_id in unknown else known)
        if guardian.person_id not in counted:
            raise NotAllowed(_("This person does not choose about pictures of this child."))
        found.append(_Choosing(each.child, guardian, school_year, counted, standing.get(each.child.person_id, {})))
    return found


def _entry(kind: str, choosing: _Choosing, new: ToRecord, wording: agreements.Wording) -> evidence.NewEntry:
    before = {choosing.own[key].ledger_seq for key in new.answers if key in choosing.own}
    return evidence.NewEntry(
        kind,
        choosing.child.pseudonym,
        {
            "school_year": choosing.school_year,
            "guardian": choosing.guardian.pseudonym,
            "answers": dict(new.answers),
        },
        new.idempotency_key,
        document=evidence.DocumentRef(
            agreement=wording.agreement_key,
            version=wording.version_number,
            text_sha256=wording.text_sha256,
            language=wording.language,
            reading_level=wording.reading_level,
        ),
        details=new.details,
        refs=[evidence.Ref(seq, "replaced") for seq in sorted(before)],
    )


def _decisions(choosing: _Choosing, new: ToRecord, entry: EntryRow, wording: agreements.Wording) -> list[Decision]:
    return [
        Decision(choosing.guardian.person_id, key, _act(choosing, key, answer), entry.seq, wording.version_text_id)
        for key, answer in new.answers.items()
    ]


def _act(choosing: _Choosing, key: str, answer: str) -> str:
    before = choosing.own.get(key)
    if answer == "no" and before is not None:
        # a no said again after a withdrawal is still that withdrawal
        return "withdrawn" if before.act in ("given", "withdrawn") else "refused"
    return ACTS[answer]


def _add_rows(
    db: Session,
    decided: Iterable[tuple[_Choosing, Iterable[Decision]]],
    *,
    recorded_by_id: int | None,
    actor: Actor,
) -> None:
    now = clock.now()
    rows = [
        {
            "child_id": choosing.child.person_id,
            "guardian_id": act.guardian_id,
            "school_year": choosing.school_year,
            "purpose_key": act.purpose_key,
            "act": act.act,
            "version_text_id": act.version_text_id,
            "channel": actor.channel,
            "recorded_by_id": recorded_by_id,
            "decided_at": now,
            "ledger_seq": act.ledger_seq,
        }
        for choosing, acts in decided
        for act in acts
    ]
    if rows:
        db.execute(_ADD_DECISION, rows)


def _follow(db: Session, acts: Sequence[tuple[_Choosing, list[Decision]]], uses: Iterable[Purpose]) -> None:
    """Keep what these answers changed, and open a take-down where a guardian's own yes has ended."""
    if not acts:
        return
    blocked = blocked_children(db, [choosing.child.person_id for choosing, _decided in acts])
    uses = tuple(uses)
    changed: list[ChangeValues] = []
    for choosing, decided in acts:
        child_id = choosing.child.person_id
        if child_id in blocked:
            continue  # nothing was allowed, and nothing is
        touched = {act.purpose_key for act in decided}
        asked = [use for use in uses if use.key in touched and use.basis == "consent"]
        after = _after(choosing, decided, touched)
        was = {key: each.verdict for key, each in child_verdicts(asked, choosing.counted, choosing.standing).items()}
        now = {key: each.verdict for key, each in child_verdicts(asked, choosing.counted, after).items()}
        changed += of_answers(child_id, choosing.school_year, was, now, "answer")
        mine = after.get(choosing.guardian.person_id, {})
        own_yes = {key for key in touched & set(choosing.own) if choosing.own[key].answer == "yes"}
        taken_back = {key for key in own_yes if key not in mine or mine[key].answer != "yes"}
        open_take_downs(db, child_id, (key for key in taken_back if key in now and now[key] != "yes"))
    keep(db, changed)


def _after(
    choosing: _Choosing, acts: Iterable[Decision], touched: Iterable[str]
) -> dict[int, dict[str, GuardianAnswer]]:
    """How all answers stand once these acts are counted."""
    after = {guardian_id: dict(answers) for guardian_id, answers in choosing.standing.items()}
    mine = after.setdefault(choosing.guardian.person_id, {})
    for key in touched:
        mine.pop(key, None)
    mine.update(fold(acts).get(choosing.guardian.person_id, {}))
    return after
