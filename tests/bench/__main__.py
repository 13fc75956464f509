"""Runs every measurement and prints figures beside their baseline and their target, within three minutes.

``python -m tests.bench --whole`` packs the whole school and imports 70,000 pupils too, which takes half an hour.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import tempfile
from pathlib import Path

from oval_aup.core.db import SQLITE_VERSION
from tests.bench import acceptance, lesson, packs, papers, scale
from tests.bench.school import School


def main() -> None:
    """Measure in a folder of its own on the ordinary disk, since commits are what is measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", action="store_true", help="the whole school’s pack and 70,000 pupils too")
    whole: bool = parser.parse_args().whole
    print(f"Python {platform.python_version()}, SQLite {'.'.join(map(str, SQLITE_VERSION))}, {platform.machine()}")
    folder = Path(tempfile.mkdtemp(prefix="oval-bench-"))
    try:
        school = School(folder / "school")
        acceptance.measure(school, folder)
        lesson.measure(school)
        papers.measure(school, folder)
        school.close()
        packs.measure(folder, whole=whole)
        scale.measure(folder, whole=whole)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
