"""The programs of other people that tests run: a missing one is a failure with one sentence, never a skip."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from playwright._impl._driver import compute_driver_executable

PACKAGES = {
    "chromium": "chromium",
    "java": "default-jdk-headless",
    "javac": "default-jdk-headless",
    "openssl": "openssl",
    "pdffonts": "poppler-utils",
    "pdfinfo": "poppler-utils",
    "pdfsig": "poppler-utils",
    "pdftotext": "poppler-utils",
    "qpdf": "qpdf",
    "redis-server": "redis-server",
}
"""By program, the Debian package that `make test` installs it with."""
OTHER_NAMES = {"chromium": ("chromium-browser",)}


def missing(what: str, package: str) -> NoReturn:
    """Fail the test with one sentence."""
    pytest.fail(f"{what} is needed: run make test, which installs it, or install {package}.", pytrace=False)


@cache
def tool(name: str) -> str:
    """The path of a program; without it the test fails and says what to install."""
    for each in (name, *OTHER_NAMES.get(name, ())):
        if path := shutil.which(each):
            return str(path)
    missing(name, PACKAGES[name])


def java_archive(path: Path, package: str) -> Path:
    """A library for Java; without it the test fails and says what to install."""
    if not path.exists():
        missing(str(path), package)
    return path


def check_browser_driver() -> None:
    """Fail with one sentence where Playwright's own node cannot start."""
    node, _script = compute_driver_executable()
    tried = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    if tried.returncode:
        said = tried.stderr.strip().splitlines()[-1:]
        pytest.fail(f"The browser’s driver does not start, which make test mends (libatomic1): {said}", pytrace=False)
