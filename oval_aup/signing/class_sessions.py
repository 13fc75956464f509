"""A lesson in which a class makes its marks: who may open it, who is on its roll, and how a wrong tap is put right."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.agreements import Wording
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import columns_of, new_public_id, rows_as, table_of
from oval_aup.core.errors import Conflict, NotAllowed, NotFound
from oval_aup.core.i18n import _
from oval_aup.signing import marks
from oval_aup.signing.models import ClassSession
from oval_aup.signing.requests import standing_of
from oval_aup.signing.rows import ClassProgress, ClassSessionRow, RequestRow, RollRow, SignatureRow
from oval_aup.signing.signatures import add_row, correct, document_ref, sign, signatures_for

AGREEMENT = "children"
LESSON = dt.timedelta(hours=2)
"""A session forgotten open ends by itself after this."""
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""No letter or digit here is easily taken for another."""
CODE_LENGTH = 6
OFFICE_ROLES = frozenset({"admin", "head"})

_session = table_of(ClassSession)
_COLUMNS = columns_of(ClassSessionRow, _session)


def open_class_session(
    db: Session, class_public_id: str, *, school_year: int, reading_level: str = "full", actor: Actor
) -> ClassSessionRow:
    """Open a lesson for a class, or return the one this teacher has open; for its teacher and the office only."""
    school_class = people.school_class(db, class_public_id)
    if actor.person_id is None or not _may_teach(db, school_class.id, actor):
        raise NotAllowed(_("Only the class’s own teacher or the office can open a session for it."))
    for row in _select(db, _session.c.class_id == school_class.id, _session.c.closed_at.is_(None)):
        if row.is_open and row.teacher_id == actor.person_id:
            return row
    now = clock.now()
    public_id = new_public_id()
    db.execute(
        sa.insert(_session).values(
            public_id=public_id,
            class_id=school_class.id,
            school_year=school_year,
            teacher_id=actor.person_id,
            reading_level=reading_level,
            join_code=_unused_code(db),
            opened_at=now,
            closes_at=now + LESSON,
        )
    )
    return class_session(db, public_id)


def _may_teach(db: Session, class_id: int, actor: Actor) -> bool:
    if actor.role in OFFICE_ROLES:
        return True
    return actor.person_id is not None and people.staff_member(db, actor.person_id).class_id == class_id


def _unused_code(db: Session) -> str:
    while True:
        code = "".join(secrets.choice(CODE_LETTERS) for _place in range(CODE_LENGTH))
        if not any(row.is_open for row in _select(db, _session.c.join_code == code)):
            return code


def class_session(db: Session, public_id: str) -> ClassSessionRow:
    """One class session by public id, open or over; raises NotFound."""
    rows = _select(db, _session.c.public_id == public_id)
    if not rows:
        raise NotFound
    return rows[0]


def class_sessions(db: Session, class_id: int, school_year: int) -> tuple[ClassSessionRow, ...]:
    """A class's sessions of one school year, newest first."""
    return tuple(_select(db, _session.c.class_id == class_id, _session.c.school_year == school_year))


def join(db: Session, code: str) -> ClassSessionRow:
    """The open session with this code, however it was typed; raises NotFound for a closed one or a wrong code."""
    typed = "".join(code.split()).upper()
    for row in _select(db, _session.c.join_code == typed):
        if row.is_open:
            return row
    raise NotFound(_("There is no open class session with that code."))


def roll(db: Session, class_session_public_id: str) -> tuple[RollRow, ...]:
    """The children of the session's class and where each of them stands, by name."""
    session = class_session(db, class_session_public_id)
    children = people.children(db, session.class_id)
    ids = [child.person_id for child in children]
    requests = standing_of(db, ids, session.school_year)
    made = signatures_for(db, ids, session.school_year)
    return tuple(
        sorted(
            (
                _roll_row(child, _request_of(requests.get(child.person_id, ())), made.get(child.person_id, ()), session)
                for child in children
            ),
            key=lambda row: (row.forename.casefold(), row.full_name.casefold()),
        )
    )


def class_progress(db: Session, class_id: int, school_year: int) -> ClassProgress:
    """How far a class has come in all its lessons of a school year, counted as the roll of a lesson counts."""
    children = people.children(db, class_id)
    ids = [child.person_id for child in children]
    requests = standing_of(db, ids, school_year)
    made = signatures_for(db, ids, school_year)
    asked = [(child_id, request) for child_id in ids if (request := _request_of(requests.get(child_id, ())))]
    done = [child_id for child_id, request in asked if _is_done(request, made.get(child_id, ()))]
    return ClassProgress(len(done), len(asked), bool(asked) and all(request.way != "class" for _id, request in asked))


def _is_done(request: RequestRow, made: tuple[SignatureRow, ...]) -> bool:
    """Whether a child is not waited for in class: it has answered, or took part where a guardian signs."""
    if request.way == "class":
        return not request.is_outstanding
    return any(row.agreement_key == AGREEMENT and row.stands and row.outcome == "witnessed" for row in made)


def _roll_row(
    child: people.ChildRow, request: RequestRow | None, made: tuple[SignatureRow, ...], session: ClassSessionRow
) -> RollRow:
    own = [row for row in made if row.agreement_key == AGREEMENT]
    here = [
        row
        for row in own
        if row.class_session_id == session.id and row.stands and row.outcome in ("signed", "witnessed")
    ]
    if request is None:
        state = "not-asked"
    elif here:
        state = "marked"
    else:
        state = "done" if _is_done(request, made) else "waiting"
    return RollRow(
        person_id=child.person_id,
        child_public_id=child.public_id,
        forename=child.forename,
        full_name=child.full_name,
        state=state,
        attempt=sum(1 for row in own if row.outcome != "withdrawn"),
        signature_public_id=here[-1].public_id if here else "",
        recorded_by_teacher=bool(here) and here[-1].recorded_by_id is not None,
        ledger_seq=here[-1].ledger_seq if here else 0,
    )


def drawings(db: Session, rows: Iterable[RollRow]) -> dict[str, marks.Outline]:
    """What children of a roll drew in its lesson, by the child's public id; only those who drew."""
    drawn = {row.child_public_id: row.ledger_seq for row in rows if row.ledger_seq}
    details = evidence.details(db, drawn.values())
    kept = {public_id: details.get(seq, {}).get("mark") for public_id, seq in drawn.items()}
    return {public_id: marks.outline(mark) for public_id, mark in kept.items() if mark}


def make_mark(
    db: Session,
    class_session_public_id: str,
    child_public_id: str,
    *,
    wording: Wording,
    shown_sha256: str,
    mark: Any = None,
    attempt: int = 0,
    actor: Actor,
) -> SignatureRow:
    """A child taps their name and makes a mark (a drawing, or the tap alone).

    ``attempt`` is what the roll showed: the same post twice is one mark, and a second mark is a Conflict until
    the teacher has undone the first. A child whose guardian signs for them is recorded as having taken part.
    """
    return _record(
        db,
        class_session_public_id,
        child_public_id,
        wording=wording,
        shown_sha256=shown_sha256,
        mark=mark,
        attempt=attempt,
        recorded_by_id=None,
        actor=actor,
    )


def record_present(
    db: Session,
    class_session_public_id: str,
    child_public_ids: Iterable[str],
    *,
    wording: Wording,
    actor: Actor,
) -> tuple[SignatureRow, ...]:
    """The teacher records who took part; children who have answered already are passed over, so it may be repeated."""
    session = class_session(db, class_session_public_id)
    if actor.person_id is None or not _may_teach(db, session.class_id, actor):
        raise NotAllowed(_("Only the class’s own teacher or the office can record who took part."))
    by_id = {row.child_public_id: row for row in roll(db, class_session_public_id)}
    wanted = list(dict.fromkeys(child_public_ids))
    if any(public_id not in by_id for public_id in wanted):
        raise NotFound
    return tuple(
        _record(
            db,
            class_session_public_id,
            public_id,
            wording=wording,
            shown_sha256=wording.text_sha256,
            mark=None,
            attempt=by_id[public_id].attempt,
            recorded_by_id=actor.person_id,
            actor=actor,
        )
        for public_id in wanted
        if by_id[public_id].state == "waiting"
    )


def _record(
    db: Session,
    class_session_public_id: str,
    child_public_id: str,
    *,
    wording: Wording,
    shown_sha256: str,
    mark: Any,
    attempt: int,
    recorded_by_id: int | None,
    actor: Actor,
) -> SignatureRow:
    session = class_session(db, class_session_public_id)
    if not session.is_open:
        raise Conflict(_("This class session is over."))
    child = people.child(db, child_public_id)
    if child.class_id != session.class_id:
        raise NotFound
    request = _request_of(standing_of(db, (child.person_id,), session.school_year).get(child.person_id, ()))
    if request is None:
        raise Conflict(_("This child has not been asked this year. Please tell the office."))
    teacher = people.person_by_id(db, session.teacher_id)
    acting = replace(actor, assurance="in-class", channel="class")
    if recorded_by_id is None:
        acting = replace(acting, role="child", person_id=child.person_id, pseudonym=child.pseudonym)
    key = f"class:{session.public_id}:{child.public_id}:{attempt}"
    if request.way != "class":
        return _witness(db, session, child, request, wording, mark, key, recorded_by_id, teacher.full_name, acting)
    return sign(
        db,
        request.id,
        wording=wording,
        shown_sha256=shown_sha256,
        typed_name=child.full_name,
        mark=mark,
        signed_by_id=child.person_id,
        recorded_by_id=recorded_by_id,
        class_session_id=session.id,
        idempotency_key=key,
        extra={"class_name": child.class_name, "teacher_name": teacher.full_name},
        actor=acting,
    )


def _witness(
    db: Session,
    session: ClassSessionRow,
    child: people.ChildRow,
    request: RequestRow,
    wording: Wording,
    mark: Any,
    key: str,
    recorded_by_id: int | None,
    teacher_name: str,
    actor: Actor,
) -> SignatureRow:
    """Took part, while a guardian's signature is what fulfils the request: its status does not move."""
    made = signatures_for(db, (child.person_id,), session.school_year).get(child.person_id, ())
    known = evidence.find(db, key)
    if known is not None:
        return next(row for row in made if row.ledger_seq == known.seq)
    if any(row.class_session_id == session.id and row.stands and row.outcome == "witnessed" for row in made):
        raise Conflict(_("This child has made a mark already. A teacher can undo it."))
    drawn = marks.drawn_mark(mark)
    entry = evidence.append(
        db,
        "witnessed",
        subject=child.pseudonym,
        act={"request": request.public_id, "school_year": session.school_year, "class_session": session.public_id},
        document=document_ref(wording),
        details={"class_name": child.class_name, "picked_name": child.full_name, "teacher_name": teacher_name}
        | ({"mark": drawn} if drawn else {}),
        idempotency_key=key,
        actor=actor,
    )
    return add_row(
        db,
        entry,
        request=request,
        signed_by_id=child.person_id,
        recorded_by_id=recorded_by_id,
        outcome="witnessed",
        version_text_id=wording.version_text_id,
        class_session_id=session.id,
        actor=actor,
    )


def undo(
    db: Session, class_session_public_id: str, child_public_id: str, *, reason: str = "", actor: Actor
) -> SignatureRow:
    """The teacher puts a wrong mark of this session right: a correction beside it, and the child is open again."""
    session = class_session(db, class_session_public_id)
    if actor.person_id is None or not _may_teach(db, session.class_id, actor):
        raise NotAllowed(_("Only the class’s own teacher or the office can undo a mark."))
    child = people.child(db, child_public_id)
    made = signatures_for(db, (child.person_id,), session.school_year).get(child.person_id, ())
    here = [row for row in made if row.class_session_id == session.id and row.outcome in ("signed", "witnessed")]
    if not here:
        raise NotFound
    return correct(db, here[-1].public_id, reason=reason or _("Wrong name in the class session"), actor=actor)


def not_me(db: Session, class_session_public_id: str, child_public_id: str, *, actor: Actor) -> SignatureRow:
    """On the class's own device, right after a mark: it was the wrong name. A correction, and the child is open again.

    Raises NotFound where the child made no mark in this open lesson, or the teacher recorded it.
    """
    session = class_session(db, class_session_public_id)
    row = next((row for row in roll(db, class_session_public_id) if row.child_public_id == child_public_id), None)
    if not session.is_open or row is None or not row.signature_public_id or row.recorded_by_teacher:
        raise NotFound
    acting = replace(actor, assurance="in-class", channel="class")
    return correct(
        db, row.signature_public_id, reason=_("Wrong name, said at once on the class’s device"), actor=acting
    )


def close(db: Session, class_session_public_id: str, *, actor: Actor) -> ClassSessionRow:
    """End the lesson: its code and its devices stop working; safe to repeat."""
    session = class_session(db, class_session_public_id)
    if actor.person_id is None or not _may_teach(db, session.class_id, actor):
        raise NotAllowed(_("Only the class’s own teacher or the office can close a session."))
    if session.closed_at is None:
        db.execute(sa.update(_session).where(_session.c.id == session.id).values(closed_at=clock.now()))
    return class_session(db, class_session_public_id)


def _request_of(rows: tuple[RequestRow, ...]) -> RequestRow | None:
    return next((row for row in rows if row.agreement_key == AGREEMENT), None)


def _select(db: Session, *where: sa.ColumnElement[bool]) -> list[ClassSessionRow]:
    return rows_as(ClassSessionRow, db.execute(sa.select(*_COLUMNS).where(*where).order_by(_session.c.id.desc())))
