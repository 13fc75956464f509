"""Runs every measurement and prints figures beside their baseline and their target."""

from __future__ import annotations

import platform
import shutil
import tempfile
from pathlib import Path

from oval_aup.core.db import SQLITE_VERSION
from tests.bench import acceptance, lesson, packs, papers, scale
from tests.bench.school import School

MEMORY_DISK = Path("/dev/shm")


def main() -> None:
    """Measure in a folder of its own on the ordinary disk, since commits are what is measured."""
    print(f"Python {platform.python_version()}, SQLite {'.'.join(map(str, SQLITE_VERSION))}, {platform.machine()}")
    folder = Path(tempfile.mkdtemp(prefix="oval-bench-"))
    try:
        school = School(folder / "school")
        acceptance.measure(school, folder)
        lesson.measure(school)
        papers.measure(school, folder)
        school.close()
        packs.measure(folder)
        scale.measure(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
