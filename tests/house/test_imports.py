"""The import rules, the linter and the type checker are part of the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "tool",
    [
        ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"],
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
    ],
    ids=["import contracts", "ruff check", "ruff format", "mypy strict"],
)
def test_the_house_rules_hold(tool: list[str]) -> None:
    outcome = subprocess.run([sys.executable, *tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
