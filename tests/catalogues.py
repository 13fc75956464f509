"""What a translator would be given, and an invented language in which every message stands in ⟦brackets⟧."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
OPEN, CLOSE = "⟦", "⟧"


def extracted(folder: Path) -> Catalog:
    """Every message of the product, gathered by the command that operations.md gives."""
    pot = folder / "messages.pot"
    words = [
        "pybabel",
        "-q",
        "extract",
        "-F",
        str(ROOT / "pyproject.toml"),
        "-k",
        "gettext_noop",
        "-o",
        str(pot),
        str(ROOT),
    ]
    CommandLineInterface().run(words)  # type: ignore[no-untyped-call]
    with pot.open("rb") as file:
        return read_po(file)


def write_bracketed(folder: Path, tag: str) -> None:
    """Put a catalogue into ``folder`` in which every message is itself in brackets."""
    made = Catalog(locale=tag)
    for message in extracted(folder):
        if not message.id:
            continue
        if isinstance(message.id, str):
            made.add(message.id, f"{OPEN}{message.id}{CLOSE}")
        else:
            one, many = message.id
            made.add((one, many), (f"{OPEN}{one}{CLOSE}", *[f"{OPEN}{many}{CLOSE}"] * (made.num_plurals - 1)))
    target = folder / tag / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, made)


def without_brackets(text: str) -> str:
    """The text without whatever stands in brackets, one in another too."""
    inner = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
    while (shorter := inner.sub(" ", text)) != text:
        text = shorter
    return text
