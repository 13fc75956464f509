"""Bringing the roster in line with the office's exports: read, map, compare, and only then change anything."""

from oval_aup.people.roster.entries import Problem
from oval_aup.people.roster.imports import (
    Applied,
    ImportRow,
    Preview,
    RosterChanged,
    apply,
    discard,
    imports,
    newest_applied,
    preview,
    preview_again,
    roster_import,
    show,
)
from oval_aup.people.roster.kept_corrections import field_words, value_words
from oval_aup.people.roster.links_after import Untold, untold, untold_now
from oval_aup.people.roster.mapping import CLASSES, CONTACTS, FIELDS, KINDS, STAFF, Field
from oval_aup.people.roster.mentions import lists_naming
from oval_aup.people.roster.plan import (
    LEAVERS_LIMIT,
    Change,
    ImportPlan,
    Joiner,
    KeptCorrection,
    Leaver,
    LinkAfter,
    ProposedMatch,
)
from oval_aup.people.roster.reader import DEFAULT_LIMIT, Unreadable
from oval_aup.people.roster.report import applied_as_text, as_text, counts_as_text

__all__ = [
    "CLASSES",
    "CONTACTS",
    "DEFAULT_LIMIT",
    "FIELDS",
    "KINDS",
    "LEAVERS_LIMIT",
    "STAFF",
    "Applied",
    "Change",
    "Field",
    "ImportPlan",
    "ImportRow",
    "Joiner",
    "KeptCorrection",
    "Leaver",
    "LinkAfter",
    "Preview",
    "Problem",
    "ProposedMatch",
    "RosterChanged",
    "Unreadable",
    "Untold",
    "applied_as_text",
    "apply",
    "as_text",
    "counts_as_text",
    "discard",
    "field_words",
    "imports",
    "lists_naming",
    "newest_applied",
    "preview",
    "preview_again",
    "roster_import",
    "show",
    "untold",
    "untold_now",
    "value_words",
]
