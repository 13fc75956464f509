"""docs/security.md has a row for every case, and every test it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
CASES = """A01 A02 A04 A05 A06 A07 A08 A09 A10 A12 A13 A14 S01 S02 S03 S05 S07 S08 S09 S10 S11 S12
I01 I02 I04 I05 I06 I07 I09 I10 E01 E03 E04 E05 E06 E07 E09 E11 E12 E14 E15 E16
F01 F02 F03 F04 F06 F07 F08 F09 F10 F11 F13 F14 F15
T01 T02 T03 T04 T05 T06 T07 P01 P02 P03 P04 P05 P06 P07 P08 O01 O02 O03 O04 O05 O06 O07 O08"""
ROW = re.compile(r"^\| ([A-Z]\d\d) \| (.+?) \| (.+?) \|$", re.MULTILINE)
CITED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_every_case_has_one_row() -> None:
    assert [row[0] for row in ROW.findall(PAGE)] == CASES.split()


def test_every_row_names_a_test_or_says_why_not() -> None:
    silent = [
        case
        for case, _promise, shown in ROW.findall(PAGE)
        if not CITED.search(shown) and not shown.startswith(("not yet: ", "does not apply: "))
    ]
    assert silent == []


def test_every_test_that_is_named_exists() -> None:
    missing = []
    for path, name in CITED.findall(PAGE):
        file = ROOT / "tests" / path
        if not file.is_file() or f"def test_{name}(" not in file.read_text(encoding="utf-8"):
            missing.append(f"{path}::{name}")
    assert missing == []
