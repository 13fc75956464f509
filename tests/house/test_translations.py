"""Every sentence that a person reads can be translated: none is bare, put together, or settled too early."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from jinja2 import nodes

from oval_aup.core.templating import TEMPLATES, environment
from tests.catalogues import ROOT, extracted

FOR_OPERATORS = {
    "cli/__init__.py",
    "cli/retention.py",
    "cli/evidence.py",
    "cli/backup.py",
    "config.py",
    "schema/__init__.py",
    "server/supervisor.py",
    "people/roster/report.py",
}
"""What these say stands in a terminal or a log, in English."""

FOR_STRANGERS = {
    "verifier/rules.py",
    "verifier/pack_check.py",
    "verifier/safe_reading.py",
    "verifier/openssl_export.py",
}
"""Travels alone in every pack and so speaks English only; pages have their own words for what it finds."""

PACKAGE = ROOT / "oval_aup"
SOURCES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if (name := path.relative_to(PACKAGE).as_posix()) not in FOR_OPERATORS | FOR_STRANGERS
    and not name.startswith("demo/")
)
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.suffix in {".html", ".txt"})

REFUSALS = {"Invalid", "Conflict", "NotAllowed", "NotFound", "RosterChanged", "Unreadable", "BadValue", "LeftOut"}
TROUBLES = {"ChannelDown", "TemporaryRefusal", "PermanentRefusal", "UncertainDelivery", "PrintFailed"}
TOLD = {"Problem", "Match", "Change", "Joiner", "Leaver", "_Outcome", "flash", "warn"}
SAY = REFUSALS | TROUBLES | TOLD
TRANSLATE = {"_", "gettext", "ngettext", "gettext_noop"}
WORDS = re.compile(r"[^\W\d_]{2,}")
SENTENCE = re.compile(r"[“‘]?[A-Z%{].*\s.*[.!?…]”?", re.DOTALL)
PLACE = re.compile(r"%(?:%|\(([a-z_]+)\)s)")


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _text(node: ast.AST) -> str | None:
    """What a literal says, with ``{}`` in the places of an f-string; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def _untranslated(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The literals below a node that no translating call holds; a string on a line of its own is documentation."""
    if isinstance(node, ast.Call) and _called(node) in TRANSLATE:
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    said = _text(node)
    if said is not None:
        yield getattr(node, "lineno", 0), said
        return
    for child in ast.iter_child_nodes(node):
        yield from _untranslated(child)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_a_refusal_or_a_warning_is_never_a_bare_sentence() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {said}"
        for path in SOURCES
        for call in _calls(_tree(path))
        if _called(call) in SAY
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        for line, said in _untranslated(argument)
        if " " in said.strip() and len(WORDS.findall(said.replace("{}", " "))) > 1
    ]
    assert found == []


def test_no_sentence_stands_bare_in_the_code() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {said}"
        for path in SOURCES
        for line, said in _untranslated(_tree(path))
        if SENTENCE.fullmatch(said) and WORDS.search(said.replace("{}", " "))
    ]
    assert found == []


def test_nothing_is_translated_before_anybody_speaks() -> None:
    """At import the language is always English: what is kept in a table is marked with ``gettext_noop``."""
    found = [f"{path.relative_to(ROOT)}:{call.lineno}" for path in SOURCES for call in _at_import(_tree(path)) if call]
    assert found == []


def _at_import(node: ast.AST) -> Iterator[ast.Call]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.Call) and _called(child) in TRANSLATE - {"gettext_noop"}:
            yield child
        yield from _at_import(child)


def test_a_message_is_a_literal_and_is_given_exactly_its_places() -> None:
    """Otherwise it is missing from what translators get, or fails in the one language that nobody here reads."""
    found = []
    for path in SOURCES:
        for call in _calls(_tree(path)):
            if _called(call) == "_" and call.args and (message := _text(call.args[0])) is not None:
                composed = isinstance(call.args[0], ast.JoinedStr)
                given = {keyword.arg for keyword in call.keywords}
                if composed or ((given or "%(" in message) and given != _places(message)):
                    found.append(f"{path.relative_to(ROOT)}:{call.lineno}: {message}")
    assert found == []


@pytest.mark.parametrize("name", NAMES)
def test_a_message_of_a_template_is_given_exactly_its_places(name: str) -> None:
    tree = environment().parse((TEMPLATES / name).read_text(encoding="utf-8"))
    # A {% trans %} has become "message % places" by now and cannot go wrong; what is written as a call can.
    filled = {id(call) for each in tree.find_all(nodes.Mod) for call in each.find_all(nodes.Call)}
    for call in tree.find_all(nodes.Call):
        if id(call) in filled or not isinstance(call.node, nodes.Name) or call.node.name not in {"_", "ngettext"}:
            continue
        messages = [each.value for each in call.args if isinstance(each, nodes.Const) and isinstance(each.value, str)]
        given = {keyword.key for keyword in call.kwargs} | ({"num"} if call.node.name == "ngettext" else set())
        for message in messages:
            assert _places(message) - {"num"} == given - {"num"}, message


def _places(message: str) -> set[str]:
    return {name for name in PLACE.findall(message) if name}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Everything that translators would be given."""
    return extracted(tmp_path_factory.mktemp("translations"))


def test_translators_are_given_the_whole_product(catalogue: Catalog) -> None:
    assert len(catalogue) > 300
    for said in (
        "Staff log-in",  # a page
        "Everybody has answered.",  # a document
        "This is a picture, not a list.",  # kept in a table
        "“%(cell)s” is not a telephone number.",  # a refusal
        "Parent 2: full name",  # a field of a list
    ):
        assert said in catalogue


def test_every_place_in_a_message_is_well_formed(catalogue: Catalog) -> None:
    found = []
    for message in catalogue:
        forms = [message.id] if isinstance(message.id, str) else list(message.id)
        for form in forms:
            if "%(" in form and "%" in PLACE.sub("", form):
                found.append(form)
        if len({frozenset(_places(form) - {"num"}) for form in forms}) != 1:
            found.append(str(forms))
    assert found == []
