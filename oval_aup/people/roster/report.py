"""A preview, or what came of it, in plain text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oval_aup.core.i18n import _, ngettext
from oval_aup.people.roster.imports import Applied, Preview
from oval_aup.people.roster.labels import LABELS
from oval_aup.people.roster.mapping import KINDS
from oval_aup.people.roster.plan import CHILD, GUARDIAN, LEAVERS_LIMIT, STAFF, ImportPlan

SHOWN = 20
"""Lines of each list that are printed; the rest is counted."""

_WORDS = {CHILD: ("child", "children"), GUARDIAN: ("guardian", "guardians"), STAFF: ("staff member", "staff")}


def as_text(preview: Preview, *, shown: int = SHOWN) -> str:
    """The whole preview: what was read, which column feeds what, who joins and leaves, changes and problems."""
    lines = [
        f"{preview.file_name}: {KINDS[preview.kind]}",
        f"  {_many(preview.rows, 'row', 'rows')}, {_format(preview)}, SHA-256 {preview.sha256}",
        "  Columns:",
        *(f"    {LABELS[key]} ← {header}" for key, header in preview.mapping.items()),
    ]
    unused = [header for header in preview.headers if header not in preview.mapping.values()]
    if unused:
        lines.append(f"    not used: {', '.join(unused)}")
    if preview.plan is None:
        return "\n".join([*lines, *(f"  {sentence}" for sentence in preview.gaps), ""])
    return "\n".join([*lines, *_plan_lines(preview.plan, shown), ""])


def _format(preview: Preview) -> str:
    if preview.sheets:
        others = f" of {len(preview.sheets)}" if len(preview.sheets) > 1 else ""
        return f"{preview.encoding}, sheet “{preview.sheet}”{others}"
    return f"{preview.encoding}, {preview.delimiter} between cells"


def applied_as_text(applied: Applied) -> str:
    """One line saying what an import did."""
    if applied.changed_nothing:
        return f"{applied.file_name}: nothing had to change."
    return f"{applied.file_name}: applied. {counts_as_text(applied.summary)}"


def counts_as_text(counts: dict[str, int]) -> str:
    """The counts of an import as one sentence."""
    keys = [f"{kind}_{what}" for kind in _WORDS for what in ("joiners", "returners", "leavers", "changed")]
    parts = [_counted(key, counts[key]) for key in (*keys, "rows_left_out") if counts.get(key)]
    return ", ".join(parts) + "." if parts else _("Nothing changed.")


def _counted(key: str, number: int) -> str:
    """One phrase for each: what a number does to the words around it is different in every language."""
    shown = f"{number:,}"
    return {
        "child_joiners": ngettext("%(shown)s child joined", "%(shown)s children joined", number, shown=shown),
        "child_returners": ngettext("%(shown)s child came back", "%(shown)s children came back", number, shown=shown),
        "child_leavers": ngettext("%(shown)s child left", "%(shown)s children left", number, shown=shown),
        "child_changed": ngettext("%(shown)s child changed", "%(shown)s children changed", number, shown=shown),
        "guardian_joiners": ngettext(
            "%(shown)s parent or carer joined", "%(shown)s parents and carers joined", number, shown=shown
        ),
        "guardian_returners": ngettext(
            "%(shown)s parent or carer came back", "%(shown)s parents and carers came back", number, shown=shown
        ),
        "guardian_leavers": ngettext(
            "%(shown)s parent or carer left", "%(shown)s parents and carers left", number, shown=shown
        ),
        "guardian_changed": ngettext(
            "%(shown)s parent or carer changed", "%(shown)s parents and carers changed", number, shown=shown
        ),
        "staff_joiners": ngettext("%(shown)s staff member joined", "%(shown)s staff joined", number, shown=shown),
        "staff_returners": ngettext(
            "%(shown)s staff member came back", "%(shown)s staff came back", number, shown=shown
        ),
        "staff_leavers": ngettext("%(shown)s staff member left", "%(shown)s staff left", number, shown=shown),
        "staff_changed": ngettext("%(shown)s staff member changed", "%(shown)s staff changed", number, shown=shown),
        "rows_left_out": ngettext("%(shown)s row was left out", "%(shown)s rows were left out", number, shown=shown),
    }[key]


def _plan_lines(plan: ImportPlan, shown: int) -> list[str]:
    lines: list[str] = []
    for kind, (one, many) in _WORDS.items():
        new = [f"row {j.row}: {j.name} ({j.detail})" for j in plan.joiners if j.kind == kind and not j.returning]
        back = [f"row {j.row}: {j.name} ({j.detail})" for j in plan.joiners if j.kind == kind and j.returning]
        gone = [f"{leaver.name} ({leaver.detail})" for leaver in plan.leavers if leaver.kind == kind]
        for found, said in ((new, "to add"), (back, "coming back"), (gone, "leaving (archived, nothing is deleted)")):
            lines += _listed(f"{_many(len(found), one, many)} {said}", found, shown)
    changes = [f"row {c.row}: {c.name}: {c.field}: {c.old or '(blank)'} → {c.new}" for c in plan.changes]
    lines += _listed(_many(len(changes), "change", "changes"), changes, shown)
    questions = [
        f"row {m.row}: {m.name}, born {m.born_on}: the same child as {m.existing}?"
        for m in plan.matches
        if not m.answer
    ]
    lines += _listed(_many(len(questions), "question", "questions"), questions, shown)
    for severity, words in (("error", ("row left out", "rows left out")), ("warning", ("warning", "warnings"))):
        told = [_told(p.row, p.sentence) for p in plan.problems if p.severity == severity]
        lines += _listed(_many(len(told), *words), told, shown)
    lines += [f"  {guard} Apply with --confirm-leavers if this list is right." for guard in plan.guards]
    if plan.leaving_share > LEAVERS_LIMIT:
        lines.append(
            f"  {plan.leaving_share} % of the current list would leave, more than {LEAVERS_LIMIT} %:"
            " apply with --confirm-leavers if this is meant, or with --partial if the list covers part of the school."
        )
    if plan.is_empty:
        lines.append("  Nothing would change.")
    return lines


def _many(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _told(row: int, sentence: str) -> str:
    return f"row {row}: {sentence}" if row else sentence


def _listed(title: str, found: Sequence[str], shown: int) -> Iterable[str]:
    if not found:
        return []
    rest = [f"    … and {len(found) - shown:,} more"] if len(found) > shown else []
    return [f"  {title}:", *(f"    {line}" for line in found[:shown]), *rest]
