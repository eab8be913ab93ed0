"""Images that are nearly the same: one photo saved twice, resized, or a little brighter.

Small gray thumbnails are compared, each less its mean and divided by its spread, so brightness and contrast do not
count. A coarse version of them finds the candidates, the full one decides.

Shapes: N images, S side of a thumbnail, C of a coarse one, B images of a block.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.data.catalog.catalog import Catalog
from foveal.errors import ImageError
from foveal.imaging.decode import decode
from foveal.ops.threads import in_threads
from foveal.types.arrays import FloatArray, IntArray

SIDE_PX, COARSE_PX = 32, 8
SAME, CANDIDATE = 0.97, 0.94
"""Correlation from which two thumbnails are of nearly the same image; of coarse ones, from which they are compared.

Of 3,457 photos of flowers all pairs from 0.955 on are one photo, resized, recoloured or compressed, and all below 0.952
are two; of 4,000 photos of Imagenette no pair is above 0.95.
"""
ASPECT = 1.1
"""Most that the aspect ratios of two such images differ."""
BLOCK = 1024
_KNOWN: dict[str, list[tuple[int, int]]] = {}
"""Of the data set that was looked at last: the runs of a cross-validation ask again."""


def near_identical(catalog: Catalog, pool: IntArray) -> list[tuple[int, int]]:
    """Pairs of indices into the catalog; images that cannot be read are in none.

    Args:
        catalog: The data set.
        pool: Indices of the images to compare.
    """
    key = f"{catalog.content_fingerprint()} {pool.tobytes().hex() if len(pool) < 64 else hash(pool.tobytes())}"
    if key not in _KNOWN:
        _KNOWN.clear()
        _KNOWN[key] = _pairs(catalog, pool)
    return _KNOWN[key]


def _pairs(catalog: Catalog, pool: IntArray) -> list[tuple[int, int]]:
    found = list(in_threads(lambda i: _thumbnail(catalog, i), pool.tolist()))
    read = np.array([place for place, one in enumerate(found) if one is not None], np.int64)
    if len(read) < 2:
        return []
    thumbnails = np.stack([one[0] for one in found if one is not None])
    aspects = np.log([one[1] for one in found if one is not None])
    coarse = normed(thumbnails.reshape(-1, COARSE_PX, SIDE_PX // COARSE_PX, COARSE_PX, SIDE_PX // COARSE_PX))
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(read), BLOCK):
        alike = coarse[start : start + BLOCK] @ coarse[start:].T
        rows, columns = np.nonzero(np.triu(alike >= CANDIDATE, 1))
        for low in range(0, len(rows), BLOCK):
            one, other = rows[low : low + BLOCK] + start, columns[low : low + BLOCK] + start
            same = (thumbnails[one].astype(np.float32) * thumbnails[other]).sum(1) >= SAME
            same &= np.abs(aspects[one] - aspects[other]) <= np.log(ASPECT)
            kept = zip(pool[read[one[same]]].tolist(), pool[read[other[same]]].tolist(), strict=True)
            pairs += list(kept)
    return pairs


def normed(values: FloatArray) -> NDArray[np.float32]:
    """(N, C C) means of the parts of (N, C, _, C, _) thumbnails, each of mean 0 and norm 1."""
    means = values.astype(np.float32).mean((2, 4)).reshape(len(values), -1)
    means -= means.mean(1, keepdims=True)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = means / np.maximum(lengths, 1e-6)
    return scaled


def _thumbnail(catalog: Catalog, index: int) -> tuple[NDArray[np.float16], float] | None:
    """(S S) gray values of mean 0 and norm 1, and width over height; None where the image cannot be read."""
    try:
        decoded = decode(catalog.path(index), min_side=SIDE_PX)
    except ImageError:
        return None
    small = Image.fromarray(decoded.pixels).convert("L").resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    values = np.asarray(small, np.float32).ravel()
    values = values - values.mean()
    length = float(np.linalg.norm(values))
    if length < SIDE_PX:  # one colour: nothing to tell it by
        return None
    width, height = decoded.size
    return (values / length).astype(np.float16), width / height
