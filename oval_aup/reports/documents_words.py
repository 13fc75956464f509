"""The plain words that documents use for what the ledger and the outbox record in codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oval_aup.core import clock, render
from oval_aup.core.i18n import _, later

# All read at import, in English: these are the keys that are translated where they are used.
KINDS: dict[str, str] = {
    "published": later("Wording published"),
    "requested": later("Asked to answer"),
    "reminded": later("Reminded"),
    "bounced": later("Message not delivered"),
    "reached": later("Email reaches this address again"),
    "started": later("Started to answer"),
    "signed": later("Signed"),
    "declined": later("Did not agree"),
    "withdrawn": later("Signature taken back"),
    "cancelled": later("Request closed"),
    "consent_recorded": later("Choices about pictures recorded"),
    "consent_withdrawn": later("Permission for pictures withdrawn"),
    "consent_invalidated": later("Choices about pictures marked as invalid by the school"),
    "blocked": later("All use of pictures stopped by the school"),
    "unblocked": later("Stop on pictures lifted"),
    "taken_down": later("Published pictures taken down"),
    "take_down_given": later("Taking pictures down was given to somebody"),
    "witnessed": later("Took part in class"),
    "identified": later("Identified in person at the school"),
    "recorded_on_behalf": later("Recorded by the school office"),
    "corrected": later("Corrected"),
    "opened": later("Sign-up opened"),
    "imported": later("Imported from the school’s lists"),
    "exported": later("Document made"),
    "erased": later("Personal details erased"),
    "restored": later("Restored from a backup"),
    "probed": later("Several tries were refused: a page or rules that were not theirs"),
    "demonstration": later("Demonstration: everybody here is made up"),
    "held": later("Kept for a legal reason"),
    "joined": later("Added to the school’s lists"),
    "left": later("Taken off the school’s lists"),
    "link_changed": later("Relationship to a child changed"),
    "details_changed": later("Name or contact details changed"),
    "responsibility_declared": later("Said whether they have parental responsibility"),
    "access_changed": later("Log-in changed"),
    "closed": later("Sign-up closed"),
    "list_discarded": later("A list looked at and not used"),
    "records_joined": later("Two records of one person joined"),
    "key_rotated": later("Key changed"),
    "head_issued": later("State of the ledger sent out"),
}

MESSAGES: dict[str, str] = {
    "waiting": later("waiting for its receipt"),
    "queued": later("waiting to be sent"),
    "sending": later("being sent"),
    "delivering": later("being sent"),
    "sent": later("accepted by the mail server"),
    "failed": later("could not be sent"),
    "bounced": later("bounced"),
    "uncertain": later("delivery not confirmed"),
    "cancelled": later("cancelled before it was sent"),
}

MESSAGE_KINDS: dict[str, str] = {
    "ask": later("Request"),
    "staff-ask": later("Request to staff"),
    "reminder": later("Reminder"),
    "last-reminder": later("Last reminder"),
    "escalation": later("Note to teacher or manager"),
    "receipt": later("Receipt"),
    "new-link": later("New link"),
    "test": later("Test"),
    "declined": later("Note to the office: declined"),
    "choice-changed": later("Note to the class teacher: permission ended"),
    "choices-today": later("Note to the class teacher: the day’s changes"),
    "head": later("Note to a witness"),
    "erasure-proposed": later("Request to approve an early erasure"),
    "pack-erased": later("Evidence pack deleted"),
    "papers-late": later("Alarm: documents are not being made"),
    "ledger-alarm": later("Alarm: the ledger is not in order"),
    "certificate": later("Warning: the sealing certificate is about to expire"),
    "set-password": later("Link to set a password"),
}

DOCUMENT_KINDS: dict[str, str] = {
    "receipt": later("Receipt"),
    "record": later("Record of one person"),
    "class_report": later("Class report"),
    "school_report": later("Whole-school report"),
    "figures_report": later("Whole-school figures, without names"),
    "as_at": later("Position on a past date"),
    "subject_access": later("Subject access: everything kept about one person"),
    "subject_access_data": later("Subject access: the same for a computer"),
    "destruction_certificate": later("Destruction certificate"),
}

DOCUMENTS: dict[str, str] = {
    "pending": later("to be made"),
    "rendering": later("being made"),
    "ready": later("ready"),
    "failed": later("could not be made"),
    "erased": later("erased"),
    "superseded": later("replaced by a newer one"),
}

WHYS: dict[str, str] = {
    "not-asked": later("not asked yet"),
    "asked": later("asked, no answer"),
    "started": later("started, not finished"),
    "in-class": later("signs in class"),
    "no-address": later("no email address"),
    "bounced": later("emails are bouncing"),
    "declined": later("did not agree"),
}

AUDIENCES: dict[str, str] = {
    "parents": later("Parents and carers"),
    "staff": later("Staff"),
    "children": later("Children"),
}

CLAUSE_KINDS: dict[str, str] = {
    "must": later("Must"),
    "advised": later("Advised"),
    "information": later("For information"),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant as records print it: the school's clock with its offset, and UTC."""

    at: dt.datetime

    @property
    def london(self) -> str:
        """22 November 2026 at 12:41:07 (GMT, UTC+00:00)"""
        local = clock.london(self.at)
        offset = f"{local:%z}"
        return f"{render.day(local.date())}, {local:%H:%M:%S} ({local:%Z}, UTC{offset[:3]}:{offset[3:]})"

    @property
    def short(self) -> str:
        """22 November 2026, 12:41:07 GMT"""
        local = clock.london(self.at)
        return f"{render.day(local.date())}, {local:%H:%M:%S} {local:%Z}"

    @property
    def utc(self) -> str:
        """2026-11-22 12:41:07 UTC"""
        return f"{self.at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


PARTS: dict[str, str] = {"child": later("child"), "guardian": later("parent or carer"), "staff": later("staff")}

RESPONSIBILITY: dict[str, str] = {
    "": later("not known"),
    "yes": later("yes"),
    "no": later("no"),
    "unknown": later("not known"),
    "declared": later("yes, as they say themselves"),
    "denied": later("no, as they say themselves"),
}

FIELDS: dict[str, str] = {
    "email": later("email address"),
    "mobile": later("telephone"),
    "language": later("language"),
    "title": later("title"),
    "forename": later("forename"),
    "surname": later("surname"),
    "preferred_forename": later("preferred forename"),
    "class_name": later("class"),
    "year_group": later("year group"),
    "writing": later("emails from us"),
    "email_works": later("emails arrive again"),
    "post": later("post"),
    "staff_group": later("staff group"),
}

ACCESS: dict[str, str] = {
    "opened": later("log-in opened"),
    "role": later("what the log-in may do"),
    "disabled": later("log-in closed"),
    "reopened": later("log-in opened again"),
    "email": later("address of the log-in"),
    "password": later("password chosen"),
}


def change_words(kind: str, act: Mapping[str, Any], details: Mapping[str, Any], guardian: str) -> str:
    """What an entry says was changed about somebody, or how an adult stands to a child; empty for other kinds."""
    if kind in ("joined", "left"):
        return channel_of(str(act.get("part", "")), PARTS)
    if kind == "link_changed":
        return ", ".join(filter(None, (guardian, *link_words(act.get("changed") or {}))))
    if kind == "responsibility_declared":
        return _("has parental responsibility") if act.get("answer") == "yes" else _("no parental responsibility")
    if kind == "details_changed":
        return ", ".join(_field_words(name, details) for name in act.get("fields", ()))
    if kind == "access_changed":
        told = channel_of(str(act.get("what", "")), ACCESS)
        return f"{told}: {act['before']} → {act['after']}" if act.get("before") and act.get("after") else told
    return ""


def link_words(changed: Mapping[str, Sequence[str]]) -> list[str]:
    """What became different about how an adult stands to a child."""
    found = []
    for name, (before, after) in changed.items():
        if name == "parental_responsibility":
            old, new = channel_of(before, RESPONSIBILITY), channel_of(after, RESPONSIBILITY)
            found.append(
                _("parental responsibility: %(old)s → %(new)s", old=old, new=new)
                if before
                else _("parental responsibility: %(new)s", new=new)
            )
        elif name == "contact_allowed" and (before or after == "no"):
            found.append(_("may be contacted again") if after == "yes" else _("must not be contacted"))
        elif name == "ended" and (before or after == "yes"):
            found.append(_("no longer a contact of the child") if after == "yes" else _("a contact of the child again"))
        elif name == "lives_with" and after:
            found.append(_("lives with the child") if after == "yes" else _("does not live with the child"))
        elif name == "likely_parent" and before:
            found.append(_("now listed as a parent") if after == "yes" else _("no longer listed as a parent"))
    return found


def _field_words(name: str, details: Mapping[str, Any]) -> str:
    old, new = (str((details.get(which) or {}).get(name) or "") for which in ("old", "new"))
    label = channel_of(name, FIELDS)
    return f"{label}: {old or '–'} → {new or '–'}" if old or new else label


def channel_of(code: str, words: dict[str, str]) -> str:
    """The words for a code, or the code itself where a later version of the product wrote one unknown here."""
    return _(words[code]) if code in words else code
