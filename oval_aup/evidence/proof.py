"""Decides whether a file is ours and unchanged: one set of rules for the public page, the commands and the office.

A file is genuine when the ledger names its hash. The school's seal alone does not make it so: whoever has the sealing
key could put other words around a genuine record, while what the ledger names was entered for all time before anybody
got it. The seal, the register of keys and the record inside say what else a file is: altered, not ours, or one that
cannot be confirmed, and the reasons say why. Where a file that we signed knows more than the ledger does, it is the
ledger that has lost or changed history, and that is said loudest of all. Only that part of the ledger counts which is
an unbroken chain today.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from oval_aup.core.errors import DomainError
from oval_aup.core.i18n import _
from oval_aup.evidence import documents, ledger, rules
from oval_aup.evidence.keys import KeyRow, register
from oval_aup.evidence.verify import Verdict, verify

WALL_SECONDS = 15
AT_ONCE = 2
PRODUCT = Path(__file__).resolve().parents[2]
CHECKER = {
    "verify.py": Path(__file__).with_name("pack_check.py"),
    "rules.py": Path(__file__).with_name("rules.py"),
}
"""What a pack carries to be checked anywhere: name there, and the source here whose bytes it is."""

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


@dataclass(frozen=True, slots=True)
class Finding:
    """``verdict`` is ``genuine``, ``altered``, ``not_ours`` or ``cannot_confirm``; ``reasons`` are whole sentences.

    ``kind``, ``document`` and ``made_at`` are what the file says of itself, and ``entries`` how many entries of the
    ledger it holds. ``ledger_fault`` is empty, or says how the ledger has changed since the school signed this file.
    """

    verdict: str
    reasons: tuple[str, ...]
    kind: str = ""
    document: str = ""
    made_at: dt.datetime | None = None
    entries: int = 0
    ledger_fault: str = ""


@dataclass(frozen=True, slots=True)
class HeadFinding:
    """What became of a kept head: ``verdict`` is ``stands``, ``ledger_changed`` or ``not_ours``."""

    verdict: str
    size: int
    entry_hash: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Record:
    """How a record file stands to the ledger.

    ``state`` is ``none``, ``stands`` (whole, every entry in the ledger), ``ledger_differs``, ``changed`` (some of
    it is ours) or ``strange``.
    """

    state: str
    ledger_fault: str = ""


def look_into(content: bytes, *, limit: int) -> Seen:
    """Take a file apart in a process of its own, in bounded time and memory; raises Busy.

    ``limit`` is in bytes. Needs no database, so that none is held up meanwhile.
    """
    digest, size = hashlib.sha256(content).hexdigest(), len(content)
    if size > limit:
        return Seen(digest, size, fault="too_large")
    from oval_aup.evidence import inspection  # not above: the process of its own runs it as its main program

    form = inspection.form_of(content)
    if form not in ("pdf", "record"):
        return Seen(digest, size, form=form)
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        done = subprocess.run(
            [sys.executable, "-m", "oval_aup.evidence.inspection"],
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


class ChainReader:
    """Knows how far the ledger is an unbroken chain: what files and heads are compared with.

    All of it is read at most once in ``AGAIN_AFTER`` seconds, however many ask, and what came since each time.
    """

    AGAIN_AFTER = 60.0

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._found: Verdict | None = None
        self._read_at = 0.0

    def read(self, db: Session) -> Verdict:
        """The finding as of now."""
        with self._turn:
            if time.monotonic() - self._read_at > self.AGAIN_AFTER:
                self._found, self._read_at = None, time.monotonic()
            if self._found is None or self._found.ok:
                self._found = verify(db, details=False, after=self._found)
            return self._found


def look_at(path: Path, *, limit: int) -> Seen:
    """``look_into`` for a file on this machine; of one past the limit the hash is taken, which a pack is known by."""
    size = path.stat().st_size
    if size <= limit:
        return look_into(path.read_bytes(), limit=limit)
    with path.open("rb") as file:
        return Seen(hashlib.file_digest(file, "sha256").hexdigest(), size, fault="too_large")


def judge(db: Session, seen: Seen, chain: Verdict | None = None) -> Finding:
    """What is to be said of a file that was looked into. Never raises for anything that the file or the ledger holds.

    ``chain`` is what a ``ChainReader`` found, for callers with many files.
    """
    chain = chain or ChainReader().read(db)
    keys = register(db, upto=chain.size)
    record = _record_standing(db, seen.record, keys, chain)
    known = ledger.exported(db, "sha256", seen.sha256, upto=chain.size)
    if known is not None and known.body["act"].get("size") == seen.size:
        verdict, reasons = "genuine", [_in_ledger(known)]
    elif seen.fault:
        verdict, reasons = "cannot_confirm", [_fault_words(seen.fault), *_unsealed_words(seen.reach)]
    elif seen.form == "pdf" and _is_resealed(db, seen, chain):
        verdict = "altered"
        reasons = [_("All that the seal covers is as the school gave it out, but the seal itself was changed.")]
    elif seen.form == "pdf":
        verdict, reasons = _judge_pdf(seen, keys, record)
    elif seen.form == "record":
        verdict, reasons = _judge_record_file(db, seen.record or {}, record, chain)
    else:
        verdict, reasons = "cannot_confirm", [_other_words(seen.form)]
    if not chain.ok and (verdict == "not_ours" or (verdict == "altered" and _seal_standing(seen, keys) != "broken")):
        verdict, reasons = "cannot_confirm", [_("There is no whole ledger at present that it could be compared with.")]
    fault = record.ledger_fault or ("" if chain.ok else chain.reason)
    if not fault and verdict == "cannot_confirm" and _seal_standing(seen, keys) == "ours":
        fault = _("The school’s own seal is on a file that its ledger knows nothing of, or remembers differently.")
    claims = seen.record or {}
    kind = known.body["act"].get("kind", "") if known is not None and verdict == "genuine" else claims.get("kind", "")
    return Finding(
        verdict,
        tuple(reasons),
        kind=kind,
        document=claims.get("document", ""),
        made_at=_made_at(seen),
        entries=len(claims.get("entries", ())),
        ledger_fault=fault,
    )


def examine(db: Session, content: bytes, *, limit: int) -> Finding:
    """``look_into`` and ``judge`` in one, for callers who hold nobody up."""
    return judge(db, look_into(content, limit=limit))


def check_heads(
    db: Session, text: str, *, most: int | None = None, chain: Verdict | None = None
) -> tuple[HeadFinding, ...]:
    """Whether each head found in a text, or the first ``most`` of them, is ours and still part of today's history."""
    chain = chain or ChainReader().read(db)
    keys, found = register(db, upto=chain.size), []
    for head in rules.heads_in(text)[:most]:
        fault = _ledger_fault(db, head, chain)
        if not chain.ok and not any(row.key_id == head["key"] for row in keys):
            verdict, reason = "ledger_changed", chain.reason  # the entry of its key may be what was changed
        elif not _head_is_ours(head, keys):
            verdict, reason = "not_ours", _strange_head(head, keys, agrees=not fault)
        elif fault:
            verdict, reason = "ledger_changed", fault
        else:
            verdict = "stands"
            reason = _("Today’s ledger still begins with the same %(size)s entries.", size=f"{head['size']:,}")
        found.append(HeadFinding(verdict, head["size"], head["entry_hash"], reason))
    return tuple(found)


def turning_point(heads: Iterable[HeadFinding]) -> str:
    """Where today's history leaves the one that kept heads name, as narrow as they allow; empty when it does not."""
    left = min((head.size for head in heads if head.verdict == "ledger_changed"), default=0)
    if not left:
        return ""
    held = max((head.size for head in heads if head.verdict == "stands" and head.size < left), default=0)
    return _(
        "Kept heads agree with today’s history up to entry %(held)s and no longer at entry %(left)s.",
        held=f"{held:,}",
        left=f"{left:,}",
    )


def text_with_heads(content: bytes, *, limit: int) -> str:
    """A text in which the heads of a file can be found: the file itself, or the head of the record inside it."""
    if not content.startswith((b"%PDF-", b"{")):
        return rules.text_of(content[:limit])
    head = (look_into(content, limit=limit).record or {}).get("head")
    return rules.head_text(head) if head else ""


def _judge_pdf(seen: Seen, keys: Sequence[KeyRow], record: _Record) -> tuple[str, list[str]]:
    seal = _seal_standing(seen, keys)
    partly_ours = record.state in {"stands", "changed"}
    if seal == "ours" and record.state == "stands":
        return "cannot_confirm", [
            _("The school’s seal covers the whole file, and nothing was changed after it was sealed."),
            _("But the school’s ledger does not name this file, as it names every file that the school gives out."),
            _("Every entry in the record inside is in the ledger. Rely on the record, not on what the pages say."),
        ]
    if seal in {"ours", "untimely"}:
        return "cannot_confirm", [_whole_but(seal, record.state)]
    if seal == "broken":
        return "altered", [*_damage(seen), *_about_record(record)]
    if record.state == "ledger_differs":
        return "cannot_confirm", [_("Only the record inside could be compared: the file carries no seal of ours.")]
    if seal == "stranger":
        return "not_ours", [_("The seal was not made with any key of this school."), *_about_record(record)]
    if seal == "several":
        reason = _("This file carries more than one seal; the school puts exactly one on each.")
        return "altered" if partly_ours else "not_ours", [reason, *_about_record(record)]
    if seal == "unreadable":
        return "altered" if partly_ours else "cannot_confirm", [_("Its seal cannot be read."), *_about_record(record)]
    if partly_ours:
        return "altered", [_("The school’s seal was removed from it."), *_about_record(record)]
    return "not_ours", _unsealed_words("unsealed")


def _is_resealed(db: Session, seen: Seen, chain: Verdict) -> bool:
    """Whether it is a file of ours but for the value of its seal, which anybody can give another form without a key."""
    try:
        kept = documents.document_bytes(db, (seen.record or {}).get("document", ""))
        same = bool(seen.covered) and hashlib.sha256(rules.sealed_bytes(kept)[0]).hexdigest() == seen.covered
    except (DomainError, rules.Broken):
        return False
    digest = hashlib.sha256(kept).hexdigest()
    return same and ledger.exported(db, "sha256", digest, upto=chain.size) is not None


def _seal_standing(seen: Seen, keys: Sequence[KeyRow]) -> str:
    """``ours``, ``untimely`` (key not in use then), ``broken``, ``stranger``, ``several``, ``unreadable``, ``none``."""
    names = [rules.key_id(base64.b64decode(each)) for each in seen.signers]
    own = {row.key_id: row for row in keys if row.use == "seal"}
    if seen.reach == "seal":
        return "unreadable"
    if not names:
        return "none"
    if len(names) > 1 or seen.seal is None:
        return "broken" if own.keys() & set(names) else "several"
    if names[0] not in own:
        return "stranger"
    wanted = ("intact", "valid", "whole", "untouched", "locked", "usual", "same")
    if seen.reach or not all(seen.seal.get(fact) is True for fact in wanted):
        return "broken"
    at = _moment(seen.seal["at"])
    return "ours" if at is not None and own[names[0]].was_in_use(at) else "untimely"


def _record_standing(db: Session, claims: dict[str, Any] | None, keys: Sequence[KeyRow], chain: Verdict) -> _Record:
    if claims is None:
        return _Record("none")
    head, pairs = claims["head"], claims["entries"]
    ours = head is not None and _head_is_ours(head, keys)
    fault = _ledger_fault(db, head, chain) if ours else ""
    own = ledger.hashes(db, [seq for seq, _digest in pairs if seq <= chain.size])
    known = [own.get(seq) == digest for seq, digest in pairs]
    if claims["fault"] == "" and ours:
        if fault:
            return _Record("ledger_differs", fault)
        if all(known):
            return _Record("stands")
    return _Record("changed" if ours or any(known) else "strange", fault)


def _judge_record_file(db: Session, claims: dict[str, Any], record: _Record, chain: Verdict) -> tuple[str, list[str]]:
    """A record file alone carries no seal: its entries prove themselves, and its hash that none was left out."""
    if record.state == "ledger_differs":
        return "cannot_confirm", [_("The record is whole in itself, but does not fit today’s ledger.")]
    if record.state == "strange":
        return "not_ours", [_("Nothing in it is in this school’s ledger, and no key of this school signed it.")]
    if record.state == "changed":
        return "altered", [_record_damage(claims["fault"])]
    given_out = ledger.exported(db, "record_sha256", claims["sha256"], upto=chain.size)
    if given_out is not None:
        return "genuine", [_in_ledger(given_out), _("Every entry in it is in the school’s ledger.")]
    return "altered", [
        _("Every entry in it is genuine, but this is not the file as the school gave it out."),
        _("Something may have been left out of it, or the words around the entries may have been changed."),
    ]


def _head_is_ours(head: dict[str, Any], keys: Sequence[KeyRow]) -> bool:
    """Whether a registered key signed it, whenever: the time in it is the signer's own word, and clocks go wrong."""
    try:
        return rules.check_head(head, {row.key_id: row.public for row in keys if row.use == "head"}) is True
    except rules.Broken:
        return False


def _strange_head(head: dict[str, Any], keys: Sequence[KeyRow], *, agrees: bool) -> str:
    """Why a head is not one of ours; a slip of the pen is far more common than a forgery, and looks the same."""
    if agrees and head["size"]:
        return _(
            "Its key or signature does not fit, so it was mistyped or does not come from this school. The entry that "
            "it names, number %(size)s, is in today’s ledger just so.",
            size=f"{head['size']:,}",
        )
    if any(row.key_id == head["key"] for row in keys):
        return _("Its signature does not fit: a part of it was mistyped or changed.")
    return _(
        "It names a key that this school’s register does not hold: it was mistyped, comes from elsewhere, or the "
        "register was changed. Compare the key with the one on other people’s receipts."
    )


def _ledger_fault(db: Session, head: dict[str, Any], chain: Verdict) -> str:
    """Empty when the ledger still has the entry that a head of ours names; else what has become of it."""
    size = head["size"]
    if size == 0:
        return ""
    if size > chain.size and not chain.ok:
        return chain.reason
    if size > chain.size:
        return _(
            "The school once had %(size)s entries in its ledger, and has fewer now: the end was cut off, or an older "
            "copy was put back.",
            size=f"{size:,}",
        )
    if ledger.hashes(db, [size]).get(size) != head["entry_hash"]:
        return _(
            "Entry %(size)s of the school’s ledger is not the one it signed: history was written anew at that entry or "
            "before it.",
            size=f"{size:,}",
        )
    return ""


def _made_at(seen: Seen) -> dt.datetime | None:
    """When the file says that it was made: its seal first, else the head in its record."""
    head = (seen.record or {}).get("head")
    return _moment((seen.seal or {}).get("at", "")) or _moment(head["at"] if head else "")


def _moment(text: str) -> dt.datetime | None:
    """A moment that a file names, in UTC; None for what is none, or lies so far away that no clock shows it."""
    try:
        moment = dt.datetime.fromisoformat(text)
        return moment.astimezone(dt.UTC) if moment.tzinfo is not None and 1 < moment.year < dt.MAXYEAR else None
    except ValueError:
        return None


def _in_ledger(entry: ledger.EntryRow) -> str:
    return _(
        "It is, byte for byte, the file that entry %(seq)s of the school’s ledger names.",
        seq=f"{entry.seq:,}",
    )


def _fault_words(fault: str) -> str:
    return {
        "encrypted": _("It is locked with a password. The school never locks its files."),
        "too_large": _("It is too large to be looked into."),
        "limits": _("It could not be read in the time and memory that a file is given here."),
    }.get(fault, _("It could not be read: it is damaged, or is not what it seems to be."))


def _unsealed_words(reach: str) -> list[str]:
    """What is said of a PDF without a seal, which a scan or a print of a genuine one is too."""
    if reach != "unsealed":
        return []
    return [
        _("It carries no seal of this school, and the school’s ledger does not know it."),
        _("A scan, or a copy that was printed or saved anew, looks just so: check the file as it first came."),
    ]


def _other_words(form: str) -> str:
    return {
        "archive": _(
            "It is an archive or an office document, and the school’s ledger does not name it. An evidence pack that "
            "was packed anew can be unpacked, and checked with the verify.py inside it."
        ),
        "picture": _(
            "It is a picture, which anybody can draw. Of a document on paper, the line that begins with OVAL-HEAD can "
            "be checked."
        ),
        "empty": _("There is nothing in it."),
        "message": _("It is a whole message. Save the document that came with it, and check that."),
    }.get(form, _("This is neither a PDF nor a record file."))


def _whole_but(seal: str, state: str) -> str:
    if seal == "untimely":
        return _("The seal is whole, but its key was not in use at the time it gives.")
    if state == "none":
        return _("The school’s seal is whole, but the ledger has no entry of this file being made.")
    return _("The school’s seal is whole, but the record inside does not fit today’s ledger.")


def _damage(seen: Seen) -> list[str]:
    """What was done to a file that carries a seal of the school."""
    found, seal = [], seen.seal or {}
    if len(seen.signers) > 1 or seen.reach == "several_seals":
        found.append(_("It carries a second seal; the school puts exactly one on each file."))
    elif seen.reach or not seal.get("whole"):
        found.append(_("Something was added to it, or cut off, after the school sealed it."))
    if seal and not seal["valid"]:
        found.append(_("The school’s seal on it is damaged."))
    elif seal and not seal["intact"]:
        found.append(_("The school’s seal does not fit what the file says now: it was changed after sealing."))
    return found or [_("The seal was made in another way than the school’s seals are.")]


def _about_record(record: _Record) -> list[str]:
    if record.state == "stands":
        return [_("The record inside is still genuine; it is this copy of the file that was changed.")]
    if record.state == "changed":
        return [_("The record inside was changed too.")]
    return []


def _record_damage(fault: str) -> str:
    return {
        "edited": _("An entry in it was changed."),
        "details": _("The personal details of an entry in it were changed."),
        "order": _("Its entries do not follow one another as they do in the ledger."),
        "head": _("The signed head of the ledger in it was changed or does not fit its entries."),
        "": _("Entries in it are not those of the school’s ledger, or its head was not signed by the school."),
    }.get(fault, _("It no longer has the form of a record file."))
