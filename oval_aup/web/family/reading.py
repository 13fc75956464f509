"""The rules to read: the parents' own, the younger children's on their behalf, and the way to say no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import flash, g, render_template, url_for
from flask.typing import ResponseReturnValue

from oval_aup import agreements, campaigns, people, signing
from oval_aup.core.errors import Conflict, Invalid
from oval_aup.core.i18n import _
from oval_aup.web import unit_of_work
from oval_aup.web.access import allow, current_actor
from oval_aup.web.family.blueprint import bp
from oval_aup.web.family.visits import (
    changed_meanwhile,
    guardian_id,
    listed,
    onward,
    place_of,
    send_back,
    sent_back,
    this_year,
    visit_at,
)
from oval_aup.web.forms import ticked, typed
from oval_aup.web.htmx import go
from oval_aup.web.shown_wording import read_shown

PAGES = {"rules": ".rules", "younger": ".younger"}


@bp.get("/family/rules")
@allow("family")
def rules() -> str:
    """Show the parents' rules and, since the last signature, what changed."""
    return _rules_page(visit_at("rules"))


@bp.post("/family/rules")
@allow("family")
def rules_read() -> ResponseReturnValue:
    """Keep that the rules were read and accepted."""
    visit = visit_at("rules")
    shown = read_shown()
    if shown != visit.rules.text_sha256:
        return changed_meanwhile(url_for(".rules"))
    if not ticked("read"):
        wrong = {"read": _("Tick the box to say you’ve read the rules and will follow them.")}
        return send_back(url_for(".rules"), {}, wrong)
    return _keep(visit, visit.draft.with_rules(shown))


def _rules_page(visit: campaigns.FamilyVisit) -> str:
    marks = signing.signatures_of(g.db, visit.family.guardian.person_id)
    earlier = [row for row in marks if row.agreement_key == "parents" and row.outcome == "signed" and row.stands]
    last = earlier[-1] if earlier else None
    changed = agreements.changed_clauses(agreements.wording(g.db, last.version_text_id), visit.rules) if last else ()
    return render_template(
        "family/rules.html",
        wording=visit.rules,
        as_html=agreements.as_html,
        place=place_of(visit, "rules"),
        ticked=visit.is_done("rules") and not visit.draft.rules_declined,
        declined=visit.is_done("rules") and visit.draft.rules_declined,
        renewed=bool(visit.draft.rules_sha256) and not visit.is_done("rules"),
        last_signed=last,
        changed=changed,
        errors=sent_back()[1],
    )


@bp.get("/family/rules/decline")
@allow("family")
def decline() -> str:
    """Ask for a reason, which nobody has to give."""
    return _decline_page(visit_at("rules"), "rules")


@bp.post("/family/rules/decline")
@allow("family")
def decline_now() -> ResponseReturnValue:
    """Keep that I do not agree with the parents' rules; pictures and children's rules go on."""
    return _declined("rules")


@bp.get("/family/younger-rules/decline")
@allow("family")
def decline_younger() -> str:
    """Ask for a reason why the younger children's rules are not accepted, which nobody has to give."""
    return _decline_page(visit_at("younger"), "younger")


@bp.post("/family/younger-rules/decline")
@allow("family")
def decline_younger_now() -> ResponseReturnValue:
    """Keep that I do not agree with the younger children's rules."""
    return _declined("younger")


def _declined(step: str) -> ResponseReturnValue:
    visit, reason = visit_at(step), typed("reason", longest=4000)
    try:
        signing_session = campaigns.decline_for_family(
            g.db,
            visit.signing_session,
            step=step,
            reason=reason,
            shown_sha256=read_shown(),
            school=unit_of_work.settings().school,
            actor=current_actor(),
        )
    except Invalid as refusal:
        _keep_reason(visit, step, reason)
        return send_back(url_for(".decline" if step == "rules" else ".decline_younger"), {}, refusal.fields)
    except Conflict:
        return changed_meanwhile(url_for(PAGES[step]))
    if signing_session.status != "reading":
        return go(url_for(".done"))
    now = campaigns.family_visit(g.db, signing_session)
    if now.steps == ("check",):
        flash(_("Your answer hasn’t changed: you don’t agree. The school office knows."))
    return go(onward(now))


@bp.post("/family/rules/again")
@allow("family")
def reconsider() -> ResponseReturnValue:
    """Read the rules once more after a no; the no stands until they are signed."""
    guardian = people.guardian(g.db, guardian_id())
    try:
        signing_session = campaigns.reconsider_rules(
            g.db, guardian.person_id, this_year(), language=guardian.language, actor=current_actor()
        )
    except Conflict:
        return go(url_for(".home"))
    return go(onward(campaigns.family_visit(g.db, signing_session)))


def _keep_reason(visit: campaigns.FamilyVisit, step: str, reason: str) -> None:
    """Keep a reason that was refused in the draft, for the page to show again: a cookie is too small for it."""
    draft = visit.draft
    changed = replace(draft, rules_reason=reason) if step == "rules" else replace(draft, younger_reason=reason)
    unit_of_work.afterwards(lambda db: signing.save_draft(db, visit.signing_session.public_id, changed.kept()))


def _decline_page(visit: campaigns.FamilyVisit, step: str) -> str:
    own = step == "rules"
    kept = visit.draft.rules_reason if own else visit.draft.younger_reason
    return render_template(
        "family/decline.html",
        own=own,
        wording=visit.rules if own else visit.children_rules,
        names=_younger_names(visit),
        last_act=visit.steps == (step, "check"),
        reason=kept,
        errors=sent_back()[1],
    )


def _younger_names(visit: campaigns.FamilyVisit) -> str:
    return listed([each.child.forename for each in visit.younger])


@bp.get("/family/younger-rules")
@allow("family")
def younger() -> str:
    """Show the younger children's rules, once for all of them."""
    return _younger_page(visit_at("younger"))


@bp.post("/family/younger-rules")
@allow("family")
def younger_read() -> ResponseReturnValue:
    """Keep that the rules were read with the children and accepted for them."""
    visit = visit_at("younger")
    shown = read_shown()
    if shown != visit.children_rules.text_sha256:
        return changed_meanwhile(url_for(".younger"))
    if not ticked("read"):
        return send_back(url_for(".younger"), {}, {"read": _("Tick the box when you’ve read the rules together.")})
    return _keep(visit, visit.draft.with_younger(shown))


def _younger_page(visit: campaigns.FamilyVisit) -> str:
    return render_template(
        "family/younger-rules.html",
        wording=visit.children_rules,
        as_html=agreements.as_html,
        names=_younger_names(visit),
        place=place_of(visit, "younger"),
        ticked=visit.is_done("younger") and not visit.draft.younger_declined,
        declined=visit.is_done("younger") and visit.draft.younger_declined,
        renewed=bool(visit.draft.younger_sha256) and not visit.is_done("younger"),
        errors=sent_back()[1],
    )


@bp.post("/family/rules/saved")
@allow("family")
def save_rules() -> ResponseReturnValue:
    """Keep whether the box of the parents' rules is ticked, before the page is finished."""
    visit = visit_at("rules")
    return _save_tick(visit, visit.rules, visit.draft.with_rules)


@bp.post("/family/younger-rules/saved")
@allow("family")
def save_younger() -> ResponseReturnValue:
    """Keep whether the box of the younger children's rules is ticked, before the page is finished."""
    visit = visit_at("younger")
    return _save_tick(visit, visit.children_rules, visit.draft.with_younger)


def _save_tick(
    visit: campaigns.FamilyVisit, wording: agreements.Wording, answered: Callable[[str], campaigns.Draft]
) -> ResponseReturnValue:
    shown = read_shown()
    if shown != wording.text_sha256:
        raise Conflict
    draft = answered(shown if ticked("read") else "")
    signing.save_draft(g.db, visit.signing_session.public_id, draft.kept())
    return "", 204


def _keep(visit: campaigns.FamilyVisit, draft: campaigns.Draft) -> ResponseReturnValue:
    signing.save_draft(g.db, visit.signing_session.public_id, draft.kept())
    return go(onward(replace(visit, draft=draft)))
