"""A shared device in class: the rules in large type, the names, and a child's own mark. It knows no other page."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from flask import g, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from oval_aup import accounts, people, signing
from oval_aup.core import clock
from oval_aup.core.errors import Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.reports import with_birthday
from oval_aup.web import access, unit_of_work
from oval_aup.web.access import allow, current_actor, current_visitor
from oval_aup.web.classroom.blueprint import bp
from oval_aup.web.classroom.rules import rule_page, wording_for
from oval_aup.web.htmx import go
from oval_aup.web.shown_wording import read_shown

JUST_MARKED = "just_marked"
"""Where the cookie keeps which child has just made a mark on this device, and when."""
STILL_HERE = dt.timedelta(minutes=2)
"""How long a child is taken to be still holding the device."""


@bp.get("/class")
@allow("anyone")
def join() -> str:
    """Ask for the code on the board; whoever tapped when the lesson was over already is told so."""
    return render_template("classroom/join.html", code="", over=access.has_run_out("kiosk"), errors={})


@bp.post("/class")
@allow("anyone")
def join_now() -> ResponseReturnValue:
    """Let a device into the lesson with this code, to the rules first or straight to the names."""
    code = request.form.get("code", "")[:40]
    tries = accounts.bucket("code", access.client_address())
    accounts.check(g.db, tries)
    try:
        lesson = signing.join(g.db, code)
    except NotFound:
        unit_of_work.afterwards(lambda db: accounts.note_failure(db, tries))
        wrong = {"code": _("That code doesn’t match an open lesson. Look at the board and type it again.")}
        return render_template("classroom/join.html", code=code, over=False, errors=wrong), 422
    access.end_session("login")
    token = accounts.start(g.db, "kiosk", class_session_key=lesson.public_id, assurance="in-class")
    access.start_session("kiosk", token)
    return go(url_for(".names") if request.form.get("show") == "names" else url_for(".rules", number="1"))


@bp.get("/class/start")
@allow("kiosk")
def device() -> str:
    """Greet the class: read the rules here, or only find the names."""
    lesson = _lesson()
    return render_template("classroom/device.html", school_class=_class_of(lesson), wording=wording_for(lesson))


@bp.get("/class/rules/<number>")
@allow("kiosk")
def rules(number: str) -> str:
    """Show one rule."""
    return rule_page(
        _lesson(),
        number,
        page_url=lambda at: url_for(".rules", number=at),
        after=url_for(".names"),
        after_words=_("Find your name"),
    )


@bp.get("/class/names")
@allow("kiosk")
def names() -> str:
    """Show the first names that have no mark yet."""
    lesson = _lesson()
    roll = signing.roll(g.db, lesson.public_id)
    asked = [row for row in roll if row.state != "not-asked"]
    return render_template(
        "classroom/names.html",
        school_class=_class_of(lesson),
        waiting=[row for row in asked if row.state == "waiting"],
        labels=_labels(lesson, roll),
        asked=len(asked),
    )


@bp.get("/class/names/<child_public_id>")
@allow("kiosk")
def child(child_public_id: str) -> ResponseReturnValue:
    """Ask “Is this you?” and say what the tap will mean."""
    lesson = _lesson()
    row, label = _child_of(lesson, child_public_id)
    if row.state != "waiting":
        return go(url_for(".names"))
    return _child_page(lesson, row, label)


@bp.post("/class/names/<child_public_id>")
@allow("kiosk")
def mark(child_public_id: str) -> ResponseReturnValue:
    """A child makes their mark; the same post twice is one mark."""
    lesson = _lesson()
    attempt = request.form.get("attempt", "")
    was_waiting = _child_of(lesson, child_public_id)[0].state == "waiting"
    try:
        made = signing.make_mark(
            g.db,
            lesson.public_id,
            child_public_id,
            wording=wording_for(lesson),
            shown_sha256=read_shown(),
            mark=signing.read_mark(request.form.get("mark", "")),
            attempt=int(attempt) if attempt.isascii() and attempt.isdigit() and len(attempt) < 5 else 0,
            actor=current_actor(),
        )
    except Invalid as refusal:
        row, label = _child_of(lesson, child_public_id)
        return _child_page(lesson, row, label, errors=refusal.fields), 422
    # A page from before the teacher's "undo" names a mark that no longer counts: ask again instead of thanking.
    if not made.stands:
        return go(url_for(".child", child_public_id=child_public_id))
    if was_waiting:  # a mark that came from another device is not this one's to take away
        session[JUST_MARKED] = [child_public_id, int(clock.now().timestamp())]
    return go(url_for(".well_done", child_public_id=child_public_id))


@bp.get("/class/names/<child_public_id>/well-done")
@allow("kiosk")
def well_done(child_public_id: str) -> ResponseReturnValue:
    """Thank the child by name and show what they drew; a wrong name can be said here and now."""
    return _just_marked_page("classroom/well-done.html", child_public_id)


@bp.get("/class/names/<child_public_id>/not-me")
@allow("kiosk")
def not_me(child_public_id: str) -> ResponseReturnValue:
    """Ask once whether the mark is to be taken away again."""
    return _just_marked_page("classroom/not-me.html", child_public_id)


@bp.post("/class/names/<child_public_id>/not-me")
@allow("kiosk")
def not_me_now(child_public_id: str) -> ResponseReturnValue:
    """Take away the mark that this device has just made; both the mark and its correction stay in the record."""
    lesson = _lesson()
    if _is_just_marked(child_public_id):
        signing.not_me(g.db, lesson.public_id, child_public_id, actor=current_actor())
        session.pop(JUST_MARKED, None)
    return go(url_for(".names"))


def _just_marked_page(template: str, child_public_id: str) -> ResponseReturnValue:
    """A page about the mark that this device has just made; on to the names where that was another, or is long ago."""
    lesson = _lesson()
    row, label = _child_of(lesson, child_public_id)
    if row.state != "marked" or not _is_just_marked(child_public_id):
        return go(url_for(".names"))
    drawing = signing.drawings(g.db, [row]).get(child_public_id)
    return render_template(template, school_class=_class_of(lesson), row=row, label=label, drawing=drawing)


def _is_just_marked(child_public_id: str) -> bool:
    marked = session.get(JUST_MARKED)
    if not isinstance(marked, list) or len(marked) != 2 or marked[0] != child_public_id:
        return False
    return bool(clock.now().timestamp() - marked[1] < STILL_HERE.total_seconds())


def _child_page(
    lesson: signing.ClassSessionRow, row: signing.RollRow, label: str, errors: dict[str, str] | None = None
) -> str:
    return render_template(
        "classroom/child.html",
        school_class=_class_of(lesson),
        wording=wording_for(lesson),
        row=row,
        label=label,
        errors=errors or {},
    )


def _lesson() -> signing.ClassSessionRow:
    """The lesson this device belongs to; raises NotFound once it is over, though the device was not told."""
    lesson = signing.class_session(g.db, current_visitor().class_session_key)
    if not lesson.is_open:
        raise NotFound(_("This lesson is over. Ask your teacher."))
    return lesson


def _class_of(lesson: signing.ClassSessionRow) -> people.ClassRow:
    return people.class_by_id(g.db, lesson.class_id)


def _child_of(lesson: signing.ClassSessionRow, child_public_id: str) -> tuple[signing.RollRow, str]:
    """A child of this lesson's class and the name to show; raises NotFound for any other child."""
    roll = signing.roll(g.db, lesson.public_id)
    row = next((row for row in roll if row.child_public_id == child_public_id), None)
    if row is None:
        raise NotFound
    return row, _labels(lesson, roll)[child_public_id]


def _labels(lesson: signing.ClassSessionRow, roll: Sequence[signing.RollRow]) -> dict[str, str]:
    labels = short_names(roll)
    seen = Counter(labels.values())
    if len(seen) < len(labels):  # two children of one name: each knows their own birthday
        for row in people.children(g.db, lesson.class_id):
            if seen[labels.get(row.public_id, "")] > 1:
                labels[row.public_id] = with_birthday(labels[row.public_id], row)
    return labels


def short_names(roll: Sequence[signing.RollRow]) -> dict[str, str]:
    """First name and the initial of the surname; as many more letters as it takes to tell two children apart."""
    surnames = {row.child_public_id: row.full_name.removeprefix(row.forename).strip() for row in roll}
    labels: dict[str, str] = {}
    open_rows, letters = list(roll), 1
    while open_rows and letters < 40:
        labels |= {
            row.child_public_id: f"{row.forename} {surnames[row.child_public_id][:letters]}".strip()
            for row in open_rows
        }
        seen = Counter(labels.values())
        open_rows = [row for row in open_rows if seen[labels[row.child_public_id]] > 1]
        letters += 1
    return labels
