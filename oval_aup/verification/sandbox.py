"""Has a file from anybody taken apart by a process of its own, in bounded time and memory, whoever asks at once."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WALL_SECONDS = 15
AT_ONCE = 2
PRODUCT = Path(__file__).resolve().parents[2]
_places = threading.BoundedSemaphore(AT_ONCE)


class Busy(Exception):
    """As many files as may be looked into at one time are being looked into."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file is and says, before anybody asks whether it is ours.

    ``form`` is ``pdf``, ``record``, ``archive``, ``picture``, ``message``, ``empty`` or ``other``. ``fault`` is empty,
    ``encrypted``, ``unreadable``, ``too_large`` or ``limits``. ``reach`` is empty when one seal covers the whole file,
    else a code of ``rules.sealed_bytes``. ``signers`` are certificates as DER in base64; ``seal`` and ``record`` are as
    ``inspection`` has them, or None. ``covered`` is the hash of what the one seal covers.
    """

    sha256: str
    size: int
    form: str = "other"
    fault: str = ""
    reach: str = ""
    seal: dict[str, Any] | None = None
    signers: Sequence[str] = ()
    record: dict[str, Any] | None = None
    covered: str = ""


def inspect_file(content: bytes, *, limit: int) -> Seen:
    """Take a file apart in a process of its own, in bounded time and memory; raises Busy.

    ``limit`` is in bytes. Needs no database, so that none is held up meanwhile.
    """
    digest, size = hashlib.sha256(content).hexdigest(), len(content)
    if size > limit:
        return Seen(digest, size, fault="too_large")
    from oval_aup.verification import inspection  # not above: the process of its own runs it as its main program

    form = inspection.form_of(content)
    if form not in ("pdf", "record"):
        return Seen(digest, size, form=form)
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        done = subprocess.run(
            [sys.executable, "-m", "oval_aup.verification.inspection"],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=PRODUCT,
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            timeout=WALL_SECONDS,
            check=False,
        )
        return Seen(digest, size, **json.loads(done.stdout))
    except (subprocess.TimeoutExpired, ValueError):  # out of time, or killed before it could say anything
        return Seen(digest, size, fault="limits")
    finally:
        _places.release()


def inspect_head(path: Path, *, limit: int) -> Seen:
    """``look_into`` for a file on this machine; of one past the limit the hash is taken, which a pack is known by."""
    size = path.stat().st_size
    if size <= limit:
        return inspect_file(path.read_bytes(), limit=limit)
    with path.open("rb") as file:
        return Seen(hashlib.file_digest(file, "sha256").hexdigest(), size, fault="too_large")
