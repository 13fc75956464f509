"""What is known about a backup without opening it: a small JSON file beside it that names nobody."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from oval_aup import evidence
from oval_aup.backups.archive import PIECE, make_durable, settle
from oval_aup.core import clock

FORMAT = 1
PRODUCT = "Oval AUP 0.1.0"
ENDING = ".age"
BAD = "bad-"
"""Begins the name of a backup that failed its test."""
STATE = "backup-state.json"
"""In the instance folder: how the last attempt ended."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup: when it was made, what it holds, and whether restoring it was tried and went well.

    ``made_at`` and ``at`` in the file are UTC as the ledger writes it; ``fault`` says why it is bad.
    """

    file: str
    made_at: str
    ledger_size: int
    head_hash: str
    database: str
    revision: str
    size: int
    sha256: str
    good: bool
    fault: str = ""
    product: str = PRODUCT
    format: int = FORMAT

    @property
    def head(self) -> evidence.Head:
        """The head of the ledger inside."""
        return evidence.Head(self.ledger_size, self.head_hash)

    @property
    def at(self) -> dt.datetime:
        """When it was made."""
        return dt.datetime.fromisoformat(self.made_at)


@dataclass(frozen=True, slots=True)
class LastTry:
    """How the last attempt ended; ``ok`` is None when none was made yet and ``at`` is when one began to be awaited."""

    at: dt.datetime
    ok: bool | None
    fault: str
    good_at: dt.datetime | None
    """When the newest good backup was made."""


def write_json(path: Path, facts: object) -> None:
    """Put a small file in place in one step."""
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(facts, file, ensure_ascii=False, indent=1)
        file.flush()
        make_durable(file.fileno())
    part.replace(path)
    settle(path.parent)


def keep(folder: Path, manifest: Manifest) -> None:
    """Write the file beside the backup."""
    write_json(beside(folder / manifest.file), asdict(manifest))


def beside(file: Path) -> Path:
    """Where the manifest of a backup lies."""
    return file.with_name(f"{file.name.removesuffix(ENDING)}.json")


def manifest_of(file: Path) -> Manifest | None:
    """What is known about a backup; None when its manifest is missing or cannot be read."""
    try:
        facts = json.loads(beside(file).read_text(encoding="utf-8"))
        manifest = Manifest(**{name: facts[name] for name in Manifest.__dataclass_fields__})
        if manifest.at.tzinfo is None or not isinstance(manifest.ledger_size, int):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return manifest


def manifests(folder: Path) -> tuple[Manifest, ...]:
    """Every backup of a folder that has a manifest and is there, newest first."""
    found = [manifest_of(file) for file in folder.glob(f"*{ENDING}")] if folder.is_dir() else []
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.made_at, reverse=True))


def measure(file: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file, read from the disk in pieces."""
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as content:
        while piece := content.read(PIECE):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


def note_try(instance: Path, *, ok: bool | None, fault: str = "") -> None:
    """Keep how an attempt ended, where the office's first page and the schedule find it."""
    before, now = last_try(instance), clock.now()
    good_at = now if ok else before.good_at if before else None
    facts = {"at": clock.iso(now), "ok": ok, "fault": fault, "good_at": clock.iso(good_at) if good_at else ""}
    write_json(instance / STATE, facts)


def last_try(instance: Path) -> LastTry | None:
    """How the last attempt ended; None before anything was noted."""
    try:
        facts = json.loads((instance / STATE).read_text(encoding="utf-8"))
        good_at = dt.datetime.fromisoformat(facts["good_at"]) if facts["good_at"] else None
        return LastTry(dt.datetime.fromisoformat(facts["at"]), facts["ok"], str(facts["fault"]), good_at)
    except (OSError, ValueError, KeyError, TypeError):
        return None
