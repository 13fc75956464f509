"""Reads a folder that a stranger may have filled: nothing in it is followed, waited for or read without end."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Any

MOST_BYTES = 256 * 1024 * 1024
"""Bytes of the largest file that is read as a whole: far above anything that the school makes. Of others only the
hash is taken, and the ledger, which grows with the years, is read line by line."""

MOST_LEDGER = 16 * 1024 * 1024 * 1024
"""Bytes of the largest ledger."""

MOST_LINE = 16 * 1024 * 1024
"""Bytes of the longest line of the ledger that is read."""


class Odd(OSError):
    """Something that is no file as the school gives them out."""

    def __init__(self, sentence: str) -> None:
        super().__init__(0, sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return f"{self.sentence[:1].upper()}{self.sentence[1:]}."


def shown(sentence: str) -> str:
    """What is written to a screen: a name could forge a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in sentence)


def files(folder: Path, ending: str) -> list[Path]:
    """The files below a folder that are files and no more; what else has such a name was called a fault already."""
    found = everything(folder) if folder.is_dir() and not folder.is_symlink() else []
    return [path for path in found if path.name.endswith(ending) and is_plain(path)]


def everything(folder: Path) -> list[Path]:
    """All that lies below a folder and is none itself, however deep, and whatever it is; no link is followed."""
    found: list[Path] = []
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as members:
            for member in members:
                (waiting if member.is_dir(follow_symlinks=False) else found).append(Path(member.path))
    return sorted(found)


def is_plain(path: Path) -> bool:
    """Whether it is a file: no link, and nothing that one could wait for, or read from, for ever."""
    return stat.S_ISREG(path.lstat().st_mode)


def plain(path: Path) -> Path:
    if not is_plain(path):
        raise Odd("it is a link or a device, and no file")
    return path


def read(path: Path) -> bytes:
    """A whole file; raises OSError for what is none, or is larger than anything that the school makes."""
    if plain(path).stat().st_size > MOST_BYTES:
        raise Odd("it is too large")
    return path.read_bytes()


def is_file(path: Path, digest: Any, size: Any) -> bool:
    """Whether it is the file of this hash and size; what is larger than any of ours is not read to find out."""
    most = MOST_LEDGER if path.name == "ledger.jsonl" else MOST_BYTES
    return is_plain(path) and path.stat().st_size == size and size <= most and sha256_of(path) == digest


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()
