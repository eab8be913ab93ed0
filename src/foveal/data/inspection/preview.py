"""Images of what training sees: augmented samples, and whitening before and after.

Shapes: H W rows and columns, S side of the input, Q numbers a whitening patch.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.data.config import AugmentConfig
from foveal.data.inspection.sheet import Row, draw_sheet
from foveal.data.loading.order import Draw
from foveal.data.loading.statistics import sample_images, to_patches, unwhiten, whiten
from foveal.errors import DataError
from foveal.imaging.decode import decode
from foveal.imaging.draw import boxes as draw_boxes
from foveal.imaging.draw_masks import overlay
from foveal.imaging.input_spec import InputSpec, Whitening
from foveal.types.arrays import RGB, FloatArray
from foveal.types.categories import Categories
from foveal.types.flags import NOT_EVALUATED

if TYPE_CHECKING:
    from torch import Tensor

    from foveal.data.augment.image import Augment

    Target = Callable[[Catalog, int], dict[str, Tensor]]

CELL, BOXED_CELL = 168, 256
"""Side of a cell on the sheet, in pixels; boxes and masks need more room."""
IGNORED = (150, 150, 150)
"""Colour of regions that training leaves out."""
SAMPLE = 200
"""Images that the covariance is taken over."""
SIGMAS = 3.0
"""White numbers are shown from -3 to +3 standard deviations, black to white."""


SIDES: dict[Annotation, int] = {"labels": 224, "boxes": 416, "masks": 320}
"""Side of the samples in pixels where none is asked for: what training usually takes."""
IN_USE: dict[Annotation, float] = {"masks": 1.5}
"""Side of the input in use over that of the samples, where these are parts of it."""


def preview(
    catalog: Catalog, augment: AugmentConfig, *, spec: InputSpec, count: int = 6, columns: int = 5, seed: int = 0
) -> RGB:
    """Augmented samples, each row beside its original; with the boxes of objects, or masks, where there are any.

    Args:
        catalog: Where images come from; the classes take turns.
        augment: The random changes; blending within a batch (mixup, cutmix) is not shown.
        spec: Gives the training size and the filter.
        count: Images.
        columns: Samples of each.
        seed: Of the choice and of the changes.

    Returns:
        The sheet, (H, W, 3) uint8.

    Raises:
        ImageError: An image cannot be read.
        ConfigError: A change is on that does not suit what is said of the images.
    """
    from foveal.data.loading.loader import TrainingImages

    placed = catalog.annotation != "labels"
    cell = BOXED_CELL if placed else CELL
    change, target = _changes(catalog.annotation, augment, spec)
    images = TrainingImages(catalog, change, target, seed=seed, min_side=0, cache=None)
    rows = []
    for i in choose(catalog, count, seed=seed):
        cells = [_cell(images.decoded(i), target(catalog, i), catalog.categories, cell)]
        for batch in (images[Draw(i, 0, repeat)] for repeat in range(columns)):
            image = batch.images[0].permute(1, 2, 0).numpy()
            cells.append(_cell(image, {k: v[0] for k, v in batch.targets.items()}, catalog.categories, cell))
        keys = [(catalog.categories.names[k], catalog.categories.color(k)) for k in catalog.labels[i]] if placed else []
        rows.append(Row(_labels(catalog, i), catalog.names[i], cells, keys))
    titles = ("original", f"as training sees it, {spec.train_size} px")
    return draw_sheet(rows, columns=titles, cell=cell, setoff=True)


def image_whitening(catalog: Catalog, whitening: Whitening, *, spec: InputSpec, count: int = 4, seed: int = 0) -> RGB:
    """Images before whitening, after it, and turned back; and their covariance before and after.

    Args:
        catalog: Where images come from; the classes take turns.
        whitening: The map.
        spec: The preparation; its size is a multiple of the patch.
        count: Images.
        seed: Of the choice.

    Returns:
        The sheet, (H, W, 3) uint8.

    Raises:
        ImageError: An image cannot be read.
        ConfigError: The size is no multiple of the patch.
    """
    rows = []
    for i in choose(catalog, count, seed=seed):
        image, _ = spec.prepare(decode(catalog.path(i)).pixels)
        white = whiten(image, whitening)
        back = unwhiten(white, whitening)
        worst = np.abs(back - image / 255).max()
        shown = [image, _gray_levels(white / (2 * SIGMAS) + 0.5), _gray_levels(back)]
        rows.append(Row(_labels(catalog, i), f"{catalog.names[i]}; back within {worst:.0e}", shown))
    images = list(sample_images(catalog, spec, limit=SAMPLE))
    note = f"of the {len(whitening.mean)} numbers of a patch over {len(images)} images; blue -1, white 0, red 1"
    rows.append(Row("covariance", note, [_heat(matrix) for matrix in _covariances(images, whitening)]))
    titles = ("before", f"after ({whitening.kind.upper()}, {whitening.patch} px patches)", "turned back")
    return draw_sheet(rows, columns=titles, cell=round(1.5 * CELL))


def choose(catalog: Catalog, count: int, *, seed: int) -> list[int]:
    """Places of some images; the classes take turns, so that each is shown before any is shown twice.

    Raises:
        DataError: There is no image.
    """
    if not len(catalog):
        raise DataError(f"{catalog.root}: there is no image to show.", "Give a split that has images.")
    order = np.random.default_rng(seed).permutation(len(catalog))
    turns: dict[int, int] = {}
    keyed = []
    for i in order.tolist():
        label = int(catalog.labels[i][0]) if len(catalog.labels[i]) else -1
        turns[label] = turns.get(label, 0) + 1
        keyed.append((turns[label], label, i))
    return [i for *_, i in sorted(keyed)[:count]]


def _changes(annotation: Annotation, config: AugmentConfig, spec: InputSpec) -> "tuple[Augment, Target]":
    """The random changes, and what gives the target of an image."""
    from foveal.data.augment.boxes import box_target, build_box_augment
    from foveal.data.augment.image import build_augment
    from foveal.data.augment.masks import build_mask_augment, mask_target

    size, interpolation = spec.train_size, spec.interpolation
    match annotation:
        case "labels":
            return build_augment(config, size, interpolation=interpolation), _no_target
        case "boxes":
            return build_box_augment(config, size, interpolation=interpolation), box_target
        case "masks":
            change = build_mask_augment(config, size, interpolation=interpolation, use_size=spec.size)
            return change, mask_target


def _labels(catalog: Catalog, index: int) -> str:
    return " | ".join(catalog.categories.names[k] for k in catalog.labels[index]) or "no label"


def _no_target(catalog: Catalog, index: int) -> "dict[str, Tensor]":  # noqa: ARG001
    return {}


def _cell(image: RGB, target: "Mapping[str, Tensor]", categories: Categories, side: int) -> RGB:
    """An image as it is, or fitted into a cell with its boxes or classes drawn; what to ignore is gray."""
    if not target:
        return image
    height, width = image.shape[:2]
    scale = side / max(width, height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    fitted = np.asarray(Image.fromarray(image).resize(inner, Image.Resampling.BICUBIC))
    if "mask" in target:
        return overlay(fitted, target["mask"].numpy(), [categories.color(k) for k in range(len(categories))])
    ignored = [bool(flags & NOT_EVALUATED) for flags in target["flags"].tolist()]
    colors = [
        IGNORED if skip else categories.color(k) for k, skip in zip(target["labels"].tolist(), ignored, strict=True)
    ]
    return draw_boxes(fitted, target["boxes"].numpy() * scale, [""] * len(colors), colors, dashed=ignored)


def _gray_levels(values: FloatArray) -> RGB:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def _covariances(images: Sequence[RGB], whitening: Whitening) -> list[NDArray[np.float64]]:
    """(Q, Q) before, scaled to a largest variance of 1 so that it can be seen beside the white one, and after."""
    patch = whitening.patch
    before = np.cov(np.concatenate([to_patches(image, patch) for image in images]), rowvar=False)
    after = np.cov(np.concatenate([to_patches(whiten(image, whitening), patch) for image in images]), rowvar=False)
    return [before / max(np.diag(before).max(), 1e-12), after]


def _heat(matrix: NDArray[np.float64]) -> RGB:
    """-1 blue, 0 white, 1 red."""
    strength = np.clip(np.abs(matrix), 0, 1)[..., None]
    ends = np.where(matrix[..., None] < 0, (38, 84, 160), (178, 36, 48))
    return np.asarray(np.rint(255 + strength * (ends - 255)), np.uint8)
