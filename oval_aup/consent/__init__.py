"""May we use this child's picture for that? Decided per use from what each guardian chose, never bundled with signing.

A safeguarding block outweighs everything; then any no; then a missing answer; then yes. A yes counts only from somebody
with parental responsibility; a no counts until it lapses or the office declares it invalid. Choices lapse with the
school year, are only ever added to; each change of what is allowed is kept, and a yes taken back opens a take-down.
"""

from oval_aup.consent.as_at import BlockThen, PicturesThen, Said, UseThen, pictures_then
from oval_aup.consent.blocks import BlockRow, block, blocks_of, unblock
from oval_aup.consent.changes import (
    ChangeRow,
    changes,
    following,
    lapses_wait,
    mark_notified,
    record_changes,
    settle_lapses,
    shown_values,
    unrecorded,
    unsent_changes,
)
from oval_aup.consent.erasing import ChoosingRow, choice_seqs, choosings, erase_places, in_use
from oval_aup.consent.history import (
    DecisionRow,
    answers_of,
    answers_of_guardian,
    blocked_children,
    decisions,
    standing_answers,
)
from oval_aup.consent.permissions import ConflictRow, Permission, conflicts, foreseen, permissions
from oval_aup.consent.purposes import AGREEMENT, Purpose, asked_purposes, has_uses, purposes, purposes_in
from oval_aup.consent.resolve import ALL_ASKED, ANY, POLICIES, Resolution
from oval_aup.consent.service import Choices, ToRecord, choices_of, invalidate, record, record_all
from oval_aup.consent.takedowns import (
    ANYBODY,
    TakeDownRow,
    assign_take_down,
    finish_take_down,
    finish_take_downs,
    take_down_owners,
    take_downs,
)

__all__ = [
    "AGREEMENT",
    "ALL_ASKED",
    "ANY",
    "ANYBODY",
    "POLICIES",
    "BlockRow",
    "BlockThen",
    "ChangeRow",
    "Choices",
    "ChoosingRow",
    "ConflictRow",
    "DecisionRow",
    "Permission",
    "PicturesThen",
    "Purpose",
    "Resolution",
    "Said",
    "TakeDownRow",
    "ToRecord",
    "UseThen",
    "answers_of",
    "answers_of_guardian",
    "asked_purposes",
    "assign_take_down",
    "block",
    "blocked_children",
    "blocks_of",
    "changes",
    "choice_seqs",
    "choices_of",
    "choosings",
    "conflicts",
    "decisions",
    "erase_places",
    "finish_take_down",
    "finish_take_downs",
    "following",
    "foreseen",
    "has_uses",
    "in_use",
    "invalidate",
    "lapses_wait",
    "mark_notified",
    "permissions",
    "pictures_then",
    "purposes",
    "purposes_in",
    "record",
    "record_all",
    "record_changes",
    "settle_lapses",
    "shown_values",
    "standing_answers",
    "take_down_owners",
    "take_downs",
    "unblock",
    "unrecorded",
    "unsent_changes",
]
