"""Makes the documents that are wanted, one claim at a time."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from oval_aup import accounts, documents, evidence, notifications, printing, reports
from oval_aup.core import clock
from oval_aup.core.errors import DomainError
from oval_aup.core.i18n import _
from oval_aup.verifier.rules import RECORD_NAME
from oval_aup.worker.context import WorkerContext

QUIET_FOR = dt.timedelta(minutes=5)
"""So long after the last sign of life of a visitor nobody uses the system."""
RESTS = 3
"""Times as long as a document took that the worker rests after one that nobody waits for."""

log = logging.getLogger("oval_aup.worker")


def hands(context: WorkerContext) -> int:
    """How many documents are in hand at once: one more than can be rendered, so that no renderer waits while another
    document is put together, sealed or stored."""
    return context.press.renderers + 1


def render_all(context: WorkerContext) -> None:
    """Make whatever is wanted until nothing is due."""
    with ThreadPoolExecutor(hands(context)) as threads:
        for _done in threads.map(lambda _number: _drain(lambda: render_next(context)), range(hands(context))):
            pass


def _drain(step: Callable[[], bool]) -> None:
    while step():
        pass


def render_next(context: WorkerContext, *, in_advance: bool = False) -> bool:
    """Make one wanted document; a fault is noted in its row and never stops the others."""
    claim = documents.claim_document(context.database, in_advance=in_advance)
    if claim is None:
        return False
    give_back = documents.fail_document
    try:
        make = _plain if documents.KINDS[claim.kind].is_plain else _sealed
        content, record, through = make(context, claim)
    except evidence.KeyMissing as error:
        fault, give_back = str(error), documents.defer_document
    except (DomainError, printing.RenderFailed, evidence.SealFailed) as error:
        fault = str(error) or type(error).__name__
    except Exception as error:
        log.exception("document %s could not be made", claim.public_id)
        fault = _("Unexpected fault: %(kind)s", kind=type(error).__name__)
    else:
        with context.database.writing() as db:
            documents.store_document(db, claim, content, record=record, through=through)
            notifications.release(db, claim.public_id)
        return True
    with context.database.writing() as db:
        after = give_back(db, claim, fault)
    log.warning("document %s, attempt %s: %s (now %s)", claim.public_id, claim.attempts, fault, after.status)
    return True


def render_in_advance(
    context: WorkerContext, *, rest: Callable[[float], object], timer: Callable[[], float] = time.monotonic
) -> bool:
    """Make one document that nobody waits for, while nobody uses the system, and ``rest`` so many seconds after it.

    A quarter of the time at most goes into them, on one processor core at once. False where there is none to make.
    """
    with context.database.reading() as db:
        if accounts.anybody_active(db, since=clock.now() - QUIET_FOR):
            return False
    began = timer()
    if not render_next(context, in_advance=True):
        return False
    rest(RESTS * (timer() - began))
    return True


def _sealed(context: WorkerContext, claim: documents.DocumentRow) -> tuple[bytes, bytes, int]:
    """The sealed PDF, the record file inside it, and the size of the ledger it was made from."""
    with context.database.reading() as db:
        sealer, head = context.seals.sealer_and_head(db)
        paper = reports.paper(db, claim, school=context.settings.school, head=head)
    content = sealer.seal(context.press.print(paper, seconds=documents.KINDS[claim.kind].seconds))
    return content, paper.carried(RECORD_NAME), head.size


def _plain(context: WorkerContext, claim: documents.DocumentRow) -> tuple[bytes, bytes, int]:
    with context.database.reading() as db:
        return reports.plain_file(db, claim, school=context.settings.school), b"", evidence.head(db).size
