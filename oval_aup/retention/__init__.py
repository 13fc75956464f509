"""The retention room decides how long records stay, who may be erased, and sees to it that nothing of them is left.

Nothing goes without a person's decision. The ledger's entries stay for ever and lose their details; the person stays as
a pseudonym, so that the chain and every count stay true.
"""

from oval_aup.retention.erasure import (
    BASES,
    RETENTION,
    ErasurePlan,
    ErasureRow,
    approve,
    carry_out_next,
    decided_before,
    erasures,
    order,
    plan,
    proposed_plan,
    send_back,
    waiting_for_approval,
    why_not_second,
)
from oval_aup.retention.erasure_completion import CERTIFICATE, carry_out, finish, reapply
from oval_aup.retention.erasure_scope import OldThings, Reach
from oval_aup.retention.erasure_steps import REMOVED
from oval_aup.retention.holds import HoldRow, all_holds, held, hold, hold_row, lift_hold, review_hold
from oval_aup.retention.periods import RECORD_TYPES, PeriodRow, RecordType, add_months, confirm_period, periods
from oval_aup.retention.refusals import GROUNDS, refuse_erasure
from oval_aup.retention.review import Due, NotDue, due_people, due_things, not_due, things_going

__all__ = [
    "BASES",
    "CERTIFICATE",
    "GROUNDS",
    "RECORD_TYPES",
    "REMOVED",
    "RETENTION",
    "Due",
    "ErasurePlan",
    "ErasureRow",
    "HoldRow",
    "NotDue",
    "OldThings",
    "PeriodRow",
    "Reach",
    "RecordType",
    "add_months",
    "all_holds",
    "approve",
    "carry_out",
    "carry_out_next",
    "confirm_period",
    "decided_before",
    "due_people",
    "due_things",
    "erasures",
    "finish",
    "held",
    "hold",
    "hold_row",
    "lift_hold",
    "not_due",
    "order",
    "periods",
    "plan",
    "proposed_plan",
    "reapply",
    "refuse_erasure",
    "review_hold",
    "send_back",
    "things_going",
    "waiting_for_approval",
    "why_not_second",
]
