import numpy as np
import pytest
from PIL import Image

from foveal.data.catalog.objects import Object
from foveal.data.formats.annotations.orientation import read_orientation, upright
from foveal.imaging.orientation import orient
from foveal.types.rle import Rle


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_box_polygon_and_mask_go_where_the_pixels_go(orientation, compressed):
    stored = np.zeros((7, 11, 3), np.uint8)
    stored[2:5, 1:9] = 1
    stored[2, 1] = 0  # a corner, so that a mirrored mask shows
    expected = orient(stored, orientation)[..., 0]
    mask = Object((1, 2, 9, 5), 0, segmentation=Rle.of(stored[..., 0]).to_coco(compressed=compressed))
    rotated = upright(mask, orientation, size=(11, 7))
    rows, columns = np.nonzero(expected)
    assert rotated.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert (Rle.from_coco(rotated.segmentation).mask() == expected).all()
    assert isinstance(rotated.segmentation["counts"], str) == compressed
    triangle = Object((1, 2, 9, 5), 0, segmentation=[[1, 2, 9, 2, 9, 5]])
    polygon = upright(triangle, orientation, size=(11, 7)).segmentation[0]
    assert (min(polygon[::2]), min(polygon[1::2]), max(polygon[::2]), max(polygon[1::2])) == rotated.box


def test_a_box_with_its_corners_swapped_stays_invalid():
    for orientation in (5, 6, 7, 8):
        x1, y1, x2, y2 = upright(Object((9, 2, 1, 5), 0), orientation, size=(11, 7)).box
        assert x2 - x1 == 3 and y2 - y1 == -8
        x1, y1, x2, y2 = upright(Object((1, 5, 9, 2), 0), orientation, size=(11, 7)).box
        assert x2 - x1 == -3 and y2 - y1 == 8


def test_orientation_of_files(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 7
    Image.new("RGB", (3, 2)).save(tmp_path / "a.jpg", exif=exif)
    Image.new("RGB", (3, 2)).save(tmp_path / "b.png")
    (tmp_path / "c.jpg").write_text("none")
    assert [read_orientation(tmp_path / n) for n in ("a.jpg", "b.png", "c.jpg", "d.jpg")] == [7, 1, 1, 1]
