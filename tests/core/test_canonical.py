"""The canonical bytes agree with an independent implementation of RFC 8785, and refuse what has no one form."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from oval_aup.core.canonical import canonical

nfc_text = st.text().map(lambda text: unicodedata.normalize("NFC", text))
leaves = st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | nfc_text
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(nfc_text, inner, max_size=5), max_leaves=25
)


@given(values)
def test_bytes_equal_those_of_another_implementation(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_bytes_read_back_to_the_same_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(st.text())
def test_composed_and_decomposed_text_give_the_same_bytes(text: str) -> None:
    assert canonical(unicodedata.normalize("NFD", text)) == canonical(unicodedata.normalize("NFC", text))


@given(st.dictionaries(nfc_text, leaves, min_size=2))
def test_the_order_of_keys_does_not_matter(members: dict[str, Any]) -> None:
    assert canonical(dict(reversed(list(members.items())))) == canonical(members)


def test_keys_are_sorted_by_utf16_code_units_not_code_points() -> None:
    assert canonical({"\ufb00": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb00":1}'.encode()


@pytest.mark.parametrize("value", [None, 1.0, b"bytes", (1, 2), {1: "a"}, {"a": None}, [1.5], {1, 2}, object()])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), [10**30], "\ud800", {"\udfff": 1}])
def test_values_that_readers_would_disagree_about_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"2\^53|surrogate"):
        canonical(value)


def test_two_keys_that_are_the_same_text_are_refused() -> None:
    with pytest.raises(ValueError, match="same text"):
        canonical({"e\u0301": 1, "\u00e9": 2})
