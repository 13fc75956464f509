"""A verb that takes an actor records the actor: no function of a room takes one and drops it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def dropping() -> Iterator[str]:
    """Functions with a parameter ``actor`` that their body never reads."""
    for path in sorted((ROOT / "oval_aup").rglob("*.py")):
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(each, ast.FunctionDef):
                continue
            parameters = [*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs]
            if "actor" not in {parameter.arg for parameter in parameters}:
                continue
            read = (
                isinstance(node, ast.Name) and node.id == "actor" and isinstance(node.ctx, ast.Load)
                for statement in each.body
                for node in ast.walk(statement)
            )
            if not any(read):
                yield f"{path.relative_to(ROOT)}:{each.name}"


def test_no_verb_takes_an_actor_and_drops_it() -> None:
    assert list(dropping()) == []


VERBS = ("add_staff_member", "change_link", "set_email", "archive_person")


def test_what_changes_people_and_their_ways_in_takes_an_actor() -> None:
    """Those of the office's acts that decide who may sign, see, be written to or choose."""
    expected = {
        "people/service.py": VERBS,
        "accounts/service.py": ("open_account", "open_accounts", "close_accounts", "set_role", "disable", "reopen"),
        "consent/blocks.py": ("block", "unblock"),
    }
    for file, names in expected.items():
        tree = ast.parse((ROOT / "oval_aup" / file).read_text(encoding="utf-8"))
        found = {
            each.name: {parameter.arg for parameter in (*each.args.args, *each.args.kwonlyargs)}
            for each in tree.body
            if isinstance(each, ast.FunctionDef)
        }
        assert [name for name in names if "actor" not in found.get(name, set())] == []
