"""Pictures of what training sees: augmented samples, and whitening before and after.

Shapes: H W rows and columns, S side of the input, Q numbers a whitening patch.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.data.sheet import Row, draw_sheet
from foveal.data.statistics import sample_pictures, to_patches, unwhiten, whiten
from foveal.errors import DataError
from foveal.imaging.decode import decode
from foveal.imaging.input_spec import InputSpec, Whitening
from foveal.types.arrays import RGB, FloatArray

CELL = 168
"""Side of a cell on the sheet, in pixels."""
SAMPLE = 200
"""Pictures that the covariance is taken over."""
SIGMAS = 3.0
"""White numbers are shown from -3 to +3 standard deviations, black to white."""


def preview(
    catalog: Catalog, augment: AugmentConfig, *, spec: InputSpec, count: int = 6, columns: int = 5, seed: int = 0
) -> RGB:
    """Augmented samples, each row beside its original.

    Args:
        catalog: Where pictures come from; the classes take turns.
        augment: The random changes; blending within a batch (mixup, cutmix) is not shown.
        spec: Gives the training size and the filter.
        count: Pictures.
        columns: Samples of each.
        seed: Of the choice and of the changes.

    Returns:
        The sheet, (H, W, 3) uint8.

    Raises:
        ImageError: A picture cannot be read.
    """
    import torch
    from torchvision import tv_tensors

    from foveal.data.augment import build_augment

    transform = build_augment(augment, spec.train_size, interpolation=spec.interpolation)
    rows = []
    with torch.random.fork_rng(devices=[]):
        for i in choose(catalog, count, seed=seed):
            pixels = decode(catalog.path(i))
            image = tv_tensors.Image(torch.from_numpy(pixels.copy()).permute(2, 0, 1))
            torch.manual_seed(int(np.random.SeedSequence([seed, i]).generate_state(1)[0]))
            samples = [transform(image).permute(1, 2, 0).numpy() for _ in range(columns)]
            rows.append(Row(_labels(catalog, i), catalog.names[i], [pixels, *samples]))
    return draw_sheet(rows, columns=("original", f"as training sees it, {spec.train_size} px"), cell=CELL, setoff=True)


def picture_whitening(catalog: Catalog, whitening: Whitening, *, spec: InputSpec, count: int = 4, seed: int = 0) -> RGB:
    """Pictures before whitening, after it, and turned back; and their covariance before and after.

    Args:
        catalog: Where pictures come from; the classes take turns.
        whitening: The map.
        spec: The preparation; its size is a multiple of the patch.
        count: Pictures.
        seed: Of the choice.

    Returns:
        The sheet, (H, W, 3) uint8.

    Raises:
        ImageError: A picture cannot be read.
        ConfigError: The size is no multiple of the patch.
    """
    rows = []
    for i in choose(catalog, count, seed=seed):
        picture, _ = spec.prepare(decode(catalog.path(i)))
        white = whiten(picture, whitening)
        back = unwhiten(white, whitening)
        worst = np.abs(back - picture / 255).max()
        shown = [picture, _gray_levels(white / (2 * SIGMAS) + 0.5), _gray_levels(back)]
        rows.append(Row(_labels(catalog, i), f"{catalog.names[i]}; back within {worst:.0e}", shown))
    pictures = list(sample_pictures(catalog, spec, limit=SAMPLE))
    note = f"of the {len(whitening.mean)} numbers of a patch over {len(pictures)} pictures; blue -1, white 0, red 1"
    rows.append(Row("covariance", note, [_heat(matrix) for matrix in _covariances(pictures, whitening)]))
    titles = ("before", f"after ({whitening.kind.upper()}, {whitening.patch} px patches)", "turned back")
    return draw_sheet(rows, columns=titles, cell=round(1.5 * CELL))


def choose(catalog: Catalog, count: int, *, seed: int) -> list[int]:
    """Places of some pictures; the classes take turns, so that each is shown before any is shown twice.

    Raises:
        DataError: There is no picture.
    """
    if not len(catalog):
        raise DataError(f"{catalog.root}: there is no picture to show.", "Give a split that has pictures.")
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


def _gray_levels(values: FloatArray) -> RGB:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def _covariances(pictures: Sequence[RGB], whitening: Whitening) -> list[NDArray[np.float64]]:
    """(Q, Q) before, scaled to a largest variance of 1 so that it can be seen beside the white one, and after."""
    patch = whitening.patch
    before = np.cov(np.concatenate([to_patches(picture, patch) for picture in pictures]), rowvar=False)
    after = np.cov(
        np.concatenate([to_patches(whiten(picture, whitening), patch) for picture in pictures]), rowvar=False
    )
    return [before / max(np.diag(before).max(), 1e-12), after]


def _heat(matrix: NDArray[np.float64]) -> RGB:
    """-1 blue, 0 white, 1 red."""
    strength = np.clip(np.abs(matrix), 0, 1)[..., None]
    ends = np.where(matrix[..., None] < 0, (38, 84, 160), (178, 36, 48))
    return np.asarray(np.rint(255 + strength * (ends - 255)), np.uint8)
