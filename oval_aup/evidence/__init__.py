"""What stands up in a dispute: the ledger of every act, its verification, and the PDFs made from it.

It takes frozen facts and pseudonyms and knows nothing of who signs what: that is decided above.
"""

from oval_aup.core.canonical import canonical
from oval_aup.evidence.assurance import ASSURANCES, CHANNELS
from oval_aup.evidence.ledger import (
    GENESIS,
    KINDS,
    DocumentRef,
    EntryRow,
    Head,
    Ref,
    append,
    details,
    entries,
    entries_about,
    entries_by,
    erase_details,
    find,
    head,
)

__all__ = [
    "ASSURANCES",
    "CHANNELS",
    "GENESIS",
    "KINDS",
    "DocumentRef",
    "EntryRow",
    "Head",
    "Ref",
    "append",
    "canonical",
    "details",
    "entries",
    "entries_about",
    "entries_by",
    "erase_details",
    "find",
    "head",
]
