"""Where a child's pictures may be used: asked once a year for each child, and changed on any day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import agreements, campaigns, consent, signing
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.web import unit_of_work
from oval_aup.web.access import allow, current_actor
from oval_aup.web.family.blueprint import bp
from oval_aup.web.family.forms import ChoicesForm
from oval_aup.web.family.visits import (
    RedirectTo,
    changed_meanwhile,
    guardian_id,
    onward,
    open_family_visit,
    place_of,
    send_back,
    sent_back,
    this_year,
)
from oval_aup.web.forms import typed
from oval_aup.web.htmx import go
from oval_aup.web.shown_wording import read_shown


@bp.get("/family/pictures/<child_public_id>")
@allow("family")
def pictures(child_public_id: str) -> str:
    """Ask about one child. ``?all=yes`` and ``?all=no`` only fill the form in: nothing counts before it is sent."""
    visit, each = _asked_about(child_public_id)
    fill = request.args.get("all", "")
    answers: Mapping[str, str] = visit.draft.pictures.get(child_public_id, {})
    if fill in ("yes", "no"):
        answers = dict.fromkeys(each.unanswered, fill)
    return _pictures_page(visit, each, answers, filled=fill if fill in ("yes", "no") else "")


@bp.post("/family/pictures/<child_public_id>")
@allow("family")
def pictures_chosen(child_public_id: str) -> ResponseReturnValue:
    """Keep the choices for one child."""
    visit, each = _asked_about(child_public_id)
    shown = read_shown()
    if shown != visit.uses.text_sha256:
        return changed_meanwhile(request.path)
    uses = _waiting(visit, each)
    form = ChoicesForm.read(uses)
    try:
        form.check(uses)
    except Invalid as refusal:
        # What was chosen is kept as if it had been tapped with scripts on.
        draft = visit.draft.with_picture(child_public_id, form.answers, shown)
        unit_of_work.afterwards(lambda db: signing.save_draft(db, visit.signing_session.public_id, draft.kept()))
        return send_back(request.path, {}, refusal.fields)
    draft = visit.draft.with_pictures(child_public_id, form.answers, shown)
    signing.save_draft(g.db, visit.signing_session.public_id, draft.kept())
    return go(onward(replace(visit, draft=draft)))


@bp.post("/family/pictures/<child_public_id>/saved")
@allow("family")
def save_picture(child_public_id: str) -> ResponseReturnValue:
    """Keep the answers that were chosen so far, one or several, before the page is finished."""
    visit, each = _asked_about(child_public_id)
    shown = read_shown()
    if shown != visit.uses.text_sha256:
        raise Conflict
    answers = ChoicesForm.read(_waiting(visit, each)).answers
    draft = visit.draft.with_picture(child_public_id, answers, shown)
    signing.save_draft(g.db, visit.signing_session.public_id, draft.kept())
    return "", 204


def _asked_about(child_public_id: str) -> tuple[campaigns.FamilyVisit, campaigns.FamilyChild]:
    """The open signing session and one of its children; NotFound for a child this guardian does not choose for."""
    visit = open_family_visit()
    _one_of(visit.family, child_public_id)
    each = visit.child(child_public_id)
    if each is None:
        raise RedirectTo(onward(visit))
    return visit, each


def _one_of(family: campaigns.Family, child_public_id: str) -> campaigns.FamilyChild:
    for each in family.children:
        if each.child.public_id == child_public_id and each.link.may_choose:
            return each
    raise NotFound


def _waiting(visit: campaigns.FamilyVisit, each: campaigns.FamilyChild) -> tuple[consent.Purpose, ...]:
    """The uses this page asks about: those without an answer yet."""
    return tuple(use for use in _asked(visit.uses) if use.key in each.unanswered)


def _asked(uses: agreements.Wording) -> tuple[consent.Purpose, ...]:
    return tuple(use for use in consent.purposes_in(uses) if use.basis == "consent")


def _pictures_page(
    visit: campaigns.FamilyVisit,
    each: campaigns.FamilyChild,
    answers: Mapping[str, str],
    *,
    filled: str = "",
) -> str:
    step = f"pictures/{each.child.public_id}"
    return render_template(
        "family/pictures.html",
        wording=visit.uses,
        as_html=agreements.as_html,
        child=each.child,
        uses=_waiting(visit, each),
        others=bool(each.answers),
        answers=answers,
        filled=filled,
        place=place_of(visit, step),
        renewed=bool(visit.draft.pictures) and visit.draft.pictures_sha256 != visit.uses.text_sha256,
        errors={} if filled else sent_back()[1],
    )


@bp.get("/family/choices/<child_public_id>")
@allow("family")
def choices(child_public_id: str) -> str:
    """Show every choice about one child as it stands; ``?all=`` fills the form in and changes nothing by itself."""
    each, wording = _answered(child_public_id)
    fill = request.args.get("all", "")
    if fill not in ("yes", "no"):
        return _choices_page(each, wording, each.answers)
    return _choices_page(each, wording, {use.key: fill for use in _asked(wording)}, filled=fill)


@bp.post("/family/choices/<child_public_id>")
@allow("family")
def choose_all(child_public_id: str) -> ResponseReturnValue:
    """Change whatever differs from what stands; it counts at once, and the same again changes nothing."""
    each, wording = _answered(child_public_id)
    if read_shown() != wording.text_sha256:
        return changed_meanwhile(request.path)
    form = ChoicesForm.read(_asked(wording))
    differs = {key: answer for key, answer in form.answers.items() if each.answers.get(key) != answer}
    if differs and typed("standing", longest=4000) != _standing_of(each):
        return changed_meanwhile(request.path, _("Your answers changed in another window. Please check them again."))
    changed = campaigns.change_choices(
        g.db,
        guardian_id=guardian_id(),
        child_public_id=child_public_id,
        answers=differs,
        school_year=this_year(),
        language=wording.language,
        school=unit_of_work.settings().school,
        actor=current_actor(),
    )
    flash(_changes_said(len(changed), each.child.forename))
    return go(url_for(".home"))


def _choices_page(
    each: campaigns.FamilyChild,
    wording: agreements.Wording,
    answers: Mapping[str, str],
    *,
    filled: str = "",
) -> str:
    return render_template(
        "family/choices.html",
        each=each,
        wording=wording,
        uses=_asked(wording),
        answers=answers,
        filled=filled,
        standing=_standing_of(each),
    )


def _standing_of(each: campaigns.FamilyChild) -> str:
    """The answers that stand, for the form to bring back: an older page must not undo what was changed since."""
    return ",".join(f"{key}={answer}" for key, answer in sorted(each.answers.items()))


def _changes_said(count: int, name: str) -> str:
    if not count:
        return _("You didn’t change anything for %(name)s.", name=name)
    return ngettext(
        "You changed %(num)s choice for %(name)s. It counts straight away.",
        "You changed %(num)s choices for %(name)s. They count straight away.",
        count,
        name=name,
    )


@bp.get("/family/choices/<child_public_id>/<purpose_key>")
@allow("family")
def choice(child_public_id: str, purpose_key: str) -> str:
    """Show one choice as it stands and ask for the new one."""
    each, use, wording = _standing(child_public_id, purpose_key)
    return _choice_page(each, use, wording)


@bp.post("/family/choices/<child_public_id>/<purpose_key>")
@allow("family")
def choose(child_public_id: str, purpose_key: str) -> ResponseReturnValue:
    """Change one choice; it counts at once, and the same again changes nothing."""
    each, use, wording = _standing(child_public_id, purpose_key)
    answer = typed("answer")
    if answer not in ("yes", "no"):
        return send_back(request.path, {}, {"answer": _("Choose yes or no.")})
    if read_shown() != wording.text_sha256:
        return changed_meanwhile(request.path)
    changed = campaigns.change_choice(
        g.db,
        guardian_id=guardian_id(),
        child_public_id=child_public_id,
        purpose_key=purpose_key,
        answer=answer,
        school_year=this_year(),
        language=wording.language,
        school=unit_of_work.settings().school,
        actor=current_actor(),
    )
    if changed:
        flash(_said(answer, use.heading, each.child.forename, in_use=_in_use(each, use.key)))
    return go(url_for(".home"))


def _choice_page(
    each: campaigns.FamilyChild,
    use: consent.Purpose,
    wording: agreements.Wording,
) -> str:
    return render_template(
        "family/choice.html",
        each=each,
        use=use,
        wording=wording,
        in_use=_in_use(each, use.key),
        errors=sent_back()[1],
    )


def _in_use(each: campaigns.FamilyChild, purpose_key: str) -> bool:
    """Whether the school may use the child's pictures there today."""
    child_id = each.child.person_id
    return consent.permissions(g.db, [child_id], this_year())[child_id][purpose_key].allowed


def _said(answer: str, use: str, name: str, *, in_use: bool) -> str:
    if answer == "yes" and not in_use:
        yes = _("Your answer about “%(use)s” for %(name)s is now Yes.", use=use, name=name)
        return f"{yes} {_('We are not using pictures here at the moment.')}"
    if answer == "yes":
        return _("Your answer about “%(use)s” for %(name)s is now Yes.", use=use, name=name)
    return _(
        "Your answer about “%(use)s” for %(name)s is now No. It counts straight away, and we take pictures down where"
        " we can.",
        use=use,
        name=name,
    )


def _standing(
    child_public_id: str, purpose_key: str
) -> tuple[campaigns.FamilyChild, consent.Purpose, agreements.Wording]:
    each, wording = _answered(child_public_id)
    for use in _asked(wording):
        if use.key == purpose_key:
            return each, use, wording
    raise NotFound


def _answered(child_public_id: str) -> tuple[campaigns.FamilyChild, agreements.Wording]:
    """One of this guardian's children, and the words that ask about pictures."""
    family = campaigns.family(g.db, guardian_id(), this_year())
    each = _one_of(family, child_public_id)
    return each, agreements.current(g.db, consent.AGREEMENT, language=family.guardian.language)
