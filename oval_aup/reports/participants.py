"""Tells of one act who answered, who entered it and who was present: three facts, worded the same on every document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import evidence, people, signing
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _, gettext_noop

ANSWERS = frozenset(
    {"signed", "declined", "witnessed", "consent_recorded", "consent_withdrawn", "responsibility_declared"}
)
"""The kinds of entry that hold somebody's answer; any other was done by whoever made it."""

THEMSELVES: dict[str, str] = {
    "link": gettext_noop("%(name)s, through their private link"),
    "login": gettext_noop("%(name)s, logged in as staff"),
    "class": gettext_noop("%(name)s, on the class’s device"),
    "person": gettext_noop("%(name)s, on a school device"),
}
"""Channel to how somebody entered an answer of their own."""

FOR_THEM: dict[str, str] = {
    "class": gettext_noop("%(name)s, from the class list"),
    "paper": gettext_noop("%(name)s, from a paper form"),
    "phone": gettext_noop("%(name)s, from a telephone call"),
    "person": gettext_noop("%(name)s, from a visit to the school"),
    "office": gettext_noop("%(name)s, at the school office"),
}
"""Channel to how a member of staff entered somebody else's answer."""


@dataclass(frozen=True, slots=True)
class Participants:
    """Who took part in one act, in words; all are empty where nobody but the system acted."""

    by: str = ""
    """Who answered; for an act that is no answer, who did it."""
    on_behalf_of: str = ""
    """For whom they answered, where that is somebody else."""
    entered: str = ""
    present: str = ""
    is_answer: bool = False

    @property
    def answered(self) -> str:
        """Who answered and for whom."""
        if self.by and self.on_behalf_of:
            return _("%(name)s, for %(child)s", name=self.by, child=self.on_behalf_of)
        return self.by

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Each fact with its label, for a table of facts."""
        if not self.is_answer:
            return ((_("Done by"), self.by),) if self.by else ()
        return (
            (_("Answered by"), self.answered),
            (_("Entered by"), self.entered),
            (_("Present"), self.present),
        )

    @property
    def for_several(self) -> Participants:
        """The same for several acts of one person, whomever each is for."""
        return replace(self, on_behalf_of="")

    @property
    def line(self) -> str:
        """The same facts in one line."""
        return " ".join(f"{label}: {fact}." for label, fact in self.rows)


def participants(
    db: Session,
    entries: Iterable[evidence.EntryRow],
    details: Mapping[int, Mapping[str, Any]],
    names: Mapping[str, str],
) -> dict[int, Participants]:
    """Entry number to who took part; ``names`` maps every pseudonym that ``pseudonyms_in`` found to a name."""
    return {entry.seq: _of(db, entry, details.get(entry.seq), names) for entry in entries}


def signer_of(entry: evidence.EntryRow) -> str:
    """The pseudonym of whoever answered, or, where an entry holds no answer, of whoever made it."""
    body, facts = entry.body, entry.body["act"]
    if entry.kind not in ANSWERS:
        return str(body["actor"]["pseudonym"])
    named = facts.get("guardian") or facts.get("on_behalf_by")
    return str(named or body["subject"]["pseudonym"])


def pseudonyms_in(db: Session, entries: Iterable[evidence.EntryRow]) -> dict[int, set[str]]:
    """Entry number to everybody whose name is needed to tell who took part."""
    return {entry.seq: {signer_of(entry), _recorder_of(entry), _witness_of(db, entry)} - {""} for entry in entries}


def _of(
    db: Session, entry: evidence.EntryRow, details: Mapping[str, Any] | None, names: Mapping[str, str]
) -> Participants:
    signer, recorder = signer_of(entry), _recorder_of(entry)
    by = names.get(signer, "")
    if entry.kind not in ANSWERS:
        return Participants(by=by)
    subject = entry.body["subject"]["pseudonym"]
    return Participants(
        by=by,
        on_behalf_of=names.get(subject, "") if subject != signer else "",
        entered=_entered(entry, names.get(recorder, ""), own=recorder == signer),
        present=_present(db, entry, details, names),
        is_answer=True,
    )


def _recorder_of(entry: evidence.EntryRow) -> str:
    """Whoever's hands were on the keys: who is named as the recorder, or whoever acted."""
    return str(entry.body["act"].get("recorded_by") or entry.body["actor"]["pseudonym"])


def _entered(entry: evidence.EntryRow, name: str, *, own: bool) -> str:
    words = (THEMSELVES if own else FOR_THEM).get(entry.body["channel"])
    return _(words) % {"name": name} if words and name else name or _("the system")


def _present(db: Session, entry: evidence.EntryRow, details: Mapping[str, Any] | None, names: Mapping[str, str]) -> str:
    told = details or {}
    if entry.body["channel"] == "class":
        teacher = str(told.get("teacher_name") or "") or _teacher(db, entry)
        if teacher:
            return _("%(name)s, who led the class session", name=teacher)
        return _("a member of staff whose name was erased") if details is None else _("nobody recorded")
    witness = names.get(_witness_of(db, entry), "")
    if witness:
        return _("%(name)s, from the school office", name=witness)
    if told.get("identified") and entry.body["channel"] == "person":
        return _("as the office noted: “%(text)s”", text=told["identified"])
    return _("nobody recorded")


def _teacher(db: Session, entry: evidence.EntryRow) -> str:
    """Who led the lesson that a mark names, for those marks that keep no name beside them."""
    session = entry.body["act"].get("class_session")
    try:
        return people.person_by_id(db, signing.class_session(db, str(session)).teacher_id).full_name if session else ""
    except NotFound:
        return ""


def _witness_of(db: Session, entry: evidence.EntryRow) -> str:
    """Who handed a school device to the signer: the last one named before, while it was in their hands."""
    body = entry.body
    signer = signer_of(entry)
    if entry.kind not in ANSWERS or body["channel"] != "person" or body["actor"]["pseudonym"] != signer:
        return ""
    handed = [row for row in evidence.entries_about(db, signer) if row.kind == "identified" and row.seq < entry.seq]
    return str(handed[-1].body["act"].get("witness", "")) if handed else ""
