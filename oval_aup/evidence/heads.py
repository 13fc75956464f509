"""Signs the present head of the ledger, so that whoever keeps it can notice any later rewriting of the past."""

from __future__ import annotations

import base64
import datetime as dt
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.i18n import _
from oval_aup.evidence import ledger
from oval_aup.evidence.keys import KeyMissing, Keyring, KeyRow, current_key
from oval_aup.verifier import rules


@dataclass(frozen=True, slots=True)
class SignedHead:
    """How long the ledger is, the hash of its last entry, when that was so, and the school's signature over it."""

    size: int
    entry_hash: str
    at: str
    key: str
    signature: str

    @property
    def signed_at(self) -> dt.datetime:
        """The moment in which the ledger was so: what else is read in that unit of work is of the same moment."""
        return dt.datetime.fromisoformat(self.at)

    @property
    def facts(self) -> dict[str, Any]:
        """As it stands in files; ``rules.check_head`` checks this form."""
        return {
            "v": 1,
            "size": self.size,
            "entry_hash": self.entry_hash,
            "at": self.at,
            "key": self.key,
            "signature": self.signature,
        }

    @property
    def text(self) -> str:
        """One line to print, type or mail."""
        return rules.head_text(self.facts)


KEPT_HEADS = "heads.txt"
CHECK_NOTE = "ledger-check.txt"
"""Files of the instance folder: the heads of every day, and what the last reading of the whole ledger found."""


def keep_head(instance: Path, head: SignedHead) -> None:
    """Add a head to those kept beside the database, where going back to an older database does not reach."""
    with (instance / KEPT_HEADS).open("a", encoding="ascii") as file:
        file.write(head.text + "\n")
        file.flush()
        os.fsync(file.fileno())


def kept_heads(instance: Path) -> tuple[ledger.Head, ...]:
    """The heads kept beside the database; a line that was cut off by a crash is left out."""
    try:
        text = (instance / KEPT_HEADS).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return ()
    return tuple(ledger.Head(head["size"], head["entry_hash"]) for head in rules.heads_in(text))


def signed_head(db: Session, ring: Keyring, row: KeyRow | None = None) -> SignedHead:
    """The present head, signed; raises KeyMissing, since a head without a signature is never given out.

    ``row`` is the key that signs heads now, where the caller has just read it.
    """
    row = row or current_key(db, "head")
    if row is None:
        raise KeyMissing(_("There is no key yet that signs the ledger’s head."))
    now = ledger.head(db)
    unsigned = SignedHead(now.size, now.entry_hash, clock.iso(clock.now()), row.key_id, "")
    signature = ring.head_key(row).sign(rules.head_bytes(unsigned.facts))
    return replace(unsigned, signature=base64.b64encode(signature).decode("ascii"))
