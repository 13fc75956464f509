"""How the children's rules are shown in class: one on each screen, then the notes, whoever turns the pages."""

from __future__ import annotations

from collections.abc import Callable

from flask import g, render_template

from oval_aup import agreements, people, signing
from oval_aup.core import i18n
from oval_aup.core.errors import NotFound


def wording_for(lesson: signing.ClassSessionRow) -> agreements.Wording:
    """The children's rules as this lesson shows them."""
    return agreements.current(g.db, "children", language=i18n.language(), reading_level=lesson.reading_level)


def rule_page(
    lesson: signing.ClassSessionRow,
    number: str,
    *,
    page_url: Callable[[int], str],
    after: str,
    after_words: str,
    board: bool = False,
) -> str:
    """Render rule ``number`` of the wording, or its notes as the page after the last rule; raises NotFound beyond.

    On the ``board`` it fills the screen, for a whole class to read."""
    wording = wording_for(lesson)
    count = len(wording.clauses)
    pages = count + (1 if wording.notes else 0)
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 3 else 0
    if not 1 <= at <= pages:
        raise NotFound
    return render_template(
        "classroom/rule.html" if at <= count else "classroom/notes.html",
        clause=wording.clauses[at - 1] if at <= count else None,
        wording=wording,
        as_html=agreements.as_html,
        at=at,
        count=count,
        pages=pages,
        school_class=people.class_by_id(g.db, lesson.class_id),
        before=page_url(at - 1) if at > 1 else None,
        onward=page_url(at + 1) if at < pages else after,
        onward_words=after_words if at == pages else None,
        board=board,
        leave=after,
    )
