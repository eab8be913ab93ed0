"""The input of a model on text: which characters, or bytes, it knows."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from foveal.errors import DataError
from foveal.types.arrays import IntArray
from foveal.types.settings import Settings

NUM_BYTES = 256
MOST_NAMED = 5
"""Unknown characters that a message names."""


class TextSpec(Settings):
    """The alphabet of a model: text becomes whole numbers from 0 on, and back; saved in the model."""

    kind: Literal["text"] = "text"
    """Discriminates the kinds of input."""
    unit: Literal["character", "byte"] = "character"
    """What a step of a text is; bytes are those of UTF-8."""
    alphabet: Annotated[str, Field(max_length=0x110000)] = ""
    """Every known character, in the order of their numbers; empty for bytes."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.unit == "character" and len(set(self.alphabet)) != len(self.alphabet):
            raise ValueError("the alphabet lists a character twice")
        if (self.unit == "character") != bool(self.alphabet):
            raise ValueError("an alphabet of characters lists them, one of bytes does not")
        return self

    @classmethod
    def of(cls, text: str, unit: Literal["character", "byte"]) -> Self:
        """The alphabet of a text."""
        return cls(unit=unit, alphabet="".join(sorted(set(text))) if unit == "character" else "")

    @property
    def size(self) -> int:
        """Number of characters or bytes that are known."""
        return NUM_BYTES if self.unit == "byte" else len(self.alphabet)

    def encode(self, text: str, *, where: str) -> IntArray:
        """(N,) the numbers of a text's characters or bytes.

        Args:
            text: The text.
            where: Its file or option, for the message.

        Raises:
            DataError: Characters that the alphabet lacks; they are named, and the nearest known one.
        """
        if self.unit == "byte":
            return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8).astype(np.int64)
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        known = np.frombuffer(self.alphabet.encode("utf-32-le", "surrogatepass"), np.uint32)
        order = np.argsort(known)
        places = np.searchsorted(known[order], codes).clip(max=len(known) - 1)
        ids: IntArray = order[places].astype(np.int64)
        wrong = np.unique(codes[known[ids] != codes])
        if len(wrong):
            raise self._unknown([chr(code) for code in wrong], text, where)
        return ids

    def decode(self, ids: Sequence[int] | IntArray) -> str:
        """The text of some numbers; bytes that are no UTF-8 become U+FFFD."""
        if self.unit == "byte":
            return bytes(int(i) for i in ids).decode("utf-8", "replace")
        return "".join(self.alphabet[int(i)] for i in ids)

    def names(self) -> list[str]:
        """Each character or byte as it is written in a table."""
        if self.unit == "byte":
            return [repr(chr(i)) if i < 128 else f"0x{i:02x}" for i in range(NUM_BYTES)]
        return [repr(c) for c in self.alphabet]

    def _unknown(self, wrong: Sequence[str], text: str, where: str) -> DataError:
        first = text.index(wrong[0])
        line, column = text.count("\n", 0, first) + 1, first - text.rfind("\n", 0, first)
        more = f" and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
        other = wrong[0].swapcase()
        start = f"Write {other!r} instead, or train" if len(other) == 1 and other in self.alphabet else "Train"
        return DataError(
            f"{where}: the model does not know {', '.join(map(repr, wrong[:MOST_NAMED]))}{more};"
            f" the first is in line {line}, column {column}.",
            f"{start} on a text that has them, or on bytes, which know every character.",
        )
