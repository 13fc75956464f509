"""What is due to be destroyed, what is held, and how long things stay: looked at, decided, restated, done."""

from __future__ import annotations

import datetime as dt

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, documents, evidence, people
from oval_aup import retention as keeping
from oval_aup.core import clock, templating
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.web import unit_of_work
from oval_aup.web.access import allow, current_actor
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.admin.people import back_to
from oval_aup.web.forms import as_typed, typed, typed_date
from oval_aup.web.htmx import go
from oval_aup.web.unit_of_work import settings

SHOWN = 100
"""People on one page of the review list, and so in one batch."""

REVIEW_AFTER = dt.timedelta(days=365)
UNITS = {"months": 1, "years": 12}


@bp.get("/office/retention")
@allow("retention.read")
def retention() -> str:
    """List who and what is due, which holds stand, and what was decided lately."""
    due = keeping.due_people(g.db, clock.today())
    holds, decided = keeping.all_holds(g.db), keeping.erasures(g.db, limit=30)
    proposed = keeping.waiting_for_approval(g.db)
    ids = [row.person_id for row in holds] + [row.person_id for row in (*decided, *proposed) if row.person_id]
    return render_template(
        "admin/retention.html",
        due=due[:SHOWN],
        more=max(0, len(due) - SHOWN),
        things=keeping.due_things(g.db, clock.today()),
        things_going=keeping.things_going(g.db),
        holds=holds,
        decided=decided,
        persons=people.persons_by_id(g.db, ids),
        unconfirmed=sum(row.is_default for row in keeping.periods(g.db).values()),
        types=keeping.RECORD_TYPES,
        removed=keeping.REMOVED,
        proposed=proposed,
        words=labels,
    )


@bp.get("/office/retention/periods")
@allow("retention.read")
def periods() -> str:
    """Show how long each kind of record stays and who said so."""
    return _periods_page()


def _periods_page(errors: dict[str, str] | None = None, wrong: str = "") -> str:
    rows = keeping.periods(g.db)
    return render_template(
        "admin/retention-periods.html",
        rows=rows,
        persons=people.persons_by_id(g.db, [row.confirmed_by_id for row in rows.values() if row.confirmed_by_id]),
        errors=errors or {},
        wrong=wrong,
        units=UNITS,
        words=labels,
    )


@bp.post("/office/retention/periods/<record_type>")
@allow("retention.decide")
def confirm_period(record_type: str) -> ResponseReturnValue:
    """Confirm or change one period; it counts from now."""
    number, unit = typed("time", 4), UNITS.get(typed("unit"), 0)
    months = int(number) * unit if number.isascii() and number.isdigit() else 0
    try:
        keeping.confirm_period(g.db, record_type, months, actor=current_actor("office"))
    except Invalid as problem:
        return _periods_page(problem.fields, record_type), 422
    flash(_("Saved. The review list now uses it."))
    return go(url_for(".periods"))


@bp.post("/office/retention/look")
@allow("retention.decide")
def look_at_erasure() -> ResponseReturnValue:
    """Restate exactly what would go, before anybody decides; writes nothing."""
    try:
        planned = _planned()
    except Invalid as problem:
        if len(chosen := request.form.getlist("person")) != 1:
            raise
        return _keep_page(chosen[0], problem.fields), 422
    if not planned.reaches and not planned.things:
        flash(_("You haven’t chosen anything."))
        return go(url_for(".retention"))
    return _check_page(planned)


def _check_page(planned: keeping.ErasurePlan, errors: dict[str, str] | None = None, *, batch: str = "") -> str:
    """Restate what would go; with ``batch`` for the second person, who approves that proposal."""
    return render_template(
        "admin/erasure-check.html",
        plan=planned,
        proposal=keeping.erasures(g.db, batch=batch)[0] if batch else None,
        not_second=keeping.why_not_second(g.db, batch, current_actor("office")) if batch else "",
        bases=keeping.BASES,
        types=keeping.RECORD_TYPES,
        removed=keeping.REMOVED,
        errors=errors or {},
        typed=request.form,
        words=labels,
    )


def _planned() -> keeping.ErasurePlan:
    form = request.form
    if len(form.getlist("person")) > SHOWN:
        raise Conflict(_("That’s too many at once."))
    return keeping.plan(
        g.db,
        form.getlist("person"),
        form.getlist("thing"),
        basis=typed("basis"),
        received_on=_received(),
        with_mentions=typed("mentions") == "yes",
        contact_only=typed("scope") == "contact",
    )


def _received() -> dt.date | None:
    """When the person asked; empty where it is the school's own decision."""
    return typed_date("received") if any(as_typed("received", None).values()) else None


@bp.post("/office/retention/erase")
@allow("retention.decide")
def order_erasure() -> ResponseReturnValue:
    """Decide: one person goes at once, several are seen to by the worker; what follows on the disk is the worker's.

    A record whose time is not over goes nowhere yet: it waits for a second person.
    """
    planned = _planned()
    before = keeping.decided_before(
        g.db, request.form.getlist("person"), request.form.getlist("thing"), contact_only=planned.contact_only
    )
    if before is not None:
        flash(_said_before(before))
        return go(url_for(".erasure", public_id=before.batch))
    actor = current_actor("office")
    try:
        batch = keeping.order(
            g.db, planned, fingerprint=typed("fingerprint"), confirmation=typed("confirmation", 300), actor=actor
        )
    except Invalid as problem:
        return _check_page(planned, problem.fields), 422
    if planned.early:
        campaigns.tell_of_proposed_erasure(g.db, batch, besides=actor.person_id, school=settings().school)
        return go(url_for(".erasure", public_id=batch))
    return _carried_out(batch, at_once=len(planned.reaches) + len(planned.things) == 1)


def _carried_out(batch: str, *, at_once: bool) -> ResponseReturnValue:
    if at_once:
        keeping.carry_out_next(g.db, batch=batch)
    instance = settings().shared
    unit_of_work.afterwards(lambda db: evidence.note_missing_erasures(db, instance))
    return go(url_for(".erasure", public_id=batch))


@bp.get("/office/retention/decisions/<public_id>/approve")
@allow("retention.decide")
def look_at_proposal(public_id: str) -> str:
    """Restate to the second person exactly what would go before its time."""
    return _check_page(keeping.proposed_plan(g.db, public_id), batch=public_id)


@bp.post("/office/retention/decisions/<public_id>/approve")
@allow("retention.decide")
def approve_erasure(public_id: str) -> ResponseReturnValue:
    """Approve, as the second person, that a record goes before its time."""
    try:
        keeping.approve(
            g.db,
            public_id,
            fingerprint=typed("fingerprint"),
            confirmation=typed("confirmation", 300),
            actor=current_actor("office"),
        )
    except Invalid as problem:
        return _check_page(keeping.proposed_plan(g.db, public_id), problem.fields, batch=public_id), 422
    return _carried_out(public_id, at_once=True)


@bp.post("/office/retention/decisions/<public_id>/send-back")
@allow("retention.decide")
def send_back_erasure(public_id: str) -> ResponseReturnValue:
    """Decide that a record which somebody wanted to erase early stays."""
    try:
        keeping.send_back(g.db, public_id, reason=typed("reason", 3000), actor=current_actor("office"))
    except Invalid as problem:
        return _check_page(keeping.proposed_plan(g.db, public_id), problem.fields, batch=public_id), 422
    flash(_("The record stays. The reason is kept with the decision."))
    return go(url_for(".erasure", public_id=public_id))


def _said_before(row: keeping.ErasureRow) -> str:
    if row.status == "proposed":
        return _("This already waits for a second person’s approval.")
    if row.wiped_at is None:
        return _("This was already decided on %(at)s, and is being erased now.", at=templating.moment(row.ordered_at))
    return _("This was already erased on %(at)s. Nothing was done a second time.", at=templating.moment(row.wiped_at))


@bp.get("/office/retention/decisions/<public_id>")
@allow("retention.read")
def erasure(public_id: str) -> str:
    """Show how far one decision has come, and its certificate."""
    rows = keeping.erasures(g.db, batch=public_id, limit=1000)
    if not rows:
        raise NotFound
    ids = [row.person_id for row in rows if row.person_id is not None]
    return render_template(
        "admin/erasure.html",
        rows=rows,
        first=rows[-1],
        persons=people.persons_by_id(
            g.db, [*ids, *(one for row in rows for one in (row.ordered_by_id, row.approved_by_id) if one)]
        ),
        documents=documents.documents_about(g.db, public_id),
        waiting=any(row.status in ("ordered", "wiped") for row in rows),
        going=any(row.status == "ordered" for row in rows),
        bases=keeping.BASES | keeping.GROUNDS,
        types=keeping.RECORD_TYPES,
        removed=keeping.REMOVED,
        words=labels,
    )


@bp.get("/office/people/<public_id>/keep-or-erase")
@allow("retention.read")
def keep_or_erase(public_id: str) -> str:
    """Offer what can be decided about one person's record: hold it, refuse a request, or erase it."""
    return _keep_page(public_id)


def _keep_page(public_id: str, errors: dict[str, str] | None = None) -> str:
    person = people.person(g.db, public_id)
    due = {row.person.person_id: row for row in keeping.due_people(g.db, clock.today())}
    return render_template(
        "admin/keep-or-erase.html",
        joined_records=[row for row in people.joined_records(g.db, person.person_id) if not row.erased],
        whose=person,
        due=due.get(person.person_id),
        not_due=keeping.not_due(g.db, person.person_id, clock.today()) if person.archived else None,
        hold=keeping.held(g.db, [person.person_id]).get(person.person_id),
        decided=keeping.erasures(g.db, person_id=person.person_id),
        bases=keeping.BASES,
        grounds=keeping.GROUNDS,
        errors=errors or {},
        typed=request.form,
        received=as_typed("received", None),
        requested=as_typed("requested", None),
        review=as_typed("review", clock.today() + REVIEW_AFTER),
        words=labels,
    )


@bp.post("/office/people/<public_id>/hold")
@allow("retention.decide")
def place_hold(public_id: str) -> ResponseReturnValue:
    """Hold a person's record: nothing about them is destroyed until somebody lifts it."""
    person = people.person(g.db, public_id)
    try:
        keeping.hold(
            g.db,
            person,
            reason=typed("reason", 3000),
            review_on=typed_date("review"),
            actor=current_actor("office"),
        )
    except Invalid as problem:
        return _keep_page(public_id, problem.fields), 422
    except Conflict as problem:  # nothing was written: somebody was faster, or pressed twice
        flash(problem.message)
        return back_to(public_id)
    flash(_("The record is on hold. Nothing about this person is erased until the hold is lifted."))
    return back_to(public_id)


@bp.post("/office/holds/<public_id>/review")
@allow("retention.decide")
def review_hold(public_id: str) -> ResponseReturnValue:
    """Say that a hold goes on, and until when it need not be looked at again."""
    whose = people.person_by_id(g.db, keeping.hold_row(g.db, public_id).person_id)
    try:
        keeping.review_hold(
            g.db,
            public_id,
            reason=typed("reason", 3000),
            review_on=typed_date("review"),
            actor=current_actor("office"),
        )
    except Invalid as problem:
        return _keep_page(whose.public_id, problem.fields), 422
    except Conflict as problem:
        flash(problem.message)
    else:
        flash(_("The hold was extended."))
    return go(url_for(".keep_or_erase", public_id=whose.public_id))


@bp.post("/office/holds/<public_id>/lift")
@allow("retention.decide")
def lift_hold(public_id: str) -> ResponseReturnValue:
    """Lift a hold; nothing is destroyed by that alone."""
    whose = people.person_by_id(g.db, keeping.hold_row(g.db, public_id).person_id)
    try:
        keeping.lift_hold(g.db, public_id, actor=current_actor("office"))
    except Conflict as problem:
        flash(problem.message)
    else:
        flash(_("The hold was lifted. Nothing has been erased."))
    return go(url_for(".keep_or_erase", public_id=whose.public_id))


@bp.post("/office/people/<public_id>/refuse-erasure")
@allow("retention.decide")
def refuse_erasure(public_id: str) -> ResponseReturnValue:
    """Record that a request to be erased is refused, with its ground and reason."""
    person = people.person(g.db, public_id)
    try:
        keeping.refuse_erasure(
            g.db,
            person,
            ground=typed("ground"),
            reason=typed("refusal", 3000),
            received_on=typed_date("requested"),
            actor=current_actor("office"),
        )
    except Invalid as problem:
        return _keep_page(public_id, problem.fields), 422
    flash(_("The refusal is recorded. Tell the person within a month of their request, and that they can complain."))
    return go(url_for(".keep_or_erase", public_id=public_id))
