"""From images to predictions: decode in parallel, prepare, run in batches, assemble. No torch.

Shapes: B images per batch, S side of the input.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
from PIL import Image

from foveal.artifact.card import Card
from foveal.errors import ConfigError, ImageError
from foveal.imaging.decode import decode, decode_image, read_size
from foveal.imaging.prepare import prepare
from foveal.inference.contract import Backend
from foveal.tasks.table import AnyOutput, open_output
from foveal.types.arrays import RGB, Array
from foveal.types.geometry import Geometry
from foveal.types.input_spec import InputSpec

BATCH_SIZE = 32


@dataclass(frozen=True)
class Prepared:
    """An image ready for the network."""

    pixels: RGB
    geometry: Geometry


ImageLike = str | Path | bytes | Array | Image.Image
"""A path, the bytes of a file, an (H, W, 3) uint8 array or a Pillow image."""
Source = ImageLike | Prepared
"""An image, or one that is prepared already."""


class Predictor:
    """A trained model, ready to answer.

    Args:
        backend: What runs the network.

    Attributes:
        card: What the model is.
        output: The half of its task without torch: class map and options.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.card: Card = backend.card
        self.output: AnyOutput = open_output(self.card)
        self.spec = self.card.input_as(InputSpec)

    def with_output(self, output: AnyOutput) -> Self:
        """The same network with another way of turning its arrays into predictions."""
        other = copy(self)
        other.output = output
        return other

    def predict(self, sources: Source | Sequence[Source], *, batch_size: int = BATCH_SIZE) -> Any:
        """Answer for one image, or for a list of them in order.

        Args:
            sources: A path, bytes, an (H, W, 3) uint8 array or a Pillow image; or a list of these.
            batch_size: Images the network sees at once.

        Returns:
            One prediction for one image, a list for a list.

        Raises:
            ImageError: An image cannot be read; the message names it.
            ConfigError: Something else than images.
        """
        if not isinstance(sources, Iterable) or isinstance(sources, (str, bytes, np.ndarray, Image.Image)):
            return next(self.stream([sources]))
        return list(self.stream(sources, batch_size=batch_size))

    def stream(
        self, sources: Iterable[Source], *, batch_size: int = BATCH_SIZE, bad: dict[int, ImageError] | None = None
    ) -> Iterator[Any]:
        """Predictions in order, computed batch by batch while later images are decoded.

        Args:
            sources: Images.
            batch_size: Images the network sees at once.
            bad: Takes the errors of images that cannot be read, by place in ``sources``; they are then left out.
                None raises the first.

        Raises:
            ImageError: An image cannot be read and ``bad`` is None.
        """
        for batch, arrays in self._batches(sources, batch_size, bad):
            geometries = [prepared.geometry for prepared in batch]
            yield from self.output.assemble(arrays, geometries)

    def stream_arrays(self, sources: Iterable[Source]) -> Iterator[tuple[dict[str, Array], Geometry]]:
        """For each image, in order, the activated outputs without a batch axis, and where its pixels went."""
        for batch, arrays in self._batches(sources, BATCH_SIZE):
            for place, prepared in enumerate(batch):
                yield {name: values[place] for name, values in arrays.items()}, prepared.geometry

    def arrays(self, sources: Iterable[Source], *, batch_size: int = BATCH_SIZE) -> dict[str, Array]:
        """The activated outputs themselves, such as ``scores`` (N, K) or ``attention`` (N, h, w)."""
        parts = [arrays for _, arrays in self._batches(sources, batch_size)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}

    def prepare(self, source: Source) -> Prepared:
        """Decode and fit one image.

        Raises:
            ImageError: It cannot be read.
        """
        if isinstance(source, Prepared):
            return source
        pixels, geometry = prepare(read_image(source, min_side=self.spec.decode_side), self.spec)
        if isinstance(source, str | Path | bytes):  # it may have been decoded at a half or less of its size
            geometry = geometry.of_original(read_size(Path(source) if isinstance(source, str) else source))
        return Prepared(pixels, geometry)

    def prepare_all(
        self, sources: Iterable[Source], *, batch_size: int = BATCH_SIZE, bad: dict[int, ImageError] | None = None
    ) -> Iterator[list[Prepared]]:
        """Batches of prepared images, while later ones are decoded; ``bad`` as for ``stream``."""
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="foveal-decode") as pool:
            futures = _ahead(pool, self.prepare, iter(sources), depth=2 * batch_size)
            prepared = _results(futures, bad)
            while batch := list(islice(prepared, batch_size)):
                yield batch

    def _batches(
        self, sources: Iterable[Source], batch_size: int, bad: dict[int, ImageError] | None = None
    ) -> Iterator[tuple[list[Prepared], dict[str, Array]]]:
        for batch in self.prepare_all(sources, batch_size=batch_size, bad=bad):
            yield batch, self.backend.run(np.stack([p.pixels for p in batch]))


def read_image(source: ImageLike, *, min_side: int = 0) -> RGB:
    """Decode an image wherever it comes from.

    Args:
        source: A path, bytes, an (H, W, 3) uint8 array or a Pillow image.
        min_side: Shorter side that is enough; a larger JPEG may be decoded at a half, a quarter or an eighth.

    Raises:
        ImageError: It cannot be read.
        ConfigError: Not an image at all.
    """
    match source:
        case np.ndarray() as array:
            if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
                raise ImageError(
                    "array",
                    f"has shape {array.shape} and type {array.dtype}",
                    "Pass (height, width, 3) uint8 in red-green-blue order.",
                )
            return array
        case Image.Image() as image:
            return decode_image(image)
        case str() | Path() | bytes():
            return decode(Path(source) if isinstance(source, str) else source, min_side=min_side)
    raise ConfigError(
        f"An image cannot be of type {type(source).__name__}.",
        "Pass a path, the bytes of a file, an (H, W, 3) uint8 array or a Pillow image.",
    )


def _ahead(
    pool: ThreadPoolExecutor, function: Callable[[Source], Prepared], items: Iterator[Source], *, depth: int
) -> Iterator[Future[Prepared]]:
    """Futures in order, at most ``depth`` of them ahead of the consumer."""
    waiting: deque[Future[Prepared]] = deque(pool.submit(function, item) for item in islice(items, depth))
    try:
        while waiting:
            done = waiting.popleft()
            waiting.extend(pool.submit(function, item) for item in islice(items, 1))
            yield done
    finally:
        for future in waiting:
            future.cancel()


def _results(futures: Iterable[Future[Prepared]], bad: dict[int, ImageError] | None) -> Iterator[Prepared]:
    for place, future in enumerate(futures):
        try:
            yield future.result()
        except ImageError as error:
            if bad is None:
                raise
            bad[place] = error
