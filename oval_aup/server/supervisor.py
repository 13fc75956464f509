"""Runs the web server and the background worker side by side, and stops both together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from types import FrameType

from oval_aup import backups, demo, schema
from oval_aup.config import ROOT, BadSetting, Settings
from oval_aup.core.db import Database

THREADS = 8
STOP_THE_SERVER = 3
"""The exit code at which gunicorn gives up; at any other it starts its worker again, and again."""


def web_command(settings: Settings) -> list[str]:
    """The web server: one process with threads, since SQLite has one writer anyway."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"{settings.host}:{settings.port}",
        "--worker-class",
        "gthread",
        "--workers",
        "1",
        "--threads",
        str(THREADS),
        "--max-requests-jitter",
        "0",
        "--graceful-timeout",
        "10",
        "--no-control-socket",
        "--log-level",
        "warning",
        "app:app",
    ]


def worker_command() -> list[str]:
    """The background worker."""
    return [sys.executable, "-m", "flask", "--app", "app", "worker", "run"]


def refuse_unfit(settings: Settings, database: Database) -> None:
    """Raise BadSetting with one sentence where the database must not be served.

    It has another shape, holds what was erased since, or is the demonstration's where a real school is meant, or the
    other way round.
    """
    fault = schema.fault(database) or backups.fault(settings, database) or demo.fault(settings, database)
    database.dispose()
    if fault:
        raise BadSetting(fault)


def refuse_taken_port(settings: Settings) -> None:
    """Raise BadSetting with one sentence when the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise BadSetting(
                f"Cannot listen on {settings.host} port {settings.port} ({error.strerror});"
                " set OVAL_HOST or OVAL_PORT to another."
            ) from error


def serve(settings: Settings) -> int:
    """Serve until told to stop; returns the exit code."""
    refuse_taken_port(settings)
    environment = {**os.environ, "OVAL_DEMO": "yes" if settings.demo else "no"}
    web = subprocess.Popen(web_command(settings), cwd=ROOT, env=environment)  # noqa: S603 - our own command
    worker = subprocess.Popen(worker_command(), cwd=ROOT, env=environment)  # noqa: S603
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    failure = 0
    while not stopping.wait(0.5):
        if web.poll() is not None:
            failure = web.returncode or 1
            break
        if worker.poll() is not None:
            # Messages and PDFs wait in their tables meanwhile; nothing is lost by starting afresh.
            worker = subprocess.Popen(worker_command(), cwd=ROOT, env=environment)  # noqa: S603
    for child in (web, worker):
        if child.poll() is None:
            child.terminate()
    for child in (web, worker):
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return failure
