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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import documents, evidence
from oval_aup.core.errors import DomainError
from oval_aup.core.i18n import _
from oval_aup.verification.heads import ChainReader, gone_back_after, head_is_ours, ledger_fault
from oval_aup.verification.sandbox import Seen
from oval_aup.verifier import rules
from oval_aup.verifier.bundle import checker

CHECKER_KIND = "checker"


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
class _Record:
    """How a record file stands to the ledger.

    ``state`` is ``none``, ``stands`` (whole, every entry in the ledger), ``ledger_differs``, ``changed`` (some of
    it is ours) or ``strange``.
    """

    state: str
    ledger_fault: str = ""


def judge(db: Session, seen: Seen, chain: evidence.LedgerVerdict | None = None) -> Finding:
    """What is to be said of a file that was looked into. Never raises for anything that the file or the ledger holds.

    ``chain`` is what a ``ChainReader`` found, for callers with many files.
    """
    chain = chain or ChainReader().read(db)
    keys = evidence.register(db, upto=chain.size)
    record = _record_standing(db, seen.record, keys, chain)
    known = evidence.exported(db, "sha256", seen.sha256, upto=chain.size)
    told = ""
    if known is not None and known.body["act"].get("size") == seen.size:
        verdict, reasons = "genuine", [_in_ledger(known)]
    elif told := _about_checker(db, seen, chain):
        verdict, reasons = "genuine", [told]
    elif seen.fault:
        verdict, reasons = "cannot_confirm", [_fault_words(seen.fault), *_unsealed_words(seen.reach)]
    elif seen.form == "pdf" and _is_resealed(db, seen, chain):
        verdict = "altered"
        reasons = [_("Everything that the seal covers is as the school made it, but the seal itself was changed.")]
    elif seen.form == "pdf":
        verdict, reasons = _judge_pdf(seen, keys, record)
    elif seen.form == "record":
        verdict, reasons = _judge_record_file(db, seen.record or {}, record, chain)
    else:
        verdict, reasons = "cannot_confirm", [_other_words(seen.form)]
    if not chain.ok and (verdict == "not_ours" or (verdict == "altered" and _seal_standing(seen, keys) != "broken")):
        verdict, reasons = (
            "cannot_confirm",
            [_("The school’s ledger is not in order now, so we cannot compare.")],
        )
    fault = record.ledger_fault or ("" if chain.ok else chain.reason)
    if not fault and verdict == "cannot_confirm" and _seal_standing(seen, keys) == "ours":
        fault = _("The school’s own seal is on a file that its ledger does not list, or lists differently.")
        fault = f"{fault} {gone_back_after(db, _made_at(seen), chain)}".rstrip()
    claims = seen.record or {}
    kind = known.body["act"].get("kind", "") if known is not None and verdict == "genuine" else claims.get("kind", "")
    return Finding(
        verdict,
        tuple(reasons),
        kind=CHECKER_KIND if told else kind,
        document=claims.get("document", ""),
        made_at=_made_at(seen),
        entries=len(claims.get("entries", ())),
        ledger_fault=fault,
    )


def _about_checker(db: Session, seen: Seen, chain: evidence.LedgerVerdict) -> str:
    """What is said of a file that is the checker of today or of an older pack; empty for every other file."""
    if seen.form != "other":
        return ""
    if seen.sha256 == checker().sha256:
        return _("It is exactly the checker that we put into evidence packs today.")
    entry = evidence.exported(db, "checker_sha256", seen.sha256, upto=chain.size)
    if entry is None:
        return ""
    return _(
        "It is exactly the checker of an older evidence pack, listed in entry %(seq)s of the ledger.",
        seq=f"{entry.seq:,}",
    )


def _judge_pdf(seen: Seen, keys: Sequence[evidence.KeyRow], record: _Record) -> tuple[str, list[str]]:
    seal = _seal_standing(seen, keys)
    partly_ours = record.state in {"stands", "changed"}
    if seal == "ours" and record.state == "stands":
        return "cannot_confirm", [
            _("The school’s seal covers the whole file, and nothing was changed after it was sealed."),
            _("But the school’s ledger lists every file that the school gives out, and this one is not listed."),
            _("Every entry in the record inside is in the ledger. Rely on the record, not on what the pages say."),
        ]
    if seal in {"ours", "untimely"}:
        return "cannot_confirm", [_whole_but(seal, record.state)]
    if seal == "broken":
        return "altered", [*_damage(seen), *_about_record(record)]
    if record.state == "ledger_differs":
        return "cannot_confirm", [_("Only the record inside could be compared: the file does not have our seal.")]
    if seal == "stranger":
        return "not_ours", [_("The seal was not made with any key of this school."), *_about_record(record)]
    if seal == "several":
        reason = _("This file has more than one seal. The school puts exactly one on each file.")
        return "altered" if partly_ours else "not_ours", [reason, *_about_record(record)]
    if seal == "unreadable":
        return "altered" if partly_ours else "cannot_confirm", [_("Its seal cannot be read."), *_about_record(record)]
    if partly_ours:
        return "altered", [_("The school’s seal was removed from it."), *_about_record(record)]
    return "not_ours", _unsealed_words("unsealed")


def _is_resealed(db: Session, seen: Seen, chain: evidence.LedgerVerdict) -> bool:
    """Whether it is a file of ours but for the value of its seal, which anybody can give another form without a key.

    The ledger says so of what it named with the hash of all that the seal covers, also when the bytes were erased or
    gave way to newer ones since. Of older files the kept bytes say it.
    """
    if seen.covered and evidence.exported(db, "covered_sha256", seen.covered, upto=chain.size) is not None:
        return True
    try:
        kept = documents.document_bytes(db, (seen.record or {}).get("document", ""))
        same = bool(seen.covered) and hashlib.sha256(rules.sealed_bytes(kept)[0]).hexdigest() == seen.covered
    except (DomainError, rules.Broken):
        return False
    digest = hashlib.sha256(kept).hexdigest()
    return same and evidence.exported(db, "sha256", digest, upto=chain.size) is not None


def _seal_standing(seen: Seen, keys: Sequence[evidence.KeyRow]) -> str:
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


def _record_standing(
    db: Session, claims: dict[str, Any] | None, keys: Sequence[evidence.KeyRow], chain: evidence.LedgerVerdict
) -> _Record:
    if claims is None:
        return _Record("none")
    head, pairs = claims["head"], claims["entries"]
    ours = head is not None and head_is_ours(head, keys)
    fault = ledger_fault(db, head, chain) if ours else ""
    own = evidence.hashes(db, [seq for seq, _digest in pairs if seq <= chain.size])
    known = [own.get(seq) == digest for seq, digest in pairs]
    if claims["fault"] == "" and ours:
        if fault:
            return _Record("ledger_differs", fault)
        if all(known):
            return _Record("stands")
    return _Record("changed" if ours or any(known) else "strange", fault)


def _judge_record_file(
    db: Session, claims: dict[str, Any], record: _Record, chain: evidence.LedgerVerdict
) -> tuple[str, list[str]]:
    """A record file alone carries no seal: its entries prove themselves, and its hash that none was left out."""
    if record.state == "ledger_differs":
        return "cannot_confirm", [_("The record is complete, but does not match today’s ledger.")]
    if record.state == "strange":
        return "not_ours", [_("Nothing in it is in this school’s ledger, and no key of this school signed it.")]
    if record.state == "changed":
        return "altered", [_record_damage(claims["fault"])]
    given_out = evidence.exported(db, "record_sha256", claims["sha256"], upto=chain.size)
    if given_out is not None:
        return "genuine", [_in_ledger(given_out), _("Every entry in it is in the school’s ledger.")]
    return "altered", [
        _("Every entry in it is genuine, but this is not the file that the school made."),
        _("Something may have been left out of it, or the words around the entries may have been changed."),
    ]


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


def _in_ledger(entry: evidence.EntryRow) -> str:
    return _(
        "It is exactly the file listed in entry %(seq)s of the school’s ledger.",
        seq=f"{entry.seq:,}",
    )


def _fault_words(fault: str) -> str:
    return {
        "encrypted": _("It is locked with a password. The school never locks its files."),
        "too_large": _("It is too large to check."),
        "limits": _("It took too long to read or needed too much memory."),
    }.get(fault, _("It could not be read: it is damaged, or is not the kind of file that its name says."))


def _unsealed_words(reach: str) -> list[str]:
    """What is said of a PDF without a seal, which a scan or a print of a genuine one is too."""
    if reach != "unsealed":
        return []
    return [
        _("It does not have this school’s seal, and the school’s ledger does not list it."),
        _("This also happens with a scan, or a copy printed or saved again. Check the file as you first got it."),
    ]


def _other_words(form: str) -> str:
    return {
        "archive": _(
            "It is an archive or an office document, and the school’s ledger does not list it. If it is an evidence "
            "pack that was zipped again, unpack it and check it with verify.py from the page “Check a document”."
        ),
        "picture": _(
            "It is a picture, so it cannot be checked. If you have a printed document, check its line that begins with "
            "OVAL-HEAD instead."
        ),
        "empty": _("This file is empty."),
        "message": _("It is an email. Save the document attached to it, and check that."),
    }.get(form, _("This is neither a PDF nor a record file."))


def _whole_but(seal: str, state: str) -> str:
    if seal == "untimely":
        return _("The seal is intact, but its key was not in use at the time the seal gives.")
    if state == "none":
        return _("The school’s seal is intact, but the ledger has no entry that says this file was made.")
    return _("The school’s seal is intact, but the record inside does not match today’s ledger.")


def _damage(seen: Seen) -> list[str]:
    """What was done to a file that carries a seal of the school."""
    found, seal = [], seen.seal or {}
    if len(seen.signers) > 1 or seen.reach == "several_seals":
        found.append(_("It has a second seal. The school puts exactly one on each file."))
    elif seen.reach or not seal.get("whole"):
        found.append(_("Something was added to it, or cut off, after the school sealed it."))
    if seal and not seal["valid"]:
        found.append(_("The school’s seal on it is damaged."))
    elif seal and not seal["intact"]:
        found.append(_("The school’s seal does not match what the file says now: it was changed after it was sealed."))
    return found or [_("The seal was not made in the way that the school makes its seals.")]


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
        "order": _("Its entries are not in the same order as in the ledger."),
        "head": _("The signed line (OVAL-HEAD) in it was changed, or does not match its entries."),
        "": _("Entries in it are not those of the school’s ledger, or the school did not sign its line (OVAL-HEAD)."),
    }.get(fault, _("It is no longer a valid record file."))
