"""The whole text of each kind of PDF, kept word for word; ``OVAL_GOLDEN=write`` accepts new words."""

from __future__ import annotations

import html
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from oval_aup import printing
from tests.reports.conftest import YEAR, Answered
from tests.tools import tool

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "papers"
PAPERS: dict[str, Callable[[Answered], printing.PrintJob]] = {
    "receipt": lambda answered: answered.receipt(),
    "record": lambda answered: answered.paper(
        "record", answered.people.ann.pseudonym, person_id=answered.people.ann.person_id
    ),
    "class-report": lambda answered: answered.paper("class_report", answered.people.older.public_id, school_year=YEAR),
    "school-report": lambda answered: answered.paper("school_report", "school", school_year=YEAR),
    "as-at-guardian": lambda answered: answered.as_at(answered.people.ann),
    "as-at-child": lambda answered: answered.as_at(answered.people.max),
    "subject-access": lambda answered: answered.paper(
        "subject_access", answered.people.ann.pseudonym, person_id=answered.people.ann.person_id
    ),
    "school-figures": lambda answered: answered.paper("figures_report", "school", school_year=YEAR),
}


BLOCKS = re.compile(r"</(?:p|h\d|tr|li|dt|dd|div|section|table|header|footer|caption)>|<br>")


def text_of(paper: printing.PrintJob) -> str:
    """What a reader sees, a line per block, with everything that is random or runs with the clock made plain."""
    body = re.sub(r"<(style|title|head)\b.*?</\1>", "", paper.html, flags=re.DOTALL)
    shown = html.unescape(re.sub(r"<[^>]+>", " ", BLOCKS.sub("\n", body)))
    shown = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<document>", shown)
    shown = re.sub(r"[0-9a-f]{24,64}…?", "<hash>", shown)
    shown = re.sub(r"\b(\d\d:\d\d):\d\d\b", r"\1:<s>", shown)
    lines = (" ".join(line.split()) for line in shown.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def words_in(path: Path) -> set[str]:
    """Every word that the finished PDF shows."""
    shown = subprocess.run([tool("pdftotext"), str(path), "-"], capture_output=True, check=True, text=True).stdout
    return set(re.findall(r"[^\W\d_]{2,}", shown))


@pytest.mark.parametrize("kind", sorted(PAPERS))
def test_the_paper_reads_as_it_did(answered: Answered, printed: Callable[[printing.PrintJob], Path], kind: str) -> None:
    paper = PAPERS[kind](answered)
    text = text_of(paper)
    kept = GOLDEN / f"{kind}.txt"
    if os.environ.get("OVAL_GOLDEN") == "write":
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8")
    plain = re.sub(r"<(hash|document|s)>", "", text)
    assert set(re.findall(r"[^\W\d_]{2,}", plain)) <= words_in(printed(paper)), "the PDF leaves words out"
