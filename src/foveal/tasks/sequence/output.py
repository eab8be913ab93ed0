"""From logits to the evaluation of a text. No torch.

Shapes: B streams, T steps, K characters, N of a piece.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from foveal.data.streams.stream import Piece
from foveal.metrics.contract import Passage, Passages, Results
from foveal.metrics.streams.text import BITS, surprise, text_results
from foveal.tasks.sequence.config import SequenceConfig
from foveal.tasks.stream import StreamOutput
from foveal.types.arrays import Array, FloatArray
from foveal.types.goal import Goal
from foveal.types.streams.text_spec import TextSpec

PASSAGE, AROUND = 80, 40
"""Characters of a surprising passage, and those before it that are shown with it."""
MAX_PASSAGES = 8
SHADED_BITS = 8.0
"""Surprise from which a character has the darkest shade."""


class SequenceOutput(StreamOutput[SequenceConfig]):
    """Logits of the next character, and what they are worth."""

    spec: TextSpec
    num_facts = 2
    tolerances: ClassVar[Mapping[str, float]] = {"log_probability": 1e-3}

    @property
    def goal(self) -> Goal:
        """The fewer the better."""
        return Goal("bits_per_char", maximize=False)

    def facts(self, outputs: FloatArray, ahead: Array) -> FloatArray:
        """Bits, and whether the likeliest character came."""
        return surprise(outputs, ahead)

    def results(
        self, facts: Sequence[FloatArray], pieces: Sequence[Piece], *, num_resamples: int = 1000, seed: int = 0
    ) -> Results:
        """Metrics, a table of characters, the most surprising passages."""
        truths = [piece.steps[len(piece.steps) - len(part) :] for part, piece in zip(facts, pieces, strict=True)]
        panels = [self.passages(facts, pieces)] if num_resamples else []
        return text_results(facts, truths, self.spec.names(), panels=panels, num_resamples=num_resamples, seed=seed)

    def passages(self, facts: Sequence[FloatArray], pieces: Sequence[Piece]) -> Passages:
        """Where the text was least expected."""
        found = []
        for part, piece in zip(facts, pieces, strict=True):
            if not len(part):
                continue
            bits = part[:, BITS]
            length = min(PASSAGE, len(bits))
            starts = np.arange(0, len(bits) - length + 1, max(1, length))
            means = np.add.reduceat(bits, starts)[: len(starts)] / np.diff(np.append(starts, len(bits)))
            found += [(float(mean), piece, int(start), bits) for mean, start in zip(means, starts, strict=True)]
        found.sort(key=lambda one: -one[0])
        shown = [self._passage(mean, piece, start, bits) for mean, piece, start, bits in found[:MAX_PASSAGES]]
        return Passages(
            "Most surprising passages",
            shown,
            note="The darker a character, the less it was expected; 1 bit means even odds.",
        )

    def any_steps(self, streams: int, steps: int) -> Array:
        """Characters at random."""
        return np.random.default_rng(0).integers(0, self.spec.size, (streams, steps))

    def differences(self, ours: FloatArray, theirs: FloatArray) -> dict[str, float]:
        """The largest difference of a logarithm of a probability."""
        return {"log_probability": float(np.abs(log_probabilities(ours) - log_probabilities(theirs)).max())}

    def prediction_rows(self, facts: Sequence[FloatArray], pieces: Sequence[Piece]) -> list[dict[str, str | float]]:
        """A row per character: file, its place, the character, bits, whether it was the likeliest."""
        rows: list[dict[str, str | float]] = []
        for part, piece in zip(facts, pieces, strict=True):
            first = len(piece.steps) - len(part)
            for at, (bits, right) in enumerate(part, first):
                character = self.spec.decode(piece.steps[at : at + 1])
                rows.append(
                    {
                        "file": piece.name,
                        "position": str(piece.first + at),
                        "character": character,
                        "bits": float(bits),
                        "right": str(int(right)),
                    }
                )
        return rows

    def _passage(self, mean: float, piece: Piece, start: int, bits: FloatArray) -> Passage:
        first = len(piece.steps) - len(bits) + start
        begin, stop = max(0, first - AROUND), min(len(piece.steps), first + PASSAGE)
        text, place = self.spec.decode(piece.steps[begin:stop]), piece.first + first
        shades = np.zeros(stop - begin)
        shades[first - begin :] = np.minimum(bits[start : start + stop - first] / SHADED_BITS, 1)
        if len(text) != len(shades):  # bytes: some characters are several
            shades = np.zeros(0)
        return Passage(f"{mean:.2f} bits per character, {piece.name}, from {self.spec.unit} {place:,}", text, shades)


def log_probabilities(logits: FloatArray) -> FloatArray:
    """(..., K) log-softmax."""
    wide = logits.astype(np.float64)
    wide -= wide.max(-1, keepdims=True)
    out: FloatArray = wide - np.log(np.exp(wide).sum(-1, keepdims=True))
    return out
