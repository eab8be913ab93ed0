"""How well the characters of a text are predicted: bits per character, perplexity, accuracy.

Shapes: N characters, K in the alphabet, G blocks, R resamples.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from foveal.errors import DataError
from foveal.metrics.bootstrap import results_of
from foveal.metrics.contract import Panel, Results, Scale, Scores, Verdict, Weights
from foveal.metrics.streams.blocks import block_intervals, sums_of_blocks
from foveal.types.arrays import Array, FloatArray, IntArray

BLOCK = 500
"""Characters in a block: a speech or two."""
BITS, RIGHT = 0, 1


def surprise(logits: FloatArray, truth: Array) -> FloatArray:
    """What is kept of each prediction.

    Args:
        logits: (..., K).
        truth: (...) the number of the character that came.

    Returns:
        (..., 2) bits, -log2 of the probability that it had, and 1 where it was the likeliest.
    """
    wide = logits.astype(np.float64)
    wide -= wide.max(-1, keepdims=True)
    chosen = np.take_along_axis(wide, truth[..., None], -1)[..., 0]
    bits = (np.log(np.exp(wide).sum(-1)) - chosen) / math.log(2)
    return np.stack([bits, wide.argmax(-1) == truth], -1)


class TextVerdict(Verdict):
    """The evaluation of predicted characters, in blocks.

    Args:
        parts: One per file, each (N, 2) from ``surprise``.
        size: K.
    """

    def __init__(self, parts: Sequence[FloatArray], size: int) -> None:
        self.sums, self.counts = sums_of_blocks(parts, length=BLOCK)
        self.num_images = len(self.counts)
        top = math.log2(max(2, size))
        self.scales: Mapping[str, Scale] = {
            "bits_per_char": Scale("less", top=top, bounded=False),
            "perplexity": Scale("less", top=float(max(2, size)), bounded=False),
            "accuracy": Scale("more"),
        }

    def score(self, weights: Weights) -> Scores:
        """Over all characters of the weighted blocks."""
        bits, right = (self.sums.T @ weights) / (self.counts @ weights)
        return {"bits_per_char": bits, "perplexity": np.exp2(bits), "accuracy": right}

    def results(self, *, num_resamples: int = 1000, seed: int = 0, groups: IntArray | None = None) -> Results:  # noqa: ARG002
        """The metrics and their intervals; a block is what is resampled, so there are no groups."""
        metrics = block_intervals(self, num_resamples=num_resamples, seed=seed)
        return replace(results_of(self, metrics, {}), images=int(self.counts.sum()))


def text_results(
    parts: Sequence[FloatArray],
    truths: Sequence[IntArray],
    names: Sequence[str],
    *,
    panels: Sequence[Panel] = (),
    num_resamples: int = 1000,
    seed: int = 0,
) -> Results:
    """The results on a text.

    Args:
        parts: One per file, each (N, 2) from ``surprise``.
        truths: One per file, each (N,) the numbers of the characters.
        names: (K,) how each is written.
        panels: For the report.
        num_resamples: Number of bootstrap resamples; 0 gives intervals of zero width.
        seed: For the resampling.

    Raises:
        DataError: There are no characters.
    """
    if not sum(map(len, parts)):
        raise DataError("There is no text to evaluate.", "It takes two characters at least.")
    results = TextVerdict(parts, len(names)).results(num_resamples=num_resamples, seed=seed)
    facts, truth = np.concatenate(parts), np.concatenate(truths)
    counts = np.bincount(truth, minlength=len(names))
    bits, right = (np.bincount(truth, weights=facts[:, k], minlength=len(names)) for k in (BITS, RIGHT))
    order = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i]]
    per_class = {
        names[i]: {
            "bits": float(bits[i] / counts[i]),
            "accuracy": float(right[i] / counts[i]),
            "count": float(counts[i]),
        }
        for i in order
    }
    return replace(results, per_class=per_class, panels=panels)
