"""Augmentation of images with labels by torchvision.transforms.v2, which needs channels first.

Every image is cropped and resized first, so that step has a path of its own here, see ``canvas.resize``. Everything
after it works on the small image.

Shapes: B images per batch, K classes, H W height and width of the source, h w of the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from foveal.data.augment.canvas import PAD, Interpolation, as_tensor, resize
from foveal.data.augment.colour import changes_colour, jitter_colour
from foveal.data.augment.contract import Changed, Loaded, PayloadAugment, refuse
from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.types.arrays import RGB
from foveal.types.size import Size

NEEDS_BOXES = "needs images with boxes, and these have labels"
UNFIT = {
    **dict.fromkeys(("scale_jitter", "mosaic", "box_mixup"), NEEDS_BOXES),
    "copy_paste": "needs images with masks, and these have labels",
}
FILL = [float(value) for value in PAD]


@dataclass(frozen=True)
class ImageAugment(PayloadAugment[Loaded]):
    """The configured augmentation; without any, a plain resize.

    Attributes:
        config: Names and strengths.
        size: Of the result.
        interpolation: Filter of resampling, antialiased.

    Raises:
        ConfigError: An operation is on that needs boxes.
    """

    config: AugmentConfig
    size: Size
    interpolation: Interpolation

    def __post_init__(self) -> None:
        """Check that all operations support labels."""
        refuse(self.config, UNFIT)

    def load(self, catalog: Catalog, index: int, pixels: RGB) -> Loaded:
        """An image and its ``label``: a class id, or (K,) zeros and ones for multi-label data."""
        ids = torch.from_numpy(catalog.labels[index].astype(np.int64))
        label = torch.zeros(len(catalog.categories)).index_fill(0, ids, 1) if catalog.multi_label else ids[0]
        return Loaded(as_tensor(pixels), {"label": label})

    def change(self, payloads: Sequence[Loaded]) -> Changed:
        """The label is unchanged."""
        (loaded,) = payloads
        changed = self._transform(tv_tensors.Image(loaded.image.permute(2, 0, 1)))
        return changed.as_subclass(Tensor).permute(1, 2, 0), loaded.target

    @cached_property
    def _transform(self) -> v2.Transform:
        config = self.config
        bilinear = v2.InterpolationMode.BILINEAR  # the finest filter that torch rotates and shears tensors with
        steps: list[Any] = [self._crop()]
        if config.zoom_out > 1:
            steps += [v2.RandomZoomOut(FILL, side_range=(1, config.zoom_out)), FitResize(self.size, self.interpolation)]
        if config.horizontal_flip:
            steps.append(v2.RandomHorizontalFlip(config.horizontal_flip))
        if config.vertical_flip:
            steps.append(v2.RandomVerticalFlip(config.vertical_flip))
        if config.rotation_deg:
            steps.append(v2.RandomRotation(config.rotation_deg, interpolation=bilinear, fill=FILL))
        if changes_colour(config):
            steps.append(JitterColour(config))
        if config.policy == "trivial":
            steps.append(v2.TrivialAugmentWide(interpolation=bilinear, fill=FILL))
        elif config.policy == "rand":
            steps.append(v2.RandAugment(magnitude=config.policy_magnitude, interpolation=bilinear, fill=FILL))
        if config.erasing:
            steps.append(v2.RandomErasing(config.erasing, value=FILL))
        return v2.Compose(steps)

    def _crop(self) -> v2.Transform:
        if self.config.crop_scale >= 1:
            return FitResize(self.size, self.interpolation)
        aspect = self.size.width / self.size.height
        ratio = (aspect / self.config.crop_ratio, aspect * self.config.crop_ratio)
        mode = v2.InterpolationMode(self.interpolation)
        return CropResize(self.size.shape, scale=(self.config.crop_scale, 1), ratio=ratio, interpolation=mode)


def build_mix(config: AugmentConfig, num_classes: int) -> v2.Transform | None:
    """Mixing of images within a batch: mixup, cutmix, or one of the two at random; None where both are off.

    Args:
        config: Alphas of the Beta distributions.
        num_classes: K.

    Returns:
        A transform of (images, labels): (B, 3, h, w) uint8 or float, and (B,) class ids or (B, K) targets; gives float
        images of the same range and (B, K) soft targets.
    """
    choices: list[Any] = []
    if config.mixup:
        choices.append(v2.MixUp(alpha=config.mixup, num_classes=num_classes))
    if config.cutmix:
        choices.append(v2.CutMix(alpha=config.cutmix, num_classes=num_classes))
    if not choices:
        return None
    mix = choices[0] if len(choices) == 1 else v2.RandomChoice(choices)
    return v2.Compose([v2.ToDtype(torch.float32, scale=False), mix])


class FitResize(v2.Transform):  # type: ignore[misc]
    """Resize to the size, whatever the aspect ratio."""

    def __init__(self, size: Size, interpolation: Interpolation) -> None:
        super().__init__()
        self.size = size
        self.interpolation = interpolation

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:  # noqa: ARG002
        """Called by v2 for each input."""
        return _wrapped(resize(_rows(inpt), self.size.shape, self.interpolation))


class CropResize(v2.RandomResizedCrop):  # type: ignore[misc]
    """v2's random resized crop, drawing the same numbers and giving the same pixels, faster."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Called by v2 for each input."""
        top, left = params["top"], params["left"]
        cut = _rows(inpt)[top : top + params["height"], left : left + params["width"]]
        return _wrapped(resize(cut, tuple(self.size), self.interpolation.value))


class JitterColour(v2.Transform):  # type: ignore[misc]
    """``jitter_colour``."""

    def __init__(self, config: AugmentConfig) -> None:
        super().__init__()
        self.config = config

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:  # noqa: ARG002
        """Called by v2 for each input."""
        return _wrapped(jitter_colour(_rows(inpt).contiguous(), self.config))


def _rows(image: Tensor) -> Tensor:
    """(3, H, W) -> (H, W, 3)."""
    return image.as_subclass(Tensor).permute(1, 2, 0)


def _wrapped(image: Tensor) -> tv_tensors.Image:
    """(H, W, 3) -> (3, H, W), as v2 knows an image."""
    return tv_tensors.Image(image.permute(2, 0, 1))
