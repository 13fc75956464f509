"""What the office takes away as tables: the same lists as on screen, whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import agreements, consent, people
from oval_aup.core import clock
from oval_aup.core.i18n import _, gettext_noop, ngettext
from oval_aup.reports import document_labels as words
from oval_aup.reports.coverage import overview
from oval_aup.reports.namesakes import told_apart
from oval_aup.reports.outstanding import PICTURES, Filter, OutstandingPerson, outstanding_rows

VERDICTS: dict[str, str] = {
    "yes": gettext_noop("yes"),
    "no": gettext_noop("no"),
    "missing": gettext_noop("no answer"),
    "conflict": gettext_noop("parents disagree: treat as no"),
    "blocked": gettext_noop("do not use"),
    "not_used": gettext_noop("not used by the school"),
    "public_task": gettext_noop("part of school life"),
}
"""What may be done with a child's pictures, in the office's words."""


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A header and rows of text and whole numbers."""

    header: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


def outstanding_table(db: Session, school_year: int, chosen: Filter) -> ExportTable:
    """Everybody in the selection who still owes something, what, and why."""
    header = (
        _("Name"),
        _("Children or class"),
        _("What"),
        _("Status"),
        _("Email"),
        _("Telephone"),
        _("Since"),
        _("Due on"),
        _("Reminders"),
    )
    names = told_apart(people.children(db))
    return ExportTable(
        header,
        tuple(
            (
                names.get(row.public_id, row.full_name),
                row.children,
                _what(row),
                words.channel_of(row.why, words.WHYS),
                row.email,
                row.mobile,
                clock.london(row.since).date().isoformat() if row.since else "",
                row.due_on.isoformat() if row.due_on else "",
                row.reminders,
            )
            for row in outstanding_rows(db, school_year, chosen)
        ),
    )


def _what(row: OutstandingPerson) -> str:
    """What one line of the table is about: rules, choices, or both."""
    pictures = ngettext("pictures of %(num)s child", "pictures of %(num)s children", row.choosing)
    if row.agreement_key == PICTURES:
        return pictures
    rules = _(agreements.AGREEMENTS[row.agreement_key].people)
    return _("%(rules)s: rules; %(pictures)s", rules=rules, pictures=pictures) if row.choosing else rules


def coverage_table(db: Session, school_year: int) -> ExportTable:
    """Counts by audience and by class; names nobody."""
    whole = overview(db, school_year, most_classes=None)
    named = {key: _(agreements.AGREEMENTS[key].people) for key in agreements.SIGNED}
    lines = [(_("Whole school"), named[key], whole.audiences[key]) for key in agreements.SIGNED]
    for row in whole.classes:
        lines.append((row.name, named["children"], row.children))
        lines.append((row.name, named["parents"], row.families))
    return ExportTable(
        (
            _("Class"),
            _("Who"),
            _("Asked"),
            _("Signed"),
            _("Started"),
            _("Not started"),
            _("Declined"),
            _("Per cent signed"),
        ),
        tuple(
            (where, who, each.asked, each.signed, each.started, each.open, each.declined, each.percent_signed)
            for where, who, each in lines
        ),
    )


def choices_table(db: Session, class_public_id: str, school_year: int) -> ExportTable:
    """A class's picture choices, one child a row; says when it was true, because it changes."""
    room = people.school_class(db, class_public_id)
    return choices_of(db, people.children(db, room.id), school_year)


def choices_of(db: Session, children: Sequence[people.ChildRow], school_year: int) -> ExportTable:
    """The same for any children."""
    uses = consent.asked_purposes(db)
    verdicts = consent.permissions(db, [child.person_id for child in children], school_year)
    names = told_apart(children)
    stamp = f"{clock.london(clock.now()):%Y-%m-%d %H:%M}"
    return ExportTable(
        (_("Child"), _("Class"), *(use.heading for use in uses), _("True at")),
        tuple(
            (
                names[child.public_id],
                child.class_name,
                *(_(VERDICTS[verdicts[child.person_id][use.key].verdict]) for use in uses),
                stamp,
            )
            for child in children
        ),
    )


def corrections_table(db: Session) -> ExportTable:
    """What the office corrected by hand and the school's lists do not say yet, to put right in its own system."""
    return ExportTable(
        (_("Name"), _("Child"), _("What"), _("The lists said"), _("Should be"), _("Corrected on")),
        tuple(
            (
                row.full_name,
                row.child_name,
                people.roster.field_words(row.field),
                people.roster.value_words(row.field, row.before),
                people.roster.value_words(row.field, row.value),
                clock.london(row.corrected_at).date().isoformat(),
            )
            for row in people.standing_corrections(db)
        ),
    )
