"""The monitoring room reads the ledger back every day and tells the office when documents are late."""

from oval_aup.monitoring import document_watch, ledger_audit

__all__ = ["document_watch", "ledger_audit"]
