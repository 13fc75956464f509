"""The rendering process: takes one paper after another from its line and sends each back as a PDF.

``python -m oval_aup.printing.renderer HANDLE MEMORY`` is how the press starts it: with the number of an open connection
and the bytes of memory it may use.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
from multiprocessing.connection import Connection

from oval_aup.core.i18n import _
from oval_aup.printing import pdf
from oval_aup.printing.pdf import PrintJob

COLLECT_AFTER = 100_000
"""New objects after which cycles are looked for in the middle of a document."""

NICENESS = 10
"""Whoever waits for a page comes before whoever waits for a paper, also while a whole school's receipts are made."""


def serve(line: Connection, memory: int) -> None:
    """Render until the line closes; the first answer says whether the renderer could start."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the worker decides when the current document is done
    os.nice(NICENESS)
    try:
        import weasyprint  # noqa: F401 - the slow part, done before the first document's time begins

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    except Exception as error:  # a missing system library shows as any of several kinds
        line.send(_("The renderer cannot start: %(fault)s", fault=error))
        return
    # A document is a great many small things that are all thrown away at its end. Collecting them then, while nobody
    # waits, and never among what stays loaded, halves the memory and spares time in the middle of the next.
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 50, 50)
    line.send("")
    while True:
        try:
            paper, seconds = line.recv()
        except (EOFError, OSError):
            return
        # When the document's processor time is used up the process ends, whatever code it is in at that moment.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        outcome = _outcome(paper)
        signal.setitimer(signal.ITIMER_PROF, 0)
        line.send(outcome)
        del paper
        gc.collect()


def _outcome(paper: PrintJob) -> tuple[bytes, str]:
    try:
        return pdf.render(paper), ""
    except MemoryError:
        return b"", _("Rendering needed more memory than a document may use.")
    except RecursionError:
        return b"", _("The document is nested too deeply to be rendered.")
    except Exception as error:  # whatever a document does to the layout engine, the next one is rendered
        return b"", _("Rendering failed: %(kind)s: %(fault)s", kind=type(error).__name__, fault=error)[:500]


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), int(sys.argv[2]))
