"""The plain words that documents use for what the ledger and the outbox record in codes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from oval_aup.core import clock, render
from oval_aup.core.i18n import _

# All read at import, in English: these are the keys that are translated where they are used.
KINDS: dict[str, str] = {
    "published": _("Wording published"),
    "requested": _("Asked to answer"),
    "reminded": _("Reminded"),
    "bounced": _("A message did not arrive"),
    "started": _("Began to read"),
    "signed": _("Signed"),
    "declined": _("Did not agree"),
    "withdrawn": _("Signature taken back"),
    "cancelled": _("Request closed"),
    "consent_recorded": _("Choices about pictures recorded"),
    "consent_withdrawn": _("A yes about pictures withdrawn"),
    "consent_invalidated": _("Choices about pictures declared void by the school"),
    "blocked": _("All use of pictures stopped by the school"),
    "unblocked": _("The stop on pictures lifted"),
    "taken_down": _("Published pictures taken down"),
    "witnessed": _("Took part in class, recorded by the teacher"),
    "identified": _("Identified in person at the school"),
    "recorded_on_behalf": _("Recorded by the school office"),
    "corrected": _("Corrected"),
    "opened": _("Asking opened"),
    "imported": _("Taken over from the school’s own lists"),
    "exported": _("A document made"),
    "erased": _("Personal details erased"),
    "restored": _("Restored from a backup"),
    "held": _("Kept for a legal reason"),
    "key_rotated": _("A key changed"),
    "head_issued": _("The ledger’s state sent out"),
}

MESSAGES: dict[str, str] = {
    "waiting": _("waiting for its receipt"),
    "queued": _("about to be sent"),
    "sending": _("being sent"),
    "delivering": _("being sent"),
    "sent": _("accepted by the mail server"),
    "failed": _("could not be sent"),
    "bounced": _("came back"),
    "uncertain": _("sent, but the mail server did not confirm it"),
    "cancelled": _("taken back before it was sent"),
}

REQUESTS: dict[str, str] = {
    "open": _("Not answered"),
    "started": _("Begun, not finished"),
    "signed": _("Signed"),
    "declined": _("Did not agree"),
    "cancelled": _("Closed"),
}

WHYS: dict[str, str] = {
    "not-asked": _("not asked yet"),
    "asked": _("asked, no answer"),
    "started": _("begun, not finished"),
    "in-class": _("signs in class"),
    "no-address": _("no e-mail address"),
    "bounced": _("e-mail does not arrive"),
    "declined": _("did not agree"),
}

AUDIENCES: dict[str, str] = {
    "parents": _("Parents and carers"),
    "staff": _("Staff"),
    "children": _("Children"),
}

CLAUSE_KINDS: dict[str, str] = {
    "must": _("Must"),
    "advised": _("Advice"),
    "information": _("For information"),
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
    def utc(self) -> str:
        """2026-11-22 12:41:07 UTC"""
        return f"{self.at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def channel_of(code: str, words: dict[str, str]) -> str:
    """The words for a code, or the code itself where a later version of the product wrote one unknown here."""
    return _(words[code]) if code in words else code
