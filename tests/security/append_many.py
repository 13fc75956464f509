"""Appends entries to a ledger from a process of its own: ``python -m tests.security.append_many URL NAME COUNT``."""

from __future__ import annotations

import sys

from oval_aup import evidence
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database


def main(url: str, name: str, count: int) -> None:
    """Append ``count`` entries of this process, each followed by one that all processes share; say each once kept."""
    database = Database(url)
    for number in range(count):
        for key in (f"{name}:{number}", f"shared:{number}"):
            with database.writing() as db:
                evidence.append(db, "opened", subject="school", act={"key": key}, idempotency_key=key, actor=SYSTEM)
            sys.stdout.write(f"{key}\n")
            sys.stdout.flush()
    database.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
