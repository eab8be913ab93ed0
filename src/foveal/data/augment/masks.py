"""Augmentation of images with semantic masks; padding is ignored.

Cropping, scaling and padding are one resampling of image and mask straight to their place on the canvas.

Shapes: H W height and width of a source image, h w of the input.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from foveal.data.augment.canvas import (
    Interpolation,
    as_tensor,
    blank,
    erase,
    resize,
    resize_nearest,
    rotate,
    rotate_nearest,
)
from foveal.data.augment.chance import happens, uniform
from foveal.data.augment.colour import jitter_colour
from foveal.data.augment.contract import Changed, Loaded, PayloadAugment, refuse
from foveal.data.augment.crop import Crop, draw_crop, draw_scale, letterbox
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import read_mask
from foveal.data.config import AugmentConfig
from foveal.types.arrays import RGB
from foveal.types.predictions.masks import IGNORE
from foveal.types.size import Size

FOR_BOXES = "does not support masks: it is for images with boxes"
FOR_LABELS = "does not support masks: it blends class labels of full images"
UNFIT = {
    "policy": "does not support masks: its operations move pixels but not masks",
    "mixup": FOR_LABELS,
    "cutmix": FOR_LABELS,
    "mosaic": FOR_BOXES,
    "box_mixup": FOR_BOXES,
}


@dataclass(frozen=True)
class MaskAugment(PayloadAugment[Loaded]):
    """The configured augmentation; without any, the letterbox of evaluation or a random crop of it.

    Samples are padded with PAD_VALUE, their ``mask`` (h, w) uint8 with ``IGNORE``.

    Attributes:
        config: Names and strengths.
        size: Of the input.
        interpolation: Filter of resampling the image, antialiased; masks take the nearest pixel.
        eval_size: Of the input in evaluation: images have that scale, and h x w pixels are cropped from them.

    Raises:
        ConfigError: An operation is on that does not support masks.
    """

    config: AugmentConfig
    size: Size
    interpolation: Interpolation
    eval_size: Size

    def __post_init__(self) -> None:
        """Check that all operations support masks."""
        refuse(self.config, UNFIT)

    def draw_companions(self) -> int:
        """Draw whether classes of another image are pasted onto the next sample."""
        return int(happens(self.config.copy_paste))

    def load(self, catalog: Catalog, index: int, pixels: RGB) -> Loaded:
        """An image and its ``mask``: (H, W) uint8 class ids, ``IGNORE`` where unknown.

        Raises:
            DataError: The mask cannot be read.
        """
        ids = torch.from_numpy(read_mask(catalog, index))
        if ids.shape != pixels.shape[:2]:
            ids = resize_nearest(ids, (pixels.shape[0], pixels.shape[1]))
        return Loaded(as_tensor(pixels), {"mask": ids})

    def change(self, payloads: Sequence[Loaded]) -> Changed:
        """One sample from an image, and perhaps one to paste classes from."""
        canvas, mask = self._place(payloads[0])
        for other in payloads[1:]:
            pixels, ids = self._place(other)
            pasted = _draw_classes(ids)
            canvas, mask = torch.where(pasted[..., None], pixels, canvas), torch.where(pasted, ids, mask)
        return erase(canvas, self.config.erasing), {"mask": mask}

    def _place(self, loaded: Loaded) -> tuple[Tensor, Tensor]:
        """An image on a canvas (h, w, 3), and its mask (h, w)."""
        width, height = self.size.sides
        image, ids = loaded.image, loaded.target["mask"]
        crop = self._draw_crop(ids)
        (left, top, right, bottom), (x1, y1, x2, y2) = crop.source, crop.canvas
        piece = resize(image[top:bottom, left:right], (y2 - y1, x2 - x1), self.interpolation)
        there = resize_nearest(ids[top:bottom, left:right], (y2 - y1, x2 - x1))
        if happens(self.config.horizontal_flip):
            x1, x2, piece, there = width - x2, width - x1, piece.flip(1), there.flip(1)
        if happens(self.config.vertical_flip):
            y1, y2, piece, there = height - y2, height - y1, piece.flip(0), there.flip(0)
        canvas, mask = blank(self.size), torch.full((height, width), IGNORE, dtype=torch.uint8)
        canvas[y1:y2, x1:x2] = jitter_colour(piece, self.config)
        mask[y1:y2, x1:x2] = there
        if self.config.rotation_deg:
            degrees = self.config.rotation_deg * uniform(-1, 1)
            canvas, mask = rotate(canvas, degrees), rotate_nearest(mask, degrees, IGNORE)
        return canvas, mask

    def _draw_crop(self, ids: Tensor) -> Crop:
        height, width = ids.shape
        config, size = self.config, self.size
        if size == self.eval_size and config.crop_scale >= 1 and config.scale_jitter <= 1 and config.zoom_out <= 1:
            return letterbox(width, height, size)
        scale, stretch = draw_scale(config)
        scale *= self.eval_size.scale(width, height)
        around = _draw_point(ids) if happens(config.rare_crops) else None
        return draw_crop(width, height, (0, 0, *size.sides), scale=scale, stretch=stretch, around=around)


def _draw_classes(ids: Tensor) -> Tensor:
    """(h, w) where a mask has one of half of its classes, drawn at random (Olsson et al. 2021, "ClassMix")."""
    there = torch.bincount(ids.flatten().int(), minlength=IGNORE + 1)[:IGNORE].nonzero().flatten()
    drawn = there[torch.randperm(len(there))[: (len(there) + 1) // 2]]
    return torch.isin(ids, drawn.to(ids.dtype))


def _draw_point(ids: Tensor) -> tuple[float, float] | None:
    """A pixel (x, y) of a class drawn uniformly from those in the image, so that rare classes come as often."""
    there = torch.bincount(ids.flatten().int(), minlength=IGNORE + 1)[:IGNORE].nonzero().flatten()
    if not len(there):
        return None
    drawn = there[torch.randint(len(there), ())]
    places = (ids == drawn).flatten().nonzero().flatten()
    place = int(places[torch.randint(len(places), ())])
    return place % ids.shape[1], place // ids.shape[1]
