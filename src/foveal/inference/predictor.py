"""From images to predictions: decode in parallel, prepare, run in batches, assemble. No torch.

Shapes: B images per batch, S T height and width of the input.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import Self, TypeVar, cast, overload

import numpy as np

from foveal.artifact.card import Card
from foveal.brief import brief
from foveal.errors import ConfigError, ImageError
from foveal.imaging.decode import Decoded
from foveal.imaging.prepare import prepare
from foveal.inference.backends.contract import Backend, Running
from foveal.inference.drawing import Drawing
from foveal.inference.images import ImageLike, decode_any, is_one, readable
from foveal.ops.machine import num_cores
from foveal.ops.quiet import quiet
from foveal.ops.threads import LastingPool, in_pool
from foveal.tasks.table import AnyOutput, open_output
from foveal.types.arrays import RGB, Array
from foveal.types.geometry import Geometry
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.prediction import Prediction
from foveal.types.selection import Selection

BATCH_SIZE = 32


@dataclass(frozen=True)
class Prepared:
    """An image preprocessed for the network."""

    pixels: RGB
    geometry: Geometry

    __repr__ = brief

    @property
    def shape(self) -> tuple[int, int]:
        """(S, T)."""
        return self.pixels.shape[0], self.pixels.shape[1]


Source = ImageLike | Prepared
"""An image, preprocessed or not."""
S = TypeVar("S", bound=Source)


class Predictor:
    """A trained model, ready to predict; any number of threads may use it at once.

    Images are decoded and prepared by threads of its own, which start with the first prediction and last until
    ``close``, the end of a ``with`` block, or until nothing refers to the predictor any more.

    Args:
        backend: What runs the network.

    Attributes:
        card: The model card.
        output: The part of its task without torch: class map and options.
        spec: Its input specification.
        guessed: White levels of the deep images so far, if the model has none and each was guessed from its image.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.card: Card = backend.card
        self.output: AnyOutput = open_output(self.card)
        self.spec = self.card.input_as(InputSpec)
        self.guessed: list[float] = []
        self._threads = LastingPool(num_cores(), name="foveal-decode")

    @property
    def device(self) -> str:
        """Where the network runs, such as ``cpu`` or ``cuda``: what ``auto`` chose."""
        return self.backend.device_name

    @property
    def running(self) -> Running:
        """The engine that runs the network, its device and its threads."""
        return self.backend.running

    def __repr__(self) -> str:
        """One line: ``Predictor(classify, 5 classes, 224 px, tf_efficientnet_lite0)``."""
        network = str(self.card.model.get("backbone", type(self.backend).__name__))
        return (
            f"Predictor({self.card.task}, {len(self.output.categories)} classes, {self.spec.size} px, {network[:60]})"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End its threads, and those of its copies ``with_output``; predicting afterwards is a RuntimeError."""
        self._threads.close()

    def with_output(self, output: AnyOutput) -> Self:
        """The same network and threads with another output, such as another threshold."""
        other = copy(self)
        other.output = output
        return other

    @property
    def drawing(self) -> Drawing:
        """How its predictions are drawn, on an image that is not known yet."""
        return Drawing(self.output, reading=self.spec.reading)

    @property
    def notes(self) -> list[str]:
        """What a user should know about the images so far."""
        if not self.guessed:
            return []
        low, high = (f"{level:.6g}" for level in (min(self.guessed), max(self.guessed)))
        white = f"at {low}" if low == high else f"from {low} to {high}"
        count = f"{len(self.guessed):,} images have" if len(self.guessed) > 1 else "An image has"
        return [
            f"{count} more than 8 bits, and the model was trained on none:"
            f" white was guessed for each by itself, {white}. Train with --input.white-level to set it."
        ]

    def select(self, selection: Selection) -> Self:
        """The same network and threads with another threshold, limit, choice of classes or number of listed classes.

        Raises:
            ConfigError: An option does not concern the model, or is out of its bounds.
            CategoryError: An unknown class; the nearest is named.
        """
        return self.with_output(self.output.select(selection)) if any(selection) else self

    @overload  # a str is an iterable of str as well, but one image
    def predict(  # type: ignore[overload-overlap]
        self,
        sources: Source,
        *,
        threshold: float | None = None,
        max_objects: int | None = None,
        only: Sequence[str] = (),
        top: int | None = None,
        batch_size: int = BATCH_SIZE,
        bgr: bool = False,
    ) -> Prediction: ...

    @overload
    def predict(
        self,
        sources: Iterable[Source],
        *,
        threshold: float | None = None,
        max_objects: int | None = None,
        only: Sequence[str] = (),
        top: int | None = None,
        batch_size: int = BATCH_SIZE,
        bgr: bool = False,
    ) -> list[Prediction]: ...

    @quiet()
    def predict(
        self,
        sources: Source | Iterable[Source],
        *,
        threshold: float | None = None,
        max_objects: int | None = None,
        only: Sequence[str] = (),
        top: int | None = None,
        batch_size: int = BATCH_SIZE,
        bgr: bool = False,
    ) -> Prediction | list[Prediction]:
        """Predict on one image, or on several in order.

        Args:
            sources: A path, bytes, an open binary file, an (H, W, 3) array (uint8, or float in [0, 1]), a torch tensor
                (3, H, W) or a Pillow image; or a list of these.
            threshold: Score from which an object is shown or a class present; None: the model's own.
            max_objects: Most objects per image; None: the model's own limit.
            only: Classes whose objects are given; empty: all.
            top: Number of classes listed per image; None: as usual.
            batch_size: Images per batch, 1 or more.
            bgr: Whether arrays and tensors have their channels in OpenCV's order: blue, green, red.

        Returns:
            One prediction for one image, a list for a list.

        Raises:
            ImageError: An image cannot be read; the message names it.
            ConfigError: Not images; an option that does not concern the model, or is out of its bounds.
            CategoryError: An unknown class.
        """
        selected = self.select(Selection(threshold, max_objects, only, top))
        return one_or_all(partial(selected.stream, batch_size=batch_size), sources, drawing=selected.drawing, bgr=bgr)

    def stream(
        self, sources: Iterable[Source], *, batch_size: int = BATCH_SIZE, bad: dict[int, ImageError] | None = None
    ) -> Iterator[Prediction]:
        """Predictions in order, computed batch by batch while later images are decoded.

        Args:
            sources: Images.
            batch_size: Images per batch.
            bad: Collects the errors of images that cannot be read, by index in ``sources`` and before any later
                prediction; these images are skipped. None raises the first.

        Raises:
            ImageError: An image cannot be read and ``bad`` is None.
        """
        for batch, arrays in self._batches(sources, batch_size, bad):
            geometries = [prepared.geometry for prepared in batch]
            yield from self.output.assemble(arrays, geometries)

    def stream_arrays(
        self, sources: Iterable[Source], *, batch_size: int = BATCH_SIZE
    ) -> Iterator[tuple[dict[str, Array], Geometry]]:
        """For each image, in order, the activated outputs without a batch axis, and how its pixels map to the input."""
        for batch, arrays in self._batches(sources, batch_size):
            for place, prepared in enumerate(batch):
                yield {name: values[place] for name, values in arrays.items()}, prepared.geometry

    def arrays(self, sources: Iterable[Source], *, batch_size: int = BATCH_SIZE) -> dict[str, Array]:
        """The activated outputs themselves, such as ``scores`` (N, K) or ``attention`` (N, h, w)."""
        parts = [arrays for _, arrays in self._batches(sources, batch_size)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}

    def prepare(self, source: Source) -> Prepared:
        """Decode one image, no larger than the input needs, and preprocess it.

        Raises:
            ImageError: It cannot be read.
        """
        if isinstance(source, Prepared):
            return source
        return self.fit(decode_any(source, min_side=self.spec.decode_side, reading=self.spec.reading))

    def fit(self, image: Decoded) -> Prepared:
        """Preprocess a decoded image; the geometry is that of the full size."""
        if image.guessed is not None:
            self.guessed.append(image.guessed)
        pixels, geometry = prepare(image.pixels, self.spec)
        return Prepared(pixels, geometry.of_original(image.size))

    def prepare_all(
        self, sources: Iterable[Source], *, batch_size: int = BATCH_SIZE, bad: dict[int, ImageError] | None = None
    ) -> Iterator[list[Prepared]]:
        """Batches of prepared images, while later ones are decoded; ``bad`` as for ``stream``."""
        check_batch_size(batch_size)
        with closing(in_pool(self._threads.get(), self._attempt, sources, ahead=2 * batch_size)) as attempts:
            prepared = _prepared(attempts, bad)
            while batch := list(islice(prepared, batch_size)):
                yield batch

    def _attempt(self, source: Source) -> Prepared | ImageError:
        try:
            return self.prepare(source)
        except ImageError as error:
            return detached(error)

    def _batches(
        self, sources: Iterable[Source], batch_size: int, bad: dict[int, ImageError] | None = None
    ) -> Iterator[tuple[list[Prepared], dict[str, Array]]]:
        for batch in self.prepare_all(sources, batch_size=batch_size, bad=bad):
            yield batch, self.backend.run(np.stack([p.pixels for p in batch]))


def one_or_all(
    stream: Callable[[Iterable[S]], Iterator[Prediction]],
    sources: S | Iterable[S],
    *,
    drawing: Drawing,
    bgr: bool = False,
) -> Prediction | list[Prediction]:
    """The one prediction of an image, or those of several as a list; each knows its image."""
    if is_one(sources):
        return _drawable(stream, [cast(S, sources)], drawing, bgr=bgr)[0]
    return _drawable(stream, cast(Iterable[S], sources), drawing, bgr=bgr)


def _drawable(
    stream: Callable[[Iterable[S]], Iterator[Prediction]], sources: Iterable[S], drawing: Drawing, *, bgr: bool
) -> list[Prediction]:
    """Only a path is kept of what a generator gives: its images are not held in memory by their predictions."""
    kept: deque[ImageLike | None] = deque()
    held = isinstance(sources, Sequence)

    def given() -> Iterator[S]:
        for source in sources:
            image = source if isinstance(source, Prepared) else readable(cast(ImageLike, source), bgr=bgr)
            kept.append(cast(ImageLike, image) if held or isinstance(image, str | Path) else None)
            yield cast(S, image)

    return [prediction.drawn_by(replace(drawing, source=kept.popleft())) for prediction in stream(given())]


def _prepared(attempts: Iterable[Prepared | ImageError], bad: dict[int, ImageError] | None) -> Iterator[Prepared]:
    for place, attempt in enumerate(attempts):
        if isinstance(attempt, Prepared):
            yield attempt
        elif bad is not None:
            bad[place] = attempt
        else:
            try:
                raise attempt
            finally:
                del attempt  # the error would hold this frame, and the frame the error


def check_batch_size(batch_size: int) -> None:
    """Refuse a batch without images.

    Raises:
        ConfigError: It is below 1.
    """
    if not isinstance(batch_size, Integral) or batch_size < 1:
        raise ConfigError(f"A batch of {batch_size} images is not possible.", "Use a batch size of 1 or more.")


def detached(error: ImageError) -> ImageError:
    """The same error without its traceback, which would keep the bytes of the file in memory."""
    return ImageError(error.path, error.reason, error.hint)
