"""Puts what happened to and by one person in order, acts and messages alike, for a reader who was not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import agreements, consent, evidence, notifications, people
from oval_aup.core import templating
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _, gettext_noop
from oval_aup.reports import document_labels as words
from oval_aup.reports import ledger_acts as story
from oval_aup.reports.document_labels import Moment

SHORT_RULES = {key: agreements.AGREEMENTS[key].in_a_sentence for key in agreements.SIGNED}
STEPS = {"ask": gettext_noop("first request"), "escalation": gettext_noop("note to the class teacher or manager")}


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One line of a person's timeline."""

    at: Moment
    what: str
    more: str
    seq: int
    """Its number in the ledger, or 0 for a message, which the ledger does not hold."""


def events(db: Session, person: people.PersonRow, entries: Sequence[evidence.EntryRow]) -> list[TimelineEvent]:
    """What happened to and by a person, oldest first."""
    sent = [
        TimelineEvent(
            Moment(row.sent_at or row.queued_at),
            _("Email: %(subject)s", subject=row.subject),
            _("To %(address)s: %(state)s.", address=row.to_address, state=words.channel_of(row.status, words.MESSAGES)),
            0,
        )
        for row in notifications.messages_to(db, person.pseudonym)
    ]
    acts = story.acts(db, entries)
    by_seq = {act.seq: act for act in acts}
    uses = _uses(db)
    done = [TimelineEvent(act.at, _what(act, uses), _more(act, person, by_seq, uses), act.seq) for act in acts]
    return sorted(done + sent, key=lambda event: (event.at.at, event.seq))


def _uses(db: Session) -> dict[str, str]:
    try:
        return {use.key: use.heading for use in consent.purposes(db)}
    except NotFound:
        return {}


def _what(act: story.Act, uses: Mapping[str, str]) -> str:
    """The act in a few words that name what it was about."""
    if act.kind in story.CHOICES and act.choices:
        headings = _listed(heading for heading, _hint, _answer in act.choices)
        if act.kind == "consent_withdrawn":
            return _("Permission for pictures withdrawn: %(uses)s", uses=headings)
        if len(act.choices) == 1:
            answer = _("Yes") if act.choices[0][2] == "yes" else _("No")
            return _("Choice about pictures: %(use)s: %(answer)s", use=headings, answer=answer)
        return _("Choices about pictures: %(counts)s", counts=act.counted)
    if act.wording is not None:
        return _("%(what)s: %(title)s", what=act.headline, title=act.wording.title)
    if act.what:
        return _("%(what)s: %(things)s", what=act.headline, things=act.what)
    if act.kind in ("requested", "reminded", "started"):
        return _("%(what)s: %(things)s", what=act.headline, things=_things(act))
    if act.kind == "consent_invalidated":
        named = _listed(uses.get(key, key) for key in act.act.get("purposes", ()))
        return _("%(what)s: %(things)s", what=act.headline, things=named)
    if act.kind == "taken_down":
        key = str(act.act.get("purpose", ""))
        return _("%(what)s: %(things)s", what=act.headline, things=uses.get(key, key))
    return act.headline


def _things(act: story.Act) -> str:
    """What somebody was asked for."""
    found = [words.channel_of(key, SHORT_RULES) for key in act.act.get("agreements", ())]
    if act.act.get("image_choices"):
        found.append(_("choices about pictures"))
    return _listed(found)


def _more(act: story.Act, person: people.PersonRow, by_seq: Mapping[int, story.Act], uses: Mapping[str, str]) -> str:
    """Everything else in sentences: about whom, the answers, the version, who took part, what was noted and why."""
    parts: list[str] = []
    if act.about not in ("", person.full_name) and (act.kind in story.CHOICES or not act.who.is_answer):
        parts.append(_("About %(name)s.", name=act.about))
    parts += [_("%(answer)s: %(uses)s.", answer=word, uses="; ".join(named)) for word, named in act.answers]
    if act.wording is not None:
        parts.append(
            _("%(title)s, version %(number)s.", title=act.wording.title, number=act.wording.version)
            if act.kind in story.CHOICES
            else _("Version %(number)s.", number=act.wording.version)
        )
    parts += [_refers(act, by_seq[seq], uses) for seq in act.refs if seq in by_seq]
    if act.act.get("step") and act.kind in ("requested", "reminded"):
        parts.append(_("Step: %(step)s.", step=_step(str(act.act["step"]))))
    if act.who.line:
        parts.append(act.who.line)
    parts += [text for text in (act.note, f"“{act.reason}”" if act.reason else "") if text]
    if act.taken_back:
        parts.append(_("Taken back later."))
    if act.erased:
        parts.append(_("Personal details erased by law."))
    return " ".join(parts)


def _refers(act: story.Act, earlier: story.Act, uses: Mapping[str, str]) -> str:
    what, at = _what(earlier, uses), templating.moment(earlier.at.at)
    if act.kind == "recorded_on_behalf":
        return _("Entered: %(what)s.", what=what)
    if act.kind in story.CHOICES:
        return _("Changes the answer of %(at)s.", at=at)
    return _("Concerns: %(what)s, %(at)s.", what=what, at=at)


def _step(step: str) -> str:
    step = step.partition("@")[0]
    if step.startswith("reminder-"):
        return _("reminder %(number)s", number=step.removeprefix("reminder-"))
    return _("extra reminder") if step.startswith("nudge-") else words.channel_of(step, STEPS)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
