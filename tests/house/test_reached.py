"""Nothing public is there for tests alone: a page, a command, the worker, a template or other code uses it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "oval_aup"
PRODUCT = [ROOT / "app.py", *sorted(PACKAGE.rglob("*.py")), *sorted((ROOT / "migrations").rglob("*.py"))]


@cache
def trees() -> dict[Path, ast.Module]:
    """Every file of the product, parsed."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in PRODUCT}


def _read(tree: ast.AST) -> Counter[str]:
    """How often each name is read, by itself or as an attribute; imports do not count."""
    return Counter(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    )


def unreached() -> Iterator[str]:
    """Public functions and classes whose name is read nowhere but inside themselves.

    What is decorated is reached by what the decorator registers it with: routes, commands, builders of documents.
    """
    read = sum((_read(tree) for tree in trees().values()), Counter[str]())
    templates = {
        word
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
        for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))
    }
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in trees()[path].body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if node.decorator_list and isinstance(node, ast.FunctionDef):
                continue
            if read[node.name] == _read(node)[node.name] and node.name not in templates:
                yield f"{path.relative_to(ROOT)}:{node.name}"


def test_nothing_public_is_there_for_tests_alone() -> None:
    assert list(unreached()) == [], "delete it, or move it to the builders of the tests"


FOR_TESTS_OF_A_ROOM = {
    "accounts.allows",
    "agreements.publish",
    "campaigns.follow_roster",
    "demo.fresh_links",
    "evidence.current_key",
    "evidence.signed_head",
    "jobs.periodic_tasks",
    "people.class_then",
    "reports.outstanding_rows",
    "reports.pack_plan",
    "retention.add_months",
    "signing.outstanding",
    "signing.request_by_id",
}
"""What a room needs inside, and its tests ask for by the front door; the list only gets shorter."""


def test_a_front_door_offers_no_function_that_nobody_outside_uses() -> None:
    read = {path: set(_read(tree)) for path, tree in trees().items()}
    unused: set[str] = set()
    for door in sorted(PACKAGE.glob("*/__init__.py")):
        outside = set().union(*(names for path, names in read.items() if door.parent not in path.parents))
        for node in trees()[door].body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                offered = {name for name in ast.literal_eval(node.value) if name.islower()}
                unused |= {f"{door.parent.name}.{name}" for name in offered - outside}
    assert unused - FOR_TESTS_OF_A_ROOM == set()


FORMS = PACKAGE / "web" / "forms.py"


def test_helpers_of_forms_stand_in_one_place() -> None:
    """One way to read a text, a tick, a choice and a date, for every audience."""
    helpers = {
        node.name for node in ast.parse(FORMS.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
    }
    again: list[str] = []
    for path in sorted((PACKAGE / "web").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if path == FORMS:
            continue
        again += [f"{path.name}: {found}" for found in re.findall(r'request\.form\.get\("\w+"\) [!=]= "yes"', source)]
        again += [
            f"{path.name}: {node.name}"
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef) and node.name in helpers
        ]
    assert again == []
