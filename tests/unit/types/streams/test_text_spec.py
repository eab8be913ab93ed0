"""Alphabets: there and back, and what they do not know."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from foveal.errors import DataError
from foveal.types.streams.text_spec import TextSpec

TEXTS = st.text(min_size=1).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))


@settings(max_examples=30)
@given(TEXTS, st.sampled_from(["character", "byte"]))
def test_there_and_back(text: str, unit) -> None:  # type: ignore[no-untyped-def]
    spec = TextSpec.of(text, unit)
    ids = spec.encode(text, where="here")
    assert spec.decode(ids) == text
    assert len(ids) == (len(text) if unit == "character" else len(text.encode()))
    assert ids.max() < spec.size


def test_unknown_characters_are_named() -> None:
    spec = TextSpec.of("Romeo and\njuliet", "character")
    with pytest.raises(DataError) as error:
        spec.encode("Romeo\nand Juliet €", where="--prompt")
    assert error.value.what == "--prompt: the model does not know 'J', '€'; the first is in line 2, column 5."
    assert error.value.hint == (
        "Write 'j' instead, or train on a text that has them, or on bytes, which know every character."
    )


def test_damaged_bytes_are_shown() -> None:
    assert TextSpec(unit="byte").decode([72, 0xC3, 105]) == "H\ufffdi"


def test_it_checks_itself() -> None:
    with pytest.raises(ValidationError, match="twice"):
        TextSpec(alphabet="aba")
    with pytest.raises(ValidationError, match="one of bytes does not"):
        TextSpec(unit="byte", alphabet="ab")
