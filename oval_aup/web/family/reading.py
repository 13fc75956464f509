"""The rules to read: the parents' own, the younger children's on their behalf, and the way to say no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import agreements, campaigns, people, signing
from oval_aup.core.errors import Conflict, Invalid
from oval_aup.core.i18n import _
from oval_aup.web import unit_of_work
from oval_aup.web.access import allow, current_actor
from oval_aup.web.family.blueprint import bp
from oval_aup.web.family.forms import typed
from oval_aup.web.family.visit import (
    changed_meanwhile,
    guardian_id,
    listed,
    onward,
    place_of,
    send_back,
    sent_back,
    this_year,
    trip_at,
)
from oval_aup.web.htmx import go
from oval_aup.web.shown_wording import read_shown

PAGES = {"rules": ".rules", "younger": ".younger"}


@bp.get("/family/rules")
@allow("family")
def rules() -> str:
    """Show the parents' rules and, since the last signature, what changed."""
    return _rules_page(trip_at("rules"))


@bp.post("/family/rules")
@allow("family")
def rules_read() -> ResponseReturnValue:
    """Keep that the rules were read and accepted."""
    trip = trip_at("rules")
    shown = read_shown()
    if shown != trip.rules.text_sha256:
        return changed_meanwhile(url_for(".rules"))
    if request.form.get("read") != "yes":
        wrong = {"read": _("Tick the box to say you’ve read the rules and will follow them.")}
        return send_back(url_for(".rules"), {}, wrong)
    return _keep(trip, trip.draft.with_rules(shown))


def _rules_page(trip: campaigns.Journey) -> str:
    marks = signing.signatures_of(g.db, trip.family.guardian.person_id)
    earlier = [row for row in marks if row.agreement_key == "parents" and row.outcome == "signed" and row.stands]
    last = earlier[-1] if earlier else None
    changed = agreements.changed_clauses(agreements.wording(g.db, last.version_text_id), trip.rules) if last else ()
    return render_template(
        "family/rules.html",
        wording=trip.rules,
        as_html=agreements.as_html,
        place=place_of(trip, "rules"),
        ticked=trip.is_done("rules") and not trip.draft.rules_declined,
        declined=trip.is_done("rules") and trip.draft.rules_declined,
        renewed=bool(trip.draft.rules_sha256) and not trip.is_done("rules"),
        last_signed=last,
        changed=changed,
        errors=sent_back()[1],
    )


@bp.get("/family/rules/decline")
@allow("family")
def decline() -> str:
    """Ask for a reason, which nobody has to give."""
    return _decline_page(trip_at("rules"), "rules")


@bp.post("/family/rules/decline")
@allow("family")
def decline_now() -> ResponseReturnValue:
    """Keep that I do not agree with the parents' rules; pictures and children's rules go on."""
    return _declined("rules")


@bp.get("/family/younger-rules/decline")
@allow("family")
def decline_younger() -> str:
    """Ask for a reason why the younger children's rules are not accepted, which nobody has to give."""
    return _decline_page(trip_at("younger"), "younger")


@bp.post("/family/younger-rules/decline")
@allow("family")
def decline_younger_now() -> ResponseReturnValue:
    """Keep that I do not agree with the younger children's rules."""
    return _declined("younger")


def _declined(step: str) -> ResponseReturnValue:
    trip, reason = trip_at(step), typed("reason", longest=4000)
    try:
        sitting = campaigns.decline_for_family(
            g.db,
            trip.sitting,
            step=step,
            reason=reason,
            shown_sha256=read_shown(),
            school=unit_of_work.settings().school,
            actor=current_actor(),
        )
    except Invalid as refusal:
        _keep_reason(trip, step, reason)
        return send_back(url_for(".decline" if step == "rules" else ".decline_younger"), {}, refusal.fields)
    except Conflict:
        return changed_meanwhile(url_for(PAGES[step]))
    if sitting.status != "reading":
        return go(url_for(".done"))
    now = campaigns.journey(g.db, sitting)
    if now.steps == ("check",):
        flash(_("Your answer hasn’t changed: you don’t agree. The school office knows."))
    return go(onward(now))


@bp.post("/family/rules/again")
@allow("family")
def reconsider() -> ResponseReturnValue:
    """Read the rules once more after a no; the no stands until they are signed."""
    guardian = people.guardian(g.db, guardian_id())
    try:
        sitting = campaigns.reconsider_rules(
            g.db, guardian.person_id, this_year(), language=guardian.language, actor=current_actor()
        )
    except Conflict:
        return go(url_for(".home"))
    return go(onward(campaigns.journey(g.db, sitting)))


def _keep_reason(trip: campaigns.Journey, step: str, reason: str) -> None:
    """Keep a reason that was refused in the draft, for the page to show again: a cookie is too small for it."""
    draft = trip.draft
    changed = replace(draft, rules_reason=reason) if step == "rules" else replace(draft, younger_reason=reason)
    unit_of_work.afterwards(lambda db: signing.save_draft(db, trip.sitting.public_id, changed.kept()))


def _decline_page(trip: campaigns.Journey, step: str) -> str:
    own = step == "rules"
    kept = trip.draft.rules_reason if own else trip.draft.younger_reason
    return render_template(
        "family/decline.html",
        own=own,
        wording=trip.rules if own else trip.children_rules,
        names=_younger_names(trip),
        last_act=trip.steps == (step, "check"),
        reason=kept,
        errors=sent_back()[1],
    )


def _younger_names(trip: campaigns.Journey) -> str:
    return listed([each.child.forename for each in trip.younger])


@bp.get("/family/younger-rules")
@allow("family")
def younger() -> str:
    """Show the younger children's rules, once for all of them."""
    return _younger_page(trip_at("younger"))


@bp.post("/family/younger-rules")
@allow("family")
def younger_read() -> ResponseReturnValue:
    """Keep that the rules were read with the children and accepted for them."""
    trip = trip_at("younger")
    shown = read_shown()
    if shown != trip.children_rules.text_sha256:
        return changed_meanwhile(url_for(".younger"))
    if request.form.get("read") != "yes":
        return send_back(url_for(".younger"), {}, {"read": _("Tick the box when you’ve read the rules together.")})
    return _keep(trip, trip.draft.with_younger(shown))


def _younger_page(trip: campaigns.Journey) -> str:
    return render_template(
        "family/younger-rules.html",
        wording=trip.children_rules,
        as_html=agreements.as_html,
        names=_younger_names(trip),
        place=place_of(trip, "younger"),
        ticked=trip.is_done("younger") and not trip.draft.younger_declined,
        declined=trip.is_done("younger") and trip.draft.younger_declined,
        renewed=bool(trip.draft.younger_sha256) and not trip.is_done("younger"),
        errors=sent_back()[1],
    )


@bp.post("/family/rules/saved")
@allow("family")
def save_rules() -> ResponseReturnValue:
    """Keep whether the box of the parents' rules is ticked, before the page is finished."""
    trip = trip_at("rules")
    return _save_tick(trip, trip.rules, trip.draft.with_rules)


@bp.post("/family/younger-rules/saved")
@allow("family")
def save_younger() -> ResponseReturnValue:
    """Keep whether the box of the younger children's rules is ticked, before the page is finished."""
    trip = trip_at("younger")
    return _save_tick(trip, trip.children_rules, trip.draft.with_younger)


def _save_tick(
    trip: campaigns.Journey, wording: agreements.Wording, answered: Callable[[str], campaigns.Draft]
) -> ResponseReturnValue:
    shown = read_shown()
    if shown != wording.text_sha256:
        raise Conflict
    draft = answered(shown if request.form.get("read") == "yes" else "")
    signing.save_draft(g.db, trip.sitting.public_id, draft.kept())
    return "", 204


def _keep(trip: campaigns.Journey, draft: campaigns.Draft) -> ResponseReturnValue:
    signing.save_draft(g.db, trip.sitting.public_id, draft.kept())
    return go(onward(replace(trip, draft=draft)))
