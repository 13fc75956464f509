"""What people are asked to agree to, word for word: which wording is in force, and that a published one never changes.

``image-uses`` is kept here as well: its clauses are the uses of pictures that the consent room asks about.
"""

from oval_aup.agreements.registry import AGREEMENTS, AUDIENCES, SIGNED, AgreementKind, signed_by
from oval_aup.agreements.service import (
    PublishedText,
    TextRow,
    VersionRow,
    Wording,
    changed_clauses,
    current,
    damaged_texts,
    form_code,
    install_rulesets,
    is_published,
    publish,
    published_texts,
    versions,
    wording,
    wording_by_code,
    wording_of_version,
    wordings,
    wordings_by_hash,
)
from oval_aup.agreements.text import Clause, Note, as_html, as_plain, as_text

__all__ = [
    "AGREEMENTS",
    "AUDIENCES",
    "SIGNED",
    "AgreementKind",
    "Clause",
    "Note",
    "PublishedText",
    "TextRow",
    "VersionRow",
    "Wording",
    "as_html",
    "as_plain",
    "as_text",
    "changed_clauses",
    "current",
    "damaged_texts",
    "form_code",
    "install_rulesets",
    "is_published",
    "publish",
    "published_texts",
    "signed_by",
    "versions",
    "wording",
    "wording_by_code",
    "wording_of_version",
    "wordings",
    "wordings_by_hash",
]
