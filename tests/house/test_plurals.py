"""Numbers agree with their words: “1 row”, “2 rows”, in every page, letter, document and command."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOUNS = (
    "addresses|adults|answers|backups|characters|children|choices|classes|days|documents|entries|erasures|families|"
    "files|guardians|guards|hours|keys|letters|lines|log-ins|messages|minutes|names|packs|pages|parents|people|persons|"
    "places|records|reminders|requests|rows|rules|signatures|things|times|uses|weeks|wordings|years"
)
COUNTED = re.compile(
    rf"(?:%\((\w+)\)s|\{{\{{ *(\w+) *\}}\}}|\{{(\w+)\}})(?:</\w+>)? (?:of (?:the|them) |\w+ )?(?:{NOUNS})\b"
)
FIXED = {"least", "most", "longest", "seconds", "megabytes", "length", "days", "name", "row"}
"""Limits that the code sets and that are never one, and what is no number."""


def _alone(text: str) -> list[str]:
    return [found.group(0) for found in COUNTED.finditer(text) if not FIXED & set(found.groups())]


def test_no_sentence_of_the_code_has_a_number_beside_a_word_that_cannot_agree() -> None:
    faults = []
    for path in sorted((ROOT / "oval_aup").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            said = ""
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "_"
                and isinstance(node.args[0], ast.Constant)
            ):
                said = str(node.args[0].value)
            elif isinstance(node, ast.JoinedStr) and "cli" in path.parts:
                parts = [part.value if isinstance(part, ast.Constant) else "{number}" for part in node.values]
                said = "".join(map(str, parts))
            faults += [f"{path.name}:{node.lineno} {found}" for found in _alone(said)]  # type: ignore[attr-defined]
    assert faults == []


def test_no_sentence_of_a_template_has_a_number_beside_a_word_that_cannot_agree() -> None:
    faults = []
    for path in sorted((ROOT / "templates").rglob("*.*")):
        text = path.read_text("utf-8")
        for found in re.finditer(r"{%-? *trans\b(.*?)%}(.*?){%-? *endtrans", text, re.DOTALL):
            if "pluralize" not in found.group(2):
                faults += [f"{path.name}: {each}" for each in _alone(found.group(2))]
        faults += [
            f"{path.name}: {each}" for each in re.findall(r"(?:length|number) *}}(?:</\w+>)? {{ _\(\"[a-z][^\"]*", text)
        ]
    assert faults == []
