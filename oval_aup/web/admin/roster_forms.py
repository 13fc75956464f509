"""What the office posts about a list being imported, and the plan arranged as sections a page can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from oval_aup import people
from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _, ngettext

roster = people.roster
SHOWN = 20
"""Rows of each table before "show all"."""
_ANSWERS = frozenset({"same", "different", "one", "two", "left", "stays", "list"})
_OTHER_QUESTIONS = ("pair:", "people:", "gone:", "correction:")
"""How the keys of questions begin that are not about children."""
LISTED = 100
"""Questions about children that one page asks."""


@dataclass(frozen=True, slots=True)
class PreviewSection:
    """One table of the preview; ``shown`` is the part of its rows on this page."""

    key: str
    heading: str
    columns: tuple[str, ...]
    shown: Sequence[tuple[str, ...]]
    total: int


@dataclass(frozen=True, slots=True)
class Count:
    """One number of the summary on top."""

    number: int
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One question about people of the file."""

    row: int
    key: str
    said: str
    """What the file says."""
    proposed: str
    answer: str


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions of one kind, with the answers that each of them may have."""

    key: str
    heading: str
    about: str
    columns: tuple[str, str]
    answers: tuple[tuple[str, str], ...]
    asked: Sequence[Asked]
    total: int
    all_at_once: tuple[str, str] | None = None
    """The answer that one button gives to all of them, and its words."""


def uploaded() -> tuple[str, bytes]:
    """The file's name and bytes; raises Invalid where none was chosen."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid(fields={"file": _("Choose a file.")})
    return file.filename, file.read()


def posted_mapping(headers: Sequence[str]) -> dict[str, str]:
    """Field to header from the drop-down beside each column; raises Invalid where two columns claim one field."""
    mapping: dict[str, str] = {}
    for number, header in enumerate(headers):
        field = request.form.get(f"column-{number}", "")
        if not field:
            continue
        if field in mapping:
            raise Invalid(
                fields={
                    f"column-{number}": _(
                        "“%(one)s” and “%(other)s” are both said to hold the same thing.",
                        one=mapping[field],
                        other=header,
                    )
                }
            )
        mapping[field] = header
    return mapping


def posted_answers(known: dict[str, str]) -> dict[str, str]:
    """Which children are the same as ones on the roster: the earlier answers with the posted ones over them."""
    if request.form.get("all") in {"same", "different"}:
        others = {key: answer for key, answer in known.items() if key.startswith(_OTHER_QUESTIONS)}
        return others | {"*": request.form["all"]}
    if request.form.get("all-gone") == "left":
        others = {key: answer for key, answer in known.items() if not key.startswith("gone:")}
        return others | {"gone:*": "left"}
    answers = dict(known)
    for name, value in request.form.items():
        if name.startswith("answer-"):
            answers.pop(name.removeprefix("answer-"), None)
            if value in _ANSWERS:
                answers[name.removeprefix("answer-")[:200]] = value
    return answers


def counts(plan: people.roster.ImportPlan) -> list[Count]:
    """The numbers that say at a glance what applying would do; noughts are left out."""
    found = plan.counts()
    kinds = ("staff",) if plan.kind == roster.STAFF else ("child", "guardian")
    total = {
        key: sum(found[f"{kind}_{key}"] for kind in kinds) for key in ("joiners", "returners", "leavers", "changed")
    }
    told = [
        Count(total["joiners"], _("to add"), "yes"),
        Count(total["returners"], _("coming back"), "yes"),
        Count(total["leavers"], _("leaving"), "no"),
        Count(total["changed"], _("changing"), "wait"),
        Count(found["rows_left_out"], ngettext("row left out", "rows left out", found["rows_left_out"]), "no"),
        Count(found["warnings"], ngettext("warning", "warnings", found["warnings"]), "wait"),
    ]
    return [count for count in told if count.number]


def questions(plan: people.roster.ImportPlan) -> list[Questions]:
    """What the office is asked beside children known by name only; kinds without a question are left out."""
    doubles = [Asked(d.row, d.key, d.name, d.other, d.answer) for d in plan.doubles]
    unlisted = [Asked(0, u.key, u.name, u.detail or "–", u.answer) for u in plan.unlisted]
    pairs = [Asked(p.row, p.key, p.cell, _and(p.names), p.answer) for p in plan.pairs]
    kinds = [
        Questions(
            "pairs",
            _("Two people in one cell"),
            _("These cells seem to name two people. Without an answer they come in as two."),
            (_("In the file"), _("Read as")),
            (("", _("No answer yet: two people")), ("two", _("Two people")), ("one", _("One person, as written"))),
            pairs[:LISTED],
            len(pairs),
        ),
        Questions(
            "people",
            _("One person or two?"),
            _("These names are alike and have the same address or telephone. Without an answer they are two people."),
            (_("In the file"), _("May be the same as")),
            (("", _("No answer yet: two people")), ("one", _("One person")), ("two", _("Two people"))),
            doubles[:LISTED],
            len(doubles),
        ),
        Questions(
            "gone",
            _("Not in this file, and without an office number"),
            _("They were added by hand or by a list without numbers. Without an answer they stay."),
            (_("Name"), _("Class or post")),
            (("", _("No answer yet: stays")), ("left", _("Has left")), ("stays", _("Stays"))),
            unlisted[:LISTED],
            len(unlisted),
            ("left", _("They have all left")),
        ),
    ]
    kinds.append(_corrections(plan))
    return [kind for kind in kinds if kind.total]


def _corrections(plan: people.roster.ImportPlan) -> Questions:
    kept = [
        Asked(
            each.row,
            each.key,
            _("%(name)s, %(about)s: %(theirs)s", name=each.name, about=each.about, theirs=each.theirs),
            each.ours,
            each.answer,
        )
        for each in plan.kept
    ]
    return Questions(
        "corrections",
        _("Corrected by hand, and different in this file"),
        _("What you corrected stays unless you choose what the file says."),
        (_("In the file"), _("As you corrected it")),
        (("", _("Keep ours")), ("list", _("Take the file’s"))),
        kept[:LISTED],
        len(kept),
    )


def _and(names: Sequence[str]) -> str:
    return _("%(one)s and %(two)s", one=names[0], two=names[1])


def sections(plan: people.roster.ImportPlan, show_all: str) -> list[PreviewSection]:
    """The tables of the preview, empty ones left out; ``show_all`` names the one to show in full."""
    row, why = _("Row"), _("What is wrong")
    kinds = {"child": _("Child"), "guardian": _("Parent or carer"), "staff": _("Staff")}
    joining: dict[bool, list[tuple[str, ...]]] = {False: [], True: []}
    for each in plan.joiners:
        joining[each.returning].append((str(each.row or ""), kinds[each.kind], each.name, each.detail))
    problems: dict[str, list[tuple[str, ...]]] = {"error": [], "warning": []}
    for problem in plan.problems:
        problems[problem.severity].append((str(problem.row or _("File")), problem.sentence))
    tables: list[tuple[str, str, tuple[str, ...], list[tuple[str, ...]]]] = [
        ("left-out", _("Rows left out"), (row, why), problems["error"]),
        ("warnings", _("Warnings"), (row, _("What to look at")), problems["warning"]),
        ("joiners", _("To add"), (row, _("Who"), _("Name"), _("Details")), joining[False]),
        ("returners", _("Coming back, with their history"), (row, _("Who"), _("Name"), _("Details")), joining[True]),
        (
            "leavers",
            _("Leaving: archived, nothing is deleted"),
            (_("Who"), _("Name"), _("Details")),
            [(kinds[each.kind], each.name, each.detail) for each in plan.leavers],
        ),
        (
            "changes",
            _("Changes"),
            (row, _("Name"), _("What"), _("Now"), _("Afterwards")),
            [(str(each.row or ""), each.name, each.field, each.old, each.new) for each in plan.changes],
        ),
    ]
    return [
        PreviewSection(key, heading, columns, rows if show_all == key else rows[:SHOWN], len(rows))
        for key, heading, columns, rows in tables
        if rows
    ]
