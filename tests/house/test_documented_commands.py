"""What the guides tell people to type is what works: from the project's folder, as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oval_aup import config
from oval_aup.application import create_app

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "docs/operations.md", "docs/security.md")]
SAID = [*sorted((ROOT / "oval_aup").rglob("*.py")), *sorted((ROOT / "templates").rglob("*.*"))]
FLASK = re.compile(r"(\S*)\bflask ([a-z]+) ([a-z-]+)")
BY_HAND = re.compile(r"(?m)^flask |[`“]flask (?!<)")


@pytest.fixture
def commands(instance: Path) -> set[tuple[str, str]]:
    app = create_app(config.load({"OVAL_INSTANCE": str(instance)}))
    return {(noun, verb) for noun, group in app.cli.commands.items() for verb in getattr(group, "commands", {})}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_command_of_a_guide_exists_and_is_typed_in_full(guide: Path, commands: set[tuple[str, str]]) -> None:
    text = guide.read_text("utf-8")
    assert not BY_HAND.findall(text), "flask alone is not on the path"
    typed = [(noun, verb) for before, noun, verb in FLASK.findall(text) if before.endswith(".venv/bin/")]
    assert set(typed) <= commands
    assert "--app" not in text, "Flask finds app.py by itself"


def test_every_command_that_a_page_or_message_names_is_typed_in_full(commands: set[tuple[str, str]]) -> None:
    for path in SAID:
        text = path.read_text("utf-8")
        assert not BY_HAND.findall(text.replace("``flask", "")), path
        named = [(noun, verb) for before, noun, verb in FLASK.findall(text) if before.endswith(".venv/bin/")]
        assert set(named) <= commands, path


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_make_target_of_a_guide_exists(guide: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    named = re.findall(r"(?m)(?:`|^|&& )make ([a-z-]+)", guide.read_text("utf-8"))
    assert set(named) <= targets
