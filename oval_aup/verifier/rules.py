"""The rules by which an entry, its details, a head, a record file and a seal's reach are checked, in one place.

It needs Python's standard library alone and imports nothing of this product, so that its very source travels in every
pack and a stranger can run it in ten years. What it says is English for the same reason; pages have their own words.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
import re
from typing import Any

RECORD_NAME = "record.json"
RECORD_VERSIONS = (2,)
RECORD_LIMIT = 4 * 1024 * 1024
"""Bytes of the largest record file that is read; one person's whole history is far smaller."""
RECORD_BESIDE = re.compile(r"records/[0-9]+\.json")
HEAD_MARK = re.compile(r"[O0]VAL[\s-]*HEAD", re.IGNORECASE)
HEAD_TEXT = re.compile(
    r"[1Il](#{1,15})(%{64})(#{4}-##-##T##:##:##(?:\.#{1,9})?Z)(%{64})([A-Za-z0-9+/]{86})={0,2}".replace(
        "#", "[0-9OoIl]"
    ).replace("%", "[0-9A-Fa-fOoIl]"),
    re.ASCII | re.IGNORECASE,
)
"""A printed head without its white space: size, hash, time, key and signature. A narrow column may break it anywhere,
and it still has one reading, since all but the size have their length. What is typed from paper is read as it was
meant where only one reading is possible: neither O nor l is a digit. The signature alone must be as it was printed."""

_MEANT = str.maketrans("oOiIlLABCDEF", "001111abcdef")
"""What digits, hashes and names of keys mean by letters that they do not have, and by capitals."""

MOST_HEADS = 10_000
"""Marks of a head that are looked behind in one text."""

HEAD_ROOM = 1200
"""Characters from the mark within which a head ends, however it was broken and quoted."""

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe58\ufe63\uff0d"), "-")
_DROSS = dict.fromkeys(map(ord, ">|\u00ad\u200b\u200c\u200d\u2060\ufeff"))
"""What replies and forwarding put before lines, and what viewers put where a line may break; none is part of a head."""

_WRAPPED = re.compile(r"=[ \t]*\r?\n")
_BASE64 = re.compile(rb"^(?:[A-Za-z0-9+/]{40,}\r?\n)+(?:[A-Za-z0-9+/]+={0,2}\r?\n?)?", re.MULTILINE)


class Broken(Exception):
    """Something does not follow the rules; ``code`` names which kind for programs, the message says it for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def entry_hash(body: bytes) -> str:
    """The hash that names an entry; the leading zero byte keeps it apart from every other kind of hash here."""
    return hashlib.sha256(b"\x00" + body).hexdigest()


def commitment(salt: bytes, details: bytes) -> str:
    """What an entry says of its details: proves them while the salt exists, and says nothing once it is gone."""
    return hashlib.sha256(b"\x02" + salt + details).hexdigest()


def once_hash(idempotency_key: bytes) -> str:
    """What an entry says of the key under which its act was entered, and under which it is never entered again."""
    return hashlib.sha256(b"\x06" + idempotency_key).hexdigest()


def key_id(public: bytes) -> str:
    """The name of a key: SHA-256 over its public form (32 raw bytes of Ed25519, or a certificate as DER)."""
    return hashlib.sha256(public).hexdigest()


def head_bytes(head: dict[str, Any]) -> bytes:
    """The bytes that a head's signature is over: one byte of four, then its facts as canonical JSON."""
    facts = {name: head[name] for name in ("at", "entry_hash", "key", "size", "v")}
    return b"\x04" + json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def head_text(head: dict[str, Any]) -> str:
    """A signed head as one line that can be printed, typed and mailed."""
    return f"OVAL-HEAD 1 {head['size']} {head['entry_hash']} {head['at']} {head['key']} {head['signature']}"


def heads_in(text: str) -> list[dict[str, Any]]:
    """Every head found in a text, such as an email or the words of a receipt, each once.

    Lines may have been broken anew, quoted in a reply, packed as a saved message packs them, or typed from paper.
    """
    found: dict[str, dict[str, Any]] = {}
    text = text.translate(_DASHES)
    for behind in HEAD_MARK.split(text, MOST_HEADS)[1:]:
        room = behind[:HEAD_ROOM].translate(_DROSS)
        for reading in (room, _WRAPPED.sub("", room).replace("=3D", "=")):
            read = HEAD_TEXT.match("".join(reading.split()))
            if read:
                size, digest, at, key = (part.translate(_MEANT) for part in read.groups()[:4])
                head = {"v": 1, "size": int(size), "entry_hash": digest, "at": at.upper(), "key": key}
                head["signature"] = read.group(5) + "=="
                found.setdefault(head_text(head), head)
    return list(found.values())


def text_of(content: bytes) -> str:
    """What a text file or a saved message says, whatever way it was encoded; for looking for heads in it only."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    parts = [content]
    for block in _BASE64.finditer(content):
        letters = b"".join(block.group().split())
        parts.append(base64.b64decode(letters[: len(letters) // 4 * 4]))
    return "\n".join(part.decode("utf-8", "replace") for part in parts)


def contents_hash(files: dict[str, str]) -> str:
    """What the ledger says of a pack's files, given their hashes by name: which there are, and what each holds.

    Left out are the ledger, which holds this very hash, the list of files, and records that lie beside their PDF.
    """
    kept = (name for name in files if name not in ("ledger.jsonl", "manifest.json"))
    lines = [f"{files[name]} {name}\n" for name in sorted(kept) if not RECORD_BESIDE.fullmatch(name)]
    return hashlib.sha256(b"\x05" + "".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def signature_stands(public: bytes, signature: bytes, message: bytes) -> bool | None:
    """Whether an Ed25519 signature stands; None where this Python has no library that can tell."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_head(head: Any, keys: dict[str, bytes]) -> bool | None:
    """Check a signed head with the keys by name; True, or None where no library can tell. Raises Broken."""
    try:
        public = keys.get(head["key"])
        signature = base64.b64decode(head["signature"], validate=True)
        message = head_bytes(head)
        whole = type(head["size"]) is int and len(bytes.fromhex(head["entry_hash"])) == 32
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise Broken("head", "The head of the ledger in this file is not whole.") from None
    if not whole:
        raise Broken("head", "The head of the ledger in this file is not whole.")
    if public is None:
        raise Broken("head_key", "The head of the ledger is signed with a key that is not known.")
    stands = signature_stands(public, signature, message)
    if stands is False:
        raise Broken(
            "head_signature", "The signature of the ledger’s head does not fit: size, hash or time was changed."
        )
    return stands


_NO_ENTRY = "An entry in this file does not have the form of a ledger entry."


def check_entry(entry: Any) -> dict[str, Any]:
    """Check one entry of a record file and return the facts in its body. Raises Broken."""
    try:
        seq, digest = entry["seq"], entry["entry_hash"]
        body = entry["body"].encode("utf-8")
        facts: dict[str, Any] = json.loads(body)
        own_seq, promised, prev = facts["seq"], facts["details_commitment"], facts["prev"]
        details, salt = entry["details"].encode("utf-8"), base64.b64decode(entry["salt"], validate=True)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error, RecursionError):
        raise Broken("form", _NO_ENTRY) from None
    if not type(seq) is type(own_seq) is int or not all(isinstance(one, str) for one in (digest, promised, prev)):
        raise Broken("form", _NO_ENTRY)
    if entry_hash(body) != digest:
        raise Broken("edited", f"Entry {seq} was changed: its words no longer have the hash that names it.")
    if own_seq != seq:
        raise Broken("edited", f"Entry {seq} says of itself that it is number {own_seq}.")
    if salt and commitment(salt, details) != promised:
        raise Broken("details", f"The personal details of entry {seq} were changed.")
    if details and not salt:
        raise Broken("details", f"The personal details of entry {seq} cannot be checked: their salt is missing.")
    return facts


def read_record(content: bytes) -> Any:
    """The record file as parsed JSON; whether it keeps the rules is for ``check_record``. Raises Broken.

    A name that stands twice in one place is refused: two readers could each see another one.
    """
    if len(content) > RECORD_LIMIT:
        raise Broken("size", "This record file is too large to be read.")
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=each_name_once)
    except (ValueError, RecursionError):
        raise Broken("form", "This is not a record file of this system.") from None


def each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object of these pairs, for ``object_pairs_hook``; raises ValueError where a name stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def check_record(record: Any) -> list[dict[str, Any]]:
    """Check a record file in itself and return the facts of its entries in order. Raises Broken.

    Says nothing about the school: whose key signed the head, and whether the entries are in its ledger, is for those
    who hold the keys and the ledger.
    """
    if (
        not isinstance(record, dict)
        or type(record.get("v")) is not int
        or record["v"] not in RECORD_VERSIONS
        or not isinstance(record.get("entries"), list)
    ):
        raise Broken("form", "This is not a record file of this system.")
    entries, head = record["entries"], record.get("head")
    found = [check_entry(entry) for entry in entries]
    for (before, facts), raw in zip(itertools.pairwise(found), entries, strict=False):
        if facts["seq"] <= before["seq"]:
            raise Broken("order", f"Entry {facts['seq']} stands after entry {before['seq']}.")
        if facts["seq"] == before["seq"] + 1 and facts["prev"] != raw["entry_hash"]:
            raise Broken("order", f"Entry {facts['seq']} does not follow the entry before it.")
    if not isinstance(head, dict) or type(head.get("size")) is not int:
        raise Broken("head", "The head of the ledger is missing from this file.")
    if found and found[-1]["seq"] > head["size"]:
        raise Broken("head", "This file holds entries that are younger than the head it names.")
    if found and found[-1]["seq"] == head["size"] and entries[-1]["entry_hash"] != head.get("entry_hash"):
        raise Broken("head", "The head in this file is not the hash of its last entry.")
    return found


def keys_in(record: Any) -> dict[str, bytes]:
    """The public keys that a file carries, by name; one whose name is not its hash is left out."""
    found: dict[str, bytes] = {}
    listed = record.get("keys") if isinstance(record, dict) else None
    for key in listed if isinstance(listed, list) else []:
        try:
            public = base64.b64decode(key["public"], validate=True)
            named = key["key"] == key_id(public)
        except (KeyError, TypeError, ValueError):
            continue
        if named:
            found[key["key"]] = public
    return found


_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")


def sealed_bytes(pdf: bytes) -> tuple[bytes, bytes]:
    """What the one seal of a PDF covers, and the seal itself (CMS as DER).

    Raises Broken unless it covers the whole file: the seal must leave out its own place only, and nothing may come
    before or after what it covers.
    """
    ranges = _BYTE_RANGE.findall(pdf)
    if not ranges:
        raise Broken("unsealed", "This PDF carries no seal.")
    if len(ranges) > 1 or pdf.count(b"/ByteRange") > 1:
        raise Broken("several_seals", "This PDF carries more than one seal.")
    start, length, after, rest = (int(number) for number in ranges[0])
    if start != 0 or after <= length or after + rest != len(pdf):
        raise Broken(
            "not_whole", "The seal does not cover the whole file: something was added or cut off after sealing."
        )
    place = pdf[length:after]
    if place[:1] != b"<" or place[-1:] != b">":
        raise Broken("not_whole", "The seal leaves out more than its own place.")
    try:
        padded = bytes.fromhex(place[1:-1].decode("ascii"))
    except ValueError:
        raise Broken("not_whole", "The seal leaves out more than its own place.") from None
    return pdf[:length] + pdf[after:], _der(padded)


def _der(padded: bytes) -> bytes:
    """A DER value without the zeros that fill its place up."""
    if len(padded) < 6 or padded[0] != 0x30 or padded[1] < 0x81:
        raise Broken("seal", "The seal of this PDF cannot be read.")
    octets = padded[1] & 0x7F
    size = 2 + octets + int.from_bytes(padded[2 : 2 + octets], "big")
    if octets > 4 or size > len(padded) or padded[size:].strip(b"\x00"):
        raise Broken("seal", "The seal of this PDF cannot be read.")
    return padded[:size]
