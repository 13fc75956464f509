"""Runs the renderers: separate processes with a time and a memory limit, replaced when one hangs, dies or grows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import LifoQueue
from types import TracebackType

from oval_aup.core.i18n import _
from oval_aup.printing.fonts import prepare_fonts
from oval_aup.printing.pdf import PrintJob

ROOT = Path(__file__).resolve().parent.parent.parent

SECONDS = 10.0
"""Seconds of processor time that a document may take: on a busy machine it waits longer and is no worse for it."""

PATIENCE = 6.0
"""How many times as long may pass on the wall."""

START_SECONDS = 60.0
"""Importing the renderer on a cold machine takes seconds; it is not the document's fault."""

MEMORY = 400 * 1024 * 1024
"""Bytes of private memory one renderer may use."""

PAPERS_PER_PROCESS = 400


class RenderFailed(Exception):
    """A document could not be rendered, in one sentence."""


class RenderPool:
    """Some renderers that any thread may use; each renders one document at a time.

    Processes start on first use, as programs of their own that load nothing but the renderer: they share neither
    threads nor database connections with this process, and end by themselves when it is gone.
    """

    def __init__(self, instance: Path, *, renderers: int = 2, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.renderers = renderers
        self._idle: LifoQueue[_Renderer] = LifoQueue()  # the one used last is warm; others need not even start
        fonts_conf = prepare_fonts(instance)  # once, here: renderers start in threads of their own
        self.seconds = seconds
        self._all = [_Renderer(fonts_conf, memory) for _number in range(renderers)]
        for renderer in self._all:
            self._idle.put(renderer)

    def print(self, paper: PrintJob, *, seconds: float | None = None) -> bytes:
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

    def __enter__(self) -> RenderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _too_long(seconds: float) -> RenderFailed:
    return RenderFailed(_("Rendering took longer than %(seconds)s seconds.", seconds=f"{seconds:g}"))


class _Renderer:
    """One process and the line to it."""

    def __init__(self, fonts_conf: Path, memory: int) -> None:
        self.fonts_conf = fonts_conf
        self.memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._rendered = 0

    def render(self, paper: PrintJob, seconds: float) -> bytes:
        line = self._started()
        try:
            line.send((paper, seconds))
            if not line.poll(seconds * PATIENCE):
                self.stop(kill=True)
                raise _too_long(seconds)
            content, fault = line.recv()
        except (EOFError, OSError) as error:
            if self.stop() == -signal.SIGPROF:
                raise _too_long(seconds) from error
            raise RenderFailed(_("The renderer stopped in the middle of this document.")) from error
        self._rendered += 1
        if fault:
            self.stop()  # after running out of memory, or any surprise, a fresh process is the safer one
            raise RenderFailed(fault)
        if self._rendered >= PAPERS_PER_PROCESS:
            self.stop()
        return bytes(content)

    def stop(self, *, kill: bool = False) -> int | None:
        """End the process, by force where asked or where it stays; its exit status, None where there was none."""
        process, line = self._process, self._line
        self._process = self._line = None
        self._rendered = 0
        if line is not None:
            line.close()
        if process is None:
            return None
        if kill:
            process.kill()
        try:
            return process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _started(self) -> Connection:
        if self._line is not None and self._process is not None and self._process.poll() is None:
            return self._line
        self.stop(kill=True)
        ours, theirs = Pipe()
        with theirs:
            handle = theirs.fileno()
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "oval_aup.printing.renderer", str(handle), str(self.memory)],
                cwd=ROOT,
                env={**os.environ, "FONTCONFIG_FILE": str(self.fonts_conf)},
                stdin=subprocess.DEVNULL,
                pass_fds=(handle,),
            )
        self._line = ours
        if not ours.poll(START_SECONDS):
            self.stop(kill=True)
            raise RenderFailed(_("The renderer did not start."))
        try:
            fault = ours.recv()
        except (EOFError, OSError):
            fault = _("The renderer stopped while it was starting.")
        if fault:
            self.stop(kill=True)
            raise RenderFailed(fault)
        return ours
