import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.objects import Object, Objects
from foveal.data.catalog.segmentations import clip_polygons, extent, instance_masks, polygon_area, segmentation_fault
from foveal.data.formats.read import read
from foveal.ops.polygons import rle_of_polygons
from foveal.types.categories import Categories
from foveal.types.rle import Rle

SIZE = (6, 4)
BOX = (1.0, 1.0, 3.0, 2.0)
SQUARE = [1, 1, 3, 1, 3, 2, 1, 2]


def images(*rows) -> Catalog:
    """Images of 6 x 4 pixels with objects of these segmentations."""
    objects = Objects.of([[Object(BOX, 0, segmentation=segmentation) for segmentation in row] for row in rows])
    num = len(rows)
    return Catalog(
        Path(),
        "coco",
        "boxes",
        Categories(("cat",)),
        Names.of([f"{i}.jpg" for i in range(num)]),
        np.zeros(num, np.uint8),
        Ragged.of([[0]] * num),
        sizes=np.array([SIZE] * num, np.int32),
        objects=objects,
    )


def test_a_mask_for_each_object():
    drawn = np.zeros((4, 6), np.uint8)
    drawn[1, 1:3] = 1
    runs, text = Rle.of(drawn).to_coco(compressed=False), Rle.of(drawn).to_coco()
    catalog = images([None], [[SQUARE], runs, None, text, [SQUARE, [0, 3, 1, 3, 1, 4, 0, 4]]], [])
    one, other, none, compressed, parts = instance_masks(catalog, 1)
    for mask in (one, other, compressed):
        assert mask.size == (4, 6) and (mask.mask() == drawn).all()
    assert none.area == 0 and none.mask().shape == (4, 6)
    assert parts.area == 3 and parts.mask()[3, 0]
    assert [m.area for m in instance_masks(catalog, 0)] == [0] and instance_masks(catalog, 2) == []


FAULTS = {
    "two points": ([[1, 1, 3, 1]], "its segmentation has a polygon of 2 points; at least 3 are needed"),
    "one of two": ([SQUARE, [1, 1]], "its segmentation has a polygon of 1 point; at least 3 are needed"),
    "an odd number": ([[*SQUARE, 1]], "its segmentation has a polygon with an odd number of coordinates (9)"),
    "text": ([[1, 1, 3, 1, 3, "2"]], "its segmentation has a point that is not finite"),
    "nan": ([[1, 1, 3, 1, 3, math.nan]], "its segmentation has a point that is not finite"),
    "two infinities": ([[1, math.inf, 3, -math.inf, 3, 1]], "its segmentation has a point that is not finite"),
    "no list of lists": (SQUARE, "its segmentation is neither polygons nor a mask"),
    "nothing": ([], "its segmentation is neither polygons nor a mask"),
    "a word": ("cat", "its segmentation is neither polygons nor a mask"),
    "another size": ({"size": [6, 4], "counts": [24]}, "its mask is 4 x 6, the image 6 x 4"),
    "no size": ({"counts": [24]}, "its mask is of no size, the image 6 x 4"),
    "too few": ({"size": [4, 6], "counts": [3, 4]}, "the runs of its mask do not fill 6 x 4 pixels"),
    "cut off": ({"size": [4, 6], "counts": "5m"}, "the runs of its mask do not fill 6 x 4 pixels"),
    "no runs": ({"size": [4, 6]}, "the runs of its mask do not fill 6 x 4 pixels"),
    "no numbers": ({"size": [4, 6], "counts": [None, 24]}, "the runs of its mask do not fill 6 x 4 pixels"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_invalid_segmentations(name):
    """It is told in words, and the object counts as one without a segmentation."""
    segmentation, fault = FAULTS[name]
    assert segmentation_fault(segmentation, SIZE) == fault
    assert [m.area for m in instance_masks(images([segmentation, [SQUARE]]), 0)] == [0, 2]


def test_what_can_be_painted():
    full = {"size": [4, 6], "counts": [0, 24]}
    for segmentation in (
        None,
        [SQUARE],
        [SQUARE, SQUARE],
        [[-5, -5, 99, -5, 99, 99]],
        full,
        Rle.of(np.eye(4, 6)).to_coco(),
    ):
        assert segmentation_fault(segmentation, SIZE) == ""


CLIPPED = {
    "inside": ([SQUARE], [SQUARE]),
    "to the edge": ([[4, 1, 9, 1, 9, 2, 4, 2]], [[4, 2, 4, 1, 6, 1, 6, 2]]),
    "over all corners": ([[-9, -9, 9, -9, 9, 9, -9, 9]], [[0, 4, 0, 0, 6, 0, 6, 4]]),
    "one of two": ([SQUARE, [7, 0, 9, 0, 9, 1]], [SQUARE]),
    "past a corner": ([[5, -3, 9, -3, 9, 3]], []),
    "along an edge": ([[1, 4, 3, 4, 3, 9, 1, 9]], []),
    # The middle of the C lies outside, and so does its upper arm.
    "a spike": (
        [[5, -3, 9, -3, 9, 3, 5, 3, 5, 2, 8, 2, 8, -2, 5, -2]],
        [[6, 3, 5, 3, 5, 2, 6, 2]],
    ),
}


@pytest.mark.parametrize("name", CLIPPED)
def test_what_lies_inside(name):
    polygons, inside = CLIPPED[name]
    assert [sorted(zip(p[::2], p[1::2], strict=True)) for p in clip_polygons(polygons, SIZE)] == [
        sorted(zip(p[::2], p[1::2], strict=True)) for p in inside
    ]


@given(st.lists(st.tuples(st.integers(-30, 90), st.integers(-30, 70)), min_size=3, max_size=7))
def test_clipping_leaves_what_is_painted(points):
    """What lies inside is painted alike but for pixels on slanted edges, whose ends are rounded anew."""
    size, polygon = (60, 40), [value for point in points for value in point]
    clipped = clip_polygons([polygon], size)
    for x1, y1, x2, y2 in map(extent, ([part] for part in clipped)):
        assert 0 <= x1 <= x2 <= 60 and 0 <= y1 <= y2 <= 40
    before = rle_of_polygons([polygon], size[::-1]).mask()
    after = rle_of_polygons(clipped, size[::-1]).mask() if clipped else np.zeros_like(before)
    assert (before != after).sum() <= 25 * len(points)
    assert [polygon_area(p) for p in clip_polygons(clipped, size)] == [polygon_area(p) for p in clipped]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.sampled_from(["size", "counts", "a"]), inner),
    max_leaves=12,
)
runs = st.fixed_dictionaries(
    {"size": st.just([4, 6]), "counts": json_values | st.text("0123456789:;ABPQab", max_size=6)}
)


@given(json_values | runs | st.lists(st.lists(st.floats() | st.integers(-9, 9), max_size=10), max_size=3))
def test_nothing_that_a_file_says_breaks_it(segmentation):
    if segmentation_fault(segmentation, SIZE):
        assert [m.area for m in instance_masks(images([segmentation]), 0)] == [0]
    else:
        (mask,) = instance_masks(images([segmentation]), 0)
        assert mask.size == (4, 6) and mask.runs.sum() == 24


def test_real_segmentations(real_data):
    catalog = read(real_data / "coco80")
    masks = [m for i in range(len(catalog)) for m in instance_masks(catalog, i)]
    assert len(masks) == 739 and min(m.area for m in masks) > 0 and not catalog.repairs
    # COCO's own areas are those of the polygons, which a mask of whole pixels comes near.
    large = catalog.objects.areas > 500
    apart = np.abs(np.array([m.area for m in masks])[large] / catalog.objects.areas[large] - 1)
    assert np.median(apart) < 0.005 and np.quantile(apart, 0.95) < 0.02
