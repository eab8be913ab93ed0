"""The kernels of a network's first convolution, and the patches of images that each responds to most.

Shapes: F filters, k their side, B images, S T height and width of the input, h w of the responses.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from foveal.brief import brief
from foveal.errors import ConfigError
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.inference.predictor import Prepared
from foveal.types.arrays import RGB, FloatArray

AROUND = 3
"""Side of a patch that is shown, in sides of the kernel: what lies around says what it is."""
LEAST_PX = 24
"""Least side of such a patch."""
BEYOND = 255
"""What is drawn beyond the image."""
DEAD = 1e-3
"""Strength, as a part of the strongest kernel's, below which a kernel does nothing: batch norm has switched it off."""


@dataclass(frozen=True)
class Patch:
    """A place that a filter responds to.

    Attributes:
        pixels: (side, side, 3) of the prepared image around it.
        field: The part that the filter sees, xyxy in the patch's pixels.
        response: The convolution's value there.
        source: Which of the images, counted from 0.
        place: (x, y) of its middle in the pixels of that image.
    """

    pixels: RGB
    field: tuple[int, int, int, int]
    response: float
    source: int
    place: tuple[int, int]

    __repr__ = brief


@dataclass(frozen=True)
class Filter:
    """One kernel.

    Attributes:
        number: Its place in the layer, counted from 0.
        kernel: (k, k, 3) weights of normalised red, green and blue.
        dead: Whether it does nothing.
        patches: What it responds to most, the strongest first, each from another image.
    """

    number: int
    kernel: FloatArray
    dead: bool = False
    patches: list[Patch] = field(default_factory=list)

    __repr__ = brief

    @property
    def strength(self) -> float:
        """The norm of the kernel: how far it can move what follows."""
        return float(np.sqrt(np.square(self.kernel, dtype=np.float64).sum()))


def first_layer(model: nn.Module) -> nn.Conv2d:
    """The convolution that reads the image.

    Raises:
        ConfigError: The network has none that reads three channels and sees more than one pixel.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.in_channels == 3 and module.groups == 1:
            if max(module.kernel_size) > 1:
                return module
            break
    raise ConfigError(
        "This network has no first convolution that could be drawn: no layer with kernels reads the image itself.",
        "Look at its feature maps: foveal explain MODEL --activations IMAGE",
    )


def filters_of(backend: TorchBackend) -> list[Filter]:
    """The kernels of the first layer, strongest first.

    Raises:
        ConfigError: There is none.
    """
    weights = first_layer(backend.graph.model).weight.detach().float().cpu().numpy()
    norms = np.sqrt(np.square(weights, dtype=np.float64).sum((1, 2, 3)))
    dead = norms <= DEAD * norms.max()
    found = [Filter(i, kernel.transpose(1, 2, 0), bool(dead[i])) for i, kernel in enumerate(weights)]
    return sorted(found, key=lambda one: (-one.strength, one.number))


class Responses:
    """The strongest responses so far of some filters, over batches of images.

    Args:
        backend: The network.
        filters: Those looked at.
        top: Patches per filter.

    Attributes:
        seen: Images looked at.
    """

    def __init__(self, backend: TorchBackend, filters: list[Filter], *, top: int = 5) -> None:
        self._backend, self._layer = backend, first_layer(backend.graph.model)
        self._filters, self._top = filters, top
        self.seen = 0
        height, width = self._layer.kernel_size
        self._kernel = (width, height)

    def add(self, batch: Iterable[Prepared]) -> None:
        """Look at more images."""
        for prepared in batch:
            values = self._respond(prepared.pixels)  # (F, h, w)
            columns = values.shape[2]
            for one in (one for one in self._filters if not one.dead):
                flat = int(values[one.number].argmax())
                row, column = divmod(flat, columns)
                response = float(values[one.number, row, column])
                if len(one.patches) < self._top or response > one.patches[-1].response:
                    one.patches.append(self._patch(prepared, (column, row), values.shape[1:], response))
                    one.patches.sort(key=lambda patch: -patch.response)
                    del one.patches[self._top :]
            self.seen += 1

    @torch.no_grad()
    def _respond(self, pixels: RGB) -> FloatArray:
        values: Tensor = self._layer(self._backend.inputs(pixels[None].copy()))
        bias = self._layer.bias
        if bias is not None:  # it is the same everywhere
            values = values - bias[:, None, None]
        responses: FloatArray = values[0].float().cpu().numpy()
        return _inside(responses, len(pixels), max(self._kernel))

    def _patch(self, prepared: Prepared, at: tuple[int, int], grid: tuple[int, ...], response: float) -> Patch:
        """Cut out what lies around the place of a response; places are spread evenly whatever the padding."""
        height, width = prepared.shape
        middle = [(at[0] + 0.5) * width / grid[1], (at[1] + 0.5) * height / grid[0]]
        shown = max(LEAST_PX, AROUND * max(self._kernel))
        left, top = (round(m - shown / 2) for m in middle)
        pixels = np.full((shown, shown, 3), BEYOND, np.uint8)
        x1, y1, x2, y2 = max(0, left), max(0, top), min(width, left + shown), min(height, top + shown)
        pixels[y1 - top : y2 - top, x1 - left : x2 - left] = prepared.pixels[y1:y2, x1:x2]
        w, h = self._kernel
        x, y = round(middle[0] - left - w / 2), round(middle[1] - top - h / 2)
        source = prepared.geometry.to_source(np.array([middle]))[0]
        return Patch(pixels, (x, y, x + w, y + h), response, self.seen, (int(source[0]), int(source[1])))


def _inside(responses: FloatArray, side: int, kernel: int) -> FloatArray:
    """(F, h, w) with the places at the border left out, whose kernel reaches beyond the image: those see its edge."""
    rim = -(-(kernel // 2) * responses.shape[1] // side)
    if 2 * rim >= min(responses.shape[1:]) or responses.shape[1] * kernel <= side:
        return responses
    out = np.full_like(responses, -np.inf)
    out[:, rim:-rim, rim:-rim] = responses[:, rim:-rim, rim:-rim]
    return out
