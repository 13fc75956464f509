"""The office's words for what the rooms keep as keys."""

from __future__ import annotations

import datetime as dt

from oval_aup import documents, reports
from oval_aup.agreements import AGREEMENTS, SIGNED
from oval_aup.core import templating
from oval_aup.core.i18n import _, ngettext

PUBLISH_COMMAND = "flask --app app rules publish"
"""What whoever looks after the system runs to publish the rules that come with the product."""


def audiences() -> dict[str, str]:
    """Agreement key to the people who are asked for it."""
    return {key: _(AGREEMENTS[key].people) for key in SIGNED}


def owed() -> dict[str, str]:
    """What somebody can owe, as the list of who has not answered can be narrowed to."""
    return audiences() | {key: _(kind.title) for key, kind in AGREEMENTS.items() if not kind.is_signed}


def owes(row: reports.OutstandingPerson) -> str:
    """Everything that one line of that list is about: “Rules for parents and carers; pictures of 2 children”."""
    pictures = ngettext("pictures of %(num)s child", "pictures of %(num)s children", row.choosing)
    if row.agreement_key == "image-uses":
        return pictures[:1].upper() + pictures[1:]
    rules = agreements()[row.agreement_key]
    return f"{rules}; {pictures}" if row.choosing else rules


def whys() -> dict[str, str]:
    """Why somebody has not signed."""
    return {
        "not-asked": _("Not asked yet"),
        "asked": _("Asked"),
        "started": _("Started"),
        "in-class": _("Signs in class"),
        "no-address": _("No address"),
        "bounced": _("Bounced"),
        "declined": _("Declined"),
    }


WHY_TONES = {
    "not-asked": "none",
    "asked": "none",
    "started": "wait",
    "in-class": "none",
    "no-address": "wait",
    "bounced": "wait",
    "declined": "no",
}
"""Reason to the tone of its tag; the words say the same."""


def need_kind(kind: str) -> reports.NeedKind | None:
    """A kind of task; None for one that there is no longer."""
    return reports.NEED_KINDS.get(kind)


def need_label(kind: str) -> str:
    """What a task is about."""
    return _(reports.NEED_KINDS[kind].label) if kind in reports.NEED_KINDS else kind


def need_count(kind: str, number: int, *, is_capped: bool = False) -> str:
    """How many tasks of a kind wait, as a sentence: “37 people have no address”."""
    num, found = templating.number(number) + ("+" if is_capped else ""), reports.NEED_KINDS[kind]
    return found.count(number, num) if found.count else f"{_(found.label)}: {num}"


def need_states() -> dict[str, str]:
    """The outcome of a task."""
    return {"open": _("To do"), "snoozed": _("Put off"), "closed": _("Closed")}


def task_acts() -> dict[str, str]:
    """What can be done about a task without doing it."""
    return {
        "seen": _("Mark as seen"),
        "assign": _("Give to somebody"),
        "snooze": _("Put off until a day"),
        "note": _("Add a note"),
        "close": _("Close with a note"),
        "reopen": _("Open again"),
    }


def request_statuses() -> dict[str, tuple[str, str]]:
    """Where a request stands: tone and words."""
    return {
        "open": ("none", _("Not signed yet")),
        "started": ("wait", _("Started")),
        "signed": ("yes", _("Signed")),
        "declined": ("no", _("Declined")),
        "cancelled": ("none", _("No longer asked")),
    }


def agreements() -> dict[str, str]:
    """Agreement key to the rules' short name."""
    return {key: _(kind.title) for key, kind in AGREEMENTS.items()}


def document_kinds() -> dict[str, str]:
    """Kinds of PDF."""
    return {key: _(kind.label) for key, kind in documents.KINDS.items()}


def document_name(row: documents.DocumentRow) -> str:
    """What one document is called, with the moment that it is about where it is not the moment it was made."""
    if row.kind == "as_at" and "at" in row.params:
        moment = templating.moment(dt.datetime.fromisoformat(row.params["at"]))
        return _("Position on %(moment)s", moment=moment)
    return document_kinds()[row.kind]


def format_of(kind: str) -> str:
    """What sort of file a document is, as an abbreviation."""
    return "JSON" if documents.KINDS[kind].is_plain else "PDF"


def document_statuses() -> dict[str, tuple[str, str]]:
    """How far a PDF is: tone and words."""
    return {
        "pending": ("none", _("Preparing")),
        "rendering": ("none", _("Preparing")),
        "ready": ("yes", _("Ready")),
        "failed": ("no", _("Failed")),
        "erased": ("none", _("Erased")),
        "superseded": ("none", _("Replaced by a newer one")),
    }


def pack_statuses() -> dict[str, tuple[str, str]]:
    """How far a pack is: tone and words."""
    return {
        "queued": ("none", _("Waiting to begin")),
        "collecting": ("none", _("Collecting records")),
        "writing": ("none", _("Writing the file")),
        "ready": ("yes", _("Ready")),
        "cancelled": ("none", _("Cancelled")),
        "failed": ("no", _("Failed")),
    }


def message_statuses() -> dict[str, tuple[str, str]]:
    """The outcome of a message: tone and words."""
    return {
        "waiting": ("none", _("Waiting for its document")),
        "queued": ("none", _("Waiting to be sent")),
        "sending": ("none", _("Being sent")),
        "delivering": ("none", _("Being sent")),
        "sent": ("yes", _("Sent")),
        "failed": ("no", _("Not sent")),
        "bounced": ("no", _("Bounced")),
        "uncertain": ("wait", _("Delivery not confirmed")),
        "cancelled": ("none", _("Not needed any more")),
    }


def message_kinds() -> dict[str, str]:
    """Kinds of message."""
    return {key: _(said) for key, said in reports.MESSAGE_KINDS.items()}


def responsibilities() -> dict[str, str]:
    """Whether an adult has parental responsibility for a child, and who says so."""
    return {
        "yes": _("Has parental responsibility"),
        "no": _("No parental responsibility"),
        "unknown": _("Parental responsibility not known"),
        "declared": _("Has parental responsibility, as they say themselves"),
        "denied": _("No parental responsibility, as they say themselves"),
    }


def shown_values() -> dict[str, str]:
    """What a class is shown about one use of a child's pictures."""
    return {"yes": _("Yes"), "no": _("No"), "missing": _("No answer"), "blocked": _("Stopped by the school")}


def roles() -> dict[str, str]:
    """What a log-in may do."""
    return {
        "admin": _("Office: everything"),
        "head": _("Head: see everything, approve"),
        "teacher": _("Class teacher"),
        "staff": _("Staff"),
        "governor": _("Governor: figures and reports"),
    }


def erasure_statuses() -> dict[str, tuple[str, str]]:
    """How far a decision about somebody's record is: tone and words."""
    return {
        "proposed": ("wait", _("Waiting for approval")),
        "sent-back": ("none", _("Not approved")),
        "ordered": ("wait", _("Being erased now")),
        "wiped": ("wait", _("Erased; cleaning files")),
        "done": ("yes", _("Erased")),
        "stopped": ("no", _("Could not be done")),
        "refused": ("none", _("Request refused")),
    }


def months(number: int) -> str:
    """A time in years where they are whole, else in months."""
    if number % 12:
        return ngettext("%(num)s month", "%(num)s months", number)
    return ngettext("%(num)s year", "%(num)s years", number // 12)
