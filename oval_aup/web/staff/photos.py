"""May I use this photo? One question with a plain answer: yes, no, or ask the office, and because of whom."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request
from flask.typing import ResponseReturnValue

from oval_aup import consent, people
from oval_aup.core import clock
from oval_aup.core.errors import NotFound
from oval_aup.reports import told_apart
from oval_aup.web.access import allow
from oval_aup.web.htmx import page_or_partial, wants_fragment
from oval_aup.web.staff.blueprint import bp
from oval_aup.web.staff.classes import no_rules_page, own_class, shown_verdicts


@dataclass(frozen=True, slots=True)
class Answer:
    """What to tell somebody who holds a photo: ``yes``, ``no``, ``ask`` or ``nobody`` (no child was ticked)."""

    verdict: str
    refused: tuple[people.ChildRow, ...] = ()
    unanswered: tuple[people.ChildRow, ...] = ()
    fine: tuple[people.ChildRow, ...] = ()


@bp.get("/staff/photos")
@allow("photos.check")
def photos() -> ResponseReturnValue:
    """Show the question and, once children are ticked, the answer."""
    if not consent.has_uses(g.db):
        return no_rules_page()
    classes = people.classes(g.db)
    chosen = _chosen_class(classes)
    uses = consent.purposes(g.db)
    use = _chosen_use(uses)
    children = people.children(g.db, chosen.id) if chosen else ()
    ticked = set(request.args.getlist("child"))
    framed = tuple(child for child in children if child.public_id in ticked)
    return page_or_partial(
        "staff/photos.html",
        "staff/_photo-answer.html",
        classes=classes,
        chosen=chosen,
        uses=uses,
        use=use,
        children=children,
        names=told_apart(children),
        ticked=ticked,
        answer=_answer(framed, use),
        checked_at=clock.now(),
        live=wants_fragment(),
    )


def _answer(framed: tuple[people.ChildRow, ...], use: consent.Purpose) -> Answer:
    if not framed:
        return Answer("nobody")
    verdicts = shown_verdicts(framed, people.school_year(clock.today()))
    stand: dict[str, list[people.ChildRow]] = {"yes": [], "no": [], "missing": [], "blocked": []}
    for child in framed:
        stand[verdicts[child.person_id][use.key]].append(child)
    refused = tuple(child for child in framed if child in stand["no"] or child in stand["blocked"])
    verdict = "no" if refused else "ask" if stand["missing"] else "yes"
    return Answer(verdict, refused, tuple(stand["missing"]), tuple(stand["yes"]))


def _chosen_class(classes: tuple[people.ClassRow, ...]) -> people.ClassRow | None:
    wanted = request.args.get("class")
    if wanted is None:
        return own_class() or next(iter(classes), None)
    found = next((each for each in classes if each.public_id == wanted), None)
    if found is None:
        raise NotFound
    return found


def _chosen_use(uses: tuple[consent.Purpose, ...]) -> consent.Purpose:
    wanted = request.args.get("use")
    found = next((each for each in uses if each.key == wanted), None)
    if wanted is not None and found is None:
        raise NotFound
    # The website is what people ask about most; the list says which use is meant either way.
    return found or next((each for each in uses if each.key == "website"), uses[0])
