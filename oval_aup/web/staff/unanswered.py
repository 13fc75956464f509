"""Who in the own class and team has not answered: for the teacher or manager who was asked to talk to them."""

from __future__ import annotations

from flask import g, render_template

from oval_aup import campaigns, people
from oval_aup.core import clock
from oval_aup.reports import told_apart
from oval_aup.web.access import allow, current_person, current_visitor
from oval_aup.web.staff.blueprint import bp


@bp.get("/staff/unanswered")
@allow("sign.own")
def unanswered() -> str:
    """List the families of the own class and the colleagues of the own team who still owe an answer."""
    member = people.staff_member(g.db, current_person().person_id)
    class_id = member.class_id if current_visitor().may("class.own") or current_visitor().may("class.any") else None
    return render_template(
        "staff/unanswered.html",
        member=member,
        found=campaigns.unanswered_around(g.db, member, people.school_year(clock.today()), class_id=class_id),
        sees_class=class_id is not None,
        names=told_apart(people.children(g.db, class_id)) if class_id is not None else {},
    )
