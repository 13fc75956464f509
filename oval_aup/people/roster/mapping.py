"""Which column feeds which field: guessed from the headings that school systems are known to print."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from oval_aup.core.i18n import _, gettext_noop
from oval_aup.people.names import folded
from oval_aup.people.roster.labels import LABELS

CONTACTS, CLASSES, STAFF = "contacts", "classes", "staff"
KINDS: dict[str, str] = {
    CONTACTS: gettext_noop("Children and contacts: a row for each child and contact"),
    CLASSES: gettext_noop("Class lists: a row for each child, with up to two parents"),
    STAFF: gettext_noop("Staff, governors and volunteers"),
}
_SECTIONS = {
    CONTACTS: (("child", ""), ("contact", "")),
    CLASSES: (("child", ""), ("parent", "1"), ("parent", "2")),
    STAFF: (("staff", ""),),
}


@dataclass(frozen=True, slots=True)
class Field:
    """Something a row may say: its key, its name for the office, and the headings known to mean it."""

    key: str
    label: str
    headings: tuple[str, ...]


def _fields(kind: str) -> Iterator[Field]:
    for section, number in _SECTIONS[kind]:
        entries = dict(_HEADINGS[section])
        who = [word.replace("{n}", number) for word in entries.pop("who")]
        for name, entry in entries.items():
            known = []
            for heading in entry["headings"]:
                known += [f"{word} {heading}".strip() for word in who]
                if not entry.get("named"):
                    known.append(heading)
            key = f"{section}_{number}_{name}" if number else f"{section}_{name}"
            yield Field(key, LABELS[key], tuple(known))


_HEADINGS = tomllib.loads(Path(__file__).with_name("headings.toml").read_text(encoding="utf-8"))
FIELDS: dict[str, tuple[Field, ...]] = {kind: tuple(_fields(kind)) for kind in KINDS}


def plain_heading(heading: str) -> str:
    """A heading as it is compared: ``PARENT_1_NAME``, ``FirstName`` and ``E-mail`` lose case and punctuation."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", heading)
    return " ".join(re.sub(r"[^a-z0-9]+", " ", folded(parted)).split())


_KNOWN_HEADINGS = frozenset(heading for fields in FIELDS.values() for field in fields for heading in field.headings)


def is_known_heading(cell: str) -> bool:
    """Whether a cell holds what school systems print above a column."""
    return len(cell) <= 60 and plain_heading(cell) in _KNOWN_HEADINGS


def guess(headers: Sequence[str], kind: str) -> dict[str, str]:
    """Field key to header, each header used once; a field no header is known for is left out."""
    by_heading: dict[str, str] = {}
    for header in headers:
        by_heading.setdefault(plain_heading(header), header)
    ranked = sorted(
        (rank, place, field.key, by_heading[heading])
        for place, field in enumerate(FIELDS[kind])
        for rank, heading in enumerate(field.headings)
        if heading in by_heading
    )
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    for _rank, _place, key, header in ranked:
        if key not in mapping and header not in taken:
            mapping[key] = header
            taken.add(header)
    if "child_forename" not in mapping and "child_preferred_forename" in mapping:
        mapping["child_forename"] = mapping.pop("child_preferred_forename")  # the only forename that this list has
    return {field.key: mapping[field.key] for field in FIELDS[kind] if field.key in mapping}


_NOT_STAFF = frozenset(
    {
        *("student", "students", "pupil", "pupils", "learner", "child", "children", "sibling", "brother", "sister"),
        *("parent", "parents", "carer", "parent carer", "guardian", "relative", "contact", "emergency contact"),
        *("mother", "father", "mum", "dad", "stepmother", "stepfather", "grandparent", "grandmother", "grandfather"),
        *("aunt", "uncle", "family"),
    }
)


def is_post(cell: str) -> bool:
    """Whether what stands in a column of posts or roles can be one: pupils and parents are no staff."""
    return not any(plain_heading(word) in _NOT_STAFF for word in re.split(r"[,;/|]", cell))


def guess_kind(headers: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> str:
    """Which kind of list these headings belong to; a list whose roles name pupils or parents is no staff list."""
    found = {kind: guess(headers, kind) for kind in KINDS}
    staff_words = {"staff_post", "staff_line_manager", "staff_code"} & found[STAFF].keys()
    place = headers.index(found[STAFF]["staff_post"]) if "staff_post" in found[STAFF] else None
    if place is not None:
        told = [is_post(row[place]) for row in rows if row[place]]
        if not all(told) and (staff_words == {"staff_post"} or 2 * sum(told) <= len(told)):
            staff_words = set()
    if "child_born_on" not in found[CONTACTS] and "child_upn" not in found[CONTACTS] and staff_words:
        return STAFF
    if any(key.startswith("parent_") for key in found[CLASSES]):
        return CLASSES
    if any(key.startswith("contact_") for key in found[CONTACTS]):
        return CONTACTS
    return CLASSES


def gaps(mapping: Mapping[str, str], kind: str) -> tuple[str, ...]:
    """Sentences naming what a list of this kind cannot do without; empty when it can be read."""
    has = mapping.__contains__
    missing = []
    if kind == STAFF:
        if not (has("staff_full_name") or (has("staff_forename") and has("staff_surname"))):
            missing.append(_("Choose the columns that hold the forename and the surname."))
        if not (has("staff_code") or has("staff_email")):
            missing.append(_("Choose the column that holds the staff code or the work email."))
        return tuple(missing)
    if not (has("child_full_name") or (has("child_forename") and has("child_surname"))):
        missing.append(_("Choose the columns that hold the child’s forename and surname."))
    if not has("child_born_on"):
        missing.append(_("Choose the column that holds the date of birth."))
    if not (has("child_year_group") or has("child_class")):
        missing.append(_("Choose the column that holds the year group or the class."))
    if kind == CONTACTS and not (has("contact_full_name") or has("contact_surname")):
        missing.append(_("Choose the columns that hold the contact’s name."))
    return tuple(missing)


def is_list_of_all_users(headers: Sequence[str]) -> bool:
    """Whether this is users.csv of OneRoster: pupils, parents and staff in one, told apart by a role."""
    return {"sourcedid", "enableduser"} <= {header.strip().lower() for header in headers}


def holds_password(header: str) -> bool:
    """Whether a column is for passwords, which have no business here."""
    return bool(re.search(r"\b(password|passwd|passcode|pwd)\b", plain_heading(header)))


def names_further_people(header: str) -> bool:
    """Whether a column is about a third parent or contact in one row, of whom only two are read."""
    return bool(re.match(r"(?:priority )?(?:parent|contact|guardian|carer)(?: carer)? [3-9]\b", plain_heading(header)))


def fitting(mapping: Mapping[str, str], headers: Sequence[str], kind: str) -> dict[str, str]:
    """A mapping without unknown fields or headers that this file lacks."""
    known = set(headers)
    return {field.key: mapping[field.key] for field in FIELDS[kind] if mapping.get(field.key) in known}


def headers_sha256(headers: Sequence[str]) -> str:
    """What a set of headers is remembered by: their plain form, in order."""
    return hashlib.sha256("\n".join(plain_heading(header) for header in headers).encode()).hexdigest()
