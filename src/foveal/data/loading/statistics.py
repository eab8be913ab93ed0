"""Mean, standard deviation and whitening of a data set's images, in NumPy.

Shapes: N images, S their side, p side of a patch, M patches, Q = 3 p^2 values per patch. All values are in [0, 1].
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.catalog import Catalog
from foveal.errors import ConfigError, DataError
from foveal.imaging.decode import decode
from foveal.imaging.prepare import prepare
from foveal.ops.threads import in_threads
from foveal.types.arrays import RGB, FloatArray
from foveal.types.input_spec import InputSpec, Whitening

MAX_IMAGES = 2000
"""Number of images for statistics: the error of a channel's mean is then below 0.3 / sqrt(2000) = 0.007."""

Doubles = NDArray[np.float64]


def sample_images(catalog: Catalog, spec: InputSpec, *, limit: int = MAX_IMAGES) -> Iterator[RGB]:
    """Prepared images, evenly spread over a catalog, decoded in threads and given in order.

    Args:
        catalog: The training split.
        spec: The preparation.
        limit: Maximum number of images.

    Returns:
        (S, T, 3) uint8 each.

    Raises:
        ImageError: An image cannot be read.
    """
    count = min(limit, len(catalog))
    places = (np.arange(count) * len(catalog)) // max(count, 1)

    def prepared(place: int) -> RGB:
        return prepare(decode(catalog.path(place), min_side=spec.decode_side, reading=spec.reading).pixels, spec)[0]

    return in_threads(prepared, places.tolist())


def channel_statistics(
    images: Iterable[RGB],
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean and standard deviation of each channel over all pixels, streamed.

    Sums of whole numbers are exact, so the result does not depend on the order of images. A constant channel gets a
    deviation of one gray level, 1 / 255, so that dividing by it is safe.

    Args:
        images: (H, W, 3) uint8 each.

    Raises:
        DataError: There are no images.
    """
    levels = np.zeros((3, 256), np.int64)
    for image in images:
        flat = image.reshape(-1, 3)
        for channel in range(3):
            levels[channel] += np.bincount(flat[:, channel], minlength=256)
    total = int(levels[0].sum())
    if total == 0:
        raise DataError("There are no images to compute statistics on.", "Use a training split that has images.")
    values = np.arange(256, dtype=np.float64) / 255
    mean = levels @ values / total  # (3,)
    variance = levels @ values**2 / total - mean**2
    std = np.sqrt(np.maximum(variance, (1 / 255) ** 2))
    return _triple(mean), _triple(std)


def fit_whitening(
    images: Iterable[RGB], *, kind: Literal["pca", "zca"], patch: int = 1, epsilon: float = 1e-5
) -> Whitening:
    """Fit the map that gives p x p patches zero mean and identity covariance.

    With covariance U diag(s) U^T: pca is diag(1 / sqrt(s + epsilon)) U^T, zca is U times that (Krizhevsky 2009,
    Learning Multiple Layers of Features from Tiny Images, appendix A).

    Args:
        images: (S, T, 3) uint8 each; rows and columns beyond the last whole patch are left out.
        kind: See ``Whitening``.
        patch: Side p.
        epsilon: Added to each variance: weaker noise is not amplified.

    Raises:
        DataError: Fewer patches than values in a patch.
    """
    size = 3 * patch * patch
    count, total, products = 0, np.zeros(size), np.zeros((size, size))
    for image in images:
        patches = to_patches(image, patch) / 255 - 0.5  # (M, Q), centred roughly to lose no digits
        count += len(patches)
        total += patches.sum(axis=0)
        products += patches.T @ patches
    if count <= size:
        raise DataError(
            f"Whitening of {patch} x {patch} pixel patches needs more than {size} patches; there are {count}.",
            "Use smaller patches (--input.whitening-patch) or more images.",
        )
    mean = total / count
    covariance = products / count - np.outer(mean, mean)
    variances, axes = np.linalg.eigh(covariance)
    variances, axes = np.maximum(variances[::-1], 0), axes[:, ::-1]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(size)] < 0, -1, 1)  # a sign of its own
    scale = np.sqrt(variances + epsilon)
    matrix, inverse = axes.T / scale[:, None], axes * scale
    if kind == "zca":
        matrix, inverse = axes @ matrix, inverse @ axes.T
    return Whitening(
        kind=kind,
        patch=patch,
        mean=tuple((mean + 0.5).tolist()),
        matrix=tuple(tuple(row) for row in matrix.tolist()),
        inverse=tuple(tuple(row) for row in inverse.tolist()),
    )


def whiten(image: RGB | FloatArray, whitening: Whitening) -> Doubles:
    """Whiten an image.

    Args:
        image: (H, W, 3) uint8, or floating-point values in [0, 1]; H and W are multiples of the patch.
        whitening: The map.

    Returns:
        (H, W, 3) float64, each patch replaced by its whitened values in the same order.

    Raises:
        ConfigError: A side is not a multiple of the patch.
    """
    values = image / 255 if image.dtype == np.uint8 else np.asarray(image, np.float64)
    white = (to_patches(values, whitening.patch) - whitening.mean) @ np.array(whitening.matrix).T
    return _from_patches(white, whitening.patch, _checked(values, whitening.patch))


def unwhiten(white: Doubles, whitening: Whitening) -> Doubles:
    """Invert ``whiten``: the image, (H, W, 3) in [0, 1].

    Raises:
        ConfigError: A side is not a multiple of the patch.
    """
    values = to_patches(white, whitening.patch) @ np.array(whitening.inverse).T + whitening.mean
    return _from_patches(values, whitening.patch, _checked(white, whitening.patch))


def to_patches(image: RGB | FloatArray, patch: int) -> Doubles:
    """(H, W, 3) -> (M, Q) patches, row by row, each flattened (channel, row, column) as ``pixel_unshuffle`` does."""
    rows, columns = image.shape[0] // patch, image.shape[1] // patch
    whole = np.asarray(image[: rows * patch, : columns * patch], np.float64)
    blocks = whole.reshape(rows, patch, columns, patch, 3).transpose(0, 2, 4, 1, 3)
    return blocks.reshape(rows * columns, 3 * patch * patch)


def _from_patches(patches: Doubles, patch: int, size: tuple[int, int]) -> Doubles:
    rows, columns = size[0] // patch, size[1] // patch
    blocks = patches.reshape(rows, columns, 3, patch, patch).transpose(0, 3, 1, 4, 2)
    return np.ascontiguousarray(blocks).reshape(size[0], size[1], 3)


def _checked(image: FloatArray, patch: int) -> tuple[int, int]:
    height, width = image.shape[:2]
    if height % patch or width % patch:
        raise ConfigError(
            f"An image of {width} x {height} cannot be cut into patches of {patch} x {patch} pixels.",
            "Choose a size that is a multiple of the patch.",
        )
    return height, width


def _triple(values: Doubles) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
