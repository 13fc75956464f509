"""Runs the renderers: separate processes with a time and a memory limit, replaced when one hangs, dies or grows."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import signal
import threading
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType

from oval_aup.core.i18n import _
from oval_aup.evidence import pdf
from oval_aup.evidence.pdf import Paper

SECONDS = 10.0
START_SECONDS = 60.0
"""Importing the renderer on a cold machine takes seconds; it is not the document's fault."""

MEMORY = 400 * 1024 * 1024
"""Bytes of private memory one renderer may use."""

PAPERS_PER_PROCESS = 400
COLLECT_AFTER = 100_000
"""New objects after which a renderer looks for cycles among them."""

NICENESS = 10
"""Whoever waits for a page comes before whoever waits for a paper, also while a whole school's receipts are made."""

_spawn = multiprocessing.get_context("spawn")


class PrintFailed(Exception):
    """A document could not be rendered, in one sentence."""


class Press:
    """Some renderers that any thread may use; each renders one document at a time.

    Processes start on first use. They are spawned, not forked, so that they inherit neither threads nor database
    connections, and they end by themselves when this process is gone.
    """

    def __init__(self, instance: Path, *, renderers: int = 2, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.renderers = renderers
        self._idle: SimpleQueue[_Renderer] = SimpleQueue()
        fonts_conf = pdf.prepare_fonts(instance)  # once, here: renderers start in threads of their own
        self.seconds = seconds
        self._all = [_Renderer(fonts_conf, memory) for _number in range(renderers)]
        for renderer in self._all:
            self._idle.put(renderer)

    def print(self, paper: Paper, *, seconds: float | None = None) -> bytes:
        """Render one document; raises PrintFailed when it cannot be, takes too long or needs too much memory.

        ``seconds`` replaces the usual limit, for reports that list a whole school.
        """
        renderer = self._idle.get()
        try:
            return renderer.render(paper, self.seconds if seconds is None else seconds)
        finally:
            self._idle.put(renderer)

    def close(self) -> None:
        """End the processes."""
        for renderer in self._all:
            renderer.stop()

    def __enter__(self) -> Press:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Renderer:
    """One process and the line to it."""

    def __init__(self, fonts_conf: Path, memory: int) -> None:
        self.fonts_conf = fonts_conf
        self.memory = memory
        self._process: SpawnProcess | None = None
        self._line: Connection | None = None
        self._rendered = 0

    def render(self, paper: Paper, seconds: float) -> bytes:
        line = self._started()
        try:
            line.send(paper)
            if not line.poll(seconds):
                raise PrintFailed(_("Rendering took longer than %(seconds)s seconds.", seconds=f"{seconds:g}"))
            content, fault = line.recv()
        except PrintFailed:
            self.stop(kill=True)
            raise
        except (EOFError, OSError) as error:
            self.stop(kill=True)
            raise PrintFailed(_("The renderer stopped in the middle of this document.")) from error
        self._rendered += 1
        if fault:
            self.stop()  # after running out of memory, or any surprise, a fresh process is the safer one
            raise PrintFailed(fault)
        if self._rendered >= PAPERS_PER_PROCESS:
            self.stop()
        return bytes(content)

    def stop(self, *, kill: bool = False) -> None:
        process, line = self._process, self._line
        self._process = self._line = None
        self._rendered = 0
        if line is not None:
            line.close()
        if process is not None:
            if kill:
                process.kill()
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()

    def _started(self) -> Connection:
        if self._line is not None and self._process is not None and self._process.is_alive():
            return self._line
        self.stop(kill=True)
        ours, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=_serve, args=(theirs, str(self.fonts_conf), self.memory), daemon=True)
        with _START:  # two spawns at once would hand each other's pipe ends on, and a dead worker's line stay open
            self._process.start()
            theirs.close()
        self._line = ours
        if not ours.poll(START_SECONDS):
            self.stop(kill=True)
            raise PrintFailed(_("The renderer did not start."))
        try:
            fault = ours.recv()
        except EOFError:
            fault = _("The renderer stopped while it was starting.")
        if fault:
            self.stop(kill=True)
            raise PrintFailed(fault)
        return ours


_START = threading.Lock()


def _serve(line: Connection, fonts_conf: str, memory: int) -> None:
    """The life of a rendering process: limits, fonts, then one document after another until the line closes."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the worker decides when the current document is done
    os.environ["FONTCONFIG_FILE"] = fonts_conf
    os.nice(NICENESS)
    try:
        import weasyprint  # noqa: F401 - the slow part, done before the first document's time begins

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        # A document is a great many small things that are all thrown away at its end: looking for cycles rarely, and
        # never among what stays loaded, spares an eighth of the time.
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER, 50, 50)
    except Exception as error:
        line.send(_("The renderer cannot start: %(fault)s", fault=error))
        return
    line.send("")
    while True:
        try:
            paper = line.recv()
        except (EOFError, OSError):
            return
        line.send(_outcome(paper))


def _outcome(paper: Paper) -> tuple[bytes, str]:
    try:
        return pdf.render(paper), ""
    except MemoryError:
        return b"", _("Rendering needed more memory than a document may use.")
    except RecursionError:
        return b"", _("The document is nested too deeply to be rendered.")
    except Exception as error:
        return b"", _("Rendering failed: %(kind)s: %(fault)s", kind=type(error).__name__, fault=error)[:500]
