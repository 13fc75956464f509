"""Notices somebody logged in who tries what no page of theirs offers: refused, logged, and shown to the office."""

from __future__ import annotations

import logging

from flask import g, request

from oval_aup import accounts
from oval_aup.web import access, unit_of_work

log = logging.getLogger("oval_aup.web")


def note(what: str) -> None:
    """Count a refused try of this visitor, and enter it in the ledger when it is one of several.

    ``what`` is ``address`` (another's page was asked for) or ``wording`` (rules were sent that were never shown).
    """
    held = g.get("visitor")
    if held is None or held.may("people.read"):  # who may open everybody's page only follows an old address
        return
    log.warning("refused: %s by session %s (%s) at %s", what, held.session_id, held.role, request.endpoint)
    actor = access.current_actor()
    unit_of_work.afterwards(lambda db: accounts.note_probe(db, held, what, actor=actor))
