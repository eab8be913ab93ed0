"""Random changes to images with a class for every pixel; what no image covers counts nowhere.

Cropping, scaling and padding are one resampling of image and mask straight to their place on the canvas.

Shapes: H W rows and columns of a source image, S side of the input.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision import tv_tensors
from torchvision.transforms import v2

from foveal.data.augment.colour import jitter_colour
from foveal.data.augment.crop import View, draw_scale, draw_view, letterbox
from foveal.data.augment.image import Augment, Interpolation, Labelled, resize
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import read_mask
from foveal.data.config import AugmentConfig
from foveal.errors import ConfigError
from foveal.types.input_spec import PAD_VALUE
from foveal.types.masks import IGNORE

NOT_FOR_MASKS = {
    "policy": ("none", "its operations move pixels and leave masks where they are"),
    "mixup": (0.0, "it blends class labels of whole images"),
    "cutmix": (0.0, "it blends class labels of whole images"),
    "mosaic": (0.0, "it is for images with boxes"),
    "box_mixup": (0.0, "it is for images with boxes"),
}


def build_mask_augment(
    config: AugmentConfig, size: int, *, interpolation: Interpolation, use_size: int | None = None
) -> Augment:
    """The changes that a configuration asks for; with none, the letterbox of evaluation or a random part of it.

    Args:
        config: Names and strengths.
        size: S.
        interpolation: Filter of resampling the image, antialiased; masks take the nearest pixel.
        use_size: Side of the input in use, in pixels: images are shown at the scale that they have there, of which S
            pixels are cut out. None: S.

    Returns:
        Changes of images whose targets are like ``mask_target``'s. They give (3, S, S) uint8, padded with PAD_VALUE,
        and ``mask`` (S, S) uint8, padded with ``IGNORE``.

    Raises:
        ConfigError: A change is on that cannot keep masks true.
    """
    for name, (off, reason) in NOT_FOR_MASKS.items():
        if getattr(config, name) != off:
            raise ConfigError(
                f"augment.{name} = {getattr(config, name)} does not go with masks: {reason}.", f"Leave it at {off}."
            )
    return Augment(MaskChange(config, size, interpolation, use_size or size))


def mask_target(catalog: Catalog, index: int) -> dict[str, Tensor]:
    """``mask``: tv_tensors.Mask (H, W) uint8 class ids, ``IGNORE`` where nothing is known.

    Raises:
        DataError: The mask cannot be read.
    """
    return {"mask": tv_tensors.Mask(torch.from_numpy(read_mask(catalog, index)))}


@dataclass(frozen=True)
class MaskChange:
    """``Augment.change`` for images with masks."""

    config: AugmentConfig
    size: int
    interpolation: Interpolation
    use_size: int

    def __call__(self, samples: Sequence[Labelled]) -> Labelled:
        """One sample of one image."""
        (image, target), size = samples[0], self.size
        pixels, ids = image.as_subclass(Tensor), target["mask"].as_subclass(Tensor)
        view = self._draw_view(ids)
        (left, top, right, bottom), (x1, y1, x2, y2) = view.source, view.canvas
        piece = resize(pixels[:, top:bottom, left:right], (y2 - y1, x2 - x1), self.interpolation)
        there = _nearest(ids[top:bottom, left:right], (y2 - y1, x2 - x1))
        if _happens(self.config.horizontal_flip):
            x1, x2, piece, there = size - x2, size - x1, piece.flip(2), there.flip(1)
        if _happens(self.config.vertical_flip):
            y1, y2, piece, there = size - y2, size - y1, piece.flip(1), there.flip(0)
        canvas = torch.full((size, size, 3), PAD_VALUE, dtype=torch.uint8)
        mask = torch.full((size, size), IGNORE, dtype=torch.uint8)
        canvas[y1:y2, x1:x2] = jitter_colour(piece.permute(1, 2, 0), self.config)
        mask[y1:y2, x1:x2] = there
        if self.config.rotation_deg:
            degrees = self.config.rotation_deg * (2 * float(torch.rand(())) - 1)
            canvas = _turn(canvas, degrees, Image.Resampling.BILINEAR, (PAD_VALUE,) * 3)
            mask = _turn(mask, degrees, Image.Resampling.NEAREST, IGNORE)
        out = canvas.permute(2, 0, 1)
        if self.config.erasing:
            out = v2.RandomErasing(self.config.erasing, value=[float(PAD_VALUE)] * 3)(out)
        return out, {"mask": mask}

    def _draw_view(self, ids: Tensor) -> View:
        height, width = ids.shape
        config, size = self.config, self.size
        if size == self.use_size and config.crop_scale >= 1 and config.scale_jitter <= 1 and config.zoom_out <= 1:
            return letterbox(width, height, size)
        scale, stretch = draw_scale(config)
        scale *= self.use_size / max(width, height)
        around = _draw_point(ids) if _happens(config.rare_crops) else None
        return draw_view(width, height, (0, 0, size, size), scale=scale, stretch=stretch, around=around)


def _draw_point(ids: Tensor) -> tuple[float, float] | None:
    """A pixel (x, y) of a class drawn evenly among those in the image, so that rare ones come as often as others."""
    there = torch.bincount(ids.flatten().int(), minlength=IGNORE + 1)[:IGNORE].nonzero().flatten()
    if not len(there):
        return None
    drawn = there[torch.randint(len(there), ())]
    places = (ids == drawn).flatten().nonzero().flatten()
    place = int(places[torch.randint(len(places), ())])
    return place % ids.shape[1], place // ids.shape[1]


def _nearest(ids: Tensor, size: tuple[int, int]) -> Tensor:
    """(h, w) ids in another size; the pixel nearest to each new one's middle."""
    return ids if ids.shape == size else interpolate(ids[None, None], size, mode="nearest-exact")[0, 0]


def _turn(canvas: Tensor, degrees: float, resampling: Image.Resampling, fill: Any) -> Tensor:
    """(S, S) or (S, S, 3) counterclockwise about its middle."""
    turned = Image.fromarray(canvas.numpy()).rotate(degrees, resampling, fillcolor=fill)
    return torch.from_numpy(np.array(turned))


def _happens(chance: float) -> bool:
    return chance > 0 and float(torch.rand(())) < chance
