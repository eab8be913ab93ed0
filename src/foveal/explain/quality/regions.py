"""Where a data set has a class, whatever it is read for: its objects' masks or boxes, or its pixels.

Shapes: H W height and width of the image.
"""

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import read_mask
from foveal.data.catalog.segmentations import instance_masks
from foveal.types.flags import IGNORED_FLAGS


def of_class(catalog: Catalog, index: int, label: int, size: tuple[int, int]) -> NDArray[np.bool_] | None:
    """(H, W) the places of a class in an image; None: the data set does not know them, or there are none.

    Args:
        catalog: The data set.
        index: Of the image.
        label: Of the class.
        size: (width, height) of the image in pixels.

    Raises:
        DataError: A mask cannot be read.
    """
    width, height = size
    if catalog.masks is not None and catalog.annotation == "masks":
        pixels: NDArray[np.bool_] = read_mask(catalog, index) == label
        return pixels if pixels.any() and pixels.shape == (height, width) else None
    objects = catalog.objects
    if objects is None:
        return None
    span = objects.span(index)
    masks = instance_masks(catalog, index) if catalog.sizes is not None else []
    inside = np.zeros((height, width), bool)
    for place in range(span.stop - span.start):
        i = span.start + place
        if objects.labels[i] != label or objects.flags[i] & IGNORED_FLAGS:
            continue
        if masks and masks[place].area:
            inside |= masks[place].mask()
            continue
        (x1, y1), (x2, y2) = np.floor(objects.boxes[i][:2]).clip(0), np.ceil(objects.boxes[i][2:]).clip(0)
        inside[int(y1) : int(y2), int(x1) : int(x2)] = True
    return inside if inside.any() else None


def has_masks(catalog: Catalog) -> bool:
    """Whether places are known to the pixel, rather than as boxes."""
    if catalog.masks is not None:
        return True
    objects = catalog.objects
    return objects is not None and bool((np.diff(objects.segmentations.text.offsets) > 0).any())
