"""The last act of a sitting: everything restated, the name typed, one signature, and thanks."""

from __future__ import annotations

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, consent, evidence, signing
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.web import unit_of_work
from oval_aup.web.access import allow, current_actor, current_visitor, end_after_this_page
from oval_aup.web.family import bp
from oval_aup.web.family.forms import typed
from oval_aup.web.family.trip import (
    Elsewhere,
    begun_sitting,
    changed_meanwhile,
    guardian_id,
    listed,
    onward,
    open_trip,
    place_of,
    this_year,
)
from oval_aup.web.htmx import go


@bp.get("/family/check")
@allow("family")
def check() -> str:
    """Restate exactly what will be recorded, and ask for the name."""
    trip = open_trip()
    if trip.steps == ("check",) or trip.next_step != "check":
        raise Elsewhere(onward(trip))
    return _check_page(trip)


@bp.post("/family/check")
@allow("family")
def sign() -> ResponseReturnValue:
    """Sign for the whole family; the same post again is the same signature."""
    guardian, name = guardian_id(), typed("typed_name")
    try:
        campaigns.sign_for_family(
            g.db,
            guardian,
            this_year(),
            typed_name=name,
            mark=signing.read_mark(request.form.get("mark", "")),
            fingerprint=typed("fingerprint"),
            school=unit_of_work.settings().school,
            actor=current_actor(),
        )
    except NotFound:
        raise Elsewhere(url_for(".home")) from None
    except Invalid as refusal:
        return _check_page(campaigns.journey(g.db, begun_sitting()), name, refusal.fields), 422
    except Conflict as clash:
        return changed_meanwhile(onward(campaigns.journey(g.db, begun_sitting())), clash.message)
    return go(url_for(".done"))


def _check_page(trip: campaigns.Journey, name: str = "", errors: dict[str, str] | None = None) -> str:
    return render_template(
        "family/check.html",
        trip=trip,
        uses=[use for use in consent.purposes_in(trip.uses) if use.basis == "consent"],
        signer=_signer(trip.family),
        younger=listed([each.child.forename for each in trip.younger]),
        place=place_of(trip, "check"),
        name=name,
        errors=errors or {},
    )


def _signer(family: campaigns.Family) -> str:
    """Nadia Khan, mother of Ayaan and Zara."""
    name = family.guardian.full_name
    concerned = [each for each in family.children if each.link.is_asked or each.link.may_choose]
    children = listed([each.child.forename for each in concerned])
    ties = {each.link.relationship_name.strip().casefold() for each in concerned}
    tie = ties.pop() if len(ties) == 1 else ""
    if not tie:
        return _("%(name)s, for %(children)s", name=name, children=children)
    return _("%(name)s, %(tie)s of %(children)s", name=name, tie=tie, children=children)


@bp.get("/family/done")
@allow("family")
def done() -> ResponseReturnValue:
    """Thank, and say what happens next; on the school's own device the visit ends with this page."""
    sitting = campaigns.sitting_of_family(g.db, guardian_id(), this_year())
    if sitting is None or sitting.status not in ("signed", "declined"):
        raise Elsewhere(url_for(".home"))
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
        sitting=sitting,
        family=family,
        children=listed([each.child.forename for each in family.children if each.link.is_asked or each.answers]),
        classes=listed(sorted({each.child.class_name for each in family.children if each.answers})),
        receipt=evidence.document(g.db, sitting.receipt) if sitting.receipt else None,
        sent_to=hidden_address(family.guardian.email),
    )


def hidden_address(address: str) -> str:
    """An e-mail address that its owner recognises and nobody else learns: n•••@example.org."""
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}" if name else ""
