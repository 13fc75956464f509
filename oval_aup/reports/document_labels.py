"""The plain words that documents use for what the ledger and the outbox record in codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oval_aup.core import clock, templating
from oval_aup.core.i18n import _, gettext_noop

# All read at import, in English: these are the keys that are translated where they are used.
KINDS: dict[str, str] = {
    "published": gettext_noop("Wording published"),
    "requested": gettext_noop("Asked to answer"),
    "reminded": gettext_noop("Reminded"),
    "bounced": gettext_noop("Message not delivered"),
    "reached": gettext_noop("Email reaches this address again"),
    "started": gettext_noop("Started to answer"),
    "signed": gettext_noop("Signed"),
    "declined": gettext_noop("Did not agree"),
    "withdrawn": gettext_noop("Signature taken back"),
    "cancelled": gettext_noop("Request closed"),
    "consent_recorded": gettext_noop("Choices about pictures recorded"),
    "consent_withdrawn": gettext_noop("Permission for pictures withdrawn"),
    "consent_invalidated": gettext_noop("Choices about pictures marked as invalid by the school"),
    "blocked": gettext_noop("All use of pictures stopped by the school"),
    "unblocked": gettext_noop("Stop on pictures lifted"),
    "taken_down": gettext_noop("Published pictures taken down"),
    "take_down_given": gettext_noop("Task to take pictures down given to somebody"),
    "witnessed": gettext_noop("Took part in class"),
    "identified": gettext_noop("Identified in person at the school"),
    "recorded_on_behalf": gettext_noop("Recorded by the school office"),
    "corrected": gettext_noop("Corrected"),
    "opened": gettext_noop("Sign-up opened"),
    "imported": gettext_noop("Imported from the school’s lists"),
    "exported": gettext_noop("Document made"),
    "erased": gettext_noop("Personal details erased"),
    "restored": gettext_noop("Restored from a backup"),
    "probed": gettext_noop("Several attempts were refused: a page or rules that were not theirs"),
    "demonstration": gettext_noop("Demonstration: everybody here is made up"),
    "held": gettext_noop("Kept for a legal reason"),
    "joined": gettext_noop("Added to the school’s lists"),
    "left": gettext_noop("Taken off the school’s lists"),
    "link_changed": gettext_noop("Relationship to a child changed"),
    "details_changed": gettext_noop("Name or contact details changed"),
    "responsibility_declared": gettext_noop("Said whether they have parental responsibility"),
    "access_changed": gettext_noop("Log-in changed"),
    "closed": gettext_noop("Sign-up closed"),
    "list_discarded": gettext_noop("A list previewed and not used"),
    "records_joined": gettext_noop("Two records of one person joined"),
    "key_rotated": gettext_noop("Key changed"),
    "head_issued": gettext_noop("State of the ledger sent out"),
}

MESSAGES: dict[str, str] = {
    "waiting": gettext_noop("waiting for its receipt"),
    "queued": gettext_noop("waiting to be sent"),
    "sending": gettext_noop("being sent"),
    "delivering": gettext_noop("being sent"),
    "sent": gettext_noop("accepted by the mail server"),
    "failed": gettext_noop("could not be sent"),
    "bounced": gettext_noop("bounced"),
    "uncertain": gettext_noop("delivery not confirmed"),
    "cancelled": gettext_noop("cancelled before it was sent"),
}

MESSAGE_KINDS: dict[str, str] = {
    "ask": gettext_noop("Request"),
    "staff-ask": gettext_noop("Request to staff"),
    "reminder": gettext_noop("Reminder"),
    "last-reminder": gettext_noop("Last reminder"),
    "escalation": gettext_noop("Note to teacher or manager"),
    "receipt": gettext_noop("Receipt"),
    "new-link": gettext_noop("New link"),
    "test": gettext_noop("Test"),
    "declined": gettext_noop("Note to the office: declined"),
    "choice-changed": gettext_noop("Note to the class teacher: permission ended"),
    "choices-today": gettext_noop("Note to the class teacher: the day’s changes"),
    "head": gettext_noop("Note to a witness"),
    "erasure-proposed": gettext_noop("Request to approve an early erasure"),
    "pack-erased": gettext_noop("Evidence pack deleted"),
    "papers-late": gettext_noop("Alarm: documents are not being made"),
    "ledger-alarm": gettext_noop("Alarm: the ledger is not in order"),
    "certificate": gettext_noop("Warning: the sealing certificate is about to expire"),
    "set-password": gettext_noop("Link to set a password"),
}

DOCUMENTS: dict[str, str] = {
    "pending": gettext_noop("to be made"),
    "rendering": gettext_noop("being made"),
    "ready": gettext_noop("ready"),
    "failed": gettext_noop("could not be made"),
    "erased": gettext_noop("erased"),
    "superseded": gettext_noop("replaced by a newer one"),
}

WHYS: dict[str, str] = {
    "not-asked": gettext_noop("not asked yet"),
    "asked": gettext_noop("asked, no answer"),
    "started": gettext_noop("started, not finished"),
    "in-class": gettext_noop("signs in class"),
    "no-address": gettext_noop("no email address"),
    "bounced": gettext_noop("emails are bouncing"),
    "declined": gettext_noop("did not agree"),
}

CLAUSE_KINDS: dict[str, str] = {
    "must": gettext_noop("Must"),
    "advised": gettext_noop("Advised"),
    "information": gettext_noop("For information"),
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
        return f"{templating.day(local.date())}, {local:%H:%M:%S} ({local:%Z}, UTC{offset[:3]}:{offset[3:]})"

    @property
    def short(self) -> str:
        """22 November 2026, 12:41:07 GMT"""
        local = clock.london(self.at)
        return f"{templating.day(local.date())}, {local:%H:%M:%S} {local:%Z}"

    @property
    def utc(self) -> str:
        """2026-11-22 12:41:07 UTC"""
        return f"{self.at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


PARTS: dict[str, str] = {
    "child": gettext_noop("child"),
    "guardian": gettext_noop("parent or carer"),
    "staff": gettext_noop("staff"),
}

RESPONSIBILITY: dict[str, str] = {
    "": gettext_noop("not known"),
    "yes": gettext_noop("yes"),
    "no": gettext_noop("no"),
    "unknown": gettext_noop("not known"),
    "declared": gettext_noop("yes, as they say themselves"),
    "denied": gettext_noop("no, as they say themselves"),
}

FIELDS: dict[str, str] = {
    "email": gettext_noop("email address"),
    "mobile": gettext_noop("telephone"),
    "language": gettext_noop("language"),
    "title": gettext_noop("title"),
    "forename": gettext_noop("forename"),
    "surname": gettext_noop("surname"),
    "preferred_forename": gettext_noop("preferred forename"),
    "class_name": gettext_noop("class"),
    "year_group": gettext_noop("year group"),
    "writing": gettext_noop("emails from us"),
    "email_works": gettext_noop("emails arrive again"),
    "post": gettext_noop("post"),
    "staff_group": gettext_noop("staff group"),
}

ACCESS: dict[str, str] = {
    "opened": gettext_noop("log-in opened"),
    "role": gettext_noop("what the log-in may do"),
    "disabled": gettext_noop("log-in closed"),
    "reopened": gettext_noop("log-in opened again"),
    "email": gettext_noop("address of the log-in"),
    "password": gettext_noop("password chosen"),
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
