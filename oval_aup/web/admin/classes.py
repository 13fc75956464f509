"""How far each class has come, and what may be done with pictures of its children."""

from __future__ import annotations

from flask import Response, g, render_template

from oval_aup import consent, people, reports
from oval_aup.core import clock
from oval_aup.reports import told_apart
from oval_aup.web.access import allow
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.admin.table_downloads import table_file


def _year() -> int:
    return people.school_year(clock.today())


@bp.get("/office/classes")
@allow("coverage.read")
def classes() -> str:
    """Every class with its bars."""
    return render_template(
        "admin/classes.html", year=_year(), overview=reports.overview(g.db, _year(), most_classes=None), words=labels
    )


@bp.get("/office/coverage.csv")
@bp.get("/office/coverage.xlsx", endpoint="coverage_xlsx")
@allow("coverage.read")
def coverage_csv() -> Response:
    """The counts by audience and class as a table; names nobody."""
    return table_file(reports.coverage_table(g.db, _year()), f"coverage-{_year()}.csv")


@bp.get("/office/classes/<class_public_id>")
@allow("choices.read")
def school_class(class_public_id: str) -> str:
    """A class: its bars and its children's picture choices, use by use, with who stands in the way."""
    room = people.school_class(g.db, class_public_id)
    children = people.children(g.db, room.id)
    permissions = consent.permissions(g.db, [child.person_id for child in children], _year())
    return render_template(
        "admin/class.html",
        room=room,
        year=_year(),
        coverage=reports.class_coverage(g.db, class_public_id, _year()),
        children=children,
        names=told_apart(children),
        uses=consent.asked_purposes(g.db),
        permissions=permissions,
        no_address=_without_address([child.person_id for child in children]),
        verdicts=reports.VERDICTS,
        words=labels,
    )


def _without_address(child_ids: list[int]) -> list[people.GuardianshipRow]:
    """The adults of a class who are to be asked and cannot be written to, each once."""
    found = people.guardians_of_children(g.db, child_ids)
    links = [link for rows in found.values() for link in rows if link.is_asked and not link.guardian.email]
    return list({link.guardian.person_id: link for link in links}.values())


@bp.get("/office/classes/<class_public_id>/choices.csv")
@bp.get("/office/classes/<class_public_id>/choices.xlsx", endpoint="choices_xlsx")
@allow("choices.read")
def choices_csv(class_public_id: str) -> Response:
    """The class's picture choices as a table, with the moment it was true."""
    table = reports.choices_table(g.db, class_public_id, _year())
    return table_file(table, f"choices-{clock.today()}.csv")
