"""Parts of a segmenter's step that took long: rows of convolutions, and Dice.

    python benchmarks/segment_parts.py [--rounds N]

Forward and backward on maps of camvid's default step (4 images of 384 x 288 px), one thread, kept pages. ``Row`` stands
against PyTorch's convolution of the same row, Dice over all pixels against Dice over the known ones, gathered. Both
sides give the same values.

Limits: at least twice as fast.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence

import torch
from interleave import interleave, median_ratio, seconds, verdict
from torch import Tensor, nn

from foveal.inference.backends.process_tuning import keep_pages
from foveal.losses import pixels
from foveal.models.segmentation.strips import LENGTH, LENGTHS, Row
from foveal.types.predictions.masks import IGNORE

LIMIT = 2.0
MAPS = {"fine head": (32, 144, 192, LENGTH), "attention": (64, 72, 96, max(LENGTHS))}
"""Where rows are convolved: channels, height, width and the row's length."""
CLASSES, SIZE = 11, (288, 384)


def step(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Callable[[], float]:
    """Seconds of forward and backward."""

    def measured() -> float:
        own = inputs.detach().requires_grad_()
        return seconds(lambda: torch.autograd.backward(function(own).sum()))

    return measured


def gathered_dice(logits: Tensor, ids: Tensor) -> Tensor:
    """Dice over the known pixels alone, one row of a table each."""
    known = ids != IGNORE
    p, own = logits.permute(0, 2, 3, 1)[known].softmax(1), ids[known]
    both = p.gather(1, own[:, None])[:, 0]
    inside = torch.zeros(CLASSES).index_add(0, own, both)
    true = torch.bincount(own, minlength=CLASSES).to(p)
    there = true > 0
    fit = (2 * inside + 1) / (p.sum(0) + true + 1)
    return ((1 - fit) * there).sum() / there.sum()


def compare(
    name: str,
    plain: Callable[[Tensor], Tensor],
    ours: Callable[[Tensor], Tensor],
    inputs: Tensor,
    rounds: int,
) -> float:
    """Print both sides' milliseconds; how many times faster ours is."""
    torch.testing.assert_close(ours(inputs), plain(inputs), rtol=1e-4, atol=1e-4)
    found = interleave({"plain": step(plain, inputs), "ours": step(ours, inputs)}, rounds=rounds)
    each = ", ".join(f"{side} {1000 * statistics.median(values):.1f} ms" for side, values in found.items())
    print(f"{name}: {each}", end="; ")
    return median_ratio(found["plain"], found["ours"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description="Parts of a segmenter's step.")
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args(arguments).rounds
    torch.set_num_threads(1)
    keep_pages()
    missed = False
    for name, (channels, height, width, length) in MAPS.items():
        row = Row(channels, length).train()
        inputs = torch.randn(4, channels, height, width).to(memory_format=torch.channels_last)

        def plain(maps: Tensor, row: Row = row) -> Tensor:
            return nn.functional.conv2d(maps, row.weight, padding=row.padding, groups=row.groups)

        missed |= not verdict("plain / ours", compare(f"{name}, row of {length}", plain, row, inputs, rounds), LIMIT)
    ids = torch.randint(CLASSES, (4, *SIZE))
    ids[:, :20] = IGNORE
    logits = torch.randn(4, CLASSES, *SIZE).to(memory_format=torch.channels_last)
    ratio = compare("Dice", lambda x: gathered_dice(x, ids), lambda x: pixels.dice(x, ids), logits, rounds)
    missed |= not verdict("plain / ours", ratio, LIMIT)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
