"""The last act of a signing session: everything restated, the name typed, one signature, and thanks."""

from __future__ import annotations

import re
from dataclasses import replace

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, consent, documents, people, signing
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.web import unit_of_work
from oval_aup.web.access import allow, current_actor, current_visitor, end_after_this_page
from oval_aup.web.family.blueprint import bp
from oval_aup.web.family.visits import (
    RedirectTo,
    begun_signing_session,
    changed_meanwhile,
    guardian_id,
    listed,
    onward,
    open_family_visit,
    place_of,
    send_back,
    sent_back,
    this_year,
)
from oval_aup.web.forms import typed
from oval_aup.web.htmx import go

UNSAID = re.compile(r"\b(other|contact|unknown|not known|unspecified|not specified|none)\b|^\W*$")
"""Relationships of the lists that do not say how somebody stands to a child."""


@bp.get("/family/check")
@allow("family")
def check() -> str:
    """Restate exactly what will be recorded, and ask for the name."""
    visit = open_family_visit()
    if visit.steps == ("check",) or visit.next_step != "check":
        raise RedirectTo(onward(visit))
    return _check_page(visit)


@bp.post("/family/check")
@allow("family")
def sign() -> ResponseReturnValue:
    """Sign for the whole family; the same post again is the same signature."""
    guardian, name, drawn = guardian_id(), typed("typed_name"), request.form.get("mark", "")
    i_am = typed("i_am")
    try:
        if i_am == "no":
            raise Invalid(fields={"typed_name": _("Each adult signs with their own link and their own name.")})
        campaigns.sign_for_family(
            g.db,
            guardian,
            this_year(),
            typed_name=name,
            confirmed_name=typed("asked_name") if i_am == "yes" else "",
            mark=signing.read_mark(drawn),
            fingerprint=typed("fingerprint"),
            school=unit_of_work.settings().school,
            actor=current_actor(),
        )
    except NotFound:
        raise RedirectTo(url_for(".home")) from None
    except campaigns.NameDiffers:
        asked = _tidy(name)
        _keep_drawing(drawn)
        return send_back(url_for(".check"), {"typed_name": asked, "asked_name": asked}, {"i_am": _question(asked)})
    except Invalid as refusal:
        _keep_drawing("" if "mark" in refusal.fields else drawn)
        return send_back(url_for(".check"), {"typed_name": name}, refusal.fields)
    except Conflict as clash:
        return changed_meanwhile(onward(campaigns.family_visit(g.db, begun_signing_session())), clash.message)
    return go(url_for(".done"))


def _tidy(name: str) -> str:
    return signing.typed_name(name)


def _question(asked: str) -> str:
    own = people.guardian(g.db, guardian_id()).full_name
    return _("You typed “%(asked)s”. Are you %(name)s?", asked=asked, name=own)


def _keep_drawing(drawn: str) -> None:
    """Keep a drawing for the page that is shown again; a cookie is too small for it."""
    try:
        kept = drawn if signing.read_mark(drawn) else ""
    except Invalid:
        kept = ""
    signing_session = begun_signing_session()
    if signing_session.status == "reading":
        draft = replace(campaigns.Draft.read(signing_session.draft), mark=kept)
        unit_of_work.afterwards(lambda db: signing.save_draft(db, signing_session.public_id, draft.kept()))


def _check_page(visit: campaigns.FamilyVisit) -> str:
    filled_in, errors = sent_back()
    return render_template(
        "family/check.html",
        visit=visit,
        uses=[use for use in consent.purposes_in(visit.uses) if use.basis == "consent"],
        signer=_signer(visit.family),
        younger=listed([each.child.forename for each in visit.younger]),
        place=place_of(visit, "check"),
        name=filled_in.get("typed_name", ""),
        asked_name=filled_in.get("asked_name", ""),
        drawn=visit.draft.mark if errors else "",
        errors=errors,
    )


def _signer(family: campaigns.Family) -> str:
    """Nadia Khan, mother of Ayaan and Zara."""
    name = family.guardian.full_name
    concerned = [each for each in family.children if each.link.is_asked or each.link.may_choose]
    children = listed([each.child.forename for each in concerned])
    ties = {each.link.relationship_name.strip().casefold() for each in concerned}
    tie = ties.pop() if len(ties) == 1 else ""
    if not tie or UNSAID.search(tie):
        return _("%(name)s, for %(children)s", name=name, children=children)
    return _("%(name)s, %(tie)s of %(children)s", name=name, tie=tie, children=children)


@bp.get("/family/done")
@allow("family")
def done() -> ResponseReturnValue:
    """Thank, and say what happens next; on the school's own device the visit ends with this page."""
    signing_session = campaigns.signing_session_of_family(g.db, guardian_id(), this_year())
    if signing_session is None or signing_session.status not in ("signed", "declined"):
        raise RedirectTo(url_for(".home"))
    if current_visitor().on_school_device:
        end_after_this_page("family")
    family = campaigns.family(g.db, guardian_id(), this_year())
    unused = campaigns.not_in_use(g.db, family)
    return render_template(
        "family/done.html",
        some_not_in_use=any(
            answer == "yes" and use in unused.get(each.child.person_id, ())
            for each in family.children
            for use, answer in each.answers.items()
        ),
        signing_session=signing_session,
        family=family,
        children=listed([each.child.forename for each in family.children if each.link.is_asked or each.answers]),
        classes=listed(sorted({each.child.class_name for each in family.children if each.answers})),
        receipt=documents.document(g.db, signing_session.receipt) if signing_session.receipt else None,
        sent_to=hidden_address(family.guardian.email),
    )


def hidden_address(address: str) -> str:
    """An email address that its owner recognises and nobody else learns: n•••@example.org."""
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}" if name else ""
