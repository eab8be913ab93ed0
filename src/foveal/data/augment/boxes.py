"""Augmentation of images with boxes, and perhaps masks.

Cropping, zooming and padding are one resampling of each image straight to its place on the canvas; flips, colour and
mosaic happen there, rotation and blending afterwards, all on small uint8 images in dense memory.

Shapes: H W height and width of a source image, h w of the input, m boxes of a sample.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foveal.data.augment.box_targets import BoxTargets
from foveal.data.augment.canvas import Interpolation, as_tensor, blank, erase, resize, rotate
from foveal.data.augment.chance import happens, uniform
from foveal.data.augment.colour import jitter_colour
from foveal.data.augment.contract import Changed, PayloadAugment, refuse
from foveal.data.augment.crop import TRIES, Crop, Rect, draw_crop, draw_scale, letterbox, shows_an_object
from foveal.data.augment.mask_targets import Grid, MaskTargets
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.segmentations import instance_masks
from foveal.data.config import AugmentConfig
from foveal.imaging.header import read_size
from foveal.types.arrays import RGB
from foveal.types.size import Size

CENTER = (0.25, 0.75)
"""Range of the point where the four images of a mosaic meet, as a fraction of its sides."""
MOSAIC_SHRINK = 0.5
"""Smallest scale of an image in a mosaic relative to its ordinary one, but at least letterboxed in its part."""
BLEND = 8.0
"""Alpha of the Beta distribution of mixup's shares. Zhang et al. (2019, arXiv:1902.04103) take 1.5 and weight each box
by its image's share; here all boxes count in full, so both images must stay visible: 95% of the shares lie between 0.25
and 0.75."""
WITHOUT_MASKS = {"copy_paste": "needs masks: it pastes the pixels of objects"}
UNFIT = {
    "policy": "does not support boxes: its operations move pixels but not boxes",
    "mixup": "does not support boxes: it blends class labels; augment.box_mixup blends images with boxes",
    "cutmix": "does not support boxes: it blends class labels; augment.mosaic combines images with boxes",
}

Scene = tuple[Tensor, BoxTargets]
"""A canvas (h, w, 3), and the objects on it."""


@dataclass(frozen=True)
class Boxed:
    """A decoded image (H, W, 3), and its objects at that size."""

    image: Tensor
    objects: BoxTargets

    @property
    def target(self) -> Mapping[str, Tensor]:
        """All objects, without their masks."""
        return self.objects.tensors()


@dataclass(frozen=True)
class BoxAugment(PayloadAugment[Boxed]):
    """The configured augmentation; without any, the letterbox of evaluation.

    Samples are padded with PAD_VALUE; their targets are those of ``BoxTargets.trained``. The number of payloads, drawn
    by ``draw_companions``, selects the operation: 1 plain, 4 mosaic; one more is blended in, or objects of it pasted.

    Attributes:
        config: Names and strengths.
        size: Of the input.
        interpolation: Filter of resampling, antialiased.
        grid: The grid that masks are rasterised on; None: without masks.

    Raises:
        ConfigError: An operation is on that does not support boxes.
    """

    config: AugmentConfig
    size: Size
    interpolation: Interpolation
    grid: Grid | None = None

    def __post_init__(self) -> None:
        """Check that all operations support boxes."""
        refuse(self.config, UNFIT if self.grid else {**UNFIT, **WITHOUT_MASKS})

    def draw_companions(self) -> int:
        """Draw whether the next sample is a mosaic, and blended or pasted onto, as the number of images it needs."""
        mosaic, blended = happens(self.config.mosaic), happens(self.config.box_mixup)
        return (3 if mosaic else 0) + (1 if blended or happens(self._pasting) else 0)

    def load(self, catalog: Catalog, index: int, pixels: RGB) -> Boxed:
        """An image and its objects; an object without a segmentation has an empty mask, and only its box is trained on.

        Raises:
            ImageError: The image's size is unknown, and its header cannot be read.
        """
        assert catalog.objects is not None, "a catalog with objects"
        at, (height, width) = catalog.objects.span(index), pixels.shape[:2]
        full = catalog.sizes[index].tolist() if catalog.sizes is not None else read_size(catalog.path(index))
        scale = np.array([width / full[0], height / full[1]] * 2, np.float32)
        boxes: NDArray[np.float64] = (catalog.objects.boxes[at].astype(np.float32) * scale).astype(np.float64)
        masks = MaskTargets.of(instance_masks(catalog, index), size=(height, width)) if self.grid else None
        labels, flags = catalog.objects.labels[at].astype(np.int64), catalog.objects.flags[at].copy()
        return Boxed(as_tensor(pixels), BoxTargets.of(boxes, labels, flags, masks))

    def change(self, payloads: Sequence[Boxed]) -> Changed:
        """One sample from 1, 2, 4 or 5 images."""
        assert len(payloads) in (1, 2, 4, 5), "as drawn by draw_companions"
        first = 4 if len(payloads) >= 4 else 1
        canvas, objects = self._scene(payloads[:first])
        if len(payloads) > first:
            combine = self._paste if happens(self._pasted) else _blend
            canvas, objects = combine((canvas, objects), self._scene(payloads[first:]))
        return erase(canvas, self.config.erasing), objects.trained(self.config.min_visible, self.grid)

    def _paste(self, below: Scene, above: Scene) -> Scene:
        """Half of the objects of a scene, drawn at random, onto another (Ghiasi et al. 2021, "Copy-Paste")."""
        (canvas, objects), (other, more) = below, above
        assert more.masks is not None, "a grid, so masks"
        there = np.flatnonzero(more.maskable & (more.visible > 0))
        drawn = there[torch.randperm(len(there)).numpy()[: (len(there) + 1) // 2]]
        pasted = more.take(drawn)
        pixels = more.masks.take(drawn).silhouette(self.size.shape)
        canvas = torch.where(torch.from_numpy(pixels)[..., None], other, canvas)
        return canvas, BoxTargets.join([objects.covered(pixels), pasted])

    def _scene(self, payloads: Sequence[Boxed]) -> Scene:
        """One image, or four around a random point, on a canvas (h, w, 3)."""
        canvas, whole = blank(self.size), self._whole
        rects = [whole] if len(payloads) == 1 else self._draw_quarters()
        objects = BoxTargets.join([self._place(canvas, r, p) for r, p in zip(rects, payloads, strict=True)])
        if self.config.rotation_deg:
            degrees = self.config.rotation_deg * uniform(-1, 1)
            canvas = rotate(canvas, degrees)
            objects = objects.rotate(degrees, (self.size.width / 2, self.size.height / 2)).clip(whole)
        return canvas, objects

    def _draw_quarters(self) -> list[Rect]:
        """Mosaic (Bochkovskiy et al. 2020, "YOLOv4", section 3.3): four rectangles that meet at a random point."""
        low, high = CENTER
        width, height = self.size.sides
        x, y = ((low + (high - low) * torch.rand(2)) * torch.tensor(self.size.sides)).round().int().tolist()
        return [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]

    def _place(self, canvas: Tensor, rect: Rect, boxed: Boxed) -> BoxTargets:
        """Draw a crop of an image into a rectangle of the canvas; returns the objects there."""
        crop = self._draw_crop(boxed, rect)
        (left, top, right, bottom), (x1, y1, x2, y2) = crop.source, crop.canvas
        piece = resize(boxed.image[top:bottom, left:right], (y2 - y1, x2 - x1), self.interpolation)
        objects = crop.move(boxed.objects)
        if happens(self.config.horizontal_flip):
            x1, x2 = rect[0] + rect[2] - x2, rect[0] + rect[2] - x1
            piece, objects = piece.flip(1), objects.mirror(0, rect[0] + rect[2])
        if happens(self.config.vertical_flip):
            y1, y2 = rect[1] + rect[3] - y2, rect[1] + rect[3] - y1
            piece, objects = piece.flip(0), objects.mirror(1, rect[1] + rect[3])
        canvas[y1:y2, x1:x2] = jitter_colour(piece, self.config)
        return objects

    def _draw_crop(self, boxed: Boxed, rect: Rect) -> Crop:
        """A random crop that shows an object; the full image (in a mosaic any crop) if a few tries fail."""
        height, width = boxed.image.shape[:2]
        alone = rect == self._whole
        if alone and self._keeps_scale:
            return letterbox(width, height, self.size)
        for _ in range(TRIES):
            scale, stretch = draw_scale(self.config)
            scale *= self.size.scale(width, height)
            if not alone:
                scale *= math.exp(math.log(MOSAIC_SHRINK) * uniform(0, 1))
                scale = max(scale, min((rect[2] - rect[0]) / width, (rect[3] - rect[1]) / height))
            crop = draw_crop(width, height, rect, scale=scale, stretch=stretch)
            if shows_an_object(crop, boxed.objects, self.config.min_visible):
                return crop
        return letterbox(width, height, self.size) if alone else crop

    @property
    def _pasting(self) -> float:
        """Probability of pasting, which needs masks."""
        return self.config.copy_paste if self.grid else 0.0

    @property
    def _pasted(self) -> float:
        """Probability that objects of a further image are pasted; else all of it is blended in."""
        return self._pasting / (self._pasting + self.config.box_mixup) if self._pasting else 0.0

    @property
    def _whole(self) -> Rect:
        return 0, 0, *self.size.sides

    @property
    def _keeps_scale(self) -> bool:
        return self.config.crop_scale >= 1 and self.config.scale_jitter <= 1 and self.config.zoom_out <= 1


def _blend(one: Scene, other: Scene) -> Scene:
    """Both images, each visible, and the objects of both."""
    share = float(torch.distributions.Beta(BLEND, BLEND, validate_args=False).sample())
    canvas = torch.lerp(one[0].float(), other[0].float(), share).round_().byte()
    return canvas, BoxTargets.join([one[1], other[1]])
