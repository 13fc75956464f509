"""What stands up in a dispute: the ledger of every act, its verification, and the PDFs made from it.

It takes frozen facts and pseudonyms and knows nothing of who signs what: that is decided above.
"""

from oval_aup.core.canonical import canonical
from oval_aup.evidence.assurance import ASSURANCES, CHANNELS
from oval_aup.evidence.documents import (
    DocumentCounts,
    DocumentRow,
    claim_document,
    document,
    document_bytes,
    documents_about,
    fail_document,
    failed_documents,
    newest_documents,
    pending_documents,
    retry_document,
    store_document,
    want_document,
)
from oval_aup.evidence.heads import CHECK_NOTE, SignedHead, keep_head, kept_heads, signed_head
from oval_aup.evidence.keys import KeyMissing, Keyring, KeyRow, current_key, register
from oval_aup.evidence.ledger import (
    GENESIS,
    KINDS,
    BareEntry,
    DocumentRef,
    EntryRow,
    Head,
    NewEntry,
    Ref,
    append,
    append_all,
    bare_entries,
    details,
    entries,
    entries_about,
    entries_by,
    entries_of_kind,
    erase_details,
    find,
    head,
)
from oval_aup.evidence.past import Past, past, record_began
from oval_aup.evidence.pdf import EmbeddedFile, Paper, mark_image
from oval_aup.evidence.press import Press, PrintFailed
from oval_aup.evidence.rules import RECORD_NAME
from oval_aup.evidence.seal import Sealer, SealFailed, SealPress
from oval_aup.evidence.verify import Verdict, verify

__all__ = [
    "ASSURANCES",
    "CHANNELS",
    "CHECK_NOTE",
    "GENESIS",
    "KINDS",
    "RECORD_NAME",
    "BareEntry",
    "DocumentCounts",
    "DocumentRef",
    "DocumentRow",
    "EmbeddedFile",
    "EntryRow",
    "Head",
    "KeyMissing",
    "KeyRow",
    "Keyring",
    "NewEntry",
    "Paper",
    "Past",
    "Press",
    "PrintFailed",
    "Ref",
    "SealFailed",
    "SealPress",
    "Sealer",
    "SignedHead",
    "Verdict",
    "append",
    "append_all",
    "bare_entries",
    "canonical",
    "claim_document",
    "current_key",
    "details",
    "document",
    "document_bytes",
    "documents_about",
    "entries",
    "entries_about",
    "entries_by",
    "entries_of_kind",
    "erase_details",
    "fail_document",
    "failed_documents",
    "find",
    "head",
    "keep_head",
    "kept_heads",
    "mark_image",
    "newest_documents",
    "past",
    "pending_documents",
    "record_began",
    "register",
    "retry_document",
    "signed_head",
    "store_document",
    "verify",
    "want_document",
]
