"""Puts together the one file with which anybody checks a pack: its bytes are the same wherever it is given out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_IMPORT = b"from oval_aup.evidence import rules\n"
_FIRST = b"from __future__ import annotations\n"
_ALONE = b"""import sys

if __name__ == "__main__" and not sys.flags.isolated and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # this file may lie in the folder of a pack, and what lies beside it is not to be run
"""
_QUOTES = b"'''"
_INSTEAD = b"""RULES = r%(quotes)s
%(source)s%(quotes)s
rules = type(sys)("rules")
exec(compile(RULES, "rules", "exec"), rules.__dict__)
"""


@dataclass(frozen=True, slots=True)
class Checker:
    """The checker as it is given out: a program that needs Python alone."""

    name: str
    content: bytes
    sha256: str


@cache
def checker() -> Checker:
    """The checker of this version: ``pack_check`` with the source of ``rules`` where it imports them.

    One file has one hash, which can be read out on the telephone; and whoever downloads it has all that it needs.
    Before it imports anything it sees to it that nothing comes from the folder that it lies in: a ``json.py`` put into
    a pack would else decide what is in order, in the right checker as well.
    """
    program, source = ((_HERE / name).read_bytes() for name in ("pack_check.py", "rules.py"))
    if program.count(_IMPORT) != 1 or program.count(_FIRST) != 1 or _QUOTES in source:
        raise ValueError("the checker cannot be put together")
    program = program.replace(_FIRST, _ALONE)
    content = program.replace(_IMPORT, _INSTEAD % {b"quotes": _QUOTES, b"source": source})
    return Checker("verify.py", content, hashlib.sha256(content).hexdigest())
