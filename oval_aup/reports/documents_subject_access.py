"""Everything kept about one person, as a document to read and as a file for a computer."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from babel import Locale
from sqlalchemy.orm import Session

from oval_aup import consent, documents, evidence, people, retention
from oval_aup.core import templating
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _, gettext_noop
from oval_aup.core.school import School
from oval_aup.reports import document_labels as words
from oval_aup.reports import ledger_acts as story
from oval_aup.reports import subject_access as access
from oval_aup.reports.built import BuiltDocument, builds
from oval_aup.reports.document_labels import Moment
from oval_aup.reports.documents_person import RULES, identity
from oval_aup.reports.subject_access_ledger import Told

DATA_NAME = "subject-access.json"

LABELS: dict[str, str] = {
    "act": gettext_noop("Choice"),
    "address": gettext_noop("Address"),
    "agreement_key": gettext_noop("Rules"),
    "archived_on": gettext_noop("Left on"),
    "asked_at": gettext_noop("Asked"),
    "assurance": gettext_noop("How identified"),
    "attempts": gettext_noop("Attempts"),
    "basis": gettext_noop("Basis"),
    "born_on": gettext_noop("Date of birth"),
    "channel": gettext_noop("How it came"),
    "child": gettext_noop("Child"),
    "class": gettext_noop("Class"),
    "class_name": gettext_noop("Class"),
    "closed_at": gettext_noop("Closed"),
    "closes_at": gettext_noop("Closes"),
    "contact_allowed": gettext_noop("May be contacted"),
    "contact_id": gettext_noop("Number in the school’s lists"),
    "created_at": gettext_noop("Made"),
    "decided_at": gettext_noop("When"),
    "disabled_at": gettext_noop("Closed"),
    "done_at": gettext_noop("Done"),
    "done_by": gettext_noop("Done by"),
    "draft": gettext_noop("Filled in so far"),
    "due_on": gettext_noop("Due"),
    "email": gettext_noop("Email"),
    "ended_at": gettext_noop("Ended"),
    "ended_on": gettext_noop("Ended"),
    "erased_on": gettext_noop("Erased on"),
    "error": gettext_noop("What went wrong"),
    "expires_at": gettext_noop("Expires"),
    "failed_at": gettext_noop("When"),
    "finished_at": gettext_noop("Finished"),
    "forename": gettext_noop("Forename"),
    "guardian": gettext_noop("Adult"),
    "kind": gettext_noop("Kind"),
    "writing_stopped": gettext_noop("We have stopped writing to them"),
    "corrected_at": gettext_noop("Corrected"),
    "field": gettext_noop("What was corrected"),
    "value": gettext_noop("Should be"),
    "before": gettext_noop("The lists said"),
    "language": gettext_noop("Language"),
    "last_seen_at": gettext_noop("Last seen"),
    "ledger_seq": gettext_noop("Ledger entry"),
    "left_on": gettext_noop("Left on"),
    "lifted_at": gettext_noop("Lifted"),
    "lifted_by": gettext_noop("Lifted by"),
    "line_manager": gettext_noop("Line manager"),
    "lives_with": gettext_noop("Lives with the child"),
    "mis_id": gettext_noop("Admission number"),
    "mobile": gettext_noop("Mobile"),
    "months": gettext_noop("Months"),
    "noticed_at": gettext_noop("Noticed"),
    "number": gettext_noop("Version"),
    "opened_at": gettext_noop("Opened"),
    "ordered_at": gettext_noop("Decided"),
    "approved_at": gettext_noop("Approved or sent back by a second person"),
    "approved_by": gettext_noop("Second person"),
    "ordered_by": gettext_noop("Decided by"),
    "outcome": gettext_noop("Outcome"),
    "owner": gettext_noop("Dealt with by"),
    "parental_responsibility": gettext_noop("Parental responsibility"),
    "person": gettext_noop("For"),
    "placed_at": gettext_noop("Started"),
    "placed_by": gettext_noop("Started by"),
    "places": gettext_noop("Where pictures were found"),
    "post": gettext_noop("Post"),
    "preferred_forename": gettext_noop("Preferred forename"),
    "priority": gettext_noop("Order of contact"),
    "pseudonym": gettext_noop("In the ledger as"),
    "published_at": gettext_noop("Published"),
    "purpose": gettext_noop("What it opens"),
    "purpose_key": gettext_noop("Use of pictures"),
    "queued_at": gettext_noop("Written"),
    "reading_level": gettext_noop("Reading level"),
    "changed_at": gettext_noop("Changed"),
    "was": gettext_noop("Before"),
    "now": gettext_noop("After"),
    "cause": gettext_noop("Because of"),
    "deleted_at": gettext_noop("Deleted"),
    "told_at": gettext_noop("Told about it"),
    "ready_at": gettext_noop("Ready"),
    "reason": gettext_noop("Reason"),
    "received_on": gettext_noop("Asked for on"),
    "record_type": gettext_noop("Kind of record"),
    "recorded_by": gettext_noop("Entered by"),
    "relationship_name": gettext_noop("Relationship"),
    "requested_at": gettext_noop("Ordered"),
    "requested_by": gettext_noop("Ordered by"),
    "review_on": gettext_noop("Review on"),
    "revoked_at": gettext_noop("Cancelled"),
    "role": gettext_noop("Role"),
    "said_at": gettext_noop("When"),
    "school_year": gettext_noop("School year"),
    "sent_at": gettext_noop("Sent"),
    "sent_to": gettext_noop("Sent to"),
    "settled_at": gettext_noop("Answered"),
    "handed_out_at": gettext_noop("Handed out"),
    "sha256": gettext_noop("Fingerprint (SHA-256)"),
    "signed_at": gettext_noop("When"),
    "signed_by": gettext_noop("By"),
    "since": gettext_noop("Since"),
    "size": gettext_noop("Bytes"),
    "staff_code": gettext_noop("Staff code"),
    "staff_group": gettext_noop("Group"),
    "started_at": gettext_noop("Started"),
    "starts_on": gettext_noop("Since"),
    "status": gettext_noop("Status"),
    "step": gettext_noop("Step"),
    "subject": gettext_noop("Subject"),
    "surname": gettext_noop("Surname"),
    "taken_at": gettext_noop("When"),
    "text": gettext_noop("Text"),
    "title": gettext_noop("Title"),
    "to_address": gettext_noop("To"),
    "at": gettext_noop("When"),
    "by": gettext_noop("By"),
    "until": gettext_noop("Until"),
    "uploaded_at": gettext_noop("Imported"),
    "upn": gettext_noop("Unique pupil number"),
    "way": gettext_noop("How to answer"),
    "wording": gettext_noop("Wording"),
    "work_email": gettext_noop("Work email"),
    "year_group": gettext_noop("Year group"),
}
"""What the columns are called on paper; in the file for a computer they keep their own names."""

IN_ENTRIES: dict[str, str] = {
    "agreements": gettext_noop("Asked for"),
    "answers": gettext_noop("Answers"),
    "browser": gettext_noop("browser"),
    "came_by": gettext_noop("Device and address"),
    "child_name": gettext_noop("Child"),
    "covered_sha256": gettext_noop("Fingerprint of what the seal covers"),
    "image_choices": gettext_noop("Asked about pictures"),
    "journey": gettext_noop("Which pages"),
    "name_confirmed": gettext_noop("Asked about the typed name, and confirmed it"),
    "name_matches": gettext_noop("Typed name is the known one"),
    "on_behalf_by": gettext_noop("Signed by"),
    "picked_name": gettext_noop("Name picked in class"),
    "pictures": gettext_noop("Choices about pictures"),
    "pictures_sha256": gettext_noop("Fingerprint of the list of uses read"),
    "reconsiders": gettext_noop("Changes earlier answers"),
    "record_sha256": gettext_noop("Fingerprint of what is inside"),
    "recorded_by_name": gettext_noop("Entered by"),
    "relationship": gettext_noop("Relationship"),
    "rules": gettext_noop("Fingerprint of the rules read"),
    "rules_declined": gettext_noop("Does not agree with the rules"),
    "rules_reason": gettext_noop("Reason given"),
    "signer_name": gettext_noop("Signed by"),
    "typed_name": gettext_noop("Name as typed"),
    "witness_name": gettext_noop("Witness"),
    "identified": gettext_noop("How the office confirmed who it was"),
    "received_on": gettext_noop("Received on"),
    "reading_level": gettext_noop("Reading level"),
    "class_name": gettext_noop("Class"),
    "teacher_name": gettext_noop("Teacher"),
    "declarations": gettext_noop("Declared"),
    "note": gettext_noop("Note"),
    "remark": gettext_noop("Remark"),
    "mark": gettext_noop("Drawn mark"),
    "requests": gettext_noop("Requests"),
    "message_kind": gettext_noop("Message"),
    "code": gettext_noop("Answer of the mail server"),
    "witness": gettext_noop("Witness"),
    "purposes": gettext_noop("Uses of pictures"),
    "entries": gettext_noop("Ledger entries"),
    "changed": gettext_noop("What changed"),
    "how": gettext_noop("By which way"),
    "part": gettext_noop("As"),
    "fields": gettext_noop("What changed"),
    "what": gettext_noop("What changed"),
    "old": gettext_noop("Before"),
    "new": gettext_noop("Afterwards"),
    "younger": gettext_noop("Fingerprint of the younger children’s rules read"),
    "younger_declined": gettext_noop("Does not agree with the younger children’s rules"),
    "younger_reason": gettext_noop("Reason given about the younger children’s rules"),
}
"""What ledger entries and signing sessions keep beside what columns keep; anything else is printed by its key."""

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
    "yes": gettext_noop("yes"),
    "no": gettext_noop("no"),
    "missing": gettext_noop("no answer"),
    "blocked": gettext_noop("do not use"),
}
"""What a class is shown of one use of a child's pictures."""

_CODES: dict[str, dict[str, str]] = {
    "assurance": evidence.ASSURANCES,
    "channel": evidence.CHANNELS,
    "agreement_key": RULES,
    "outcome": words.KINDS,
    "kind": words.MESSAGE_KINDS | {key: kind.label for key, kind in documents.KINDS.items()},
    "agreements": RULES,
    "journey": {"family": gettext_noop("those for families"), "staff": gettext_noop("those for staff")},
    "step": {"ask": gettext_noop("asked"), "escalation": gettext_noop("the class teacher or manager was told")},
    "role": {
        "admin": gettext_noop("the office"),
        "head": gettext_noop("the head teacher"),
        "teacher": gettext_noop("class teacher"),
        "staff": gettext_noop("staff"),
        "governor": gettext_noop("governor"),
    },
    "act": {
        "given": gettext_noop("yes"),
        "refused": gettext_noop("no"),
        "withdrawn": gettext_noop("no (yes withdrawn)"),
        "invalidated": gettext_noop("marked as invalid"),
    },
    "how": {"office": gettext_noop("by the school office"), "list": gettext_noop("with one of the school’s lists")},
    "part": words.PARTS,
    "fields": words.FIELDS,
    "field": words.FIELDS
    | {
        "parental_responsibility": gettext_noop("parental responsibility"),
        "contact_allowed": gettext_noop("may be contacted"),
        "ended": gettext_noop("no longer a contact"),
        "left": gettext_noop("has left"),
    },
    "what": words.ACCESS,
    "parental_responsibility": words.RESPONSIBILITY,
    "was": STANDING,
    "now": STANDING,
    "cause": {
        "answer": gettext_noop("an answer of a parent or carer"),
        "block": gettext_noop("a stop on pictures, placed or lifted"),
        "roster": gettext_noop("a change of who may choose"),
        "lapse": gettext_noop("the end of the school year"),
    },
    "basis": {**retention.BASES, **retention.GROUNDS},
    "way": {
        "self": gettext_noop("by themselves"),
        "guardian": gettext_noop("a parent or carer signs for them"),
        "class": gettext_noop("in class"),
    },
}


STATES = {
    "message": words.MESSAGES,
    "signature_request": {
        "open": gettext_noop("no answer"),
        "started": gettext_noop("no answer (started)"),
        "signed": gettext_noop("signed"),
        "declined": gettext_noop("did not agree"),
        "cancelled": gettext_noop("closed"),
    },
    "document": words.DOCUMENTS,
    "roster_import": {
        "previewed": gettext_noop("not imported yet"),
        "applied": gettext_noop("imported"),
        "discarded": gettext_noop("discarded"),
    },
    "campaign": {"planned": gettext_noop("planned"), "open": gettext_noop("open"), "closed": gettext_noop("closed")},
    "erasure": {
        "ordered": gettext_noop("decided"),
        "wiped": gettext_noop("erased, files being cleaned"),
        "done": gettext_noop("done"),
        "stopped": gettext_noop("could not be carried out"),
        "refused": gettext_noop("refused"),
    },
    "pack": {
        "queued": gettext_noop("waiting"),
        "collecting": gettext_noop("being made"),
        "writing": gettext_noop("being made"),
        "ready": gettext_noop("ready"),
        "cancelled": gettext_noop("cancelled"),
        "failed": gettext_noop("could not be made"),
        "deleted": gettext_noop("deleted"),
        "erased": gettext_noop("erased"),
    },
    "signing_session": {
        "reading": gettext_noop("started, not finished"),
        "signed": gettext_noop("finished"),
        "declined": gettext_noop("finished"),
        "expired": gettext_noop("ended without an answer"),
    },
}
"""What ``status`` means in the tables that have one."""


CODES_OF: dict[tuple[str, str], dict[str, str]] = {
    ("private_link", "purpose"): {
        "family": gettext_noop("the family pages"),
        "set-password": gettext_noop("the page to set a password"),
    },
    ("access_session", "kind"): {
        "family": gettext_noop("family pages"),
        "login": gettext_noop("staff log-in"),
        "kiosk": gettext_noop("class device"),
    },
    ("roster_import", "kind"): {
        "pupils": gettext_noop("pupils"),
        "contacts": gettext_noop("contacts"),
        "staff": gettext_noop("staff"),
    },
    ("class_session", "reading_level"): {
        "full": gettext_noop("all rules"),
        "younger": gettext_noop("younger children’s rules"),
    },
}
"""What codes mean in the one column of the one table that has them."""


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One row as printed: what it is known by, the rest, and long texts line by line."""

    first: str
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One section as printed; ``more`` counts the older rows that only the file for a computer has."""

    heading: str
    lines: tuple[AccessLine, ...]
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


@builds("subject_access")
def build_subject_access(
    db: Session, document: documents.DocumentRow, *, school: School, head: evidence.SignedHead
) -> BuiltDocument:
    """The document for reading."""
    found = _found(db, document, school)
    uses = names_of_keys(db, found.own_children.values())
    html = templating.page(
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
    return BuiltDocument(html, data=access.as_json(found, school=school, made_at=head.signed_at))


def subject_access_data(db: Session, document: documents.DocumentRow, *, school: School, made_at: dt.datetime) -> bytes:
    """The same for a computer."""
    return access.as_json(_found(db, document, school), school=school, made_at=made_at)


def _found(db: Session, document: documents.DocumentRow, school: School) -> access.SubjectAccess:
    return access.subject_access(db, int(document.params["person_id"]), school=school)


def _uses(db: Session) -> dict[str, str]:
    try:
        return {use.key: use.heading for use in consent.purposes(db)}
    except NotFound:
        return {}


def names_of_keys(db: Session, own_children: Iterable[people.ChildRow]) -> dict[str, str]:
    """What keys in drafts and entries stand for: uses of pictures, and the person's own children but no others."""
    return _uses(db) | {child.public_id: child.full_name for child in own_children}


def _part(section: access.AccessSection, uses: Mapping[str, str]) -> Part:
    lines = [_line(row, section.table, uses) for row in section.rows[-MOST_LINES:]]
    return Part(section.heading, tuple(lines), len(section.rows) - len(lines))


def _line(row: Mapping[str, Any], table: str, uses: Mapping[str, str]) -> AccessLine:
    shown = [(key, _shown(key, value, table, uses)) for key, value in row.items() if value not in (None, "", {})]
    shown.sort(key=lambda pair: pair[0] not in FIRST.get(table, ()))
    blocks = tuple((_(LABELS[key]), tuple(text.splitlines())) for key, text in shown if key in LONG)
    facts = [(_(LABELS[key]), text) for key, text in shown if key not in LONG]
    return AccessLine(facts[0][1] if facts else "", tuple(facts), blocks)


def _shown(key: str, value: Any, table: str, uses: Mapping[str, str]) -> str:
    if isinstance(value, dt.datetime):
        return templating.moment(value)
    if isinstance(value, dt.date):
        return templating.day(value)
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
        return templating.day(dt.date.fromisoformat(str(value)))
    if key == "language":
        return str(Locale.parse(str(value), sep="-").get_display_name("en") or value)
    if key == "school_year":
        return templating.year_label(int(value))
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
