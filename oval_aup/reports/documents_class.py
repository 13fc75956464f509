"""Documents about a class or the whole school: what may be done with pictures, and who has not answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import agreements, consent, documents, evidence, people, signing
from oval_aup.core import templating
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.reports import document_labels as words
from oval_aup.reports.built import BuiltDocument, builds
from oval_aup.reports.coverage import overview
from oval_aup.reports.document_labels import Moment
from oval_aup.reports.namesakes import told_apart
from oval_aup.reports.outstanding import Filter, OutstandingPerson, outstanding_rows
from oval_aup.reports.request_status import STATES, RequestStatuses

MOST_NAMES = 2000
"""Names in one list; a longer one says how many more there are and that the CSV file has them all."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of counts with its shares in whole per cent."""

    label: str
    counts: signing.Counts

    @property
    def percent_started(self) -> int:
        """Share that has begun and not finished, rounded down."""
        return self.counts.started * 100 // self.counts.asked if self.counts.asked else 0

    @property
    def percent_declined(self) -> int:
        """Share that does not agree, rounded down."""
        return self.counts.declined * 100 // self.counts.asked if self.counts.asked else 0


@dataclass(frozen=True, slots=True)
class ChildLine:
    """One child of the class and how their own rules stand."""

    full_name: str
    status: str
    status_words: str
    settled_at: Moment | None


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """One child of the class and the uses for which their pictures must not be used."""

    full_name: str
    blocked: bool
    no: tuple[str, ...]
    """Uses to which somebody with a say said no, or about which parents disagree."""
    missing: tuple[str, ...]
    """Uses without an answer."""
    every: bool
    """Whether one of the two holds every use that is asked about."""

    @property
    def allows_everything(self) -> bool:
        """Whether pictures may be used for everything that is asked about."""
        return not (self.blocked or self.no or self.missing)


@dataclass(frozen=True, slots=True)
class UseLine:
    """One use of pictures and for how many children it is allowed; a no, a block and a disagreement count alike."""

    heading: str
    yes: int
    no: int
    missing: int


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One wording in force, under the names that the table of wordings prints."""

    title: str
    version: int
    published_at: Moment
    text_sha256: str


@dataclass(frozen=True, slots=True)
class NameList:
    """People under one heading; ``more`` counts those left out at the end."""

    audience: str
    people: tuple[tuple[OutstandingPerson, str], ...]
    more: int


@builds("class_report")
def build_class_report(
    db: Session, document: documents.DocumentRow, *, school: School, head: evidence.SignedHead
) -> BuiltDocument:
    """The report about one class in one school year."""
    room = people.school_class(db, document.subject)
    year = _year(document)
    children = people.children(db, class_id=room.id)
    coverage = signing.coverage(db, year, class_ids=[room.id])
    rows = outstanding_rows(db, year, Filter(class_public_id=room.public_id))
    html = templating.page(
        "pdf/class_report.html",
        **_common(db, document, school, head, rows),
        title=_("Class report"),
        room=room,
        bars=[
            Bar(_(agreements.AGREEMENTS[key].people), coverage.counts(key, room.id)) for key in ("children", "parents")
        ],
        children=_child_lines(db, children, year),
        choices=_choice_lines(db, children, year),
        uses=_use_lines(db, [child.person_id for child in children], year),
    )
    return BuiltDocument(html)


@builds("school_report")
def build_school_report(
    db: Session, document: documents.DocumentRow, *, school: School, head: evidence.SignedHead
) -> BuiltDocument:
    """The report about the whole school in one school year."""
    common = _common(db, document, school, head, outstanding_rows(db, _year(document), Filter()))
    return BuiltDocument(_school_page(db, common, title=_("School report"), names=True))


@builds("figures_report")
def build_figures_report(
    db: Session, document: documents.DocumentRow, *, school: School, head: evidence.SignedHead
) -> BuiltDocument:
    """The same without anybody's name, for those who may know how many and not who."""
    common = _common(db, document, school, head, ()) | {"made_by": school.name}
    return BuiltDocument(_school_page(db, common, title=_("School report in figures"), names=False))


def _school_page(db: Session, common: dict[str, Any], *, title: str, names: bool) -> str:
    year = common["school_year"]
    whole = overview(db, year, most_classes=None)
    return templating.page(
        "pdf/school_report.html",
        **common,
        title=title,
        names=names,
        bars=[Bar(_(agreements.AGREEMENTS[key].people), whole.audiences[key]) for key in agreements.SIGNED],
        classes=[(Bar(row.name, row.children), Bar(row.name, row.families)) for row in whole.classes],
        uses=_use_lines(db, [child.person_id for child in people.children(db)], year),
    )


def _common(
    db: Session,
    document: documents.DocumentRow,
    school: School,
    head: evidence.SignedHead,
    rows: Sequence[OutstandingPerson],
) -> dict[str, Any]:
    names = told_apart(people.children(db)) if rows else {}
    return {
        "school": school,
        "document": document,
        "head": head,
        "language": "en",
        "school_year": _year(document),
        "outstanding": _lists((row for row in rows if row.why != "declined"), names),
        "declined": _lists((row for row in rows if row.why == "declined"), names),
        "versions": _versions(db),
        "made_at": Moment(head.signed_at),
        "made_by": _made_by(db, document),
    }


def _year(document: documents.DocumentRow) -> int:
    return int(document.params.get("school_year") or people.school_year(document.requested_at.date()))


def _made_by(db: Session, document: documents.DocumentRow) -> str:
    if document.requested_by_id is None:
        return _("the system")
    return people.person_by_id(db, document.requested_by_id).full_name


def _lists(rows: Iterable[OutstandingPerson], names: Mapping[str, str]) -> list[NameList]:
    by_audience: dict[str, list[OutstandingPerson]] = {}
    for row in rows:
        told = replace(row, full_name=names.get(row.public_id, row.full_name))
        by_audience.setdefault(row.agreement_key, []).append(told)
    return [
        NameList(
            _(agreements.AGREEMENTS[key].people),
            tuple((row, words.channel_of(row.why, words.WHYS)) for row in by_audience[key][:MOST_NAMES]),
            max(0, len(by_audience[key]) - MOST_NAMES),
        )
        for key in agreements.SIGNED
        if key in by_audience
    ]


def _choice_lines(db: Session, children: Sequence[people.ChildRow], year: int) -> list[ChoiceLine]:
    """Every child's choices; those whose pictures must not be used for something first, and a no before silence."""
    try:
        uses = consent.asked_purposes(db)
    except NotFound:
        return []
    verdicts = consent.permissions(db, [child.person_id for child in children], year)
    names = told_apart(children)
    lines: list[ChoiceLine] = []
    for child in children:
        found = {use.heading: verdicts[child.person_id][use.key].verdict for use in uses}
        no = tuple(heading for heading, verdict in found.items() if verdict in ("no", "conflict"))
        missing = tuple(heading for heading, verdict in found.items() if verdict == "missing")
        blocked = "blocked" in found.values()
        every = len(uses) in (len(no), len(missing))
        lines.append(ChoiceLine(names[child.public_id], blocked, no, missing, every))
    return sorted(lines, key=lambda line: (not line.blocked, not line.no, not line.missing))


def _child_lines(db: Session, children: Sequence[people.ChildRow], year: int) -> list[ChildLine]:
    read = RequestStatuses(db)
    standing = signing.standing_of(db, [child.person_id for child in children], year)
    names = told_apart(children)
    lines: list[ChildLine] = []
    for child in children:
        name = names[child.public_id]
        row = next((row for row in standing.get(child.person_id, ()) if row.agreement_key == "children"), None)
        if row is None:
            lines.append(ChildLine(name, "not-asked", _(STATES["not-asked"]), None))
            continue
        state = read.of(row)
        settled = Moment(row.settled_at) if row.settled_at else None
        lines.append(ChildLine(name, state.state, state.words, settled))
    return lines


def _use_lines(db: Session, child_ids: Sequence[int], year: int) -> list[UseLine]:
    try:
        uses = consent.asked_purposes(db)
    except NotFound:
        return []
    verdicts = consent.permissions(db, child_ids, year)
    lines: list[UseLine] = []
    for use in uses:
        found = [verdicts[child_id][use.key].verdict for child_id in child_ids]
        yes, missing = found.count("yes"), found.count("missing")
        lines.append(UseLine(use.heading, yes, len(found) - yes - missing, missing))
    return lines


def _versions(db: Session) -> list[VersionLine]:
    lines: list[VersionLine] = []
    for key, level in ((key, level) for key, kind in agreements.AGREEMENTS.items() for level in kind.reading_levels):
        try:
            wording = agreements.current(db, key, reading_level=level)
        except NotFound:
            continue
        title = _("%(title)s (younger children)", title=wording.title) if level == "younger" else wording.title
        lines.append(VersionLine(title, wording.version_number, Moment(wording.published_at), wording.text_sha256))
    return lines
