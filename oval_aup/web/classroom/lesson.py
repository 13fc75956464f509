"""The teacher's side of a lesson: open it, see who has signed, put right a wrong name, close it."""

from __future__ import annotations

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import accounts, agreements, people, signing
from oval_aup.core import clock
from oval_aup.core.errors import NotAllowed, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.reports import told_apart
from oval_aup.web import access, unit_of_work
from oval_aup.web.access import allow, current_actor, current_person, current_visitor
from oval_aup.web.classroom.blueprint import bp
from oval_aup.web.classroom.rules import rule_page, wording_for
from oval_aup.web.htmx import go, page_or_partial


@bp.get("/classroom/start/<class_public_id>")
@allow("class.session")
def start(class_public_id: str) -> str:
    """Offer the two ways to hold the lesson; without published rules there is nothing to read."""
    chosen = _own_class(class_public_id)
    if not agreements.is_published(g.db, "children"):
        return render_template("classroom/no-rules.html", school_class=chosen)
    year = people.school_year(clock.today())
    progress = signing.class_progress(g.db, chosen.id, year)
    counts = signing.coverage(g.db, year, class_ids=(chosen.id,)).counts("children", chosen.id)
    running = [row for row in signing.class_sessions(g.db, chosen.id, year) if row.is_open]
    own = next((row for row in running if row.teacher_id == current_person().person_id), None)
    pin = accounts.has_pin(g.db, current_person().person_id)
    return render_template(
        "classroom/start.html", school_class=chosen, progress=progress, counts=counts, running=own, has_pin=pin
    )


@bp.post("/classroom/start/<class_public_id>")
@allow("class.session")
def start_now(class_public_id: str) -> ResponseReturnValue:
    """Open the lesson: with a code for other devices, or on this device alone."""
    chosen = _own_class(class_public_id)
    lesson = signing.open_class_session(
        g.db,
        chosen.public_id,
        school_year=people.school_year(clock.today()),
        reading_level=_reading_level(chosen),
        actor=current_actor(),
    )
    if request.form.get("how") == "here":
        return _hand_over(lesson)
    return go(url_for(".lesson", public_id=lesson.public_id))


def _reading_level(chosen: people.ClassRow) -> str:
    signs = unit_of_work.settings().school.children_sign_from_year
    return "full" if chosen.year_group.isdigit() and int(chosen.year_group) >= signs else "younger"


def _hand_over(lesson: signing.ClassSessionRow) -> ResponseReturnValue:
    """Turn this browser into the class's device: the teacher's log-in ends here, and their PIN brings it back."""
    token = accounts.start(g.db, "kiosk", class_session_key=lesson.public_id, assurance="in-class")
    access.hand_over(
        "kiosk",
        token,
        account_public_id=current_visitor().account_public_id,
        back_to=url_for(".lesson", public_id=lesson.public_id),
    )
    return go(url_for(".device"))


@bp.get("/classroom/lessons/<public_id>")
@allow("class.session")
def lesson(public_id: str) -> ResponseReturnValue:
    """Show the code, who has signed and who has not; the list looks again by itself where scripts are allowed."""
    running = _own_lesson(public_id)
    roll = signing.roll(g.db, running.public_id)
    return page_or_partial(
        "classroom/lesson.html",
        "classroom/_roll.html",
        lesson=running,
        school_class=people.class_by_id(g.db, running.class_id),
        roll=roll,
        drawings=signing.drawings(g.db, roll),
        names=told_apart(people.children(g.db, running.class_id)),
    )


@bp.get("/classroom/lessons/<public_id>/board/<number>")
@allow("class.session")
def board(public_id: str, number: str) -> ResponseReturnValue:
    """Show the rules on the big board, one at a time, from the teacher's own device."""
    running = _own_lesson(public_id)
    return rule_page(
        running,
        number,
        page_url=lambda at: url_for(".board", public_id=public_id, number=at),
        after=url_for(".lesson", public_id=public_id),
        after_words=_("Back to the lesson"),
        board=True,
    )


@bp.post("/classroom/lessons/<public_id>/hand-over")
@allow("class.session")
def hand_over(public_id: str) -> ResponseReturnValue:
    """Use this device for the children from now on."""
    return _hand_over(_own_lesson(public_id))


@bp.post("/classroom/lessons/<public_id>/took-part")
@allow("class.session")
def took_part(public_id: str) -> ResponseReturnValue:
    """Record that the ticked children took part; those who have signed already are passed over."""
    running = _own_lesson(public_id)
    wanted = request.form.getlist("child")
    made = signing.record_present(g.db, public_id, wanted, wording=wording_for(running), actor=current_actor())
    flash(ngettext("%(num)s child recorded.", "%(num)s children recorded.", len(made)))
    return go(url_for(".lesson", public_id=public_id))


@bp.get("/classroom/lessons/<public_id>/undo/<child_public_id>")
@allow("class.session")
def ask_undo(public_id: str, child_public_id: str) -> ResponseReturnValue:
    """Ask once before a mark is taken away; raises NotFound for a child without one in this lesson."""
    running = _own_lesson(public_id)
    row = next((row for row in signing.roll(g.db, public_id) if row.child_public_id == child_public_id), None)
    if row is None or row.state != "marked":
        raise NotFound
    return render_template(
        "classroom/undo.html",
        lesson=running,
        row=row,
        name=told_apart(people.children(g.db, running.class_id)).get(child_public_id, row.full_name),
        drawing=signing.drawings(g.db, [row]).get(child_public_id),
    )


@bp.post("/classroom/lessons/<public_id>/undo")
@allow("class.session")
def undo(public_id: str) -> ResponseReturnValue:
    """Put a wrong name right: the record keeps both the mark and its correction."""
    running = _own_lesson(public_id)
    signing.undo(g.db, running.public_id, request.form.get("child", ""), actor=current_actor())
    flash(_("Undone. The name is back on the list."))
    return go(url_for(".lesson", public_id=public_id))


@bp.post("/classroom/lessons/<public_id>/close")
@allow("class.session")
def close(public_id: str) -> ResponseReturnValue:
    """End the lesson and every device in it."""
    signing.close(g.db, _own_lesson(public_id).public_id, actor=current_actor())
    accounts.end_all(g.db, class_session_key=public_id)
    flash(_("The lesson has ended. Its code and devices no longer work."))
    return go(url_for(".lesson", public_id=public_id))


def _own_class(public_id: str) -> people.ClassRow:
    chosen = people.school_class(g.db, public_id)
    _check_own(chosen.id)
    return chosen


def _own_lesson(public_id: str) -> signing.ClassSessionRow:
    running = signing.class_session(g.db, public_id)
    _check_own(running.class_id)
    return running


def _check_own(class_id: int) -> None:
    if current_visitor().may("class.any"):
        return
    if people.staff_member(g.db, current_person().person_id).class_id != class_id:
        raise NotAllowed(_("This is not your class."))
