"""A class's picture choices, child by child: what may be done, never why not and never who decided."""

from __future__ import annotations

from collections import Counter

from flask import g, render_template, url_for
from flask.typing import ResponseReturnValue

from oval_aup import consent, people, signing
from oval_aup.core import clock
from oval_aup.core.errors import NotAllowed
from oval_aup.core.i18n import _
from oval_aup.reports import told_apart
from oval_aup.web.access import allow, current_person, current_visitor
from oval_aup.web.htmx import go
from oval_aup.web.staff import sheets
from oval_aup.web.staff.blueprint import bp

MOST_CHANGES = 200
"""Lines on the list of changes of the whole school."""


@bp.get("/staff/classes")
@allow("class.own", "class.any")
def classes() -> ResponseReturnValue:
    """List every class for the office and the head; a class teacher goes straight to their own."""
    if not current_visitor().may("class.any"):
        own = own_class()
        if own is None:
            return render_template("staff/no-class.html")
        return go(url_for(".school_class", class_public_id=own.public_id))
    year = people.school_year(clock.today())
    children = people.children(g.db)
    changed = consent.changes(g.db, [child.person_id for child in children], since=sheets.lately())
    return render_template(
        "staff/classes.html",
        classes=people.classes(g.db),
        coverage=signing.coverage(g.db, year),
        changed=Counter(child.class_id for child in children if child.person_id in changed),
    )


@bp.get("/staff/classes/changes")
@allow("class.any")
def changes() -> str:
    """List whose permissions changed lately in the whole school, newest first."""
    if not consent.has_uses(g.db):
        return no_rules_page()
    children = people.children(g.db)
    changed = consent.changes(g.db, [child.person_id for child in children], since=sheets.lately())
    lines = sheets.change_lines(children, consent.asked_purposes(g.db), changed)
    return render_template(
        "staff/changes.html",
        lines=lines[:MOST_CHANGES],
        more=len(lines) > MOST_CHANGES,
        names=told_apart(children),
        days=sheets.MARKED_FOR.days,
    )


@bp.get("/staff/classes/<class_public_id>")
@allow("class.own", "class.any")
def school_class(class_public_id: str) -> str:
    """Show each child's standing for each use that families are asked about."""
    return _sheet("staff/class.html", class_public_id)


@bp.get("/staff/classes/<class_public_id>/valid-today")
@allow("class.own", "class.any")
def valid_today(class_public_id: str) -> str:
    """The same to print, dated, so that nobody trusts an old sheet."""
    return _sheet("staff/valid-today.html", class_public_id)


def _sheet(template: str, class_public_id: str) -> str:
    chosen = visible_class(class_public_id)
    if not consent.has_uses(g.db):
        return no_rules_page()
    year = people.school_year(clock.today())
    children = people.children(g.db, chosen.id)
    uses, verdicts = consent.asked_purposes(g.db), shown_verdicts(children, year)
    answers = {child.person_id: {verdicts[child.person_id][use.key] for use in uses} for child in children}
    changed = consent.changes(g.db, [child.person_id for child in children], since=sheets.lately())
    exceptions = sheets.exceptions(children, uses, verdicts)
    return render_template(
        template,
        school_class=chosen,
        year=year,
        children=children,
        names=told_apart(children),
        uses=uses,
        verdicts=verdicts,
        alike={child_id for child_id, given in answers.items() if len(given) == 1},
        refusing=[each for each in exceptions if each.says_no],
        waiting=[each for each in exceptions if each.unanswered],
        changed=changed,
        lines=sheets.change_lines(children, uses, changed),
        days=sheets.MARKED_FOR.days,
        progress=signing.class_progress(g.db, chosen.id, year),
        counts=signing.coverage(g.db, year, class_ids=(chosen.id,)).counts("children", chosen.id),
        words={"yes": _("Yes"), "no": _("No"), "missing": _("No answer"), "blocked": _("Do not use")},
    )


def no_rules_page() -> str:
    """Say that the school has not published what it asks about pictures, instead of a page that is not there."""
    return render_template("staff/no-rules.html")


def shown_verdicts(children: tuple[people.ChildRow, ...], year: int) -> dict[int, dict[str, str]]:
    """Child to use to ``yes``, ``no``, ``missing`` or ``blocked``: all that staff outside the office may see."""
    found = consent.permissions(g.db, [child.person_id for child in children], year)
    return {child_id: {key: each.shown for key, each in permissions.items()} for child_id, permissions in found.items()}


def own_class() -> people.ClassRow | None:
    """The class of the teacher who is logged in, if they have one."""
    class_id = people.staff_member(g.db, current_person().person_id).class_id
    return people.class_by_id(g.db, class_id) if class_id is not None else None


def visible_class(class_public_id: str) -> people.ClassRow:
    """A class this visitor may look at; raises NotFound where there is none and NotAllowed for somebody else's."""
    chosen = people.school_class(g.db, class_public_id)
    if not current_visitor().may("class.any") and chosen != own_class():
        raise NotAllowed(_("This is not your class."))
    return chosen
