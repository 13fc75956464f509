"""The packs room writes evidence packs: waits for their records, settles what goes in, and makes the one file."""

from oval_aup.packs import writer

__all__ = ["writer"]
