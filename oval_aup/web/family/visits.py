"""Where a guardian stands in their visit: the page shown, the one that comes next, and when to send them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import g, request, session, url_for
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, people, signing
from oval_aup.core import clock
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _
from oval_aup.web import unit_of_work
from oval_aup.web.access import current_visitor
from oval_aup.web.family.blueprint import bp
from oval_aup.web.htmx import go

SENT_BACK = "sent_back"
"""In the cookie: the form that was sent back, for the page that shows it again."""
AGAIN = "again"


class RedirectTo(Exception):
    """This page has nothing to ask now: go to another."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.target = target


@bp.errorhandler(RedirectTo)
def move_on(elsewhere: RedirectTo) -> ResponseReturnValue:
    """Send the browser to where it can go on."""
    return go(elsewhere.target)


@dataclass(frozen=True, slots=True)
class Place:
    """One page of the visit: ``number`` of ``of``, and the address of the page before it."""

    number: int
    of: int
    back: str


def guardian_id() -> int:
    """Who is logged in; raises NotFound for a session that belongs to nobody."""
    held = current_visitor()
    if held.person_id is None:
        raise NotFound
    return held.person_id


def this_year() -> int:
    """The school year of today."""
    return people.school_year(clock.today())


def open_family_visit() -> campaigns.FamilyVisit:
    """The signing session that is being answered; whoever has none is sent to their family page."""
    signing_session = begun_signing_session()
    if signing_session.status != "reading":
        raise RedirectTo(url_for("family.home"))
    return campaigns.family_visit(g.db, signing_session)


def begun_signing_session() -> signing.SigningSessionRow:
    """The newest signing session, open or over; whoever has none is sent to their family page."""
    signing_session = campaigns.signing_session_of_family(g.db, guardian_id(), this_year())
    if signing_session is None:
        raise RedirectTo(url_for("family.home"))
    return signing_session


def visit_at(step: str) -> campaigns.FamilyVisit:
    """The open signing session, if it has this page; otherwise its visitor is sent to the page that waits."""
    visit = open_family_visit()
    if step not in visit.steps:
        raise RedirectTo(onward(visit))
    return visit


def place_of(visit: campaigns.FamilyVisit, step: str) -> Place:
    """Which page of how many this is."""
    place = visit.steps.index(step)
    before = page_of(visit.steps[place - 1]) if place else url_for("family.home")
    return Place(place + 1, len(visit.steps), before)


def onward(visit: campaigns.FamilyVisit) -> str:
    """The address of the first page that waits; the family page when none does."""
    if visit.steps == ("check",):
        return url_for("family.home")
    return page_of(visit.next_step)


def page_of(step: str) -> str:
    """The address of one page of a signing session."""
    if step.startswith("pictures/"):
        return url_for("family.pictures", child_public_id=step.removeprefix("pictures/"))
    return url_for(f"family.{step}")


def changed_meanwhile(target: str, message: str = "") -> ResponseReturnValue:
    """Say that the words, or the answers, are not those of the page that was sent, and where to go on."""
    return send_back(url_for("family.changed"), {"target": target, "message": message}, {})


def send_back(page: str, filled_in: Mapping[str, str], errors: Mapping[str, str]) -> ResponseReturnValue:
    """Send the browser to the page whose form does not do, to say why there; nothing of this request is kept.

    A page that a form was sent to would ask to send it again whenever it is shown once more. The next page is an
    ordinary one, and ``sent_back`` on it finds what was filled in.
    """
    unit_of_work.refuse()
    session[SENT_BACK] = {"page": page, "filled_in": dict(filled_in), "errors": dict(errors)}
    return go(f"{page}{'&' if '?' in page else '?'}{AGAIN}=1")


def sent_back() -> tuple[dict[str, str], dict[str, str]]:
    """What was filled in on this page, and what is wrong with it, where the visitor was sent back to it."""
    kept = session.get(SENT_BACK) or {}
    here = request.full_path.removesuffix(f"{AGAIN}=1").rstrip("?&")
    if not request.args.get(AGAIN) or kept.get("page") != here:
        return {}, {}
    return dict(kept["filled_in"]), dict(kept["errors"])


def listed(names: Sequence[str]) -> str:
    """Names as they are said: Ayaan; Ayaan and Zara; Ayaan, Zara and Sami."""
    if len(names) < 2:
        return "".join(names)
    return _("%(some)s and %(last)s", some=", ".join(names[:-1]), last=names[-1])
