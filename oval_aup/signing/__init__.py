"""The signing room decides who must sign what this school year, how far each has come, and what a valid mark is.

A request moves in one place only, every mark and every correction adds a row and a ledger entry, and the
counts that coverage shows move with them.
"""

from oval_aup.signing.class_sessions import (
    class_session,
    class_sessions,
    close,
    join,
    make_mark,
    open_class_session,
    record_present,
    roll,
    undo,
)
from oval_aup.signing.coverage import coverage, rebuild_coverage, signed_by_day
from oval_aup.signing.marks import drawn_mark, read_mark, same_name, typed_name
from oval_aup.signing.requests import (
    cancel_for_leavers,
    mark_asked,
    move_due_date,
    open_requests,
    outstanding,
    request,
    request_by_id,
    standing,
    standing_of,
    unanswered,
)
from oval_aup.signing.rows import (
    ClassSessionRow,
    Counts,
    Coverage,
    NewRequest,
    OutstandingRow,
    RequestRow,
    RollRow,
    SignatureRow,
    SittingRow,
)
from oval_aup.signing.signatures import (
    correct,
    document_ref,
    sign,
    signature,
    signatures_for,
    signatures_in,
    signatures_in_class_session,
    signatures_of,
    withdraw,
)
from oval_aup.signing.sittings import begin, finish, latest_sitting, save_draft, sitting
from oval_aup.signing.together import ToSign, sign_all

__all__ = [
    "ClassSessionRow",
    "Counts",
    "Coverage",
    "NewRequest",
    "OutstandingRow",
    "RequestRow",
    "RollRow",
    "SignatureRow",
    "SittingRow",
    "ToSign",
    "begin",
    "cancel_for_leavers",
    "class_session",
    "class_sessions",
    "close",
    "correct",
    "coverage",
    "document_ref",
    "drawn_mark",
    "finish",
    "join",
    "latest_sitting",
    "make_mark",
    "mark_asked",
    "move_due_date",
    "open_class_session",
    "open_requests",
    "outstanding",
    "read_mark",
    "rebuild_coverage",
    "record_present",
    "request",
    "request_by_id",
    "roll",
    "same_name",
    "save_draft",
    "sign",
    "sign_all",
    "signature",
    "signatures_for",
    "signatures_in",
    "signatures_in_class_session",
    "signatures_of",
    "signed_by_day",
    "sitting",
    "standing",
    "standing_of",
    "typed_name",
    "unanswered",
    "undo",
    "withdraw",
]
