"""The first batch of a run as training saw it: augmented, mixed, with its targets."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from foveal.report.content import CaptionedImage, Key
from foveal.report.page import MAX_BATCH
from foveal.runs.plan import ImagePlan
from foveal.types.arrays import RGB
from foveal.types.samples import Batch
from foveal.types.seeds import derive

SIDE_PX = 320
"""Side at which targets are drawn, so that a line is one."""
MAX_KEYS = 20
"""Classes whose colours are explained."""


def first_batch(plan: ImagePlan) -> list[CaptionedImage]:
    """The images of the first step, or as many as are shown. Torch's random state is the same afterwards.

    The plan is in its first phase then.
    """
    plan.enter(0)
    draws = next(plan.order.batches())
    if plan.train_set.annotation != "labels":
        # One by one: boxes in a batch are padded.
        return [_drawn(plan, plan.images[draw]) for draw in draws[:MAX_BATCH]]
    batch = plan.images.__getitems__(draws)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(plan.seed, 3, 0, 0))
        mixed, _ = plan.task.mix(plan.augment, batch.images.float(), batch.targets)
    out = []
    for plain, image, key in zip(batch.images, mixed, batch.keys[:MAX_BATCH], strict=False):
        blended = ", mixed with another" if (image != plain).any() else ""
        out.append(CaptionedImage(_pixels(image), _labels(plan, key) + blended, plan.train_set.names[key]))
    return out


def batch_key(plan: ImagePlan) -> list[Key]:
    """The colours of the classes in it, where there are not too many."""
    categories = plan.train_set.categories
    if plan.train_set.annotation == "labels" or len(categories) > MAX_KEYS:
        return []
    return [Key(name, categories.color(k), "solid") for k, name in enumerate(categories)]


def _drawn(plan: ImagePlan, batch: Batch) -> CaptionedImage:
    """A batch of one with its target."""
    small = Image.fromarray(_pixels(batch.images[0]))
    image = np.asarray(small.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC))
    target = {name: value[0] for name, value in batch.targets.items()}
    drawn = plan.task.draw_target(image, target, scale=SIDE_PX / small.width)
    return CaptionedImage(drawn, "", plan.train_set.names[batch.keys[0]])


def _pixels(image: Tensor) -> RGB:
    """(H, W, 3) uint8 of (3, H, W)."""
    pixels: RGB = image.permute(1, 2, 0).clamp(0, 255).round().to(torch.uint8).contiguous().numpy()
    return pixels


def _labels(plan: ImagePlan, key: int) -> str:
    names = plan.train_set.categories.names
    return ", ".join(names[k] for k in plan.train_set.labels[key]) or "no label"
