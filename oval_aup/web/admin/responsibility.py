"""How adults stand to children, put right by hand: responsibility, bars, ended links, and people who have left."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, people, reports
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.web.access import allow, current_actor
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.admin.table_downloads import table_file
from oval_aup.web.forms import typed
from oval_aup.web.htmx import go
from oval_aup.web.unit_of_work import settings

NAMED = 12
"""Names shown of one group."""


@dataclass(frozen=True, slots=True)
class Group:
    """Links that are decided together: of one relationship, and said by the same side."""

    state: str
    """``waits``, ``declared`` or ``denied``."""
    relationship_name: str
    links: tuple[people.GuardianshipRow, ...]

    @property
    def seen(self) -> str:
        """Names exactly these links, so that a decision is about those that were shown."""
        told = [(link.child.person_id, link.guardian.person_id) for link in self.links]
        return hashlib.sha256(repr(sorted(told)).encode()).hexdigest()


def groups() -> list[Group]:
    """What waits for the office, those who are not asked first."""
    found: dict[tuple[str, str], list[people.GuardianshipRow]] = {}
    for link in people.undecided_links(g.db):
        state = "waits" if link.waits_for_office else link.parental_responsibility
        if state in STATES:
            found.setdefault((state, link.relationship_name.strip()), []).append(link)
    rows = [Group(state, name, tuple(links)) for (state, name), links in found.items()]
    return sorted(rows, key=lambda row: (STATES.index(row.state), -len(row.links), row.relationship_name))


STATES = ("waits", "declared", "denied")


@bp.get("/office/responsibility")
@allow("people.read")
def responsibility() -> str:
    """List by relationship of whom the lists do not say whether they have parental responsibility."""
    return render_template("admin/responsibility.html", groups=groups(), named=NAMED, states=_states())


@bp.post("/office/responsibility")
@allow("people.write")
def decide_responsibility() -> ResponseReturnValue:
    """Decide for everybody of one relationship at once, after what it does to pictures was shown."""
    group = _posted_group()
    has = typed("has")
    if has not in ("yes", "no"):
        raise Invalid
    decisions = [campaigns.LinkDecision(row.child.person_id, row.guardian.person_id, has) for row in group.links]
    said = ngettext("Decided for %(num)s person.", "Decided for %(num)s people.", len(decisions))
    kept = {"state": group.state, "relationship": group.relationship_name, "seen": group.seen, "has": has}
    return _carried_out(decisions, kept, said, url_for(".responsibility"))


def _posted_group() -> Group:
    wanted = (typed("state"), request.form.get("relationship", "").strip())
    group = next((row for row in groups() if (row.state, row.relationship_name) == wanted), None)
    if group is None or group.seen != typed("seen"):
        raise Conflict(_("Somebody else has decided, or the lists have changed. Go back and look again."))
    return group


def _carried_out(
    decisions: Sequence[campaigns.LinkDecision], kept: dict[str, str], said: str, back: str
) -> ResponseReturnValue:
    """Do it where nothing about pictures changes, or where just that was shown; else show it and ask once more."""
    effects = campaigns.standing_effects(g.db, decisions)
    seen = campaigns.fingerprint(effects)
    if effects and typed("effects") != seen:
        page = render_template(
            "admin/standing-effects.html",
            effects=effects,
            effects_seen=seen,
            kept=kept,
            back=back,
            values=labels.shown_values(),
        )
        return page, 200
    campaigns.decide_standing(
        g.db,
        decisions,
        noes=request.form,
        seen_effects=seen,
        school=settings().school,
        actor=current_actor("office"),
    )
    flash(said)
    return go(back)


def _states() -> dict[str, str]:
    return {
        "waits": _("Not asked until you decide"),
        "declared": _("They say they have it"),
        "denied": _("They say they don’t have it"),
    }


@bp.get("/office/people/<public_id>/contacts/<guardian_public_id>")
@allow("people.write")
def contact(public_id: str, guardian_public_id: str) -> str:
    """How one adult stands to one child, to be put right."""
    return _contact_page(_link(public_id, guardian_public_id), {})


def _contact_page(link: people.GuardianshipRow, errors: dict[str, str]) -> str:
    return render_template(
        "admin/contact.html", link=link, words_of_responsibility=labels.responsibilities(), errors=errors
    )


@bp.post("/office/people/<public_id>/contacts/<guardian_public_id>")
@allow("people.write")
def change_contact(public_id: str, guardian_public_id: str) -> ResponseReturnValue:
    """Change it: responsibility, must not be contacted, or no longer a contact."""
    link = _link(public_id, guardian_public_id)
    act = typed("act")
    decision = {
        "yes": campaigns.LinkDecision(link.child.person_id, link.guardian.person_id, "yes"),
        "no": campaigns.LinkDecision(link.child.person_id, link.guardian.person_id, "no"),
        "bar": campaigns.LinkDecision(link.child.person_id, link.guardian.person_id, contact_allowed=False),
        "unbar": campaigns.LinkDecision(link.child.person_id, link.guardian.person_id, contact_allowed=True),
        "end": campaigns.LinkDecision(link.child.person_id, link.guardian.person_id, ended=True),
    }.get(act)
    if decision is None:
        return _contact_page(link, {"act": _("Choose what is to be changed.")}), 422
    said = _("Saved. You can see it in both histories.")
    return _carried_out([decision], {"act": act}, said, url_for(".person", public_id=public_id))


def _link(public_id: str, guardian_public_id: str) -> people.GuardianshipRow:
    child = people.child(g.db, public_id)
    for link in people.guardians_of(g.db, child.person_id):
        if link.guardian.public_id == guardian_public_id:
            return link
    raise NotFound


@bp.get("/office/people/<public_id>/left")
@allow("people.write")
def left(public_id: str) -> str:
    """Ask whether somebody has really left, with what that does."""
    return _left_page(_present(public_id))


def _left_page(row: people.PersonRow) -> str:
    decisions = _ending_all(row)
    effects = campaigns.standing_effects(g.db, decisions)
    return render_template(
        "admin/left.html",
        whose=row,
        effects=effects,
        effects_seen=campaigns.fingerprint(effects),
        values=labels.shown_values(),
    )


def _present(public_id: str) -> people.PersonRow:
    row = people.person(g.db, public_id)
    if row.archived or row.erased:
        raise Conflict(_("This person has left already."))
    return row


def _ending_all(row: people.PersonRow) -> list[campaigns.LinkDecision]:
    if not row.is_guardian:
        return []
    return [
        campaigns.LinkDecision(link.child.person_id, link.guardian.person_id, ended=True)
        for link in people.links_of(g.db, row.person_id)
    ]


@bp.post("/office/people/<public_id>/left")
@allow("people.write")
def mark_left(public_id: str) -> ResponseReturnValue:
    """Take somebody off the current lists; what they signed and chose stays."""
    row = _present(public_id)
    try:
        campaigns.take_off_lists(
            g.db,
            row,
            _ending_all(row),
            noes=request.form,
            seen_effects=typed("effects"),
            school=settings().school,
            actor=current_actor("office"),
        )
    except campaigns.EffectsChanged:
        return _left_page(row), 409
    flash(_("%(name)s is off the current lists.", name=row.full_name))
    return go(url_for(".person", public_id=public_id))


@bp.post("/office/people/<public_id>/telephone")
@allow("people.write")
def change_telephone(public_id: str) -> ResponseReturnValue:
    """Change a parent's or carer's telephone number."""
    row = people.person(g.db, public_id)
    try:
        people.set_telephone(g.db, row.person_id, typed("mobile", 60), actor=current_actor("office"))
    except Invalid as problem:
        flash(next(iter(problem.fields.values()), problem.message))
        return go(url_for(".person", public_id=public_id, _anchor="address"))
    flash(_("The telephone number is saved."))
    return go(url_for(".person", public_id=public_id))


@bp.post("/office/people/<public_id>/writing")
@allow("people.write")
def change_writing(public_id: str) -> ResponseReturnValue:
    """Stop asking and reminding somebody by email, or begin again."""
    row = people.person(g.db, public_id)
    stopped = typed("act") == "stop"
    campaigns.set_writing(g.db, row, stopped=stopped, actor=current_actor("office"))
    flash(_("We no longer write to them.") if stopped else _("We write to them again."))
    return go(url_for(".person", public_id=public_id))


@bp.get("/office/corrections")
@allow("people.read")
def corrections() -> str:
    """List what the office corrected by hand and the school's lists do not say yet."""
    return render_template(
        "admin/corrections.html",
        rows=people.standing_corrections(g.db),
        fields=people.roster.field_words,
        values=people.roster.value_words,
    )


@bp.get("/office/corrections.csv")
@bp.get("/office/corrections.xlsx", endpoint="corrections_xlsx")
@allow("people.read")
def corrections_table() -> Response:
    """The same as a table, to put right in the school's own system."""
    return table_file(reports.corrections_table(g.db), "corrections.csv")
