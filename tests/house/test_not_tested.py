"""What runs in a school is what is tested: no code of the product asks for a test, and no test is skipped."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN = Path(__file__).resolve()


def _python(folder: str) -> list[Path]:
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if path != OWN]


def test_no_code_of_the_product_asks_whether_it_is_being_tested() -> None:
    asks = re.compile(r"PYTEST|pytest|\.testing\b|\bTESTING\b|\bunittest\b|from tests|import tests")
    found = [str(path) for path in [ROOT / "app.py", *_python("oval_aup")] if asks.search(path.read_text("utf-8"))]
    assert found == []


def test_passwords_keep_their_real_cost_where_a_test_started_the_process() -> None:
    code = "from oval_aup.accounts.passwords import hash_password; print(hash_password('violet tram harvest'))"
    environment = {**os.environ, "PYTEST_CURRENT_TEST": "yes"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    cost = re.search(r"m=(\d+),t=(\d+),p=(\d+)", done.stdout)
    assert cost is not None
    memory, rounds, _lanes = map(int, cost.groups())
    assert memory >= 64 * 1024
    assert rounds >= 3


def test_no_test_is_skipped() -> None:
    """A missing tool is a failure with one sentence (``tests.tools``)."""
    skips = re.compile(r"pytest\.(mark\.)?(skip|skipif|importorskip|xfail)\b")
    assert [str(path) for path in _python("tests") if skips.search(path.read_text("utf-8"))] == []
