"""Everything kept about one person, as a document to read and as a file for a computer."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babel import Locale
from sqlalchemy.orm import Session

from oval_aup import consent, evidence, people, retention
from oval_aup.core import render
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _, later
from oval_aup.core.school import School
from oval_aup.reports import documents_story as story
from oval_aup.reports import documents_words as words
from oval_aup.reports import subject_access as access
from oval_aup.reports.documents_person import RULES, identity
from oval_aup.reports.documents_words import Moment
from oval_aup.reports.subject_access_ledger import Told
from oval_aup.reports.subject_access_who import Who

DATA_NAME = "subject-access.json"

LABELS: dict[str, str] = {
    "act": later("Choice"),
    "address": later("Address"),
    "agreement_key": later("Rules"),
    "archived_on": later("Left on"),
    "asked_at": later("Asked"),
    "assurance": later("How identified"),
    "attempts": later("Attempts"),
    "basis": later("Basis"),
    "born_on": later("Date of birth"),
    "channel": later("How it came"),
    "child": later("Child"),
    "class": later("Class"),
    "class_name": later("Class"),
    "closed_at": later("Closed"),
    "closes_at": later("Closes"),
    "contact_allowed": later("May be contacted"),
    "contact_id": later("Number in the school’s lists"),
    "created_at": later("Made"),
    "decided_at": later("When"),
    "disabled_at": later("Closed"),
    "done_at": later("Done"),
    "done_by": later("Done by"),
    "draft": later("Filled in so far"),
    "due_on": later("Due"),
    "email": later("Email"),
    "ended_at": later("Ended"),
    "ended_on": later("Ended"),
    "erased_on": later("Erased on"),
    "error": later("What went wrong"),
    "expires_at": later("Expires"),
    "failed_at": later("When"),
    "finished_at": later("Finished"),
    "forename": later("Forename"),
    "guardian": later("Adult"),
    "kind": later("Kind"),
    "writing_stopped": later("We have stopped writing to them"),
    "corrected_at": later("Corrected"),
    "field": later("What was corrected"),
    "value": later("Should be"),
    "before": later("The lists said"),
    "language": later("Language"),
    "last_seen_at": later("Last seen"),
    "ledger_seq": later("Ledger entry"),
    "left_on": later("Left on"),
    "lifted_at": later("Lifted"),
    "lifted_by": later("Lifted by"),
    "line_manager": later("Line manager"),
    "lives_with": later("Lives with the child"),
    "mis_id": later("Admission number"),
    "mobile": later("Mobile"),
    "months": later("Months"),
    "noticed_at": later("Noticed"),
    "number": later("Version"),
    "opened_at": later("Opened"),
    "ordered_at": later("Decided"),
    "approved_at": later("Approved or sent back by a second person"),
    "approved_by": later("Second person"),
    "ordered_by": later("Decided by"),
    "outcome": later("Outcome"),
    "owner": later("Dealt with by"),
    "parental_responsibility": later("Parental responsibility"),
    "person": later("For"),
    "placed_at": later("Started"),
    "placed_by": later("Started by"),
    "places": later("Where pictures were found"),
    "post": later("Post"),
    "preferred_forename": later("Preferred forename"),
    "priority": later("Order of contact"),
    "pseudonym": later("In the ledger as"),
    "published_at": later("Published"),
    "purpose": later("What it opens"),
    "purpose_key": later("Use of pictures"),
    "queued_at": later("Written"),
    "reading_level": later("Reading level"),
    "changed_at": later("Changed"),
    "was": later("Before"),
    "now": later("After"),
    "cause": later("Because of"),
    "deleted_at": later("Deleted"),
    "told_at": later("Told about it"),
    "ready_at": later("Ready"),
    "reason": later("Reason"),
    "received_on": later("Asked for on"),
    "record_type": later("Kind of record"),
    "recorded_by": later("Entered by"),
    "relationship_name": later("Relationship"),
    "requested_at": later("Ordered"),
    "requested_by": later("Ordered by"),
    "review_on": later("Review on"),
    "revoked_at": later("Cancelled"),
    "role": later("Role"),
    "said_at": later("When"),
    "school_year": later("School year"),
    "sent_at": later("Sent"),
    "sent_to": later("Sent to"),
    "settled_at": later("Answered"),
    "handed_out_at": later("Handed out"),
    "sha256": later("Fingerprint (SHA-256)"),
    "signed_at": later("When"),
    "signed_by": later("By"),
    "since": later("Since"),
    "size": later("Bytes"),
    "staff_code": later("Staff code"),
    "staff_group": later("Group"),
    "started_at": later("Started"),
    "starts_on": later("Since"),
    "status": later("Status"),
    "step": later("Step"),
    "subject": later("Subject"),
    "surname": later("Surname"),
    "taken_at": later("When"),
    "text": later("Text"),
    "title": later("Title"),
    "to_address": later("To"),
    "at": later("When"),
    "by": later("By"),
    "until": later("Until"),
    "uploaded_at": later("Imported"),
    "upn": later("Unique pupil number"),
    "way": later("How to answer"),
    "wording": later("Wording"),
    "work_email": later("Work email"),
    "year_group": later("Year group"),
}
"""What the columns are called on paper; in the file for a computer they keep their own names."""

IN_ENTRIES: dict[str, str] = {
    "agreements": later("Asked for"),
    "answers": later("Answers"),
    "browser": later("browser"),
    "came_by": later("Device and address"),
    "child_name": later("Child"),
    "covered_sha256": later("Fingerprint of what the seal covers"),
    "image_choices": later("Asked about pictures"),
    "journey": later("Which pages"),
    "name_confirmed": later("Asked about the typed name, and confirmed it"),
    "name_matches": later("Typed name is the known one"),
    "on_behalf_by": later("Signed by"),
    "picked_name": later("Name picked in class"),
    "pictures": later("Choices about pictures"),
    "pictures_sha256": later("Fingerprint of the list of uses read"),
    "reconsiders": later("Changes earlier answers"),
    "record_sha256": later("Fingerprint of what is inside"),
    "recorded_by_name": later("Entered by"),
    "relationship": later("Relationship"),
    "rules": later("Fingerprint of the rules read"),
    "rules_declined": later("Does not agree with the rules"),
    "rules_reason": later("Reason given"),
    "signer_name": later("Signed by"),
    "typed_name": later("Name as typed"),
    "witness_name": later("Witness"),
    "identified": later("How the office confirmed who it was"),
    "received_on": later("Received on"),
    "reading_level": later("Reading level"),
    "class_name": later("Class"),
    "teacher_name": later("Teacher"),
    "declarations": later("Declared"),
    "note": later("Note"),
    "remark": later("Remark"),
    "mark": later("Drawn mark"),
    "requests": later("Requests"),
    "message_kind": later("Message"),
    "code": later("Answer of the mail server"),
    "witness": later("Witness"),
    "purposes": later("Uses of pictures"),
    "entries": later("Ledger entries"),
    "changed": later("What changed"),
    "how": later("By which way"),
    "part": later("As"),
    "fields": later("What changed"),
    "what": later("What changed"),
    "old": later("Before"),
    "new": later("Afterwards"),
    "younger": later("Fingerprint of the younger children’s rules read"),
    "younger_declined": later("Does not agree with the younger children’s rules"),
    "younger_reason": later("Reason given about the younger children’s rules"),
}
"""What entries of the ledger and sittings keep beside what columns keep too; anything else is printed by its key."""

FIRST = {
    "consent_decision": ("purpose_key",),
    "guardianship": ("child", "guardian"),
    "guardianship_state": ("guardian",),
}
"""What a row is known by where that is not what stands first in its table."""

MOST_LINES = 200
"""Rows of one section on paper: what the office has done in ten years would be a book."""

LONG = frozenset({"text", "draft"})
"""Shown as a block of their own."""

STANDING = {
    "yes": later("yes"),
    "no": later("no"),
    "missing": later("no answer"),
    "blocked": later("do not use"),
}
"""What a class is shown of one use of a child's pictures."""

_CODES: dict[str, dict[str, str]] = {
    "assurance": evidence.ASSURANCES,
    "channel": evidence.CHANNELS,
    "agreement_key": RULES,
    "outcome": words.KINDS,
    "kind": words.MESSAGE_KINDS | words.DOCUMENT_KINDS,
    "agreements": RULES,
    "journey": {"family": later("those for families"), "staff": later("those for staff")},
    "step": {"ask": later("asked"), "escalation": later("the class teacher or manager was told")},
    "role": {
        "admin": later("the office"),
        "head": later("the head teacher"),
        "teacher": later("class teacher"),
        "staff": later("staff"),
        "governor": later("governor"),
    },
    "act": {
        "given": later("yes"),
        "refused": later("no"),
        "withdrawn": later("no (yes withdrawn)"),
        "invalidated": later("marked as invalid"),
    },
    "how": {"office": later("by the school office"), "list": later("with one of the school’s lists")},
    "part": words.PARTS,
    "fields": words.FIELDS,
    "field": words.FIELDS
    | {
        "parental_responsibility": later("parental responsibility"),
        "contact_allowed": later("may be contacted"),
        "ended": later("no longer a contact"),
        "left": later("has left"),
    },
    "what": words.ACCESS,
    "parental_responsibility": words.RESPONSIBILITY,
    "was": STANDING,
    "now": STANDING,
    "cause": {
        "answer": later("an answer of a parent or carer"),
        "block": later("a stop on pictures, placed or lifted"),
        "roster": later("a change of who may choose"),
        "lapse": later("the end of the school year"),
    },
    "basis": {**retention.BASES, **retention.GROUNDS},
    "way": {
        "self": later("by themselves"),
        "guardian": later("a parent or carer signs for them"),
        "class": later("in class"),
    },
}


STATES = {
    "message": words.MESSAGES,
    "signature_request": {
        "open": later("no answer"),
        "started": later("no answer (started)"),
        "signed": later("signed"),
        "declined": later("did not agree"),
        "cancelled": later("closed"),
    },
    "document": words.DOCUMENTS,
    "roster_import": {
        "previewed": later("not imported yet"),
        "applied": later("imported"),
        "discarded": later("discarded"),
    },
    "campaign": {"planned": later("planned"), "open": later("open"), "closed": later("closed")},
    "erasure": {
        "ordered": later("decided"),
        "wiped": later("erased, files being cleaned"),
        "done": later("done"),
        "stopped": later("could not be carried out"),
        "refused": later("refused"),
    },
    "pack": {
        "queued": later("waiting"),
        "collecting": later("being made"),
        "writing": later("being made"),
        "ready": later("ready"),
        "cancelled": later("cancelled"),
        "failed": later("could not be made"),
        "deleted": later("deleted"),
        "erased": later("erased"),
    },
    "signing_session": {
        "reading": later("started, not finished"),
        "signed": later("finished"),
        "declined": later("finished"),
        "expired": later("ended without an answer"),
    },
}
"""What ``status`` means in the tables that have one."""


CODES_OF: dict[tuple[str, str], dict[str, str]] = {
    ("private_link", "purpose"): {
        "family": later("the family pages"),
        "set-password": later("the page to set a password"),
    },
    ("access_session", "kind"): {
        "family": later("family pages"),
        "login": later("staff log-in"),
        "kiosk": later("class device"),
    },
    ("roster_import", "kind"): {
        "pupils": later("pupils"),
        "contacts": later("contacts"),
        "staff": later("staff"),
    },
    ("class_session", "reading_level"): {"full": later("all rules"), "younger": later("younger children’s rules")},
}
"""What codes mean in the one column of the one table that has them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row as printed: what it is known by, the rest, and long texts line by line."""

    first: str
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One section as printed; ``more`` counts the older rows that only the file for a computer has."""

    heading: str
    lines: tuple[Line, ...]
    more: int

    @property
    def says_more(self) -> bool:
        """Whether any row says more than what it is known by."""
        return any(len(line.facts) > 1 for line in self.lines)


class _Checked:
    """One entry as the page for checking prints it."""

    def __init__(self, told: Told) -> None:
        self.seq, self.headline, self.at = told.seq, told.headline, Moment(told.at)
        self.entry_hash = str(told.facts["entry_hash"])
        self.clock_suspect = False


def subject_access_html(
    db: Session, document: evidence.DocumentRow, *, school: School, head: evidence.SignedHead
) -> str:
    """The document for reading."""
    found = _found(db, document, school)
    uses = names_of_keys(db, found.person)
    return render.page(
        "pdf/subject_access.html",
        school=school,
        document=document,
        head=head,
        language="en",
        title=_("Subject access request"),
        found=found,
        explanations=access.explanations(),
        sections=[_part(each, uses) for each in found.sections],
        entries=[(told, _entry_facts(told.facts, uses)) for told in found.ledger if told.concerns],
        for_others=Counter(told.headline for told in found.ledger if not told.concerns).most_common(),
        moment=Moment,
        made_at=Moment(head.signed_at),
        named_in=[(words.channel_of(kind, words.MESSAGE_KINDS), at) for kind, at in found.named_in],
        data_name=DATA_NAME,
        clause_kinds=words.CLAUSE_KINDS,
        parts=identity(db, found.person, with_children=False),
        counts=[(each.heading, len(each.rows)) for each in found.sections],
        wordings=[story.shown_wording(each) for each in found.wordings],
        checked=[_Checked(told) for told in found.ledger if told.concerns],
    )


def subject_access_data(db: Session, document: evidence.DocumentRow, *, school: School, made_at: dt.datetime) -> bytes:
    """The same for a computer."""
    return access.as_json(_found(db, document, school), school=school, made_at=made_at)


def _found(db: Session, document: evidence.DocumentRow, school: School) -> access.SubjectAccess:
    return access.subject_access(db, int(document.params["person_id"]), school=school)


def _uses(db: Session) -> dict[str, str]:
    try:
        return {use.key: use.heading for use in consent.purposes(db)}
    except NotFound:
        return {}


def names_of_keys(db: Session, person: people.PersonRow) -> dict[str, str]:
    """What keys in drafts and entries stand for: uses of pictures, and the person's own children but no others."""
    return _uses(db) | {child.public_id: child.full_name for child in Who(db, person).own_children.values()}


def _part(section: access.Section, uses: Mapping[str, str]) -> Part:
    lines = [_line(row, section.table, uses) for row in section.rows[-MOST_LINES:]]
    return Part(section.heading, tuple(lines), len(section.rows) - len(lines))


def _line(row: Mapping[str, Any], table: str, uses: Mapping[str, str]) -> Line:
    shown = [(key, _shown(key, value, table, uses)) for key, value in row.items() if value not in (None, "", {})]
    shown.sort(key=lambda pair: pair[0] not in FIRST.get(table, ()))
    blocks = tuple((_(LABELS[key]), tuple(text.splitlines())) for key, text in shown if key in LONG)
    facts = [(_(LABELS[key]), text) for key, text in shown if key not in LONG]
    return Line(facts[0][1] if facts else "", tuple(facts), blocks)


def _shown(key: str, value: Any, table: str, uses: Mapping[str, str]) -> str:
    if isinstance(value, dt.datetime):
        return render.moment(value)
    if isinstance(value, dt.date):
        return render.day(value)
    if isinstance(value, Mapping):
        return "\n".join(f"{_named(each, uses)}: {said(each, held, uses)}" for each, held in value.items())
    if (table, key) in CODES_OF:
        return words.channel_of(str(value), CODES_OF[table, key])
    if key == "purpose_key":
        return uses.get(value, value)
    if key == "status":
        return words.channel_of(value, STATES.get(table, {}))
    return said(key, value, uses)


def _named(key: str, uses: Mapping[str, str]) -> str:
    """What a key of an entry or a draft is called on paper."""
    label = IN_ENTRIES.get(key) or LABELS.get(key)
    return _(label) if label else uses.get(key, key.replace("_", " "))


def said(key: str, value: Any, uses: Mapping[str, str]) -> str:
    """A value in words, on one line, whatever it is made of."""
    if key == "changed" and isinstance(value, Mapping):
        return ", ".join(words.link_words(value))
    if isinstance(value, Mapping):
        facts = ((each, held) for each, held in value.items() if held not in ("", [], {}))
        return (", " if key else "; ").join(f"{_named(each, uses)}: {said(each, held, uses)}" for each, held in facts)
    if isinstance(value, list):
        return ", ".join(said(key, each, uses) for each in value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if key == "received_on":
        return render.day(dt.date.fromisoformat(str(value)))
    if key == "language":
        return str(Locale.parse(str(value), sep="-").get_display_name("en") or value)
    if key == "school_year":
        return render.year_label(int(value))
    return words.channel_of(value, _CODES[key]).rstrip(".") if key in _CODES else str(value)


def _entry_facts(facts: Mapping[str, Any], uses: Mapping[str, str]) -> tuple[str, ...]:
    """One entry in lines; the file for a computer has the same in full."""
    parts = [
        _("by %(name)s", name=facts["by"]),
        _("about %(name)s", name=facts["about"]) if facts["about"] else "",
        words.channel_of(facts["assurance"], evidence.ASSURANCES).rstrip("."),
        words.channel_of(facts["channel"], evidence.CHANNELS) if facts["channel"] != "system" else "",
    ]
    details = {key: value for key, value in facts["details"].items() if key != "mark"}
    lines = [", ".join(part for part in parts if part)]
    act = dict(facts["act"])
    if changed := act.get("changed"):
        lines.append("; ".join(words.link_words(changed)))
        del act["changed"]
    lines += [said("", each, uses) for each in (act, details) if each]
    if facts["details_erased"]:
        lines.append(_("Personal details erased by law."))
    elif facts["held_back"]:
        names = ", ".join(_named(key, uses) for key in facts["held_back"])
        lines.append(_("Not given because they belong to others: %(names)s", names=names))
    return tuple(lines)
