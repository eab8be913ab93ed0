"""Test-time augmentation and tiles: one prediction from several views of an image (parts, scales, mirrored).

Boxes are xyxy pixels.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, overload

import numpy as np

from foveal.errors import ConfigError, ImageError
from foveal.imaging.codecs.pillow import TooLargeError
from foveal.imaging.decode import Decoded
from foveal.imaging.windows import Windows, open_windows
from foveal.inference.images import ImageLike, Named, Stored, decode_any, stored
from foveal.inference.predictor import BATCH_SIZE, Predictor, Prepared, detached, one_or_all
from foveal.types.arrays import RGB, Array
from foveal.types.geometry import Geometry
from foveal.types.input_spec import PAD_VALUE
from foveal.types.predictions.prediction import Prediction
from foveal.types.size import Size
from foveal.types.view import View

Box = tuple[int, int, int, int]
SQUARE: Final = Size.square(1)
MIN_TILE_PX, MAX_OVERLAP, MIN_SCALE, MAX_SCALE = 32, 0.9, 0.25, 4.0


@dataclass(frozen=True)
class Viewing:
    """The views of an image that one prediction is made from.

    Attributes:
        tile: Longer side in pixels of the tiles that larger images are cut into; they have the proportions of the
            network's input, which are mostly a square's. None: no tiles.
        overlap: Fraction of a tile's side that neighbours share, in [0, 0.9].
        flip: Whether each view is added mirrored left to right.
        scales: Magnifications relative to one plain view or tile; each in [0.25, 4].
    """

    tile: int | None = None
    overlap: float = 0.2
    flip: bool = False
    scales: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ConfigError: A tile smaller than 32 pixels, an overlap outside [0, 0.9], no scale or one outside [0.25, 4].
        """
        object.__setattr__(self, "scales", tuple(self.scales))
        if self.tile is not None and self.tile < MIN_TILE_PX:
            raise ConfigError(f"Tiles of {self.tile} pixels are too small.", f"Use --tile {MIN_TILE_PX} or more.")
        if not 0 <= self.overlap <= MAX_OVERLAP:
            raise ConfigError(f"Tiles cannot overlap by {self.overlap:g}.", f"Use --overlap 0 to {MAX_OVERLAP:g}.")
        if not self.scales:
            raise ConfigError("No scale is given.", "Give one or more, such as --scales 1 1.5.")
        for scale in self.scales:
            if not MIN_SCALE <= scale <= MAX_SCALE:
                raise ConfigError(
                    f"A scale of {scale:g} is out of range.",
                    f"Use --scales of {MIN_SCALE:g} to {MAX_SCALE:g}.",
                )

    @property
    def plain(self) -> bool:
        """Whether every image has one view: all of it, as it is."""
        return self.tile is None and not self.flip and set(self.scales) == {1.0}

    def views(self, width: int, height: int, *, whole: bool, like: Size = SQUARE) -> list[View]:
        """The views of an image of this size, without duplicates; together they cover it.

        Args:
            width: Of the image, in pixels.
            height: Of the image, in pixels.
            whole: Whether the full image is added before the tiles, if there are any.
            like: Of the input: parts have its proportions.
        """
        parts = [box for scale in self.scales for box in self._boxes(width, height, scale, like)]
        if whole and not all(View(box).shows_all((width, height)) for box in parts):
            parts = [(0, 0, width, height), *parts]
        return [View(box, flipped) for box in dict.fromkeys(parts) for flipped in (False, True)[: 1 + self.flip]]

    def _boxes(self, width: int, height: int, scale: float, like: Size) -> list[Box]:
        if self.tile is not None:
            longer = max(1, round(self.tile / scale))
            return self._parts(width, height, [longer * side / like.longer for side in like.sides])
        if scale > 1:
            own, side = (height, like.height) if like.width * height >= like.height * width else (width, like.width)
            return self._parts(width, height, [own * part / side / scale for part in like.sides])
        across, down = (round(side * (1 / scale - 1) / 2) for side in (width, height))
        return [(-across, -down, width + across, height + down)]

    def _parts(self, width: int, height: int, sides: Sequence[float]) -> list[Box]:
        """Parts that together cover an image, row by row; the last of a row or column ends with the image."""
        wide, high = (max(1, round(side)) for side in sides)
        return [
            (x, y, min(x + wide, width), min(y + high, height))
            for y in self._starts(height, high)
            for x in self._starts(width, wide)
        ]

    def _starts(self, length: int, side: int) -> list[int]:
        if length <= side:
            return [0]
        step = max(1, round(side * (1 - self.overlap)))
        return [*range(0, length - side, step), length - side]


@overload  # a str is an iterable of str as well, but one image
def predict_views(  # type: ignore[overload-overlap]
    predictor: Predictor,
    sources: ImageLike,
    viewing: Viewing | None,
    *,
    batch_size: int = BATCH_SIZE,
    bgr: bool = False,
) -> Prediction: ...


@overload
def predict_views(
    predictor: Predictor,
    sources: Iterable[ImageLike],
    viewing: Viewing | None,
    *,
    batch_size: int = BATCH_SIZE,
    bgr: bool = False,
) -> list[Prediction]: ...


def predict_views(
    predictor: Predictor,
    sources: ImageLike | Iterable[ImageLike],
    viewing: Viewing | None,
    *,
    batch_size: int = BATCH_SIZE,
    bgr: bool = False,
) -> Prediction | list[Prediction]:
    """Predict on one image, or on several in order, from several views of each.

    Args:
        predictor: The model.
        sources: See ``Predictor.predict``.
        viewing: The views of each; None: the full image, once.
        batch_size: Images, or views of them, per batch.
        bgr: Whether arrays and tensors have their channels in the order blue, green, red.

    Returns:
        One prediction for one image, a list for a list.

    Raises:
        ImageError: An image cannot be read; the message names it.
        ConfigError: The model predicts for full images only, and these would be cut; or a batch of no images.
    """
    stream = partial(stream_views, predictor, viewing=viewing, batch_size=batch_size)
    return one_or_all(stream, sources, drawing=predictor.drawing, bgr=bgr)


def stream_views(
    predictor: Predictor,
    sources: Iterable[ImageLike],
    viewing: Viewing | None,
    *,
    batch_size: int = BATCH_SIZE,
    bad: dict[int, ImageError] | None = None,
) -> Iterator[Prediction]:
    """Predictions in order, each from several views; a batch may hold views of several images.

    Args:
        predictor: The model.
        sources: Images.
        viewing: The views of each; None: the full image, once.
        batch_size: Images, or views of them, per batch.
        bad: Collects the errors of images that cannot be read, by index in ``sources`` and before any later prediction;
            these images are skipped. None raises the first.

    Raises:
        ImageError: An image cannot be read and ``bad`` is None.
        ConfigError: The model predicts for full images only, and these would be cut.
    """
    if viewing is None or viewing.plain:
        yield from predictor.stream(sources, batch_size=batch_size, bad=bad)
        return
    owners: deque[_Plan] = deque()

    def cuts() -> Iterator[RGB | Prepared]:
        for place, source in enumerate(sources):
            try:
                size, views, cut = cut_views(predictor, source, viewing)
                plan = _Plan(size, views)
                for pixels in cut:
                    owners.append(plan)
                    yield pixels
            except ImageError as error:  # perhaps at a later view: the earlier ones are predicted in vain
                if bad is None:
                    raise
                bad[place] = detached(error)

    for arrays, geometry in predictor.stream_arrays(cuts(), batch_size=batch_size):
        plan = owners.popleft()
        plan.arrays.append(arrays)
        plan.geometries.append(geometry)
        if len(plan.arrays) == len(plan.views):
            yield merge_views(predictor, plan.arrays, plan.geometries, plan.views, plan.size)


@dataclass
class _Plan:
    """An image's size and views, and what the network has given for the first of them."""

    size: tuple[int, int]
    views: list[View]
    arrays: list[dict[str, Array]] = field(default_factory=list)
    geometries: list[Geometry] = field(default_factory=list)


def merge_views(
    predictor: Predictor,
    arrays: Sequence[Mapping[str, Array]],
    geometries: Sequence[Geometry],
    views: Sequence[View],
    size: tuple[int, int],
) -> Prediction:
    """The prediction for an image of ``size`` (width, height) from the network's outputs for each view of it."""
    if is_plain(views, size):
        batch = {name: values[None] for name, values in arrays[0].items()}
        return next(iter(predictor.output.assemble(batch, geometries)))
    return predictor.output.merge(arrays, geometries, views, size)


def cut_views(
    predictor: Predictor, source: ImageLike, viewing: Viewing
) -> tuple[tuple[int, int], list[View], Iterator[RGB | Prepared]]:
    """The full size of an image, its views, and the pixels of each, cropped on demand.

    With one plain view a large JPEG is decoded at reduced size, as in plain prediction.

    Raises:
        ImageError: The image cannot be read.
    """

    def views_of(width: int, height: int) -> list[View]:
        return viewing.views(width, height, whole=predictor.output.include_full_image, like=predictor.spec.size)

    def min_side(*size: int) -> int:
        return predictor.spec.decode_side(size[0], size[1]) if is_plain(views_of(*size), size) else 0

    try:
        image = decode_any(source, min_side=min_side, reading=predictor.spec.reading)
    except TooLargeError:
        if viewing.tile is None or not isinstance(source, Stored):
            raise
        name = source.name if isinstance(source, Named) else ""
        windows = open_windows(stored(source), name=name, reading=predictor.spec.reading)
        views = views_of(*windows.size)
        return windows.size, views, cut_windows(predictor, windows, views)
    views = views_of(*image.size)
    if is_plain(views, image.size):
        return image.size, views, iter([predictor.fit(image)])
    return image.size, views, (cut_out(image.pixels, view) for view in views)


def cut_windows(predictor: Predictor, windows: Windows, views: Sequence[View]) -> Iterator[Prepared]:
    """The views of a large image, each read and prepared when its turn comes; closes the image after the last.

    Raises:
        ImageError: A part of it is truncated or damaged.
    """
    if windows.guessed is not None:
        predictor.guessed.append(windows.guessed)
    with windows:
        for view in views:
            if view.shows_all(windows.size):
                yield Prepared(*windows.prepare(predictor.spec, flipped=view.flipped))
            else:
                part = windows.crop(view.box)
                yield predictor.fit(Decoded.full(np.ascontiguousarray(part[:, ::-1] if view.flipped else part)))


def is_plain(views: Sequence[View], size: tuple[int, ...]) -> bool:
    """Whether there is one view: the full image, as it is."""
    return list(views) == [View((0, 0, size[0], size[1]))]


def cut_out(image: RGB, view: View) -> RGB:
    """The pixels of a view of an (H, W, 3) image; gray, as the borders of a letterbox, where it reaches beyond it."""
    (height, width), (x1, y1, x2, y2) = image.shape[:2], view.box
    inside = image[max(y1, 0) : y2, max(x1, 0) : x2]
    if inside.shape[:2] != (y2 - y1, x2 - x1):
        canvas = np.full((y2 - y1, x2 - x1, 3), PAD_VALUE, np.uint8)
        canvas[max(-y1, 0) : min(y2, height) - y1, max(-x1, 0) : min(x2, width) - x1] = inside
        inside = canvas
    return np.ascontiguousarray(inside[:, ::-1] if view.flipped else inside)
