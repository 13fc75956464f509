"""Takes a file from a stranger apart, in a process of its own with little memory and time: it knows no school.

``python -m oval_aup.verification.inspection`` reads the file from its standard input and writes what it saw as JSON.
Whatever the file does to a parser, it does to this process only. Whether what was seen is ours is decided in ``proof``.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import re
import resource
import sys
from typing import Any

from oval_aup.verifier import rules

MEMORY = 512 * 1024 * 1024
"""Bytes of address space, this program's own included."""

CPU_SECONDS = 10
MOST_ENTRIES = 5_000
MOST_SEALS = 10
MOST_PARTS = 200
"""Embedded files looked through for the record, and steps down a tree of names."""

_DOCUMENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
"""How a seal names its hash, as DER."""

_OTHERS = {
    "archive": re.compile(rb"PK\x03\x04"),
    "picture": re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\0|MM\0\*|RIFF....WEBP|....ftyp(heic|mif1|avif)", re.DOTALL),
    "message": re.compile(
        rb"(Received|Return-Path|Delivered-To|Message-ID|MIME-Version|X-[\w-]+|From|To|Date|Subject):", re.I
    ),
}
"""What people bring instead of the file that they were given, known by how it begins; Word files are archives too."""

_HASH = re.compile(r"[0-9a-f]{64}")


def form_of(content: bytes) -> str:
    """What a file seems to be by how it begins; only a ``pdf`` or ``record`` needs to be taken apart."""
    if not content:
        return "empty"
    if b"%PDF-" in content[:1024]:
        return "pdf"
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return "record"
    return next((form for form, mark in _OTHERS.items() if mark.match(content)), "other")


def take_apart(content: bytes) -> dict[str, Any]:
    """What a file is and says, as ``proof.Seen`` has it."""
    form = form_of(content)
    seen: dict[str, Any] = {"form": form, "fault": "", "reach": "", "seal": None, "signers": [], "record": None}
    seen["covered"] = ""
    if form == "pdf":
        return seen | _pdf(content)
    return seen | {"record": _record(content)} if form == "record" else seen


def _pdf(content: bytes) -> dict[str, Any]:
    from pyhanko.pdf_utils.reader import PdfFileReader

    seen: dict[str, Any] = {}
    der = b""
    try:
        covered, der = rules.sealed_bytes(content)
        seen["covered"] = hashlib.sha256(covered).hexdigest()
    except rules.Broken as broken:
        seen["reach"] = broken.code
    try:
        reader = PdfFileReader(io.BytesIO(content), decode_limits=_decode_limits())
        if reader.security_handler is not None:
            return {**seen, "fault": "encrypted"}
        record = _embedded_record(reader)
        if record is not None:
            seen["record"] = _record(record)
    except Exception:  # whatever a hostile file makes a parser raise, memory and depth of nesting included
        return {**seen, "fault": "unreadable"}
    return seen | _seals(reader, der)


def _seals(reader: Any, der: bytes) -> dict[str, Any]:
    """Who signed, and the facts of the signature when it is the only one; ``reach`` when it cannot even be read."""
    try:
        found = list(reader.embedded_signatures)[:MOST_SEALS]
        signers = [base64.b64encode(one.signer_cert.dump()).decode("ascii") for one in found]
        return {"signers": signers, "seal": _seal(found[0], der) if len(found) == 1 else None}
    except Exception:  # as above
        return {"reach": "seal"}


def _decode_limits() -> Any:
    from pyhanko.pdf_utils.decode_limits import DecodeLimits, StreamDecodeLimits

    return DecodeLimits(per_stream=StreamDecodeLimits(max_output_size=32 * 1024 * 1024))


def _seal(signature: Any, der: bytes) -> dict[str, Any]:
    """The facts of a seal; ``same`` says that it is the one whose reach was measured in the bare bytes."""
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.fields import MDPPerm
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    certificate = signature.signer_cert
    context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
    status = validate_pdf_signature(signature, context)
    stamped = status.timestamp_validity
    at = signature.self_reported_timestamp
    return {
        "at": at.isoformat() if at is not None and at.tzinfo is not None else "",
        "stamped": bool(stamped and stamped.intact and stamped.valid),
        "intact": bool(status.intact),
        "valid": bool(status.valid),
        "whole": status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
        "untouched": status.modification_level == ModificationLevel.NONE and status.docmdp_ok is not False,
        "locked": signature.docmdp_level == MDPPerm.NO_CHANGES,
        "usual": _is_usual(signature),
        "same": bool(der) and signature.pkcs7_content.rstrip(b"\0") == der.rstrip(b"\0"),
    }


def _is_usual(signature: Any) -> bool:
    """Whether the parts of a seal that its own signature leaves open are as the sealer writes them."""
    outer, signer = signature.signed_data, signature.signer_info
    algorithms = [each.dump() for each in outer["digest_algorithms"]]
    return (
        [outer["version"].native, signer["version"].native] == ["v1", "v1"]
        and algorithms == [_SHA256]
        and signer["digest_algorithm"].dump() == _SHA256
    )


def _embedded_record(reader: Any) -> bytes | None:
    """The bytes of the embedded record file, unpacked no further than its limit; None when there is none.

    Two of that name are one too many: readers could show either.
    """
    found: dict[tuple[int, int], Any] = {}
    for spec in _file_specs(reader.root):
        if str(spec.get("/UF", spec.get("/F", ""))) != rules.RECORD_NAME:
            continue
        reference = spec["/EF"].raw_get("/F")
        found[(reference.idnum, reference.generation)] = reference.get_object()
    if len(found) > 1:
        raise ValueError("several record files")
    return next((bytes(stream.data) for stream in found.values()), None)


def _file_specs(root: Any) -> list[Any]:
    """Everything that the document lists as an embedded file, by either way of listing."""
    specs = _items(root, "/AF")
    names = root.get("/Names", {})
    branches = [names["/EmbeddedFiles"]] if "/EmbeddedFiles" in names else []
    for _step in range(MOST_PARTS):
        if not branches:
            return specs
        branch = branches.pop()
        specs += _items(branch, "/Names")[1::2]
        branches += _items(branch, "/Kids")
    raise ValueError("too many embedded files")


def _items(place: Any, name: str) -> list[Any]:
    """The members of a list, fetched one by one: going through it would give their addresses only."""
    members = place.get(name, ())
    if len(members) > MOST_PARTS:
        raise ValueError("too many embedded files")
    return [members[number] for number in range(len(members))]


def _record(content: bytes) -> dict[str, Any]:
    """What a record file claims and whether it is whole in itself; ``fault`` is a ``rules.Broken`` code or empty."""
    seen: dict[str, Any] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "fault": "",
        "kind": "",
        "document": "",
        "head": None,
        "entries": [],
    }
    try:
        record = rules.read_record(content)
        if isinstance(record, dict):
            seen.update(_claims(record))
        rules.check_record(record)
        if len(record["entries"]) > MOST_ENTRIES:
            seen["fault"] = "size"
    except rules.Broken as broken:
        seen["fault"] = broken.code
    return seen


def _claims(record: dict[str, Any]) -> dict[str, Any]:
    """What the file says of itself, in no other form than the product's own."""
    kind, document = record.get("kind"), record.get("document")
    entries = record.get("entries")
    pairs = [
        [entry["seq"], entry["entry_hash"]]
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
        and type(entry.get("seq")) is int
        and 0 < entry["seq"] < 10**15
        and isinstance(entry.get("entry_hash"), str)
        and _HASH.fullmatch(entry["entry_hash"])
    ]
    return {
        "kind": kind if isinstance(kind, str) and len(kind) < 40 else "",
        "document": document if isinstance(document, str) and _DOCUMENT.fullmatch(document) else "",
        "head": _head(record.get("head")),
        "entries": pairs[:MOST_ENTRIES],
    }


def _head(head: Any) -> dict[str, Any] | None:
    """A head when it has the form of one; whether its signature stands is for those who know the keys."""
    try:
        (read,) = rules.heads_in(rules.head_text(head))
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return read if read == head else None


def main() -> int:
    """Take standard input apart under limits of memory and time."""
    logging.disable(logging.CRITICAL)  # a parser's complaints quote the file
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seen = take_apart(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(seen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
