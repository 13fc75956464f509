"""The row for one thing that staff wrote about a task or a person, or did about a task."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base, UtcDateTime, public_id_column


class TaskNote(Base):
    """One step in the handling of a task, or, with an empty ``kind``, a note about a person."""

    __tablename__ = "task_note"
    __table_args__ = (sa.Index("ix_task_note_task", "kind", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    kind: Mapped[str] = mapped_column(sa.String(24), default="")
    """The kind of task; empty for a note about a person."""
    subject: Mapped[str] = mapped_column(sa.String(36), default="")
    """Public id of the person, message or document that the task is about."""
    occurrence: Mapped[str] = mapped_column(sa.String(64), default="")
    """What tells this task from an earlier or later one about the same subject."""
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    """Whom it is about, where it is about a person."""
    act: Mapped[str] = mapped_column(sa.String(12))
    """``note``, ``seen``, ``snooze``, ``assign``, ``close`` or ``reopen``."""
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    """Who looks after the task from now on, for ``assign``; None is the office."""
    until: Mapped[dt.date | None]
    """The day on which a task that was put off shows again, for ``snooze``."""
    text: Mapped[str] = mapped_column(sa.String(1000), default="")
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
