"""Shapes with areas that can be worked out by hand."""

import math

import pytest

from foveal.data.catalog.segmentations import polygon_area
from foveal.data.formats.listings.shapes import ellipse, joined, masked, polygon, rotated_rectangle


def test_an_ellipse_has_its_box_and_nearly_its_area():
    shape = ellipse((20, 10), (8, 4))
    assert shape.box == pytest.approx((12, 6, 28, 14))
    assert polygon_area(shape.segmentation[0]) == pytest.approx(math.pi * 32, rel=0.002)
    assert ellipse((20, 10), (8, 4), 90).box == pytest.approx((16, 2, 24, 18))


def test_a_rectangle_turns_clockwise():
    assert rotated_rectangle((10, 10, 14, 12), 90, (10, 10)).segmentation[0] == pytest.approx(
        [10, 10, 10, 14, 8, 14, 8, 10]
    )


def test_polygons_of_one_object_share_a_box():
    shape = joined([polygon([(0, 0), (1, 0), (1, 1)]), polygon([(5, 6), (9, 6), (9, 8)])])
    assert (shape.box, len(shape.segmentation)) == ((0, 0, 9, 8), 2)


@pytest.mark.parametrize("rle", [{}, {"size": [2, 2], "counts": [1]}, {"size": [2, 2], "counts": [4]}, {"size": 3}])
def test_masks_that_are_none(rle):
    with pytest.raises(ValueError, match=r"mask|runs"):
        masked(rle)
