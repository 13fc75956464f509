"""Every route says who may use it, and no route vanishes unnoticed."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest
from flask import Flask

from oval_aup.accounts import PERMISSIONS
from oval_aup.application import create_app
from oval_aup.config import load

SNAPSHOT = Path(__file__).parent / "routes.txt"
WEB = Path(__file__).resolve().parents[2] / "oval_aup" / "web"
LONGEST_VIEW = 40


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return create_app(load({"OVAL_INSTANCE": str(tmp_path_factory.mktemp("instance"))}))


def test_every_route_says_who_may_use_it(app: Flask) -> None:
    unmarked = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if not getattr(app.view_functions[rule.endpoint], "permissions", ())
    ]
    assert unmarked == []


def test_every_permission_asked_for_is_one_that_a_role_can_have(app: Flask) -> None:
    asked = {name for view in app.view_functions.values() for name in getattr(view, "permissions", ())}
    assert asked <= PERMISSIONS | {"anyone"}


def test_addresses_are_kebab_case_and_carry_public_ids_only(app: Flask) -> None:
    odd = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if not re.fullmatch(r"(/([a-z0-9-]+(\.(csv|xlsx))?|<[a-z_]+>))+|/", rule.rule) or "<int:" in rule.rule
    ]
    assert odd == []


def test_no_route_vanishes_or_appears_unnoticed(app: Flask) -> None:
    now = sorted(
        f"{','.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'}))} {rule.rule}"
        for rule in app.url_map.iter_rules()
    )
    if os.environ.get("OVAL_GOLDEN") == "write":
        SNAPSHOT.write_text("\n".join(now) + "\n", encoding="utf-8")
    assert now == SNAPSHOT.read_text(encoding="utf-8").splitlines(), "OVAL_GOLDEN=write accepts the new list"


def test_views_are_thin() -> None:
    fat = [
        f"{path.name}:{node.name}"
        for path in WEB.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and node.end_lineno
        and node.end_lineno - node.lineno > LONGEST_VIEW
        and node.name != "install"
    ]
    assert fat == []
