"""Importing the school's lists in the browser: upload, see every change, then apply or discard."""

from __future__ import annotations

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, people
from oval_aup.core import clock
from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _
from oval_aup.web.access import allow, current_actor
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.admin.roster_forms import (
    LISTED,
    counts,
    posted_answers,
    posted_mapping,
    questions,
    sections,
    uploaded,
)
from oval_aup.web.forms import ticked
from oval_aup.web.htmx import go
from oval_aup.web.unit_of_work import settings

roster = people.roster


@bp.get("/office/roster")
@allow("roster.import")
def roster_start() -> str:
    """Choose a list to import, and see what was imported before."""
    return _start()


@bp.post("/office/roster")
@allow("roster.import")
def roster_upload() -> ResponseReturnValue:
    """Read an uploaded list and go on to its preview; nothing of the roster changes."""
    partial = ticked("partial")
    try:
        name, content = uploaded()
        limit = settings().upload_limit
        shown = roster.preview(g.db, name, content, partial=partial, limit=limit, actor=current_actor("office"))
    except Invalid as problem:
        return _start(problem.fields), 422
    return _on(shown.public_id)


@bp.get("/office/roster/<public_id>")
@allow("roster.import")
def roster_import(public_id: str) -> str:
    """Show what an import would do or, once settled, what came of it."""
    row = roster.roster_import(g.db, public_id)
    if row.status != "previewed":
        by = people.persons_by_id(g.db, [row.uploaded_by_id] if row.uploaded_by_id else [])
        uploader = by.get(row.uploaded_by_id or 0)
        words = roster.counts_as_text(row.summary)
        return render_template("admin/roster/settled.html", row=row, uploader=uploader, words=words, kinds=_kinds())
    return _preview(roster.show(g.db, public_id, actor=current_actor("office")))


@bp.post("/office/roster/<public_id>")
@allow("roster.import")
def roster_look_again(public_id: str) -> ResponseReturnValue:
    """Look at the list again with other columns, another kind or extent, or answers about children."""
    actor = current_actor("office")
    before = roster.show(g.db, public_id, actor=actor)
    if about := request.form.get("about"):
        roster.preview_again(g.db, public_id, answers=posted_answers(before.answers), actor=actor)
        return _on(public_id, about if about in {"pairs", "people", "gone"} else "questions")
    kind = request.form.get("kind", before.kind)
    sheet = request.form.get("sheet", before.sheet)
    try:
        if sheet != before.sheet:
            roster.preview_again(g.db, public_id, sheet=sheet, actor=actor)
            return _on(public_id)
        # The columns were chosen for the kind that was shown; for another kind they are guessed anew.
        mapping = posted_mapping(before.headers) if kind == before.kind else None
        partial = ticked("partial")
        roster.preview_again(g.db, public_id, mapping=mapping, kind=kind, partial=partial, actor=actor)
    except Invalid as problem:
        return _preview(before, problem.fields), 422
    return _on(public_id)


@bp.post("/office/roster/<public_id>/apply")
@allow("roster.import")
def roster_apply(public_id: str) -> ResponseReturnValue:
    """Carry out the import as shown, all of it or nothing; a second press shows what the first did."""
    if roster.roster_import(g.db, public_id).status == "applied":
        return _on(public_id)
    actor = current_actor("office")
    meant = ticked("confirm_leavers")
    try:
        campaigns.apply_roster(
            g.db,
            public_id,
            confirm_leavers=meant,
            noes=request.form,
            seen_effects=request.form.get("effects"),
            school=settings().school,
            actor=actor,
        )
    except Invalid as problem:
        errors = problem.fields or {"apply": problem.message}
        return _preview(roster.show(g.db, public_id, actor=actor), errors), 422
    except roster.RosterChanged:
        roster.preview_again(g.db, public_id, actor=actor)
        flash(_("Our records have changed since you previewed this list. Check the changes again."))
    return _on(public_id)


@bp.post("/office/roster/<public_id>/discard")
@allow("roster.import")
def roster_discard(public_id: str) -> ResponseReturnValue:
    """Forget an import that is not wanted."""
    roster.discard(g.db, public_id, actor=current_actor("office"))
    flash(_("Discarded. Nothing was changed."))
    return go(url_for(".roster_start"))


def _on(public_id: str, anchor: str = "") -> ResponseReturnValue:
    return go(url_for(".roster_import", public_id=public_id, _anchor=anchor or None))


def _start(errors: dict[str, str] | None = None) -> str:
    return render_template(
        "admin/roster/start.html",
        errors=errors or {},
        imports=roster.imports(g.db),
        kinds=_kinds(),
        megabytes=settings().upload_limit // 1024 // 1024,
    )


def _preview(shown: people.roster.Preview, errors: dict[str, str] | None = None) -> str:
    plan = shown.plan
    if plan is None:
        return render_template("admin/roster/columns.html", **_choices(shown), errors=errors or {})
    effects = campaigns.effects_of(g.db, plan.links, people.school_year(clock.today()))
    return render_template(
        "admin/roster/preview.html",
        **_choices(shown),
        plan=plan,
        counts=counts(plan),
        effects=effects,
        effects_seen=campaigns.fingerprint(effects),
        untold=roster.untold(plan.links),
        shown_words=labels.shown_values(),
        leavers_limit=roster.LEAVERS_LIMIT,
        left_out=plan.counts()["rows_left_out"],
        sections=sections(plan, request.args.get("all", "")),
        questions=plan.matches[:LISTED],
        kinds_of_questions=questions(plan),
        errors=errors or {},
    )


def _kinds() -> dict[str, str]:
    return {kind: _(words) for kind, words in roster.KINDS.items()}


def _choices(shown: people.roster.Preview) -> dict[str, object]:
    holds = {header: key for key, header in shown.mapping.items()}
    return {
        "shown": shown,
        "holds": {header: holds.get(header, "") for header in shown.headers},
        "fields": roster.FIELDS[shown.kind],
        "kinds": _kinds(),
    }
