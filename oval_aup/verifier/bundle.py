"""Puts together the one file with which anybody checks a pack: its bytes are the same wherever it is given out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_PARTS = ("rules", "safe_reading", "openssl_export")
"""What ``pack_check`` imports of ours, in an order in which each finds those before it."""
_IMPORT = re.compile(rb"^from oval_aup\.verifier import .*\n", re.MULTILINE)
_FIRST = b"from __future__ import annotations\n"
_ALONE = b"""import sys

if __name__ == "__main__" and not sys.flags.isolated and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # this file may lie in the folder of a pack, and what lies beside it is not to be run
"""
_QUOTES = b"'''"
_PART = b"""
%(name)s = type(sys)("%(name)s")
%(name)s.__dict__.update(%(before)s)
exec(compile(r%(quotes)s%(source)s%(quotes)s, "%(name)s", "exec"), %(name)s.__dict__)
"""


@dataclass(frozen=True, slots=True)
class Checker:
    """The checker as it is given out: a program that needs Python alone."""

    name: str
    content: bytes
    sha256: str


@cache
def checker() -> Checker:
    """The checker of this version: ``pack_check`` with the sources of what it imports in the place of the import.

    One file has one hash, which can be read out on the telephone; and whoever downloads it has all that it needs.
    Before it imports anything it sees to it that nothing comes from the folder that it lies in: a ``json.py`` put into
    a pack would else decide what is in order, in the right checker as well.
    """
    program = (_HERE / "pack_check.py").read_bytes()
    if len(_IMPORT.findall(program)) != 1 or program.count(_FIRST) != 1:
        raise ValueError("the checker cannot be put together")
    parts = b"".join(_part(number) for number in range(len(_PARTS)))
    content = _IMPORT.sub(lambda _found: parts, program.replace(_FIRST, _ALONE))
    return Checker("verify.py", content, hashlib.sha256(content).hexdigest())


def _part(number: int) -> bytes:
    name = _PARTS[number]
    source = _IMPORT.sub(b"", (_HERE / f"{name}.py").read_bytes())
    if _QUOTES in source:
        raise ValueError(f"{name} cannot stand in the checker")
    before = ", ".join(f"{each}={each}" for each in _PARTS[:number])
    told = {b"name": name.encode(), b"before": before.encode(), b"quotes": _QUOTES, b"source": source}
    return _PART % told
