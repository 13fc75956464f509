"""Makes evidence packs: waits until every record is there, settles what goes in, and writes the one file.

A pack is written to a name of its own and gets its final one when it is whole and on the disk, so a file under the
final name is never half a pack. A worker that dies at any point leaves rows from which the next one goes on; what was
settled before gives the same bytes again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import logging
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import documents, evidence
from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, DomainError
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.packs import making, orders
from oval_aup.packs.orders import PACKS_FOLDER, MemberRow, PackRow, record_name

BATCH = 50
"""Documents read from the database in one transaction."""
LINES = 500
BEAT_SECONDS = 2.0
SPARE_BYTES = 50 * 1024 * 1024
"""Room that must be left on the disk before a pack is begun."""

log = logging.getLogger("oval_aup.packs.writer")


class PackStopped(Exception):
    """The claim was lost, or the pack cancelled, while it was being written."""


Contents = Callable[[Session, PackRow, Sequence[MemberRow]], Mapping[str, bytes]]
"""The small files of a pack by name, as things stand now."""


@dataclass(frozen=True, slots=True)
class Packer:
    """What a pack is made with; ``shared`` is the folder below which finished packs lie."""

    shared: Path
    database: Database
    seals: evidence.SealPress
    school: School
    contents: Contents


def folder(shared: Path) -> Path:
    """Where finished packs lie."""
    return shared / PACKS_FOLDER


def path_of(shared: Path, row: PackRow) -> Path:
    """The file of a finished pack."""
    return folder(shared) / f"{row.public_id}.zip"


def make_next(packer: Packer) -> bool:
    """Bring one pack further; False when there is none, or all of them wait for documents."""
    claim = making.claim_pack(packer.database)
    if claim is None:
        return False
    try:
        return _go_on(packer, claim)
    except PackStopped:
        log.info("pack %s was stopped", claim.public_id)
    except (DomainError, OSError) as error:
        _give_up(packer, claim, error.strerror or str(error) if isinstance(error, OSError) else str(error))
    except Exception as error:
        log.exception("pack %s could not be made", claim.public_id)
        _give_up(packer, claim, _("Unexpected fault: %(kind)s", kind=type(error).__name__))
    return True


def sweep(shared: Path, database: Database, *, keep_days: int) -> None:
    """Delete packs that have lain here as long as they may, and files that belong to none."""
    with database.reading() as db:
        old = orders.packs_settled_before(db, clock.now() - dt.timedelta(days=keep_days))
    if old:
        with database.writing() as db:
            for row in old:
                orders.delete_pack(db, row.public_id)
    files = list(folder(shared).glob("*.zip*"))  # listed before the rows are read: a newer file is left alone
    if files:
        with database.reading() as db:
            kept = {row.public_id for row in orders.packs(db, limit=None) if row.status in ("writing", "ready")}
        for path in files:
            if path.name.split(".", 1)[0] not in kept:
                path.unlink(missing_ok=True)


def _give_up(packer: Packer, claim: PackRow, why: str) -> None:
    log.warning("pack %s: %s", claim.public_id, why)
    with packer.database.writing() as db:
        making.fail_pack(db, claim, why)
    for path in folder(packer.shared).glob(f"{claim.public_id}.*.part"):
        path.unlink(missing_ok=True)


def _go_on(packer: Packer, claim: PackRow) -> bool:
    if claim.status == "collecting":
        with packer.database.writing() as db:
            done, wanted = making.collect(db, claim)
        if done < claim.total:
            with packer.database.writing() as db:
                making.defer_pack(db, claim, done=done, again=wanted)
            return wanted
        settled = _settle(packer, claim)
        if settled is None:
            return False
        claim = settled
    _write(packer, claim)
    return True


def _settle(packer: Packer, claim: PackRow) -> PackRow | None:
    """Fix what goes in and enter it in the ledger; None, with the reason in the pack's row, while it has to wait."""
    with packer.database.reading() as db:
        members = orders.pack_members(db, claim)
        files = packer.contents(db, claim, members)
        keys = evidence.register(db)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    hashes |= {_pdf_name(member.number): member.sha256 for member in members}
    with packer.database.writing() as db:
        try:
            packer.seals.head(db)
        except evidence.KeyMissing as error:
            making.defer_pack(db, claim, done=claim.total, error=str(error))
            return None
        if evidence.register(db) != keys:  # the key that signs now is not among the pack's: look again
            making.defer_pack(db, claim, done=claim.total)
            return None
        making.enter_contents(db, claim, hashes)
        return making.settle_pack(db, claim, head=packer.seals.head(db).facts, files=files)


def _write(packer: Packer, claim: PackRow) -> None:
    place = folder(packer.shared)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for leftover in place.glob(f"{claim.public_id}.*.part"):
        leftover.unlink(missing_ok=True)
    part = place / f"{claim.public_id}.{claim.lease_no}.part"
    if shutil.disk_usage(place).free < SPARE_BYTES:
        raise Conflict(_("There is not enough room on the disk for a pack."))
    try:
        with part.open("xb") as file:
            os.chmod(part, 0o600)
            count = _fill(packer, claim, file)
            file.flush()
            os.fsync(file.fileno())
        with part.open("rb") as whole:
            digest, size = hashlib.file_digest(whole, "sha256").hexdigest(), part.stat().st_size
        part.replace(path_of(packer.shared, claim))
        _keep_names(place)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    with packer.database.writing() as db:
        making.finish_pack(db, claim, sha256=digest, size=size, files=count)


def _fill(packer: Packer, claim: PackRow, file: Any) -> int:
    """Write every member and the list of them; how many files there are."""
    with packer.database.reading() as db:
        small = orders.pack_files(db, claim)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        zipped = _Zip(archive, claim.frozen_at or claim.ordered_at)
        progress = _Progress(packer, claim)
        zipped.add("README.txt", small.pop("README.txt"))
        _add_ledger(packer, claim, zipped, progress)
        for number, content in _documents(packer, claim):
            _add_document(zipped, number, content)
            progress.step()
        for name, content in sorted(small.items()):
            zipped.add(name, content)
        zipped.add("manifest.json", _manifest(claim, packer.school, zipped.listed), listed=False)
    return len(zipped.listed) + 1


def _add_document(zipped: _Zip, number: int, pdf: bytes) -> None:
    """A record goes in as its PDF and, beside it, as the file for programs that the PDF carries."""
    name = _pdf_name(number)
    if number:
        zipped.add(name.removesuffix(".pdf") + ".json", evidence.carried_record(pdf))
    zipped.add(name, pdf, packed=False)


def _pdf_name(number: int) -> str:
    """What the PDF with this number is called in a pack."""
    return f"records/{record_name(number)}.pdf" if number else "reports/report.pdf"


def _add_ledger(packer: Packer, claim: PackRow, zipped: _Zip, progress: _Progress) -> None:
    size = int(claim.head["size"])

    def lines() -> Iterator[bytes]:
        for start in range(1, size + 1, LINES):
            with packer.database.reading() as db:
                rows = evidence.bare_entries(db, range(start, min(start + LINES, size + 1)))
            progress.beat()
            for row in rows:
                line = {"seq": row.seq, "entry_hash": row.entry_hash, "body": row.body.decode("utf-8")}
                yield json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n"

    zipped.add_stream("ledger.jsonl", lines())


def _documents(packer: Packer, claim: PackRow) -> Iterator[tuple[int, bytes]]:
    after = -1
    while True:
        with packer.database.reading() as db:
            members = orders.pack_members(db, claim, after=after, limit=BATCH)
            contents = [(row.number, documents.document_bytes(db, row.document_id)) for row in members]
        if not contents:
            return
        yield from contents
        after = contents[-1][0]


def _manifest(claim: PackRow, school: School, listed: list[dict[str, Any]]) -> bytes:
    facts = {
        "v": 1,
        "school": school.name,
        "pack": claim.public_id,
        "scope": claim.scope,
        "ordered_at": clock.iso(claim.ordered_at),
        "made_at": clock.iso(claim.frozen_at or claim.ordered_at),
        "head": claim.head,
        "files": sorted(listed, key=lambda one: str(one["name"])),
    }
    return json.dumps(facts, ensure_ascii=False, indent=1).encode("utf-8")


@dataclass(slots=True)
class _Progress:
    """Says every now and then that the work goes on, and hears that it must not."""

    packer: Packer
    claim: PackRow
    done: int = 0
    _told_at: float = field(default_factory=time.monotonic)

    def step(self) -> None:
        self.done += 1
        self.beat()

    def beat(self) -> None:
        if time.monotonic() - self._told_at < BEAT_SECONDS:
            return
        self._told_at = time.monotonic()
        with self.packer.database.writing() as db:
            if not making.heartbeat(db, self.claim, self.done):
                raise PackStopped


class _Zip:
    """Adds files to an archive, all dated alike, and lists each with its fingerprint and size."""

    def __init__(self, archive: zipfile.ZipFile, at: dt.datetime) -> None:
        self.archive = archive
        self.date = clock.london(at).timetuple()[:6]
        self.listed: list[dict[str, Any]] = []

    def add(self, name: str, content: bytes, *, packed: bool = True, listed: bool = True) -> None:
        """Add one file; PDFs are packed in themselves already."""
        self.archive.writestr(self._entry(name, packed=packed), content)
        if listed:
            self._list(name, hashlib.sha256(content).hexdigest(), len(content))

    def add_stream(self, name: str, pieces: Iterator[bytes]) -> None:
        """Add one file piece by piece, whatever its size."""
        digest, size = hashlib.sha256(), 0
        with self.archive.open(self._entry(name, packed=True), "w", force_zip64=True) as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        self._list(name, digest.hexdigest(), size)

    def _entry(self, name: str, *, packed: bool) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, self.date)
        entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        entry.external_attr = 0o600 << 16
        return entry

    def _list(self, name: str, digest: str, size: int) -> None:
        self.listed.append({"name": name, "sha256": digest, "size": size})


def _keep_names(place: Path) -> None:
    """Write the folder itself to the disk, so that a power cut does not undo the renaming."""
    descriptor = os.open(place, os.O_RDONLY)
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)
