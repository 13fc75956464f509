"""Turns a value into the one sequence of bytes that may be hashed: RFC 8785 JSON with every string in NFC."""

from __future__ import annotations

import json
import unicodedata

MAX_SAFE_INT = 2**53 - 1
"""Beyond this a JSON number is not the same number for every reader."""


def canonical(value: object) -> bytes:
    """Give the canonical UTF-8 bytes of ``value``.

    Accepts strings, booleans, integers, lists and dictionaries with string keys, and nothing else: no floats, no nulls,
    so that a missing fact is a missing key. Raises TypeError for any other type, and ValueError for an integer too
    large for JSON, for text that UTF-8 cannot say (a lone surrogate) and for two keys that become one under NFC.
    """
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode("utf-8")


def _write(value: object, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_string(_nfc(value)))
    elif isinstance(value, bool):  # before int: a bool is one
        parts.append("true" if value else "false")
    elif isinstance(value, int):
        if abs(value) > MAX_SAFE_INT:
            raise ValueError("an integer beyond 2^53 has no canonical form")
        parts.append(str(int(value)))
    elif isinstance(value, list):
        _write_list(value, parts)
    elif isinstance(value, dict):
        _write_dict(value, parts)
    else:
        raise TypeError(f"{type(value).__name__} has no canonical form")


def _write_list(items: list[object], parts: list[str]) -> None:
    parts.append("[")
    for position, item in enumerate(items):
        if position:
            parts.append(",")
        _write(item, parts)
    parts.append("]")


def _write_dict(members: dict[object, object], parts: list[str]) -> None:
    by_key: dict[str, object] = {}
    for key, member in members.items():
        if not isinstance(key, str):
            raise TypeError(f"a key must be a string, not {type(key).__name__}")
        by_key[_nfc(key)] = member
    if len(by_key) != len(members):
        raise ValueError("two keys are the same text")
    parts.append("{")
    for position, key in enumerate(sorted(by_key, key=None if all(map(str.isascii, by_key)) else _utf16)):
        if position:
            parts.append(",")
        parts.append(_string(key))
        parts.append(":")
        _write(by_key[key], parts)
    parts.append("}")


def _nfc(text: str) -> str:
    return str(text) if text.isascii() else unicodedata.normalize("NFC", text)


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


# json escapes exactly what RFC 8785 does (the quote, the backslash and U+0000 to U+001F, short forms first)
_string = json.JSONEncoder(ensure_ascii=False).encode
