"""One backup file: a compressed tar stream in the age format, which the ``age`` tool opens as well as this product.

What is packed is never whole on the disk in clear, and memory stays flat whatever the size of the school.
"""

from __future__ import annotations

import gzip
import os
import tarfile
import zlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyrage
from pyrage import x25519

from oval_aup.core import clock
from oval_aup.core.errors import DomainError
from oval_aup.core.i18n import _

MEMBERS = frozenset({"manifest.json", "database.sqlite", "database.pgdump", "heads.txt", "erasures.jsonl"})
"""All that a backup may hold; never a key, a password or a letter."""

PIECE = 1024 * 1024


class BackupFailed(DomainError):
    """A backup that cannot be made, opened or trusted, in one sentence."""


def identity_for_making(path: Path) -> x25519.Identity:
    """The school's own identity, made at first use; the file is in the form of ``age-keygen``."""
    if not path.exists():
        made = x25519.Identity.generate()
        lines = (f"# created: {clock.iso(clock.now())}", f"# public key: {made.to_public()}", str(made), "")
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("\n".join(lines))
            make_durable(file.fileno())
        part.replace(path)
    return identity(path)


def identity(path: Path) -> x25519.Identity:
    """What opens the backups; raises BackupFailed where it is missing or damaged."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        raise BackupFailed(
            _("The file %(path)s, which opens backups, is missing: put it back from your copy.", path=path)
        ) from None
    except (OSError, ValueError):
        lines = []
    for line in lines:
        if line.startswith("AGE-SECRET-KEY-"):
            try:
                return x25519.Identity.from_str(line.strip())
            except pyrage.IdentityError:
                break
    raise BackupFailed(_("The file %(path)s, which opens backups, is damaged: put it back from your copy.", path=path))


def pack(members: Mapping[str, Path], recipient: x25519.Recipient, out: Path) -> None:
    """Write the members into ``out``, on the disk for certain when this returns; raises OSError and BackupFailed."""
    reading, writing = os.pipe()
    with ThreadPoolExecutor(1) as beside, os.fdopen(reading, "rb") as source:
        written = beside.submit(_write_tar, members, writing)
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            try:
                pyrage.encrypt_io(source, target, [recipient])
            except pyrage.EncryptError as error:
                raise BackupFailed(_("The backup cannot be written (%(fault)s).", fault=str(error))) from error
            make_durable(target.fileno())
        written.result()  # a fault on the other side ends the stream early, which alone would look like success


def unpack(file: Path, opener: x25519.Identity, into: Path) -> dict[str, Path]:
    """Write the members of a backup into a folder and return where each one lies.

    Raises BackupFailed with one sentence for a file that is damaged, cut short, somebody else's or no backup at all.
    """
    reading, writing = os.pipe()
    with ThreadPoolExecutor(1) as beside, os.fdopen(reading, "rb") as source:
        decrypted = beside.submit(_decrypt, file, opener, writing)
        found: dict[str, Path] = {}
        fault: Exception | None = None
        try:
            found = _read_tar(source, into)
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, BackupFailed) as error:
            fault = error
        while source.read(PIECE):  # the last pieces must be authentic too
            pass
        _judge(file, decrypted)
    if fault is not None:
        raise BackupFailed(_("%(file)s is not a backup of this product.", file=file.name)) from fault
    return found


def make_durable(descriptor: int) -> None:
    """See that what was written is on the disk."""
    os.fsync(descriptor)


def settle(folder: Path) -> None:
    """Make new, renamed and removed names in a folder as durable as the files."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_tar(members: Mapping[str, Path], descriptor: int) -> None:
    with (
        os.fdopen(descriptor, "wb") as pipe,
        gzip.GzipFile(fileobj=pipe, mode="wb", compresslevel=1, mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w|") as tar,
    ):
        for name, path in members.items():
            facts = tarfile.TarInfo(name)
            facts.size = path.stat().st_size
            facts.mode = 0o600
            with path.open("rb") as content:
                tar.addfile(facts, content)


def _decrypt(file: Path, opener: x25519.Identity, descriptor: int) -> None:
    with os.fdopen(descriptor, "wb") as pipe, file.open("rb") as source:
        pyrage.decrypt_io(source, pipe, [opener])


def _read_tar(source: object, into: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    with (
        gzip.GzipFile(fileobj=source, mode="rb") as plain,  # type: ignore[call-overload]
        tarfile.open(fileobj=plain, mode="r|") as tar,
    ):
        for facts in tar:
            content = tar.extractfile(facts) if facts.isreg() and facts.name in MEMBERS - found.keys() else None
            if content is None:
                raise BackupFailed(facts.name)
            found[facts.name] = into / facts.name
            with found[facts.name].open("xb") as target:
                while piece := content.read(PIECE):
                    target.write(piece)
    return found


def _judge(file: Path, decrypted: Future[None]) -> None:
    try:
        decrypted.result()
    except pyrage.DecryptError as error:
        if "matching keys" in str(error):
            raise BackupFailed(
                _("%(file)s was made for another identity: the one here does not open it.", file=file.name)
            ) from error
        raise BackupFailed(_("%(file)s is not a backup of this product.", file=file.name)) from error
    except OSError as error:
        raise BackupFailed(_("%(file)s is damaged or was cut short.", file=file.name)) from error
