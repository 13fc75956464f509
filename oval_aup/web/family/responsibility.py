"""Whether somebody of whom the school's lists do not say it has parental responsibility: asked once for each child."""

from __future__ import annotations

from dataclasses import replace

from flask import g, render_template, url_for
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, signing
from oval_aup.core.i18n import _
from oval_aup.web.access import allow
from oval_aup.web.family.blueprint import bp
from oval_aup.web.family.visits import onward, place_of, send_back, sent_back, visit_at
from oval_aup.web.forms import typed
from oval_aup.web.htmx import go


@bp.get("/family/responsibility")
@allow("family")
def responsibility() -> str:
    """Ask for each child; what was answered in this visit is filled in."""
    visit = visit_at("responsibility")
    filled_in, errors = sent_back()
    return _page(visit, filled_in or dict(visit.draft.responsibility), errors)


@bp.post("/family/responsibility")
@allow("family")
def responsibility_said() -> ResponseReturnValue:
    """Keep the answers for signing; nothing counts before that."""
    visit = visit_at("responsibility")
    asked = [each.child for each in visit.family.undeclared]
    said = {child.public_id: typed(_field(child.public_id)) for child in asked}
    faults = {
        _field(child.public_id): _("%(name)s: choose yes or no.", name=child.forename)
        for child in asked
        if said[child.public_id] not in campaigns.DECLARATIONS
    }
    if faults:
        return send_back(url_for(".responsibility"), said, faults)
    draft = replace(visit.draft, responsibility={**visit.draft.responsibility, **said})
    signing.save_draft(g.db, visit.signing_session.public_id, draft.kept())
    return go(onward(replace(visit, draft=draft)))


def _field(child_public_id: str) -> str:
    return f"responsibility-{child_public_id}"


def responsibility_question(forename: str) -> str:
    """The question in the language of the page."""
    return _("Do you have parental responsibility for %(name)s?", name=forename)


def _page(visit: campaigns.FamilyVisit, said: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "family/responsibility.html",
        children=[each.child for each in visit.family.undeclared],
        question=responsibility_question,
        said=said,
        place=place_of(visit, "responsibility"),
        errors=errors,
    )
