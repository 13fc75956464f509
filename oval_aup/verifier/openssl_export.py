"""Takes seals and signatures apart for OpenSSL, with which anybody checks them, and asks it where it is at hand."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oval_aup.verifier import rules, safe_reading

MANIFEST = "manifest.json"
PDF_STREAM = re.compile(rb"stream\r?\n(?=x)")
MOST_STREAMS = 1000
"""Parts of a PDF looked into for the record that it carries; ours begin with the letter that zlib begins with."""

MOST_UNPACKED = 16 * rules.RECORD_LIMIT
"""Bytes that all of them together may unpack to."""

RAW_KEY = bytes.fromhex("302a300506032b6570032100")
"""What stands before 32 bytes of an Ed25519 key in the form that OpenSSL reads."""

RAW_LENGTH = 32
"""Bytes of a key that signs heads; everything longer is a certificate that seals."""

SEAL_BY_OPENSSL = (
    "openssl cms -verify -binary -inform DER -in seal.der -content covered"
    " -nointern -certfile school.pem -noverify -out checked"
)
HEAD_BY_OPENSSL = "openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in message -sigfile signature"
"""``-rawin`` came with OpenSSL 3.0; LibreSSL, which macOS calls openssl, does not know it."""


def extract(path: Path, folder: Path) -> None:
    """Take the seal of a PDF or the head of another file apart and say how OpenSSL checks it; raises Broken."""
    if any((place / MANIFEST).is_file() for place in (folder.resolve(), *folder.resolve().parents)):
        raise ValueError(f"{folder} lies inside a pack, which must stay as it is: name a folder elsewhere.")
    content = safe_reading.read(path.resolve())
    if content.startswith(b"%PDF-"):
        _extract_seal(content, path, folder)
    else:
        _extract_head(rules.read_record(content), path, folder)


def _extract_seal(pdf: bytes, path: Path, folder: Path) -> None:
    covered, seal = rules.sealed_bytes(pdf)
    found, near = _keys_near(path)
    keys = near or next(filter(None, map(_keys_inside, unpacked(pdf))), {})
    certificates = {name: public for name, public in keys.items() if len(public) > RAW_LENGTH}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "covered").write_bytes(covered)
    (folder / "seal.der").write_bytes(seal)
    (folder / "school.pem").write_text("".join(map(_pem, certificates.values())), encoding="ascii")
    sys.stdout.write(f"Now check the seal in {folder}:\n\n    {SEAL_BY_OPENSSL}\n\n")
    sys.stdout.write(
        "“Verification successful” means: nothing was changed since it was sealed with a key in school.pem.\n"
    )
    if not certificates:
        sys.stdout.write("school.pem is empty: there is no keys.json near this PDF. Put the school’s certificate in.\n")
        return
    _say_keys("school.pem", certificates, found)


def _extract_head(listed: Any, path: Path, folder: Path) -> None:
    head: Any = listed.get("head") if isinstance(listed, dict) else None
    found, near = _keys_near(path)
    keys = near or rules.keys_in(listed)
    try:
        rules.check_head(head, keys)
    except rules.Broken as broken:
        if broken.code != "head_signature":  # which is for OpenSSL to say
            raise
    public, signature = keys[head["key"]], base64.b64decode(head["signature"])
    folder.mkdir(parents=True, exist_ok=True)
    _lay_out(folder, public, signature, rules.head_bytes(head))
    sys.stdout.write(f"Now check the signature in {folder}, with OpenSSL 3.0 or newer:\n\n    {HEAD_BY_OPENSSL}\n\n")
    entries = "1 entry" if head["size"] == 1 else f"{head['size']} entries"
    sys.stdout.write(f"“Signature Verified Successfully” means: that key signed a ledger of {entries}.\n")
    _say_keys("key.der", {head["key"]: public}, found)


def _say_keys(file: str, keys: dict[str, bytes], source: Path | None) -> None:
    """Say whose keys these are as far as this shows; only somebody else can say that they are the school's."""
    if source is None:
        sys.stdout.write(f"What is in {file} comes out of the very file that is checked, for want of a keys.json.\n")
    else:
        sys.stdout.write(
            f"What is in {file} comes from {safe_reading.shown(str(source))}. Whoever forges a file also forges that"
            " one: check the folder that it lies in first.\n"
        )
    sys.stdout.write(f"Compare the name of each key in {file} with other people’s receipts, or ask the school:\n\n")
    sys.stdout.write("".join(f"    {name}\n" for name in keys))


def _keys_near(path: Path) -> tuple[Path | None, dict[str, bytes]]:
    """The keys.json nearest above a file, and the keys in it."""
    for folder in path.resolve().parents:
        if (folder / "keys.json").is_file():
            return folder / "keys.json", rules.keys_in({"keys": json.loads(safe_reading.read(folder / "keys.json"))})
    return None, {}


def _keys_inside(found: bytes) -> dict[str, bytes]:
    """The keys that a record inside a PDF brings along."""
    try:
        return rules.keys_in(rules.read_record(found))
    except rules.Broken:
        return {}


def _pem(public: bytes) -> str:
    text = base64.b64encode(public).decode("ascii")
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def by_openssl(public: bytes, signature: bytes, message: bytes) -> bool | None:
    """Whether an Ed25519 signature stands, by the program; None where it is missing or too old to say."""
    program = shutil.which("openssl")
    if program is None or not os.path.isabs(program):  # one that lies where we stand may have come with the pack
        return None
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        _lay_out(place, public, signature, message)
        command = [program, *HEAD_BY_OPENSSL.split()[1:]]
        done = subprocess.run(command, cwd=place, capture_output=True, check=False)  # noqa: S603 - nothing of a file
    if done.returncode == 0:
        return True
    return False if b"Verification Failure" in done.stdout + done.stderr else None


def _lay_out(place: Path, public: bytes, signature: bytes, message: bytes) -> None:
    """Write a head as the files that ``HEAD_BY_OPENSSL`` names."""
    (place / "key.der").write_bytes(RAW_KEY + public)
    (place / "signature").write_bytes(signature)
    (place / "message").write_bytes(message)


def unpacked(pdf: bytes) -> Iterator[bytes]:
    """What may be the record inside a PDF. Good enough to find a head in it, which is signed, and for nothing else."""
    room = MOST_UNPACKED
    for stream in itertools.islice(PDF_STREAM.finditer(pdf), MOST_STREAMS):
        try:
            found = zlib.decompressobj().decompress(
                pdf[stream.end() : stream.end() + rules.RECORD_LIMIT], min(rules.RECORD_LIMIT, room)
            )
        except zlib.error:
            continue
        room -= len(found)
        if room <= 0:
            return
        if found.startswith(b"{"):
            yield found
