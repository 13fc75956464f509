"""Which rows and columns of every table one person is given of what is kept about them, and why the rest is not.

A table without a line here fails the tests: whoever adds one decides what a person who asks is told of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from oval_aup.core.i18n import gettext_noop

KEY = gettext_noop("a number or key by which the system finds its own rows")
SECRET = gettext_noop("a secret, or the hash of one")
ELSEWHERE = gettext_noop("given elsewhere in this file")
WORK = gettext_noop("how far the system’s own work has got")
BEGINNING = gettext_noop("whether the lists said so already when such states began to be kept")


@dataclass(frozen=True, slots=True)
class Holding:
    """What a person is given of one table.

    ``mine`` maps a column to the set of the person's own values that makes a row theirs, any of them; rows for which
    a column of ``except_for`` fits belong to an earlier holding of the same table. ``people`` hold row ids of persons
    and become words such as “a member of staff”; ``own_texts`` are freed of other people's whole names and
    ``others_texts``, which somebody else wrote, of any name. ``own_where`` narrows the former: in a row with another
    value in that column they are treated like the latter. ``once`` gives rows that say the same a single time, where
    how many there are would itself tell of somebody else.
    """

    table: str
    heading: str
    mine: Mapping[str, str]
    given: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    wordings: tuple[str, ...] = ()
    own_texts: tuple[str, ...] = ()
    others_texts: tuple[str, ...] = ()
    except_for: Mapping[str, str] = field(default_factory=dict)
    own_where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    once: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        """Every column that is given in some form."""
        return (
            *self.given,
            *self.people,
            *self.classes,
            *self.wordings,
            *self.own_texts,
            *self.others_texts,
        )


ABOUT_THE_READER = frozenset(
    {"ask", "staff-ask", "reminder", "last-reminder", "receipt", "new-link", "set-password", "test"}
)
"""Letters about nobody but whom they are written to, and that person's children."""

_PERSON = {"person_id": "ids"}

HOLDINGS: tuple[Holding, ...] = (
    Holding(
        "person",
        gettext_noop("Who this person is"),
        {"id": "ids", "joined_to_id": "ids"},
        ("title", "forename", "preferred_forename", "surname", "pseudonym", "erased_on"),
        left_out={
            "id": KEY,
            "public_id": KEY,
            "joined_to_id": KEY,
            "search_name": gettext_noop("the same names again, for searching"),
        },
    ),
    Holding(
        "child",
        gettext_noop("As a child of the school"),
        _PERSON,
        ("born_on", "year_group", "upn", "mis_id", "archived_on"),
        classes=("class_id",),
        left_out={"person_id": KEY},
    ),
    Holding(
        "guardian",
        gettext_noop("As a parent or carer"),
        _PERSON,
        ("email", "mobile", "language", "writing_stopped", "contact_id", "archived_on"),
        left_out={"person_id": KEY},
    ),
    Holding(
        "staff_member",
        gettext_noop("As a member of staff"),
        _PERSON,
        ("post", "staff_group", "work_email", "staff_code", "starts_on", "archived_on"),
        people=("line_manager_id",),
        classes=("class_id",),
        left_out={"person_id": KEY},
    ),
    Holding(
        "guardianship",
        gettext_noop("Linked to children"),
        {"guardian_id": "ids"},
        (
            "parental_responsibility",
            "contact_allowed",
            "lives_with",
            "priority",
            "ended_on",
        ),
        people=("child_id",),
        others_texts=("relationship_name",),
        left_out={"id": KEY, "guardian_id": KEY},
    ),
    Holding(
        "guardianship",
        gettext_noop("Linked to adults"),
        {"child_id": "ids"},
        ("ended_on",),
        people=("guardian_id",),
        left_out={
            "parental_responsibility": gettext_noop("says something about the adult, who can ask for it"),
            "contact_allowed": gettext_noop("says something about the adult, who can ask for it"),
        },
    ),
    Holding(
        "guardianship_state",
        gettext_noop("What the school’s lists said about the links to children, and since when"),
        {"guardian_id": "ids"},
        ("since", "parental_responsibility", "contact_allowed", "ended_on"),
        people=("child_id",),
        others_texts=("relationship_name",),
        left_out={"id": KEY, "guardian_id": KEY, "taken_over": BEGINNING},
    ),
    Holding(
        "guardianship_state",
        gettext_noop("What the school’s lists said about the links to adults"),
        {"child_id": "ids"},
        ("ended_on",),
        people=("guardian_id",),
        once=True,
        left_out={
            "since": gettext_noop("tells when something about the adult changed, who can ask for it"),
        },
    ),
    Holding(
        "child_class_state",
        gettext_noop("What the school’s lists said about the class, and since when"),
        {"child_id": "ids"},
        ("since", "class_name", "year_group", "left_on"),
        left_out={"id": KEY, "child_id": KEY, "taken_over": BEGINNING},
    ),
    Holding(
        "staff_state",
        gettext_noop("What the school’s lists said about working here, and since when"),
        _PERSON,
        ("since", "left_on"),
        left_out={"id": KEY, "person_id": KEY, "taken_over": BEGINNING},
    ),
    Holding(
        "account",
        gettext_noop("Log-in"),
        _PERSON,
        ("email", "role", "created_at", "disabled_at"),
        left_out={"id": KEY, "public_id": KEY, "person_id": KEY, "password_hash": SECRET, "pin_hash": SECRET},
    ),
    Holding(
        "private_link",
        gettext_noop("Private links sent"),
        _PERSON,
        ("created_at", "purpose", "sent_to", "expires_at", "revoked_at"),
        left_out={"id": KEY, "person_id": KEY, "token_sha256": SECRET},
    ),
    Holding(
        "access_session",
        gettext_noop("Visits"),
        _PERSON,
        ("created_at", "kind", "assurance", "last_seen_at", "expires_at", "ended_at"),
        left_out={
            "id": KEY,
            "person_id": KEY,
            "account_id": KEY,
            "link_id": KEY,
            "class_session_key": KEY,
            "pin_tries": KEY,
            "token_sha256": SECRET,
        },
    ),
    Holding(
        "failed_attempt",
        gettext_noop("Failed attempts to log in or open a link"),
        {"bucket": "buckets"},
        ("failed_at",),
        left_out={"id": KEY, "bucket": gettext_noop("under which hash the tries were counted")},
    ),
    Holding(
        "signature_request",
        gettext_noop("What this person was asked for"),
        _PERSON,
        ("asked_at", "agreement_key", "school_year", "way", "status", "due_on", "settled_at"),
        left_out={"id": KEY, "public_id": KEY, "person_id": KEY},
    ),
    Holding(
        "signing_session",
        gettext_noop("Visits to answer"),
        _PERSON,
        ("started_at", "school_year", "status", "language", "finished_at"),
        own_texts=("draft",),
        left_out={"id": KEY, "public_id": KEY, "person_id": KEY, "receipt": ELSEWHERE, "other_name": ELSEWHERE},
    ),
    Holding(
        "signature",
        gettext_noop("Signatures"),
        {"person_id": "ids", "signed_by_id": "ids"},
        ("signed_at", "outcome", "channel", "assurance", "ledger_seq"),
        people=("person_id", "signed_by_id", "recorded_by_id"),
        wordings=("version_text_id",),
        left_out={
            "id": KEY,
            "public_id": KEY,
            "request_id": KEY,
            "signing_session_id": KEY,
            "class_session_id": KEY,
            "refers_to_id": gettext_noop("which entry was taken back is told under the ledger"),
        },
    ),
    Holding(
        "signature",
        gettext_noop("Other people’s signatures that this person entered"),
        {"recorded_by_id": "ids"},
        ("signed_at", "outcome", "channel"),
        except_for={"person_id": "ids", "signed_by_id": "ids"},
    ),
    Holding(
        "consent_decision",
        gettext_noop("Choices about pictures"),
        {"child_id": "ids", "guardian_id": "ids"},
        ("decided_at", "purpose_key", "act", "school_year", "channel", "ledger_seq"),
        people=("child_id", "guardian_id", "recorded_by_id"),
        wordings=("version_text_id",),
        left_out={"id": KEY},
    ),
    Holding(
        "consent_decision",
        gettext_noop("Other people’s choices that this person entered"),
        {"recorded_by_id": "ids"},
        ("decided_at", "channel"),
        except_for={"child_id": "ids", "guardian_id": "ids"},
    ),
    Holding(
        "image_block",
        gettext_noop("Stops on pictures"),
        {"child_id": "ids"},
        ("placed_at", "lifted_at"),
        people=("placed_by_id",),
        left_out={"id": KEY, "child_id": KEY},
    ),
    Holding(
        "image_block",
        gettext_noop("Stops on pictures that this person placed"),
        {"placed_by_id": "ids"},
        ("placed_at", "lifted_at"),
        except_for={"child_id": "ids"},
    ),
    Holding(
        "permission_change",
        gettext_noop("When permission to use pictures began or ended"),
        {"child_id": "ids"},
        ("changed_at", "purpose_key", "was", "now", "cause", "school_year", "told_at"),
        left_out={"id": KEY, "child_id": KEY, "settled_at": KEY},
    ),
    Holding(
        "take_down",
        gettext_noop("Pictures to be taken down"),
        {"child_id": "ids"},
        ("opened_at", "purpose_key", "due_on", "done_at"),
        people=("owner_id", "done_by_id"),
        others_texts=("places",),
        left_out={"id": KEY, "public_id": KEY, "child_id": KEY},
    ),
    Holding(
        "take_down",
        gettext_noop("Pictures this person was asked to take down"),
        {"owner_id": "ids", "done_by_id": "ids"},
        ("opened_at", "purpose_key", "due_on", "done_at"),
        except_for={"child_id": "ids"},
    ),
    Holding(
        "correction",
        gettext_noop("What the office corrected by hand against the school’s lists"),
        _PERSON,
        ("corrected_at", "field", "value", "before", "settled_at"),
        people=("child_id",),
        left_out={"id": KEY, "person_id": KEY},
    ),
    Holding(
        "correction",
        gettext_noop("What the office corrected by hand about an adult of this child"),
        {"child_id": "ids"},
        ("corrected_at", "field", "settled_at"),
        people=("person_id",),
        left_out={
            "id": KEY,
            "child_id": KEY,
            "value": gettext_noop("says something about the adult, who can ask for it"),
            "before": gettext_noop("says something about the adult, who can ask for it"),
        },
        except_for=_PERSON,
    ),
    Holding(
        "task_note",
        gettext_noop("Notes that the office wrote about this person"),
        _PERSON,
        ("at", "kind", "act", "until"),
        people=("owner_id", "by_id"),
        others_texts=("text",),
        left_out={"id": KEY, "public_id": KEY, "person_id": KEY, "subject": KEY, "occurrence": KEY},
    ),
    Holding(
        "task_note",
        gettext_noop("Notes and tasks of this person’s work"),
        {"by_id": "ids", "owner_id": "ids"},
        ("at", "kind", "act", "until"),
        except_for={"person_id": "ids"},
    ),
    Holding(
        "class_session",
        gettext_noop("Lessons this person led"),
        {"teacher_id": "ids"},
        ("opened_at", "school_year", "reading_level", "closes_at", "closed_at"),
        classes=("class_id",),
        left_out={"id": KEY, "public_id": KEY, "teacher_id": KEY, "join_code": SECRET},
    ),
    Holding(
        "reminder",
        gettext_noop("Requests and reminders sent to this person"),
        _PERSON,
        ("taken_at", "step"),
        left_out={"id": KEY, "person_id": KEY, "campaign_id": KEY, "message": ELSEWHERE, "about": ELSEWHERE},
    ),
    Holding(
        "message",
        gettext_noop("Messages to this person"),
        {"recipient": "pseudonyms"},
        ("queued_at", "kind", "to_address", "status", "sent_at", "attempts"),
        own_texts=("subject", "text"),
        others_texts=("error",),
        own_where={"kind": ABOUT_THE_READER},
        left_out={
            "id": KEY,
            "public_id": KEY,
            "recipient": KEY,
            "dedupe_key": KEY,
            "html": gettext_noop("the same text again, laid out for a screen"),
            "link_purpose": ELSEWHERE,
            "attachment": ELSEWHERE,
            "asked_for": WORK,
            "lease_no": WORK,
            "next_attempt_at": WORK,
            "claimed_at": WORK,
        },
    ),
    Holding(
        "address_trouble",
        gettext_noop("Emails that bounced"),
        {"address": "addresses"},
        ("noticed_at", "address"),
        others_texts=("reason",),
        left_out={"id": KEY},
    ),
    Holding(
        "document",
        gettext_noop("Documents about this person"),
        {"subject": "pseudonyms"},
        ("requested_at", "kind", "status", "ready_at", "handed_out_at", "size", "sha256"),
        people=("requested_by_id",),
        others_texts=("error",),
        left_out={
            "id": KEY,
            "public_id": KEY,
            "subject": KEY,
            "params": KEY,
            "dedupe_key": KEY,
            "through": KEY,
            "priority": WORK,
            "attempts": WORK,
            "lease_no": WORK,
            "next_attempt_at": WORK,
            "claimed_at": WORK,
        },
    ),
    Holding(
        "document",
        gettext_noop("Documents about others that this person ordered"),
        {"requested_by_id": "ids"},
        ("requested_at", "kind"),
        except_for={"subject": "pseudonyms"},
    ),
    Holding(
        "pack",
        gettext_noop("Evidence packs this person ordered"),
        {"requested_by_id": "ids"},
        ("ordered_at", "status", "ready_at", "size", "sha256", "deleted_at", "told_at"),
        others_texts=("error",),
        left_out={
            "id": KEY,
            "public_id": KEY,
            "requested_by_id": KEY,
            "scope": gettext_noop("which part of the school it is about, and so not about this person"),
            "head": KEY,
            "ordered_size": KEY,
            "frozen_at": WORK,
            "claimed_at": WORK,
            "done": WORK,
            "total": WORK,
            "lease_no": WORK,
            "attempts": WORK,
            "next_attempt_at": WORK,
        },
    ),
    Holding(
        "roster_import",
        gettext_noop("Lists this person imported"),
        {"uploaded_by_id": "ids"},
        ("uploaded_at", "kind", "status", "settled_at"),
        left_out={
            "id": KEY,
            "public_id": KEY,
            "uploaded_by_id": KEY,
            "sha256": KEY,
            "plan_sha256": KEY,
            "mapping": WORK,
            "options": gettext_noop("about the people of the list"),
            "summary": gettext_noop("about the people of the list"),
            "file_name": gettext_noop("can name others"),
            "content": gettext_noop("about everybody in the list; kept only until the list is decided on"),
        },
    ),
    Holding(
        "campaign",
        gettext_noop("Yearly sign-ups this person planned"),
        {"created_by_id": "ids"},
        ("created_at", "school_year", "status"),
        left_out=dict.fromkeys(
            (
                "id",
                "public_id",
                "created_by_id",
                "audiences",
                "opens_on",
                "due_on",
                "reminder_days",
                "opened_at",
            ),
            gettext_noop("about the sign-up, not about a person"),
        ),
    ),
    Holding(
        "agreement_version",
        gettext_noop("Wordings this person published"),
        {"published_by_id": "ids"},
        ("published_at", "number"),
        left_out=dict.fromkeys(
            ("id", "public_id", "agreement_id", "status", "material", "published_by_id"),
            gettext_noop("about the wording, not about a person"),
        ),
    ),
    Holding(
        "legal_hold",
        gettext_noop("Kept for a legal reason"),
        _PERSON,
        ("placed_at", "review_on", "lifted_at"),
        people=("placed_by_id", "lifted_by_id"),
        left_out={
            "id": KEY,
            "public_id": KEY,
            "person_id": KEY,
            "reason": gettext_noop("can be lawyers’ advice or about a child’s safety: the office adds it where it may"),
        },
    ),
    Holding(
        "legal_hold",
        gettext_noop("Other people’s records that this person held or released"),
        {"placed_by_id": "ids", "lifted_by_id": "ids"},
        ("placed_at", "lifted_at"),
        except_for=_PERSON,
    ),
    Holding(
        "erasure",
        gettext_noop("Decisions to erase this person, or not to"),
        _PERSON,
        ("ordered_at", "received_on", "basis", "status", "approved_at", "ledger_seq"),
        people=("ordered_by_id", "approved_by_id"),
        others_texts=("reason",),
        left_out={
            "id": KEY,
            "public_id": KEY,
            "batch": KEY,
            "person_id": KEY,
            "what": WORK,
            "until": WORK,
            "with_mentions": WORK,
            "wiped_at": WORK,
            "entries": WORK,
            "removed": WORK,
            "files": WORK,
        },
    ),
    Holding(
        "erasure",
        gettext_noop("Decisions this person took about other people’s records"),
        {"ordered_by_id": "ids", "approved_by_id": "ids"},
        ("ordered_at", "approved_at", "basis"),
        except_for=_PERSON,
    ),
    Holding(
        "retention_period",
        gettext_noop("Retention periods this person decided"),
        {"said_by_id": "ids"},
        ("said_at", "record_type", "months"),
        left_out={"id": KEY, "said_by_id": KEY},
    ),
)

LEDGER = ("ledger_entry", "ledger_details")
"""Told entry by entry, by whom and about whom: ``subject_access_ledger`` decides."""

LEFT_OUT: dict[str, str] = {
    "document_content": gettext_noop("The documents themselves are handed out one by one; each is listed here."),
    "pack_file": gettext_noop("A pack is handed out as a whole; whoever asks is given their own record instead."),
    "pack_member": gettext_noop("Whose records are in a pack: the records themselves are listed as documents."),
    "ledger_trace": gettext_noop("An index of which entries name a person: the entries themselves are given."),
    "document_pin": gettext_noop("Which packs still need a document: about nobody."),
    "periodic_task": gettext_noop("What the system does again and again: about nobody."),
    "watermark": gettext_noop("How far the system’s own work has got."),
    "school_class": gettext_noop("Classes are about nobody; this person’s own class is named above."),
    "agreement": gettext_noop("The rules are about nobody."),
    "version_text": gettext_noop("Rules are about nobody; those that this person answered are given in full."),
    "roster_mapping": gettext_noop("What the headings of a list mean: about nobody."),
    "coverage_count": gettext_noop("Counts, about nobody by name."),
    "coverage_day": gettext_noop("Counts, about nobody by name."),
    "mail_outage": gettext_noop("When no message could leave the school: about nobody."),
}
"""Tables of which nothing is given, and why."""
