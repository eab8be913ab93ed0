"""Several looks at one image: tiles of a large one, larger and smaller copies, mirrored ones; the answers are merged.

Boxes are xyxy pixels.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from foveal.errors import ConfigError, ImageError
from foveal.imaging.decode import read_size
from foveal.inference.predictor import ImageLike, Predictor, Prepared, read_image
from foveal.types.arrays import RGB, Array
from foveal.types.geometry import Geometry
from foveal.types.input_spec import PAD_VALUE
from foveal.types.view import View

Box = tuple[int, int, int, int]
MIN_TILE_PX, MAX_OVERLAP, MIN_SCALE, MAX_SCALE = 32, 0.9, 0.25, 4.0


@dataclass(frozen=True)
class Viewing:
    """How an image is looked at.

    Attributes:
        tile: Side in pixels of the square tiles that larger images are cut into; None: they are seen whole.
        overlap: Part of a tile's side that neighbours share, in [0, 0.9].
        flip: Whether each view is seen mirrored as well, left for right.
        scales: How large things appear, compared with one plain view or tile; each in [0.25, 4].
    """

    tile: int | None = None
    overlap: float = 0.2
    flip: bool = False
    scales: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ConfigError: A tile below 32 pixels, an overlap outside [0, 0.9], no scale or one outside [0.25, 4].
        """
        object.__setattr__(self, "scales", tuple(self.scales))
        if self.tile is not None and self.tile < MIN_TILE_PX:
            raise ConfigError(f"A tile of {self.tile} pixels shows nothing.", f"Use --tile {MIN_TILE_PX} or more.")
        if not 0 <= self.overlap <= MAX_OVERLAP:
            raise ConfigError(f"Tiles cannot overlap by {self.overlap:g}.", f"Use --overlap 0 to {MAX_OVERLAP:g}.")
        if not self.scales:
            raise ConfigError("There is no scale to look at images at.", "Name one or more, such as --scales 1 1.5.")
        for scale in self.scales:
            if not MIN_SCALE <= scale <= MAX_SCALE:
                raise ConfigError(
                    f"Images cannot be looked at {scale:g} times as large.",
                    f"Use --scales of {MIN_SCALE:g} to {MAX_SCALE:g}.",
                )

    @property
    def plain(self) -> bool:
        """Whether every image is seen once, whole and as it is."""
        return self.tile is None and not self.flip and set(self.scales) == {1.0}

    def views(self, width: int, height: int, *, whole: bool) -> list[View]:
        """What is looked at of an image of this size, no view twice; together they show all of it.

        Args:
            width: Of the image, in pixels.
            height: Of the image, in pixels.
            whole: Whether an image that is cut up is seen whole as well, before its parts.
        """
        parts = [box for scale in self.scales for box in self._boxes(width, height, scale)]
        if whole and not all(View(box).shows_all((width, height)) for box in parts):
            parts = [(0, 0, width, height), *parts]
        return [View(box, flipped) for box in dict.fromkeys(parts) for flipped in (False, True)[: 1 + self.flip]]

    def _boxes(self, width: int, height: int, scale: float) -> list[Box]:
        if self.tile is not None:
            return self._squares(width, height, max(1, round(self.tile / scale)))
        if scale > 1:
            return self._squares(width, height, max(1, round(max(width, height) / scale)))
        across, down = (round(side * (1 / scale - 1) / 2) for side in (width, height))
        return [(-across, -down, width + across, height + down)]

    def _squares(self, width: int, height: int, side: int) -> list[Box]:
        """Squares that together cover an image, row by row; the last of a row or column ends with the image."""
        return [
            (x, y, min(x + side, width), min(y + side, height))
            for y in self._starts(height, side)
            for x in self._starts(width, side)
        ]

    def _starts(self, length: int, side: int) -> list[int]:
        if length <= side:
            return [0]
        step = max(1, round(side * (1 - self.overlap)))
        return [*range(0, length - side, step), length - side]


def predict_views(predictor: Predictor, sources: ImageLike | Sequence[ImageLike], viewing: Viewing | None) -> Any:
    """Answer for one image, or for a list of them in order, from several views of each.

    Args:
        predictor: The model.
        sources: A path, bytes, an (H, W, 3) uint8 array or a Pillow image; or a list of these.
        viewing: How each is looked at; None: once, whole.

    Returns:
        One prediction for one image, a list for a list.

    Raises:
        ImageError: An image cannot be read; the message names it.
        ConfigError: The model's answers are for whole images, and these would be cut.
    """
    if viewing is None or viewing.plain:
        return predictor.predict(sources)
    if not isinstance(sources, Iterable) or isinstance(sources, (str, bytes, np.ndarray, Image.Image)):
        return next(stream_views(predictor, [sources], viewing))
    return list(stream_views(predictor, sources, viewing))


def stream_views(
    predictor: Predictor,
    sources: Iterable[ImageLike],
    viewing: Viewing | None,
    *,
    bad: dict[int, ImageError] | None = None,
) -> Iterator[Any]:
    """Predictions in order, each from several views; a batch may hold views of several images.

    Args:
        predictor: The model.
        sources: Images.
        viewing: How each is looked at; None: once, whole.
        bad: Takes the errors of images that cannot be read, by place in ``sources``; they are then left out. None
            raises the first.

    Raises:
        ImageError: An image cannot be read and ``bad`` is None.
        ConfigError: The model's answers are for whole images, and these would be cut.
    """
    if viewing is None or viewing.plain:
        yield from predictor.stream(sources, bad=bad)
        return
    plans: deque[tuple[tuple[int, int], list[View]]] = deque()

    def cuts() -> Iterator[RGB | Prepared]:
        for place, source in enumerate(sources):
            try:
                size, views, cut = look_at(predictor, source, viewing)
            except ImageError as error:
                if bad is None:
                    raise
                bad[place] = error
                continue
            plans.append((size, views))
            yield from cut

    seen = predictor.stream_arrays(cuts())
    for first in seen:
        size, views = plans.popleft()
        group = [first, *islice(seen, len(views) - 1)]
        yield answer(predictor, [a for a, _ in group], [g for _, g in group], views, size)


def answer(
    predictor: Predictor,
    arrays: Sequence[Mapping[str, Array]],
    geometries: Sequence[Geometry],
    views: Sequence[View],
    size: tuple[int, int],
) -> Any:
    """What the task says of an image of ``size`` (width, height), given what the network says of each view."""
    if is_plain(views, size):
        batch = {name: values[None] for name, values in arrays[0].items()}
        return next(iter(predictor.output.assemble(batch, geometries)))
    return predictor.output.merge(arrays, geometries, views, size)


def look_at(
    predictor: Predictor, source: ImageLike, viewing: Viewing
) -> tuple[tuple[int, int], list[View], Iterator[RGB | Prepared]]:
    """The size of an image, its views and what each shows, cut out when it is asked for.

    One plain view is prepared as ever, so that a large file may be decoded smaller and its answer is the plain one.

    Raises:
        ImageError: The image cannot be read.
    """
    size = size_of(source)
    views = viewing.views(*size, whole=predictor.output.include_full_image)
    if is_plain(views, size):
        return size, views, iter([predictor.prepare(source)])
    image = read_image(source)
    return size, views, (cut_out(image, view) for view in views)


def is_plain(views: Sequence[View], size: tuple[int, int]) -> bool:
    """Whether there is one view: the image, whole and as it is."""
    return list(views) == [View((0, 0, *size))]


def size_of(source: ImageLike) -> tuple[int, int]:
    """(width, height) of an image, from its header alone where it is a file.

    Raises:
        ImageError: It cannot be read.
    """
    if isinstance(source, str | Path | bytes):
        return read_size(Path(source) if isinstance(source, str) else source)
    height, width = read_image(source).shape[:2]
    return width, height


def cut_out(image: RGB, view: View) -> RGB:
    """What a view shows of an (H, W, 3) image; gray, as the borders of a letterbox, where it reaches beyond it."""
    (height, width), (x1, y1, x2, y2) = image.shape[:2], view.box
    inside = image[max(y1, 0) : y2, max(x1, 0) : x2]
    if inside.shape[:2] != (y2 - y1, x2 - x1):
        canvas = np.full((y2 - y1, x2 - x1, 3), PAD_VALUE, np.uint8)
        canvas[max(-y1, 0) : min(y2, height) - y1, max(-x1, 0) : min(x2, width) - x1] = inside
        inside = canvas
    return np.ascontiguousarray(inside[:, ::-1] if view.flipped else inside)
