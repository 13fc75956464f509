"""The renderers: quick papers come out, and hostile ones cost nobody but themselves."""

from __future__ import annotations

import base64
import datetime as dt
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pikepdf
import pytest

from oval_aup import printing
from oval_aup.printing import fonts
from tests.tools import tool

AT = dt.datetime(2026, 11, 22, 12, 41, tzinfo=dt.UTC)


def paper(body: str, *, embedded: tuple[printing.EmbeddedFile, ...] = ()) -> printing.PrintJob:
    head = '<!doctype html><html lang="en"><head><title>Test</title></head><body>'
    return printing.PrintJob(f"{head}{body}</body></html>", AT, embedded)


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[printing.RenderPool]:
    with printing.RenderPool(tmp_path_factory.mktemp("press"), renderers=1, seconds=4) as running:
        yield running


def test_a_paper_becomes_a_tagged_archivable_pdf_with_its_file(press: printing.RenderPool, tmp_path: Path) -> None:
    carried = printing.EmbeddedFile("record.json", "The record", b'{"v":1}')
    path = tmp_path / "one.pdf"
    path.write_bytes(press.print(paper("<h1>Hello</h1>", embedded=(carried,))))
    with pikepdf.open(path) as opened:
        assert opened.Root.MarkInfo.Marked
        attached = opened.attachments
        assert attached["record.json"].get_file().read_bytes() == b'{"v":1}'


def test_every_script_of_the_schools_families_has_its_letters(press: printing.RenderPool, tmp_path: Path) -> None:
    path = tmp_path / "scripts.pdf"
    path.write_bytes(press.print(paper("<p>Łukasz ਪੰਜਾਬੀ বাংলা اردو हिन्दी ગુજરાતી ✓</p>")))
    fonts = subprocess.run([tool("pdffonts"), str(path)], capture_output=True, check=True, text=True).stdout
    for family in ("Noto-Sans-Gurmukhi", "Noto-Sans-Bengali", "Noto-Naskh-Arabic", "Noto-Sans"):
        assert family in fonts
    rows = [line.split() for line in fonts.splitlines()[2:]]
    assert all(row[-5] == "yes" for row in rows), "every font is embedded"


@pytest.mark.parametrize(
    "body",
    [
        '<img src="file:///etc/passwd" alt="x">',
        '<link rel="attachment" href="file:///etc/passwd">',
        '<link rel="stylesheet" href="file:///etc/passwd">',
        '<style>@import "http://127.0.0.1:9/x.css"; @font-face { src: url(file:///etc/passwd) }</style>',
        '<object data="file:///etc/passwd"></object>',
        '<img alt="x" src="data:image/svg+xml;base64,{svg}">',
    ],
)
def test_nothing_outside_the_paper_is_ever_read(press: printing.RenderPool, tmp_path: Path, body: str) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'
    path = tmp_path / "fetch.pdf"
    path.write_bytes(press.print(paper(body.replace("{svg}", base64.b64encode(svg.encode()).decode()))))
    with pikepdf.open(path) as opened:
        assert len(opened.attachments) == 0
        everything = b"".join(item.read_bytes() for item in opened.objects if isinstance(item, pikepdf.Stream))
    assert b"root:" not in everything


def test_an_endless_paper_is_stopped_and_the_next_one_is_printed(press: printing.RenderPool) -> None:
    begun = time.monotonic()
    with pytest.raises(printing.RenderFailed, match="longer than 1 seconds"):
        press.print(paper("<p>word</p>" * 100_000), seconds=1)
    assert time.monotonic() - begun < 15
    assert press.print(paper("<p>next</p>")).startswith(b"%PDF")


def test_a_paper_is_not_given_up_for_the_time_that_it_has_to_wait(tmp_path: Path) -> None:
    others = children_of(os.getpid(), "printing.renderer")
    with printing.RenderPool(tmp_path, renderers=1, seconds=1) as one, ThreadPoolExecutor(1) as threads:
        assert one.print(paper("<p>first</p>"))
        (process_id,) = set(children_of(os.getpid(), "printing.renderer")) - set(others)
        os.kill(process_id, signal.SIGSTOP)  # as a busy machine does to whoever comes last
        waiting = threads.submit(one.print, paper("<p>second</p>"))
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1.5)
        os.kill(process_id, signal.SIGCONT)
        assert waiting.result().startswith(b"%PDF")


def test_a_greedy_paper_runs_out_of_memory_by_itself(tmp_path: Path) -> None:
    with printing.RenderPool(tmp_path, renderers=1, seconds=60, memory=120 * 1024 * 1024) as small:
        with pytest.raises(printing.RenderFailed):
            small.print(paper("<p>word</p>" * 60_000))
        assert small.print(paper("<p>next</p>")).startswith(b"%PDF")


def test_a_renderer_that_is_killed_costs_one_paper_at_most_and_is_replaced(tmp_path: Path) -> None:
    others = children_of(os.getpid(), "printing.renderer")
    with printing.RenderPool(tmp_path, renderers=1, seconds=20) as one:
        assert one.print(paper("<p>first</p>"))
        (process_id,) = set(children_of(os.getpid(), "printing.renderer")) - set(others)
        os.kill(process_id, signal.SIGKILL)
        with suppress(printing.RenderFailed):  # the one paper it may take with it
            one.print(paper("<p>second</p>"))
        assert one.print(paper("<p>third</p>")).startswith(b"%PDF")


def children_of(parent: int, word: str) -> list[int]:
    """The live child processes whose command line holds a word."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            status = (entry / "status").read_text()
            command = (entry / "cmdline").read_bytes().decode()
        except (OSError, ValueError):
            continue
        alive = "State:\tZ" not in status
        if entry.name.isdigit() and f"PPid:\t{parent}\n" in status and word in command and alive:
            found.append(int(entry.name))
    return found


def test_a_drawn_mark_is_rebuilt_from_points_alone() -> None:
    picture = printing.mark_image([[[10, 10], [20, 40], [60, 10]], [[80, 20]]])
    svg = base64.b64decode(picture.removeprefix("data:image/svg+xml;base64,")).decode()
    assert svg.count("<path") == 1
    assert 'd="M0 0L10 30L50 0M70 10L70 10"' in svg
    assert printing.mark_image([]) == ""
    assert printing.mark_image([[]]) == ""
    with pytest.raises(ValueError, match="invalid literal"):
        printing.mark_image([[["<script>", 1]]])  # type: ignore[list-item]


def test_only_the_chosen_fonts_are_offered(tmp_path: Path) -> None:
    conf = fonts.prepare_fonts(tmp_path)
    assert conf == fonts.prepare_fonts(tmp_path)
    offered = subprocess.run(
        ["fc-list", ":", "family"], env={"FONTCONFIG_FILE": str(conf)}, capture_output=True, check=True, text=True
    ).stdout
    assert "Noto Sans" in offered or "DejaVu Sans" in offered
    assert len(offered.splitlines()) <= len(fonts.FONTS)


def test_a_character_that_no_font_has_is_named_and_every_other_stays_as_it_was() -> None:
    asked = "<p>Łukasz — 李伟 이서연 தமிழ் 🙂 \ue000 a\u200cb\x07 \U000e0041</p>"
    said = "<p>Łukasz — 李伟 이서연 தமிழ் [slightly smiling face] [U+E000] a\u200cb </p>"
    assert fonts.spelt_out(asked) == said
    assert fonts.spelt_out("<p>\u202esey\u202c \u2067اردو\u2069</p>") == "<p>sey\u202c \u2067اردو\u2069</p>"
    assert fonts.spelt_out("<p>Zoë O’Brien – “class 4C”</p>") == "<p>Zoë O’Brien – “class 4C”</p>"
