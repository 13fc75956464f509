"""The worklist room decides what the office has done about a task, and keeps the notes that staff write about a person.

A task itself is found by reading the other rooms; here stands who looks after it, until when it is put off, and why it
was closed. A task that comes back for a new cause is a new one: its ``occurrence`` differs.
"""

from oval_aup.worklist.service import (
    ACTS,
    Handling,
    NoteRow,
    TaskKey,
    add_note,
    erase_notes,
    handle,
    handlings,
    notes_about,
    remove_note,
)

__all__ = [
    "ACTS",
    "Handling",
    "NoteRow",
    "TaskKey",
    "add_note",
    "erase_notes",
    "handle",
    "handlings",
    "notes_about",
    "remove_note",
]
