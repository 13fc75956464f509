"""Puts the stylesheets into shape: ``python -m tests.house.stylesheets``, as ``make fix`` does."""

from __future__ import annotations

from pathlib import Path

import cssbeautifier

STYLES = sorted((Path(__file__).resolve().parents[2] / "oval_aup" / "web" / "static" / "styles").glob("*.css"))


def formatted(source: str) -> str:
    """A stylesheet with one declaration a line."""
    options = cssbeautifier.default_options()
    options.indent_size = 2
    options.newline_between_rules = False
    options.space_around_combinator = True
    options.preserve_newlines = True
    options.end_with_newline = True
    return str(cssbeautifier.beautify(source, options))


def main() -> None:
    """Write every stylesheet anew that is not in shape."""
    for path in STYLES:
        source = path.read_text(encoding="utf-8")
        if (tidy := formatted(source)) != source:
            path.write_text(tidy, encoding="utf-8")


if __name__ == "__main__":
    main()
