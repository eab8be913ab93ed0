"""Random changes to images with boxes, and perhaps masks, that stay true.

Cropping, zooming and padding are one resampling of each image straight to its place on the canvas; flips, colour and
mosaic happen there, turning and blending afterwards, all on small uint8 images in channels-last memory.

Shapes: H W rows and columns of a source image, S side of the input, m boxes of a sample.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from foveal.data.augment.box_targets import Marks
from foveal.data.augment.colour import jitter_colour
from foveal.data.augment.crop import TRIES, Rect, View, draw_scale, draw_view, letterbox, shows_an_object
from foveal.data.augment.image import Augment, Interpolation, Labelled, resize
from foveal.data.augment.mask_targets import Grid, pack
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.segmentations import instance_masks
from foveal.data.config import AugmentConfig
from foveal.errors import ConfigError
from foveal.imaging.decode import read_size
from foveal.imaging.input_spec import PAD_VALUE

CENTER = (0.25, 0.75)
"""Where the four images of a mosaic meet, as a part of S along each axis."""
MOSAIC_SHRINK = 0.5
"""An image in a mosaic is shown between this and its ordinary scale, but no smaller than letterboxed in its part."""
BLEND = 8.0
"""Alpha of the Beta distribution of mixup's shares. Zhang et al. (2019, arXiv:1902.04103) take 1.5 and weigh each box
by its image's share; here all boxes count in full, so both images must stay visible: nineteen of twenty shares lie
between a quarter and three quarters."""
NOT_FOR_BOXES = {
    "policy": ("none", "its operations move pixels and leave boxes where they are"),
    "mixup": (0.0, "it blends class labels; augment.box_mixup blends images with boxes"),
    "cutmix": (0.0, "it blends class labels; augment.mosaic puts images with boxes together"),
}


def build_box_augment(
    config: AugmentConfig, size: int, *, interpolation: Interpolation, grid: Grid | None = None
) -> Augment:
    """The changes that a configuration asks for; with none, the letterbox of evaluation.

    Args:
        config: Names and strengths.
        size: S.
        interpolation: Filter of resampling, antialiased.
        grid: What masks are painted on; None: there are none.

    Returns:
        Changes of images whose targets are like ``box_target``'s or, with a grid, ``instance_target``'s. They give
        (3, S, S) uint8, padded with PAD_VALUE, and a target of plain tensors, see ``Marks.target``.

    Raises:
        ConfigError: A change is on that cannot keep boxes true.
    """
    for name, (off, reason) in NOT_FOR_BOXES.items():
        if getattr(config, name) != off:
            raise ConfigError(
                f"augment.{name} = {getattr(config, name)} does not go with boxes: {reason}.", f"Leave it at {off}."
            )
    change = BoxChange(config, size, interpolation, grid)
    return Augment(change, change.draw_companions)


def box_target(catalog: Catalog, index: int) -> dict[str, Tensor]:
    """The objects of one image as training takes them.

    Returns:
        ``boxes``: tv_tensors.BoundingBoxes (m, 4) float32 xyxy pixels, ``labels`` (m,) int64, ``flags`` (m,) uint8.

    Raises:
        ImageError: The reader did not tell the image's size, and its header cannot be read.
    """
    assert catalog.objects is not None, "a catalog with boxes"
    at = catalog.objects.span(index)
    width, height = catalog.sizes[index].tolist() if catalog.sizes is not None else read_size(catalog.path(index))
    boxes = torch.from_numpy(catalog.objects.boxes[at].astype(np.float32))
    return {
        "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width)),
        "labels": torch.from_numpy(catalog.objects.labels[at].astype(np.int64)),
        "flags": torch.from_numpy(catalog.objects.flags[at].copy()),
    }


def instance_target(catalog: Catalog, index: int) -> dict[str, Tensor]:
    """As ``box_target``, and ``runs``: the objects' masks as ``stencils.pack`` packs them, in the image's full size.

    An object without an outline has a mask of no area: it teaches its box and no mask.

    Raises:
        ImageError: The reader did not tell the image's size, and its header cannot be read.
    """
    return {**box_target(catalog, index), "runs": pack(instance_masks(catalog, index))}


@dataclass(frozen=True)
class BoxChange:
    """``Augment.change`` for images with boxes.

    How many images there are says what to do with them, since ``draw_companions`` has drawn that: 1 alone, 2 mixup,
    4 mosaic, 5 a mosaic blended with a fifth.
    """

    config: AugmentConfig
    size: int
    interpolation: Interpolation
    grid: Grid | None = None

    def draw_companions(self) -> int:
        """Whether the next sample is a mosaic or is blended, as the number of further images it needs."""
        mosaic = self.config.mosaic and float(torch.rand(())) < self.config.mosaic
        blended = self.config.box_mixup and float(torch.rand(())) < self.config.box_mixup
        return (3 if mosaic else 0) + (1 if blended else 0)

    def __call__(self, samples: Sequence[Labelled]) -> Labelled:
        """One sample from 1, 2, 4 or 5 images."""
        assert len(samples) in (1, 2, 4, 5), "as draw_companions says"
        first = 4 if len(samples) >= 4 else 1
        canvas, marks = self._scene(samples[:first])
        if len(samples) > first:
            other, more = self._scene(samples[first:])
            share = float(torch.distributions.Beta(BLEND, BLEND, validate_args=False).sample())
            canvas, marks = torch.lerp(canvas.float(), other.float(), share).round_().byte(), Marks.join([marks, more])
        image = canvas.permute(2, 0, 1)
        if self.config.erasing:
            image = v2.RandomErasing(self.config.erasing, value=[float(PAD_VALUE)] * 3)(image)
        return image, marks.target(self.config.min_visible, self.grid)

    def _scene(self, samples: Sequence[Labelled]) -> tuple[Tensor, Marks]:
        """One image, or four around a random point, on a canvas (S, S, 3)."""
        size = self.size
        canvas = torch.full((size, size, 3), PAD_VALUE, dtype=torch.uint8)
        rects = [(0, 0, size, size)] if len(samples) == 1 else self._draw_quarters()
        marks = Marks.join([self._place(canvas, r, *s) for r, s in zip(rects, samples, strict=True)])
        if self.config.rotation_deg:
            degrees = self.config.rotation_deg * _draw_signed()
            canvas = _turn(canvas, degrees)
            marks = marks.turn(degrees, size / 2).clip((0, 0, size, size))
        return canvas, marks

    def _draw_quarters(self) -> list[Rect]:
        """Mosaic (Bochkovskiy et al. 2020, "YOLOv4", section 3.3): four rectangles that meet in a random point."""
        low, high = CENTER
        x, y = ((low + (high - low) * torch.rand(2)) * self.size).round().int().tolist()
        size = self.size
        return [(0, 0, x, y), (x, 0, size, y), (0, y, x, size), (x, y, size, size)]

    def _place(self, canvas: Tensor, rect: Rect, image: Tensor, target: dict[str, Tensor]) -> Marks:
        """Show a view of an image in a rectangle of the canvas; gives the marks there."""
        found = Marks.of(target)
        view = self._draw_view(image, found, rect)
        (left, top, right, bottom), (x1, y1, x2, y2) = view.source, view.canvas
        piece = resize(image.as_subclass(Tensor)[:, top:bottom, left:right], (y2 - y1, x2 - x1), self.interpolation)
        marks = view.move(found)
        if _happens(self.config.horizontal_flip):
            x1, x2 = rect[0] + rect[2] - x2, rect[0] + rect[2] - x1
            piece, marks = piece.flip(2), marks.mirror(0, rect[0] + rect[2])
        if _happens(self.config.vertical_flip):
            y1, y2 = rect[1] + rect[3] - y2, rect[1] + rect[3] - y1
            piece, marks = piece.flip(1), marks.mirror(1, rect[1] + rect[3])
        canvas[y1:y2, x1:x2] = jitter_colour(piece.permute(1, 2, 0), self.config)
        return marks

    def _draw_view(self, image: Tensor, marks: Marks, rect: Rect) -> View:
        """A random view that shows an object; the whole image (in a mosaic any view) where a few tries find none."""
        height, width = image.shape[-2:]
        alone = rect == (0, 0, self.size, self.size)
        if alone and self._keeps_scale:
            return letterbox(width, height, self.size)
        for _ in range(TRIES):
            scale, stretch = draw_scale(self.config)
            scale *= self.size / max(width, height)
            if not alone:
                scale *= math.exp(math.log(MOSAIC_SHRINK) * float(torch.rand(())))
                scale = max(scale, min((rect[2] - rect[0]) / width, (rect[3] - rect[1]) / height))
            view = draw_view(width, height, rect, scale=scale, stretch=stretch)
            if shows_an_object(view, marks, self.config.min_visible):
                return view
        return letterbox(width, height, self.size) if alone else view

    @property
    def _keeps_scale(self) -> bool:
        return self.config.crop_scale >= 1 and self.config.scale_jitter <= 1 and self.config.zoom_out <= 1


def _turn(canvas: Tensor, degrees: float) -> Tensor:
    """(S, S, 3) counterclockwise about its middle."""
    fill: Any = (PAD_VALUE,) * 3
    turned = Image.fromarray(canvas.numpy()).rotate(degrees, Image.Resampling.BILINEAR, fillcolor=fill)
    return torch.from_numpy(np.array(turned))


def _happens(chance: float) -> bool:
    return chance > 0 and float(torch.rand(())) < chance


def _draw_signed() -> float:
    """Between -1 and 1."""
    return 2 * float(torch.rand(())) - 1
