"""Previews: augmented training samples, and images before and after whitening.

Shapes: H W height and width, S T height and width of the input, Q values per whitening patch.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.data.catalog.catalog import Catalog
from foveal.data.inspection.sheet import Row, draw_sheet
from foveal.data.loading.order import Draw
from foveal.data.loading.statistics import sample_images, to_patches, unwhiten, whiten
from foveal.data.notes import plural
from foveal.errors import DataError
from foveal.imaging.decode import decode
from foveal.imaging.prepare import prepare
from foveal.types.arrays import RGB, FloatArray
from foveal.types.input_spec import InputSpec, Whitening
from foveal.types.reading import AS_STORED, Reading
from foveal.types.size import Size

if TYPE_CHECKING:
    from torch import Tensor

    from foveal.data.augment.contract import Augment

CELL, LARGE_CELL = 168, 256
"""Side of a cell on the sheet, in pixels; boxes and masks need more room."""
SAMPLE = 200
"""Number of images that the covariance is computed over."""
SIGMAS = 3.0
"""Whitened values are shown from -3 to +3 standard deviations, black to white."""


class DrawTarget(Protocol):
    """Draws a training target on an image."""

    def __call__(self, image: RGB, target: "Mapping[str, Tensor]", *, scale: float) -> RGB:
        """``scale``: pixels of the image per pixel of the target."""
        ...


def preview(
    catalog: Catalog,
    augment: "Augment",
    draw_target: "DrawTarget",
    *,
    size: Size,
    count: int = 6,
    columns: int = 5,
    seed: int = 0,
    reading: Reading = AS_STORED,
) -> RGB:
    """Augmented samples, each row beside its original, with their targets drawn on them.

    Args:
        catalog: Source of the images; the classes take turns.
        augment: The augmentation; mixing within a batch (mixup, cutmix) is not shown.
        draw_target: As ``tasks.contract.Task.draw_target``.
        size: Of the samples.
        count: Number of images.
        columns: Samples per image.
        seed: For the choice and the augmentation.
        reading: Levels of deep images, and bands.

    Returns:
        The sheet, (H, W, 3) uint8.

    Raises:
        ImageError: An image cannot be read.
    """
    from foveal.data.loading.loader import TrainingImages

    placed = catalog.annotation != "labels"
    cell = LARGE_CELL if placed else CELL
    images = TrainingImages(catalog, augment, seed=seed, min_side=0, cache=None, reading=reading)

    def drawn(image: RGB, target: "Mapping[str, Tensor]") -> RGB:
        if placed:
            image, scale = _fitted(image, cell)
            image = draw_target(image, target, scale=scale)
        return image

    rows = []
    for i in choose(catalog, count, seed=seed):
        original = augment.load(catalog, i, images.decoded(i))
        samples = (images[Draw(i, 0, repeat)] for repeat in range(columns))
        pairs = ((b.images[0].permute(1, 2, 0).numpy(), {k: v[0] for k, v in b.targets.items()}) for b in samples)
        cells = [drawn(image, target) for image, target in ((original.image.numpy(), original.target), *pairs)]
        keys = [(catalog.categories.names[k], catalog.categories.color(k)) for k in catalog.labels[i]] if placed else []
        rows.append(Row(_labels(catalog, i), catalog.names[i], cells, keys))
    titles = ("original", f"augmented, {size.in_px}")
    return draw_sheet(rows, columns=titles, cell=cell, setoff=True)


def image_whitening(catalog: Catalog, whitening: Whitening, *, spec: InputSpec, count: int = 4, seed: int = 0) -> RGB:
    """Images before whitening, after it, and restored; and their covariance before and after.

    Args:
        catalog: Source of the images; the classes take turns.
        whitening: The map.
        spec: The preparation; its size is a multiple of the patch.
        count: Number of images.
        seed: For the choice.

    Returns:
        The sheet, (H, W, 3) uint8.

    Raises:
        ImageError: An image cannot be read.
        ConfigError: The size is not a multiple of the patch.
    """
    rows = []
    for i in choose(catalog, count, seed=seed):
        image, _ = prepare(decode(catalog.path(i), reading=spec.reading).pixels, spec)
        white = whiten(image, whitening)
        back = unwhiten(white, whitening)
        worst = np.abs(back - image / 255).max()
        shown = [image, _gray_levels(white / (2 * SIGMAS) + 0.5), _gray_levels(back)]
        rows.append(Row(_labels(catalog, i), f"{catalog.names[i]}; restored to within {worst:.0e}", shown))
    images = list(sample_images(catalog, spec, limit=SAMPLE))
    note = f"of the {len(whitening.mean)} values of a patch, {plural(len(images), 'image')}; blue -1, white 0, red 1"
    rows.append(Row("covariance", note, [_heat(matrix) for matrix in _covariances(images, whitening)]))
    titles = ("before", f"after ({whitening.kind.upper()}, {whitening.patch} px patches)", "restored")
    return draw_sheet(rows, columns=titles, cell=round(1.5 * CELL))


def choose(catalog: Catalog, count: int, *, seed: int) -> list[int]:
    """Indices of some images; the classes take turns, so that each is shown before any is shown twice.

    Raises:
        DataError: There are no images.
    """
    if not len(catalog):
        raise DataError(f"{catalog.root}: there are no images to show.", "Use a split that has images.")
    order = np.random.default_rng(seed).permutation(len(catalog))
    turns: dict[int, int] = {}
    keyed = []
    for i in order.tolist():
        label = int(catalog.labels[i][0]) if len(catalog.labels[i]) else -1
        turns[label] = turns.get(label, 0) + 1
        keyed.append((turns[label], label, i))
    return [i for *_, i in sorted(keyed)[:count]]


def _labels(catalog: Catalog, index: int) -> str:
    return " | ".join(catalog.categories.names[k] for k in catalog.labels[index]) or "no label"


def _fitted(image: RGB, side: int) -> tuple[RGB, float]:
    """An image resized to a cell by its longer side, and the scale."""
    height, width = image.shape[:2]
    scale = side / max(width, height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(image).resize(inner, Image.Resampling.BICUBIC)), scale


def _gray_levels(values: FloatArray) -> RGB:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def _covariances(images: Sequence[RGB], whitening: Whitening) -> list[NDArray[np.float64]]:
    """(Q, Q) before, scaled to a largest variance of 1 to be comparable with the whitened one, and after."""
    patch = whitening.patch
    before = np.cov(np.concatenate([to_patches(image, patch) for image in images]), rowvar=False)
    after = np.cov(np.concatenate([to_patches(whiten(image, whitening), patch) for image in images]), rowvar=False)
    return [before / max(np.diag(before).max(), 1e-12), after]


def _heat(matrix: NDArray[np.float64]) -> RGB:
    """-1 blue, 0 white, 1 red."""
    strength = np.clip(np.abs(matrix), 0, 1)[..., None]
    ends = np.where(matrix[..., None] < 0, (38, 84, 160), (178, 36, 48))
    return np.asarray(np.rint(255 + strength * (ends - 255)), np.uint8)
