"""Reads the rule sets that come with the product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("rulesets")


def shipped_versions() -> list[list[dict[str, Any]]]:
    """The shipped wordings, each version's texts together, earlier versions first."""
    versions: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for path in sorted(FOLDER.glob("*.json")):
        wording = json.loads(path.read_text(encoding="utf-8"))
        versions.setdefault((wording["agreement"], wording["version"]), []).append(wording)
    return [versions[which] for which in sorted(versions)]
