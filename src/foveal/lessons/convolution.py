"""A convolution, window by window: two filters of 3 x 3 x 3 on an image of 5 x 5 x 3, stride 2, padding 1."""

from typing import Any

import numpy as np

from foveal.errors import ConfigError
from foveal.lessons.contract import Lesson
from foveal.lessons.grid import INK, as_text, draw, sheet, whole, write
from foveal.scratch import Conv2d
from foveal.scratch.layer import Array
from foveal.scratch.windows import pad

SIDE, KERNEL, STRIDE, PADDING, CHANNELS, FILTERS = 5, 3, 2, 1, 3, 2
OUT = 3
STEPS = OUT * OUT
ROW = 8.6
"""Height of a step, in cells."""
TINTS = ("#d0320e", "#008d64", "#2456c9")
NAMES = ("red", "green", "blue")


def example() -> tuple[Array, Conv2d, Array]:
    """The image (3, 5, 5), the layer, and its output (2, 3, 3): small whole numbers, always the same."""
    rng = np.random.default_rng(5)
    image = rng.integers(0, 3, (CHANNELS, SIDE, SIDE)).astype(np.float64)
    layer = Conv2d(CHANNELS, FILTERS, KERNEL, STRIDE, PADDING, dtype=np.float64)
    layer.weight.value = rng.integers(-1, 2, layer.weight.value.shape).astype(np.float64)
    layer.bias.value = np.array([1.0, 0.0])
    return image, layer, layer.forward(image[None])[0]


def convolution(*, step: int | None = None, filter_: int = 1) -> Lesson:
    """Each step: a window of each channel, the filter, their products, and the sum of all and the bias.

    Args:
        step: From 1 to 9; None: all of them.
        filter_: 1 or 2.

    Raises:
        ConfigError: No such step or filter.
    """
    if step is not None and not 1 <= step <= STEPS:
        raise ConfigError(f"--step {step}: there are steps 1 to {STEPS}.", "Leave it out for all of them.")
    if not 1 <= filter_ <= FILTERS:
        raise ConfigError(f"--filter {filter_}: there are filters 1 and 2.", "Use one of them.")
    steps = range(STEPS) if step is None else [step - 1]
    title = f"Filter {filter_} of 3 x 3 x 3 on 5 x 5 x 3, stride 2, padding 1: (5 - 3 + 2) / 2 + 1 = 3"
    text = "\n\n".join(_text(k, filter_ - 1) for k in steps)
    return Lesson(title, text, lambda: _figure(list(steps), filter_ - 1, title))


def _parts(step: int, filter_: int) -> tuple[Array, Array, tuple[int, int]]:
    """Windows and products (3, 3, 3) of a step, and its window's corner in the padded image."""
    image, layer, _ = example()
    row, column = (STRIDE * n for n in divmod(step, OUT))
    windows = pad(image[None], PADDING)[0][:, row : row + KERNEL, column : column + KERNEL]
    return windows, whole(windows * layer.weight.value[filter_]), (row, column)


def _text(step: int, filter_: int) -> str:
    _, layer, out = example()
    windows, products, _ = _parts(step, filter_)
    row, column = divmod(step, OUT)
    lines = [f"Step {step + 1}: row {row + 1}, column {column + 1} of the output", "window, filter, their products:"]
    for channel, name in enumerate(NAMES):
        weight = layer.weight.value[filter_, channel]
        total = f"sum {whole(products[channel].sum()):g}  ({name})"
        lines.append(as_text(windows[channel], weight, products[channel], between=("x", "=", "  " + total)))
        lines.append("")
    sums = " + ".join(f"{value:g}" for value in products.sum((1, 2)))
    lines[-1] = f"{sums} + bias {layer.bias.value[filter_]:g} = {out[filter_, row, column]:g}".replace("+ -", "- ")
    return "\n".join(lines)


def _figure(steps: list[int], filter_: int, title: str) -> Any:
    image, layer, out = example()
    padded, weight, bias = pad(image[None], PADDING)[0], layer.weight.value[filter_], layer.bias.value[filter_]
    axes = sheet(53, 1.6 + ROW * len(steps))
    write(axes, title, 26.5, 0.9, size=12, color=INK)
    for at, step in enumerate(steps):
        _, products, (row, column) = _parts(step, filter_)
        top = 2.4 + ROW * at
        for channel, (name, tint) in enumerate(zip(NAMES, TINTS, strict=True)):
            window, label = (row, column, KERNEL), f"{name}, with its border"
            draw(axes, padded[channel], 0.8 + 7.6 * channel, top, title=label, window=window, border=PADDING, tint=tint)
            draw(axes, weight[channel], 25 + 3.5 * channel, top + 2, title="filter", ink=tint)
            total = f"sum {whole(products[channel].sum()):g}"
            draw(axes, products[channel], 36.5 + 3.5 * channel, top + 2, title=total, ink=tint)
        for sign, x in (("\N{MULTIPLICATION SIGN}", 24), ("=", 35.9), (f"+ {bias:g} =", 47.9)):
            write(axes, sign, x, top + 3.5, size=11)
        draw(axes, whole(out[filter_]), 49.3, top + 2, title="output", shown=step + 1)
    return axes.figure
