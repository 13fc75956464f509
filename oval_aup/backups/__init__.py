"""What the school falls back on: encrypted copies of the database that were tried out, and the way back to one.

A backup holds no key and opens with ``backup-identity`` alone. It counts as good only once it was restored and its
ledger read back in full.
"""

from oval_aup.backups.archive import BackupFailed
from oval_aup.backups.creation import IDENTITY, BackupHealth, back_up_if_due, backup_health, create, kept, verify
from oval_aup.backups.manifest import Manifest
from oval_aup.backups.restoration import Reapply, Restored, fault, reapply_erasures, restore

__all__ = [
    "IDENTITY",
    "BackupFailed",
    "BackupHealth",
    "Manifest",
    "Reapply",
    "Restored",
    "back_up_if_due",
    "backup_health",
    "create",
    "fault",
    "kept",
    "reapply_erasures",
    "restore",
    "verify",
]
