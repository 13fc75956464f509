"""The packs room writes evidence packs: waits for their records, settles what goes in, and makes the one file."""

from oval_aup.packs import writer
from oval_aup.packs.orders import (
    PACKS_FOLDER,
    MemberRow,
    PackRow,
    Wanted,
    cancel_pack,
    delete_pack,
    erase_pack,
    erased_packs,
    failed_packs,
    hand_out_pack,
    note_told,
    order_pack,
    pack,
    packs,
    record_name,
    resume_pack,
    untold_packs,
)

__all__ = [
    "PACKS_FOLDER",
    "MemberRow",
    "PackRow",
    "Wanted",
    "cancel_pack",
    "delete_pack",
    "erase_pack",
    "erased_packs",
    "failed_packs",
    "hand_out_pack",
    "note_told",
    "order_pack",
    "pack",
    "packs",
    "record_name",
    "resume_pack",
    "untold_packs",
    "writer",
]
