"""Random changes to training images, as torchvision.transforms.v2; random numbers from torch's global generator.

Every image goes through cropping and resizing, so that step has a path of its own here: the crop is copied into dense
channels-last memory first, where torch's uint8 resampling runs at full width. That takes a quarter of v2's time, for
the same pixels. Everything after it works on the small image.

Shapes: B images per batch, K classes, H W rows and columns of the source, S side of the result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional
from torchvision import tv_tensors
from torchvision.transforms import v2

from foveal.data.config import AugmentConfig
from foveal.errors import ConfigError
from foveal.types.input_spec import PAD_VALUE

Interpolation = Literal["bilinear", "bicubic"]
Labelled = tuple[Tensor, dict[str, Tensor]]
"""(3, H, W) uint8 RGB in any memory order, and its target."""
NEED_BOXES = {"scale_jitter": 1.0, "mosaic": 0.0, "box_mixup": 0.0}
"""Changes for images with boxes alone, and the values that switch them off."""


@dataclass(frozen=True)
class Augment:
    """Random changes to one training sample; random numbers come from torch's global generator.

    Attributes:
        change: Makes the sample of the image, which comes first, and its companions.
        companions: How many other images, drawn from the training split, ``change`` wants beside it: a number, or
            what draws one each time.
    """

    change: Callable[[Sequence[Labelled]], Labelled]
    companions: int | Callable[[], int] = 0

    def draw_companions(self) -> int:
        """How many companions the next sample wants."""
        return self.companions if isinstance(self.companions, int) else self.companions()


def build_augment(config: AugmentConfig, size: int, *, interpolation: Interpolation) -> Augment:
    """The changes that a configuration asks for; with none, a plain resize.

    Args:
        config: Names and strengths.
        size: S.
        interpolation: Filter of resampling, antialiased.

    Returns:
        Changes that give (3, S, S) uint8; the target passes through beside it.

    Raises:
        ConfigError: A change is on that is for images with boxes alone.
    """
    for name, off in NEED_BOXES.items():
        if getattr(config, name) != off:
            raise ConfigError(
                f"augment.{name} = {getattr(config, name):g} is for images with boxes, and these have labels.",
                f"Leave it at {off:g}.",
            )
    return Augment(partial(_change_alone, _transform(config, size, interpolation)))


def _change_alone(transform: v2.Transform, samples: Sequence[Labelled]) -> Labelled:
    image, target = transform(*samples[0])
    return image, target


def _transform(config: AugmentConfig, size: int, interpolation: Interpolation) -> v2.Transform:
    steps: list[Any] = [_crop(config, size, interpolation)]
    fill = [float(PAD_VALUE)] * 3
    turn = v2.InterpolationMode.BILINEAR  # the finest filter that torch rotates and shears tensors with
    if config.zoom_out > 1:
        steps += [v2.RandomZoomOut(fill, side_range=(1, config.zoom_out)), FitResize(size, interpolation)]
    if config.horizontal_flip:
        steps.append(v2.RandomHorizontalFlip(config.horizontal_flip))
    if config.vertical_flip:
        steps.append(v2.RandomVerticalFlip(config.vertical_flip))
    if config.rotation_deg:
        steps.append(v2.RandomRotation(config.rotation_deg, interpolation=turn, fill=fill))
    if config.brightness or config.contrast or config.saturation or config.hue:
        steps.append(v2.ColorJitter(config.brightness, config.contrast, config.saturation, config.hue))
    if config.policy == "trivial":
        steps.append(v2.TrivialAugmentWide(interpolation=turn, fill=fill))
    elif config.policy == "rand":
        steps.append(v2.RandAugment(magnitude=config.policy_magnitude, interpolation=turn, fill=fill))
    if config.erasing:
        steps.append(v2.RandomErasing(config.erasing, value=fill))
    return v2.Compose(steps) if len(steps) > 1 else steps[0]


def build_mix(config: AugmentConfig, num_classes: int) -> v2.Transform | None:
    """Blending of images within a batch: mixup, cutmix, or one of the two at random; None where both are off.

    Args:
        config: Alphas of the Beta distributions.
        num_classes: K.

    Returns:
        A transform of (images, labels): (B, 3, S, S) uint8 or float, and (B,) class ids or (B, K) targets; gives float
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
    """Resize to S x S, whatever the aspect ratio."""

    def __init__(self, size: int, interpolation: Interpolation) -> None:
        super().__init__()
        self.size = size
        self.interpolation = interpolation

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:  # noqa: ARG002
        """Called by v2 for each input."""
        if not isinstance(inpt, tv_tensors.Image):
            return inpt
        return tv_tensors.wrap(resize(inpt.as_subclass(Tensor), self.size, self.interpolation), like=inpt)


class CropResize(v2.RandomResizedCrop):  # type: ignore[misc]
    """v2's random resized crop, drawing the same numbers and giving the same pixels, faster."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Called by v2 for each input."""
        if not isinstance(inpt, tv_tensors.Image):
            return inpt
        top, left = params["top"], params["left"]
        cut = inpt.as_subclass(Tensor)[:, top : top + params["height"], left : left + params["width"]]
        return tv_tensors.wrap(resize(cut, self.size[0], self.interpolation.value), like=inpt)


def resize(image: Tensor, size: int | tuple[int, int], interpolation: str) -> Tensor:
    """(3, H, W) uint8 -> (3, S, S) uint8, or of another (height, width), in channels-last memory, antialiased."""
    height, width = (size, size) if isinstance(size, int) else size
    # Batched while rows come first: otherwise torch does not see that the memory of a whole image is channels-last.
    dense = image.permute(1, 2, 0).contiguous()[None].permute(0, 3, 1, 2)
    if dense.shape[-2:] == (height, width):
        return dense[0]
    return functional.interpolate(dense, (height, width), mode=interpolation, antialias=True)[0]


def _crop(config: AugmentConfig, size: int, interpolation: Interpolation) -> v2.Transform:
    if config.crop_scale >= 1:
        return FitResize(size, interpolation)
    ratio = (1 / config.crop_ratio, config.crop_ratio)
    mode = v2.InterpolationMode(interpolation)
    return CropResize(size, scale=(config.crop_scale, 1), ratio=ratio, interpolation=mode)
