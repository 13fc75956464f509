"""The life of one import: looked at as often as needed, then applied whole or discarded; its bytes go either way."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath, PureWindowsPath

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import columns_of, row_as, rows_as, table_of
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.people import history, queries
from oval_aup.people.corrections import by_what, settle, standing_corrections
from oval_aup.people.models import RosterImport, RosterMapping
from oval_aup.people.names import cleaned
from oval_aup.people.roster import mapping as mapping_
from oval_aup.people.roster.apply import carry_out
from oval_aup.people.roster.current import current
from oval_aup.people.roster.diff import diff
from oval_aup.people.roster.differences import differences, with_pseudonyms
from oval_aup.people.roster.parse import parse, unusable
from oval_aup.people.roster.plan import CHILD, GUARDIAN, LEAVERS_LIMIT, STAFF, ImportPlan
from oval_aup.people.roster.reader import DEFAULT_LIMIT, ListTable, read

KEPT_FOR = dt.timedelta(days=7)
"""How long an import nobody decided on keeps its bytes."""


class RosterChanged(Conflict):
    """Something else would happen now than was shown; nothing has been written, and another look puts it right."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a list would do. ``plan`` is None while ``gaps`` names columns that must be chosen first."""

    public_id: str
    file_name: str
    sha256: str
    kind: str
    headers: tuple[str, ...]
    samples: dict[str, str]
    """A filled-in cell under each header."""
    mapping: dict[str, str]
    partial: bool
    answers: dict[str, str]
    encoding: str
    delimiter: str
    sheets: tuple[str, ...]
    """Of a workbook; ``sheet`` is the one that was read."""
    sheet: str
    rows: int
    gaps: tuple[str, ...]
    plan: ImportPlan | None


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One import as the office's list shows it."""

    public_id: str
    kind: str
    file_name: str
    sha256: str
    status: str
    summary: dict[str, int]
    uploaded_at: dt.datetime
    uploaded_by_id: int | None
    settled_at: dt.datetime | None


_COLUMNS = columns_of(ImportRow, table_of(RosterImport))
"""Never the bytes."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of an import, for the ledger and for the rooms above."""

    public_id: str
    kind: str
    file_name: str
    sha256: str
    summary: dict[str, int]
    joiner_ids: tuple[int, ...]
    """Person ids of everybody new or back again."""
    leaver_ids: tuple[int, ...]
    """Person ids of everybody archived: their open requests are to be closed."""
    changed_ids: tuple[int, ...]
    """Person ids of everybody else with a difference, a change of class included."""

    @property
    def changed_nothing(self) -> bool:
        """Whether the roster already said all this."""
        return not (self.joiner_ids or self.leaver_ids or self.changed_ids)


def preview(
    db: Session,
    file_name: str,
    content: bytes,
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    *,
    partial: bool = False,
    answers: Mapping[str, str] | None = None,
    limit: int = DEFAULT_LIMIT,
    actor: Actor,
) -> Preview:
    """Read a list, keep it undecided, and tell what it would do; raises Invalid with one sentence if unreadable.

    ``mapping`` (field to header) and ``kind`` are remembered from a file with the same headings, or guessed.
    ``partial`` says that the list covers part of the school only, so that nobody leaves by being missing from it.
    """
    table = read(content, limit=limit)
    _forget_stale(db)
    kind, mapping = _remembered_or_guessed(db, table, kind, mapping)
    row = RosterImport(
        kind=kind,
        file_name=_plain_name(file_name),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        mapping=mapping_.fitting(mapping, table.headers, kind),
        options={"partial": partial, "answers": dict(answers or {}), "sheet": table.sheet},
        uploaded_at=clock.now(),
        uploaded_by_id=actor.person_id,
    )
    db.add(row)
    return _looked_at(db, row, table, actor)


def _remembered_or_guessed(
    db: Session, table: ListTable, kind: str | None, mapping: Mapping[str, str] | None
) -> tuple[str, Mapping[str, str]]:
    digest = mapping_.headers_sha256(table.headers)
    remembered = db.scalar(sa.select(RosterMapping).where(RosterMapping.headers_sha256 == digest))
    if kind is None:
        kind = remembered.kind if remembered else mapping_.guess_kind(table.headers, table.rows)
    _check_kind(kind)
    if mapping is None:
        mapping = remembered.mapping if remembered and remembered.kind == kind else mapping_.guess(table.headers, kind)
    return kind, mapping


def preview_again(
    db: Session,
    import_public_id: str,
    *,
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    partial: bool | None = None,
    answers: Mapping[str, str] | None = None,
    sheet: str | None = None,
    actor: Actor,
) -> Preview:
    """Look at an undecided import again, with another mapping, kind, extent, answers or sheet where given.

    For another sheet of a workbook the kind and the mapping are found anew.
    """
    row = _undecided(db, import_public_id)
    table = _table(row)
    if sheet is not None and sheet != table.sheet:
        if sheet not in table.sheets:
            raise Invalid(fields={"sheet": _("Choose a sheet of this file.")})
        content = row.content or b""
        table = read(content, sheet=sheet, limit=len(content))
        row.kind, mapping = _remembered_or_guessed(db, table, None, None)
        row.options, kind = dict(row.options) | {"sheet": sheet}, None
    if kind is not None and kind != row.kind:
        _check_kind(kind)
        row.kind = kind
        mapping = mapping_.guess(table.headers, kind) if mapping is None else mapping
    if mapping is not None:
        row.mapping = mapping_.fitting(mapping, table.headers, row.kind)
    options = dict(row.options)
    if partial is not None:
        options["partial"] = partial
    if answers is not None:
        options["answers"] = dict(answers)
    row.options = options
    return _looked_at(db, row, table, actor)


def show(db: Session, import_public_id: str, *, actor: Actor) -> Preview:
    """What an undecided import would do to the roster as it is now; writes nothing."""
    row = _undecided(db, import_public_id)
    return _preview_of(db, row, _table(row), actor)


def apply(db: Session, import_public_id: str, *, confirm_leavers: bool = False, actor: Actor) -> Applied:
    """Carry out what the preview showed, all of it or nothing.

    Raises RosterChanged when the roster has changed so that something else would happen than was shown, and Invalid
    when columns are missing or when more than 40 % would leave without ``confirm_leavers``.
    """
    row = _undecided(db, import_public_id)
    table = _table(row)
    shown = _preview_of(db, row, table, actor)
    if shown.plan is None:
        raise Invalid(" ".join(shown.gaps))
    plan = shown.plan
    if plan.sha256() != row.plan_sha256:
        raise RosterChanged(
            _("Our records have changed since you previewed this list. Preview it again before you apply it.")
        )
    if plan.guards and not confirm_leavers:
        raise Invalid(" ".join(plan.guards), {"confirm_leavers": _("Confirm that this is meant.")})
    if plan.needs_confirmation and not confirm_leavers:
        raise Invalid(
            _(
                "%(share)s %% of the current list would leave, more than %(limit)s %%."
                " Confirm that this is meant, or say that the list covers only part of the school.",
                share=plan.leaving_share,
                limit=LEAVERS_LIMIT,
            ),
            {"confirm_leavers": _("Confirm that all these people have left.")},
        )
    before = current(db)
    ids = carry_out(db, plan.writes, today=clock.today())
    history.keep(db)
    settle(db, plan.agreed)
    changes, concerned = differences(before, current(db), key=row.public_id)
    pseudonyms = {id_: person.pseudonym for id_, person in queries.persons_by_id(db, concerned).items()}
    with_pseudonyms(changes, pseudonyms).enter(db, actor=actor)
    row.summary, row.status, row.settled_at, row.content = plan.counts(), "applied", clock.now(), None
    _remember(db, table, row)
    db.flush()
    return _applied(row, plan, ids)


def discard(db: Session, import_public_id: str, *, actor: Actor) -> ImportRow:
    """Forget an undecided import; only its name, counts and hash stay."""
    row = _undecided(db, import_public_id)
    row.status, row.settled_at, row.content = "discarded", clock.now(), None
    db.flush()
    evidence.append(
        db,
        "list_discarded",
        subject="school",
        act={"kind": row.kind, "sha256": row.sha256},
        idempotency_key=f"discarded:{row.public_id}",
        actor=actor,
    )
    return _import_row(row)


def imports(db: Session, limit: int = 20) -> tuple[ImportRow, ...]:
    """The latest imports, newest first."""
    found = db.execute(
        sa.select(*_COLUMNS).order_by(RosterImport.uploaded_at.desc(), RosterImport.id.desc()).limit(limit)
    )
    return tuple(rows_as(ImportRow, found))


def newest_applied(db: Session, kinds: Iterable[str]) -> dt.datetime | None:
    """When the newest list of one of these kinds was applied, or None."""
    applied = sa.and_(RosterImport.status == "applied", RosterImport.kind.in_(tuple(kinds)))
    chosen = sa.select(RosterImport.settled_at).where(applied).order_by(RosterImport.settled_at.desc())
    return db.scalar(chosen.limit(1))


def roster_import(db: Session, import_public_id: str) -> ImportRow:
    """One import by public id, decided or not; raises NotFound."""
    found = row_as(ImportRow, db.execute(sa.select(*_COLUMNS).where(RosterImport.public_id == import_public_id)))
    if found is None:
        raise NotFound
    return found


def _import_row(row: RosterImport) -> ImportRow:
    return ImportRow(**{column.key: getattr(row, column.key) for column in _COLUMNS if column.key})


def _undecided(db: Session, import_public_id: str) -> RosterImport:
    row = db.scalar(sa.select(RosterImport).where(RosterImport.public_id == import_public_id).with_for_update())
    if row is None:
        raise NotFound
    if row.status != "previewed" or row.content is None:
        said = {"applied": _("This import was already applied."), "discarded": _("This import was already discarded.")}
        raise Conflict(said.get(row.status, _("This import was already settled.")))
    return row


def _table(row: RosterImport) -> ListTable:
    content = row.content or b""
    return read(content, sheet=row.options.get("sheet", ""), limit=len(content))


def _looked_at(db: Session, row: RosterImport, table: ListTable, actor: Actor) -> Preview:
    """A preview that is kept as what the office saw."""
    db.flush()
    shown = _preview_of(db, row, table, actor)
    row.plan_sha256 = shown.plan.sha256() if shown.plan else ""
    row.summary = shown.plan.counts() if shown.plan else {}
    db.flush()
    return shown


def _preview_of(db: Session, row: RosterImport, table: ListTable, actor: Actor) -> Preview:
    missing = mapping_.gaps(row.mapping, row.kind) or unusable(table, row.mapping)
    if missing and row.kind != mapping_.STAFF and mapping_.is_list_of_all_users(table.headers):
        told = _(
            "This list has pupils, parents and staff in one (OneRoster) and no dates of birth."
            " Export a list of the pupils with their contacts. To take only the staff from it, choose"
            " “Staff, governors and volunteers” as the kind of list."
        )
        missing = (told, *missing)
    plan = None
    if not missing:
        plan = diff(
            current(db),
            parse(table, row.mapping, row.kind, answers=row.options.get("answers", {}), today=clock.today()),
            kind=row.kind,
            partial=bool(row.options.get("partial")),
            answers=row.options.get("answers", {}),
            protected=frozenset({actor.person_id} if actor.person_id else ()),
            corrections=by_what(standing_corrections(db)),
        )
    if plan is not None and (told := _imported_before(db, row)):
        plan.guards.append(told)
    columns = dict(zip(table.headers, zip(*table.rows[:200], strict=True), strict=True)) if table.rows else {}
    return Preview(
        public_id=row.public_id,
        file_name=row.file_name,
        sha256=row.sha256,
        kind=row.kind,
        headers=table.headers,
        samples={header: next(filter(None, cells), "") for header, cells in columns.items()},
        mapping=dict(row.mapping),
        partial=bool(row.options.get("partial")),
        answers=dict(row.options.get("answers", {})),
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheets=table.sheets,
        sheet=table.sheet,
        rows=len(table.rows) + len(table.misshapen),
        gaps=missing,
        plan=plan,
    )


def _imported_before(db: Session, row: RosterImport) -> str:
    """The sentence about a file that was imported once and followed by others of its kind; else empty."""
    kinds = [mapping_.STAFF] if row.kind == mapping_.STAFF else [mapping_.CONTACTS, mapping_.CLASSES]
    applied = sa.select(RosterImport.settled_at, RosterImport.sha256).where(
        RosterImport.status == "applied", RosterImport.kind.in_(kinds)
    )
    earlier = db.execute(applied.order_by(RosterImport.settled_at.desc(), RosterImport.id.desc())).all()
    if not earlier or earlier[0].sha256 == row.sha256:
        return ""
    same = next((found for found in earlier if found.sha256 == row.sha256), None)
    if same is None or row.options.get("partial"):
        return ""
    day = clock.london(same.settled_at).strftime("%d/%m/%Y")
    return _("This exact file was imported on %(day)s, and another list since then: it looks out of date.", day=day)


def _applied(row: RosterImport, plan: ImportPlan, ids: Mapping[int, int]) -> Applied:
    writes = plan.writes
    back = [
        ref
        for changes in (writes.child_changes, writes.staff_changes)
        for ref, c in changes.items()
        if "archived_on" in c
    ]
    new = [*writes.children, *writes.guardians, *writes.staff, *back, *writes.revived_guardians]
    joiners = dict.fromkeys(ids.get(ref, ref) for ref in new)
    leavers = dict.fromkeys(id_ for kind in (CHILD, GUARDIAN, STAFF) for id_ in writes.archived[kind])
    changed = dict.fromkeys(change.person_id for change in plan.changes)
    return Applied(
        public_id=row.public_id,
        kind=row.kind,
        file_name=row.file_name,
        sha256=row.sha256,
        summary=dict(row.summary),
        joiner_ids=tuple(joiners),
        leaver_ids=tuple(leavers),
        changed_ids=tuple(id_ for id_ in changed if id_ not in joiners and id_ not in leavers),
    )


def _check_kind(kind: str) -> None:
    if kind not in mapping_.KINDS:
        raise Invalid(fields={"kind": _("Choose what kind of list this is.")})


def _plain_name(file_name: str) -> str:
    name = PurePath(PureWindowsPath(file_name).name).name
    return cleaned(name)[-255:] or "list.csv"


def _remember(db: Session, table: ListTable, row: RosterImport) -> None:
    digest = mapping_.headers_sha256(table.headers)
    known = db.scalar(sa.select(RosterMapping).where(RosterMapping.headers_sha256 == digest))
    if known is None:
        known = RosterMapping(headers_sha256=digest)
        db.add(known)
    known.kind, known.mapping, known.used_at = row.kind, dict(row.mapping), clock.now()


def _forget_stale(db: Session) -> None:
    db.execute(
        sa.update(RosterImport)
        .where(RosterImport.status == "previewed", RosterImport.uploaded_at < clock.now() - KEPT_FOR)
        .values(status="discarded", content=None, settled_at=clock.now())
    )
