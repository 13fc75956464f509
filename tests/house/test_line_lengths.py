"""Templates and styles are read in a diff, so no line of them runs off the screen."""

from __future__ import annotations

from pathlib import Path

from tests.house.stylesheets import STYLES, formatted

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 160
PAGES = [
    path
    for path in (*sorted((ROOT / "templates").rglob("*.html")), *sorted((ROOT / "oval_aup/web/static").rglob("*.css")))
    if path.relative_to(ROOT).parts[1] not in {"email", "pdf", "pack"}
]
"""Letters and documents are compared word by word with what was agreed, spaces included."""


def test_no_line_of_a_template_or_a_stylesheet_is_too_long() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in PAGES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > LONGEST
    ]
    assert long == []


def test_every_stylesheet_is_in_shape() -> None:
    untidy = [path.name for path in STYLES if formatted(source := path.read_text(encoding="utf-8")) != source]
    assert untidy == [], "run make fix"
