"""Every kind of document, each fact about it once; its builder is in ``reports``, under the same key."""

from __future__ import annotations

from dataclasses import dataclass

from oval_aup.core.i18n import gettext_noop


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One kind of document."""

    key: str
    label: str
    """In English; translated where it is shown."""
    file_name: str
    """How the names of its files begin."""
    seconds: float | None = None
    """How long rendering may take where it can have many pages; None for the usual time."""
    is_plain: bool = False
    """Whether it is a file for a computer and no PDF: nothing to render, and no seal but its hash in the ledger."""


KINDS: dict[str, DocumentKind] = {
    one.key: one
    for one in (
        DocumentKind("receipt", gettext_noop("Receipt"), "receipt"),
        DocumentKind("record", gettext_noop("Record of one person"), "record", 30.0),
        DocumentKind("class_report", gettext_noop("Class report"), "class-report", 30.0),
        DocumentKind("school_report", gettext_noop("Whole-school report"), "school-report", 120.0),
        DocumentKind("figures_report", gettext_noop("Whole-school figures, without names"), "school-figures", 30.0),
        DocumentKind("as_at", gettext_noop("Position on a past date"), "as-at", 30.0),
        DocumentKind(
            "subject_access",
            gettext_noop("Subject access: everything kept about one person"),
            "subject-access",
            120.0,
        ),
        DocumentKind(
            "subject_access_data",
            gettext_noop("Subject access: the same for a computer"),
            "subject-access",
            is_plain=True,
        ),
        DocumentKind("destruction_certificate", gettext_noop("Destruction certificate"), "destruction-certificate"),
    )
}
