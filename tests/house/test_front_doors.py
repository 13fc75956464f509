"""Rooms are entered by the front door: nobody imports the inside of another room."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "oval_aup"
OPEN = {"core", "web", "cli", "worker", "demo", "backups", "printing", "verifier"}
"""Parts whose modules are used one by one: the floor, and what stands above the rooms."""
ROOMS = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - OPEN
MODULES = sorted(PACKAGE.rglob("*.py"))


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _offered(room: str) -> set[str]:
    """What a front door exports; a part of a room may stand there as a whole, such as ``people.roster``."""
    for node in ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_enters_other_rooms_by_the_front_door(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0]
    inner_modules = {
        ".".join(("oval_aup", *module.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for module in MODULES
    }
    trespasses = {
        name
        for name in _imports(path) & inner_modules
        if (room := name.split(".")[1] if name.count(".") >= 2 else "") in ROOMS
        and room != own
        and name.removeprefix(f"oval_aup.{room}.") not in _offered(room)
    }
    assert trespasses == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_clock_asks_the_time(path: Path) -> None:
    if path.name == "clock.py":
        return
    source = path.read_text(encoding="utf-8")
    asked = [word for word in ("datetime.now(", "dt.date.today(", "utcnow(", "time.time(") if word in source]
    assert asked == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_says_first_what_it_decides(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_front_door_lists_what_it_offers(room: str) -> None:
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
    assert any(isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__" for node in tree.body)


TABLES = {
    found.group(1): path.parent.name
    for path in PACKAGE.glob("*/models.py")
    for found in re.finditer(r'__tablename__ = "(\w+)"', path.read_text(encoding="utf-8"))
}
READS_ALL = {"reports/subject_access_tables.py"}
"""What a person is given is decided there table by table, and a test compares it with all there are."""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_names_a_table_of_another_room(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0]
    if str(path.relative_to(PACKAGE)) in READS_ALL or own == "core":
        return
    source = path.read_text(encoding="utf-8")
    assert "sa.table(" not in source, "other rooms’ tables are read through their views"
    named = set(re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE) (\w+)", source)) & set(TABLES)
    assert {table for table in named if TABLES[table] != own} == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rows_become_objects_by_the_names_of_their_columns(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    by_place = re.findall(r"\b[A-Z]\w+\(\*(?:row|values|found|one|tuple)\b", source)
    by_place += re.findall(r"\*row\[|\w+=row\[\d+\]", source)
    assert by_place == [], "core.db.rows_as compares names"
