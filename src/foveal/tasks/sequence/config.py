"""Settings of a network that learns a text."""

from typing import Annotated, Literal

from pydantic import Field

from foveal.models.recurrent.config import RecurrentConfig


class SequenceConfig(RecurrentConfig):
    """A recurrent network that predicts the next character of a text."""

    alphabet: Literal["character", "byte"] = "character"
    """What a step is: a character of the text, or a byte of its UTF-8, of which every text is made."""
    tied: bool = True
    """Read the logits off with the embedding itself, which saves weights."""
    embedding: Annotated[int, Field(ge=0, le=8192)] = 64
    """Features of a character's embedding; 0: as many as the state has."""
