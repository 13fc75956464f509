"""Turns a value into the one sequence of bytes that may be hashed: RFC 8785 JSON with every string in NFC."""

from __future__ import annotations

import unicodedata
from typing import Any

import rfc8785

MAX_SAFE_INT = 2**53 - 1
"""Beyond this a JSON number is not the same number for every reader."""


def canonical(value: object) -> bytes:
    """Give the canonical UTF-8 bytes of ``value``.

    Accepts strings, booleans, integers, lists and dictionaries with string keys, and nothing else: no floats, no nulls,
    so that a missing fact is a missing key. Raises TypeError for any other type, and ValueError for an integer too
    large for JSON, for text that UTF-8 cannot say (a lone surrogate) and for two keys that become one under NFC.
    """
    try:
        return rfc8785.dumps(_normal(value))
    except rfc8785.CanonicalizationError as error:  # a lone surrogate is all that is left to refuse
        raise ValueError("text with a lone surrogate has no canonical form") from error


def _normal(value: object) -> Any:
    """The value with its strings in NFC and nothing in it that the ledger has no form for."""
    if isinstance(value, str):
        return _nfc(value)
    if isinstance(value, bool):  # before int: a bool is one
        return value
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INT:
            raise ValueError("an integer beyond 2^53 has no canonical form")
        return int(value)
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, dict):
        return _normal_dict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _normal_dict(members: dict[object, object]) -> dict[str, Any]:
    by_key: dict[str, Any] = {}
    for key, member in members.items():
        if not isinstance(key, str):
            raise TypeError(f"a key must be a string, not {type(key).__name__}")
        by_key[_nfc(key)] = _normal(member)
    if len(by_key) != len(members):
        raise ValueError("two keys are the same text")
    return by_key


def _nfc(text: str) -> str:
    return str(text) if text.isascii() else unicodedata.normalize("NFC", text)
