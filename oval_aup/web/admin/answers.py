"""Answers that reach the office on paper, by telephone or in person, and taking back what should not stand."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import accounts, agreements, campaigns, consent, evidence, people, signing
from oval_aup.core import clock
from oval_aup.core.errors import Conflict, Invalid, NotAllowed
from oval_aup.core.i18n import _, ngettext
from oval_aup.web.access import SCHOOL_DEVICE, allow, current_actor, current_visitor, hand_over
from oval_aup.web.admin import labels
from oval_aup.web.admin.answered_version import (
    InHand,
    Replaced,
    check_shown,
    confirm,
    in_hand,
    refused_before,
    replaced,
    standing_choices,
)
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.admin.people import back_to, this_year, writable
from oval_aup.web.forms import as_typed, typed, typed_date
from oval_aup.web.htmx import go
from oval_aup.web.unit_of_work import settings

CHANNELS = ("paper", "phone", "person")
OUTCOMES = ("signed", "declined", "")


@dataclass(frozen=True, slots=True)
class _Open:
    """What is still to be answered by one person."""

    person: people.PersonRow
    own: tuple[signing.RequestRow, ...]
    choosing: tuple[campaigns.FamilyChild, ...]
    younger: tuple[campaigns.FamilyChild, ...]
    undeclared: tuple[campaigns.FamilyChild, ...] = ()

    @property
    def nothing(self) -> bool:
        return not (self.own or self.choosing or self.younger)


def _open_for(public_id: str) -> _Open:
    row = writable(public_id)
    if row.is_child and not row.is_guardian and not row.is_staff:
        raise NotAllowed(_("A child’s answer is recorded in class, or by a parent or carer."))
    standing = signing.standing(g.db, row.person_id, this_year())
    own = tuple(each for each in standing if each.way == "self" and each.status != "signed")
    mine = campaigns.family(g.db, row.person_id, this_year()) if row.is_guardian else None
    choosing = tuple(each for each in mine.children if each.link.may_choose) if mine else ()
    return _Open(row, own, choosing, mine.younger if mine else (), mine.undeclared if mine else ())


@dataclass(slots=True)
class _Entered:
    """What the office has typed so far, read against the words that the person had."""

    received: dt.date | None
    words: dict[str, InHand]
    answers: dict[str, dict[str, str]]
    faults: dict[str, str]
    replaced: tuple[Replaced, ...]
    refused: tuple[signing.RequestRow, ...]

    @property
    def uses(self) -> tuple[consent.Purpose, ...]:
        return self.words[consent.AGREEMENT].uses if consent.AGREEMENT in self.words else ()


def _entered(asked: _Open) -> _Entered:
    faults: dict[str, str] = {}
    received = _received(faults) if request.method == "POST" else clock.today()
    keys = {row.agreement_key: "full" for row in asked.own}
    keys |= {consent.AGREEMENT: "full"} if asked.choosing else {}
    keys |= {"children": "younger"} if asked.younger else {}
    words_had = in_hand(keys, received, faults)
    check_shown(words_had, faults)
    uses = words_had[consent.AGREEMENT].uses if asked.choosing else ()
    answers = _answers(asked, uses)
    return _Entered(
        received,
        words_had,
        answers,
        faults,
        replaced(
            asked.person.person_id, asked.choosing, answers, {use.key: use for use in uses}, received, this_year()
        ),
        refused_before(asked.own, typed("outcome")),
    )


def _form_page(
    asked: _Open, entered: _Entered, errors: dict[str, str] | None = None, *, filled: Mapping[str, str] | None = None
) -> str:
    person_id = asked.person.person_id
    return render_template(
        "admin/answer.html",
        asked=asked,
        entered=entered,
        rules=[entered.words[row.agreement_key].wording for row in asked.own],
        stands={each.child.public_id: standing_choices(person_id, each, this_year()) for each in asked.choosing},
        ways=evidence.CHANNELS,
        errors=errors or {},
        typed=request.form.to_dict() | dict(filled or {}),
        received=as_typed("received", clock.today()),
        key=request.form.get("key") or secrets.token_hex(16),
        year=this_year(),
        words=labels,
    )


@bp.get("/office/people/<public_id>/answer")
@allow("answers.record")
def answer(public_id: str) -> str:
    """Ask for a whole paper form, telephone call or visit on one page."""
    asked = _open_for(public_id)
    return _form_page(asked, _entered(asked))


@bp.post("/office/people/<public_id>/answer")
@allow("answers.record")
def record_answer(public_id: str) -> ResponseReturnValue:
    """Record it under the recorder’s name; the same form sent twice is recorded once.

    ``fill`` only fills answers in, and ``show`` only shows the words that the person had.
    """
    asked = _open_for(public_id)
    entered = _entered(asked)
    if "fill" in request.form:
        return _form_page(asked, entered, filled=_filled(asked, entered))
    if "show" in request.form:
        return _form_page(asked, entered, {name: text for name, text in entered.faults.items() if name == "code"})
    try:
        _record(asked, entered)
    except Invalid as problem:
        return _form_page(asked, entered, problem.fields or {"channel": problem.message}), 422
    except Conflict as problem:
        return _form_page(asked, entered, {"outcome": problem.message}), 422
    flash(_("Recorded. The receipt is being prepared. We email it if we have an address."))
    for sentence in _what_stands(entered):
        flash(sentence)
    return back_to(public_id)


def _filled(asked: _Open, entered: _Entered) -> dict[str, str]:
    """The choices of one child with every use answered alike, as ``fill`` asks: the child's id, a colon, yes or no."""
    child, _colon, answer = typed("fill").partition(":")
    if answer not in ("yes", "no") or child not in {each.child.public_id for each in asked.choosing}:
        raise Invalid
    return {f"use-{child}-{use.key}": answer for use in entered.uses}


def _what_stands(entered: _Entered) -> list[str]:
    """After answers were replaced, or recorded for an earlier version: what counts now."""
    found = []
    for each in entered.replaced:
        verdict = consent.permissions(g.db, [each.child.person_id], this_year())[each.child.person_id]
        allowed = each.use.key in verdict and verdict[each.use.key].allowed
        name, use = each.child.forename, each.use.heading
        found.append(
            _("%(child)s, %(use)s: pictures may now be used.", child=name, use=use)
            if allowed
            else _("%(child)s, %(use)s: pictures must not be used.", child=name, use=use)
        )
    for had in entered.words.values():
        if had.is_old:
            found.append(
                _(
                    "%(title)s: recorded for version %(number)s, which they had. Version %(newest)s is in force today.",
                    title=had.wording.title,
                    number=had.wording.version_number,
                    newest=had.newest,
                )
            )
    return found


def _record(asked: _Open, entered: _Entered) -> None:
    faults: dict[str, str] = {}
    channel, outcome = typed("channel"), typed("outcome")
    if channel not in CHANNELS:
        faults["channel"] = _("Choose how the answer came: on paper, by telephone or in person.")
    if outcome not in OUTCOMES or (asked.own and "outcome" not in request.form):
        faults["outcome"] = _("Choose what they said about the rules.")
    if not typed("identified"):
        faults["identified"] = _("Say how you confirmed who it was.")
    faults |= entered.faults
    if faults:
        raise Invalid(fields=faults)
    confirm(bool(entered.replaced or entered.refused))
    younger = [each.child for each in asked.younger]
    campaigns.record_on_behalf(
        g.db,
        person_id=asked.person.person_id,
        school_year=this_year(),
        channel=channel,
        outcome=outcome if asked.own else "",
        answers=entered.answers,
        for_children=[row.public_id for row in younger if request.form.get(f"for-{row.public_id}")],
        responsibility=_responsibility(asked),
        reason=typed("reason", 1000) if outcome == "declined" else "",
        note=typed("remark", 1000),
        identified=typed("identified"),
        received_on=entered.received,
        versions={key: had.wording.version_number for key, had in entered.words.items()},
        language=next((had.wording.language for had in entered.words.values() if had.wording.language != "en"), "en"),
        idempotency_key=f"{asked.person.public_id}:{typed('key', 64) or secrets.token_hex(16)}",
        school=settings().school,
        actor=current_actor("office"),
    )


def _responsibility(asked: _Open) -> dict[str, str]:
    """Child to yes or no, where they were asked whether they have parental responsibility."""
    said = {each.child.public_id: typed(f"responsibility-{each.child.public_id}") for each in asked.undeclared}
    return {child: answer for child, answer in said.items() if answer in ("yes", "no")}


def _received(faults: dict[str, str]) -> dt.date | None:
    try:
        day = typed_date("received")
    except Invalid as problem:
        faults.update(problem.fields)
        return None
    if not people.school_year_starts(this_year()) <= day <= clock.today():
        faults["received"] = _("Enter a day of this school year, not later than today.")
    return day


def _answers(asked: _Open, uses: Iterable[consent.Purpose]) -> dict[str, dict[str, str]]:
    """Child to use to yes or no, for what was said alone: a use that nobody mentioned keeps its answer."""
    found: dict[str, dict[str, str]] = {}
    for each in asked.choosing:
        fields = {use.key: f"use-{each.child.public_id}-{use.key}" for use in uses}
        chosen = {key: typed(field) for key, field in fields.items() if typed(field) in ("yes", "no")}
        if chosen:
            found[each.child.public_id] = chosen
    return found


@bp.get("/office/paper-forms/<agreement_key>")
@allow("answers.record")
def paper_form(agreement_key: str) -> str:
    """A blank form to print, with the exact words in force and the code by which the office finds them again."""
    level = "younger" if request.args.get("level") == "younger" else "full"
    wording = agreements.current(g.db, agreement_key, reading_level=level)
    return render_template(
        "admin/paper-form.html",
        wording=wording,
        code=agreements.form_code(wording.text_sha256),
        uses=[use.key for use in consent.purposes_in(wording) if use.basis == "consent"],
        as_html=agreements.as_html,
        is_choice=agreement_key == consent.AGREEMENT,
    )


@bp.get("/office/signatures/<public_id>/take-back")
@allow("answers.record")
def take_back(public_id: str) -> str:
    """Ask why a mark should not stand."""
    return _take_back_page(public_id)


def _take_back_page(public_id: str, errors: dict[str, str] | None = None) -> str:
    row = signing.signature(g.db, public_id)
    return render_template(
        "admin/take-back.html",
        signature=row,
        whose=people.person_by_id(g.db, row.person_id),
        errors=errors or {},
        typed=request.form,
        words=labels,
    )


@bp.post("/office/signatures/<public_id>/take-back")
@allow("answers.record")
def do_take_back(public_id: str) -> ResponseReturnValue:
    """Withdraw or correct a mark with a reason; both rows stay in the record, and the person owes an answer again."""
    verb = {"withdraw": signing.withdraw, "correct": signing.correct}.get(typed("act"))
    row = signing.signature(g.db, public_id)
    try:
        if verb is None:
            raise Invalid(fields={"act": _("Choose one of the two.")})
        verb(g.db, public_id, reason=typed("reason", 2000), actor=current_actor("office"))
    except Invalid as problem:
        return _take_back_page(public_id, problem.fields), 422
    asked = campaigns.ask_again(g.db, _adults_behind(row), school=settings().school, actor=current_actor("office"))
    flash(_("Taken back. It stays in the record, marked as taken back."))
    if asked:
        flash(ngettext("%(num)s person is asked again by email.", "%(num)s people are asked again by email.", asked))
    else:
        flash(_("Nobody is asked again by email: there is no address, no sign-up is open, or they were asked today."))
    return back_to(people.person_by_id(g.db, row.person_id).public_id)


def _adults_behind(row: signing.SignatureRow) -> list[int]:
    """Whoever can give the answer again: the person, or the adults who answer for a young child."""
    if not people.person_by_id(g.db, row.person_id).is_child:
        return [row.person_id]
    return [link.guardian.person_id for link in people.guardians_of(g.db, row.person_id) if link.is_asked]


@bp.post("/office/people/<public_id>/choices/<guardian_public_id>/void")
@allow("answers.record")
def void_choices(public_id: str, guardian_public_id: str) -> ResponseReturnValue:
    """Declare one guardian's picture choices for a child void: they should never have counted."""
    child = people.child(g.db, public_id)
    guardian = people.guardian(g.db, people.person(g.db, guardian_public_id).person_id)
    before = consent.decisions(g.db, child_id=child.person_id, guardian_id=guardian.person_id)
    last = before[-1].ledger_seq if before else 0
    if before and before[-1].act == "invalidated":
        return go(url_for(".person", public_id=public_id))
    consent.invalidate(
        g.db,
        child=child,
        guardian=guardian,
        school_year=this_year(),
        reason=typed("reason", 1000),
        idempotency_key=f"void:{child.public_id}:{guardian.public_id}:{last}",
        actor=current_actor("office"),
    )
    campaigns.tell_of_changes(g.db, school=settings().school)
    campaigns.ask_again(g.db, [guardian.person_id], school=settings().school, actor=current_actor("office"))
    flash(_("These choices no longer count. The parent or carer can choose again."))
    return back_to(public_id)


@bp.post("/office/people/<public_id>/sign-here")
@allow("answers.record")
def sign_here(public_id: str) -> ResponseReturnValue:
    """Hand this device to a parent or carer: the office is logged out here first, and named as their witness."""
    row = writable(public_id)
    if not campaigns.family(g.db, row.person_id, this_year()).owes_anything:
        raise Conflict(_("There is nothing left to answer for this person this school year."))
    witness = current_actor("office")
    held = current_visitor()
    account = accounts.account(g.db, held.account_public_id)
    token = accounts.start(g.db, "family", person_id=row.person_id, account_id=account.id, assurance=accounts.IN_PERSON)
    evidence.append(
        g.db,
        "identified",
        subject=row.pseudonym,
        act={"school_year": this_year(), "witness": witness.pseudonym},
        details={"witness_name": people.person_by_id(g.db, account.person_id).full_name},
        idempotency_key=f"identified:{row.public_id}:{held.session_id}",
        actor=witness,
    )
    back_to = url_for(".person", public_id=row.public_id)
    hand_over("family", token, account_public_id=account.public_id, back_to=back_to, **{SCHOOL_DEVICE: "yes"})
    return go(url_for("family.home"))
