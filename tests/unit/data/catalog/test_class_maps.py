import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import pixel_counts, read_mask
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories
from foveal.types.predictions.masks import IGNORE


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_pixel_values_of_any_depth_come_back(tmp_path, data):
    kind = data.draw(st.sampled_from(["gray", "deep", "colour"]))
    top = {"gray": 255, "deep": 65535, "colour": 2**24 - 1}[kind]
    values = data.draw(st.lists(st.integers(0, top), min_size=3, max_size=6, unique=True))
    ids = np.array(data.draw(st.lists(st.integers(0, len(values) - 1), min_size=12, max_size=12))).reshape(3, 4)
    pixels = np.array(values)[ids]
    if kind == "colour":
        stored = np.stack([pixels >> 16, pixels >> 8 & 255, pixels & 255], axis=2).astype(np.uint8)
    else:
        stored = pixels.astype(np.uint8 if kind == "gray" else np.uint16)
    Image.fromarray(stored).save(tmp_path / "m.png")
    catalog = Catalog(
        root=tmp_path,
        format="made",
        annotation="masks",
        categories=Categories(tuple("abcdef"[: len(values) - 1]), tuple(values[:-1]), (values[-1],)),
        names=Names.of(["m.jpg"]),
        splits=np.zeros(1, np.uint8),
        labels=Ragged.of([[]]),
        multi_label=True,
        sizes=np.array([[4, 3]], np.int32),
        masks=Names.of(["m.png"]),
    )
    out = read_mask(catalog, 0)
    assert (out == np.where(ids == len(values) - 1, IGNORE, ids)).all()
    assert out.flags.writeable and out.flags.c_contiguous and out.dtype == np.uint8


def test_a_mask_that_changed_after_reading(make_masks):
    root = make_masks({"a": [[0, 1, 1]]})
    catalog = read(root)
    before = catalog.fingerprint()
    make_masks({"a": [[0, 1, 9]]})
    with pytest.raises(CategoryError, match=r"masks/a.png: the pixel value 9 at x 2, y 0 is not a class"):
        read_mask(catalog, 0)
    assert catalog.fingerprint() != before
    make_masks({"a": [[0, 1], [0, 1]]})
    with pytest.raises(DataError, match=r"masks/a.png: 2 x 2 pixels; its image has 3 x 1"):
        read_mask(catalog, 0)


def test_the_fingerprint_tells_masks_pixel_values_and_names(make_masks):
    root = make_masks({"a": [[0, 1, 1]], "b": [[0, 1, 1]]})
    one = read(root, classes="x,y")
    whole, content = one.fingerprint(), one.content_fingerprint()
    assert read(root, classes="x,y").fingerprint() == whole
    assert read(root, classes="x,z").fingerprint() != whole
    assert read(root, classes="x,y", ignore=[5]).fingerprint() != whole
    make_masks({"a": [[0, 0, 1]], "b": [[0, 1, 1]]})
    other = read(root, classes="x,y")
    assert other.fingerprint() != whole and other.content_fingerprint() == content


def test_masks_go_with_their_images(make_masks):
    catalog = read(make_masks({"a": [[0, 1]], "b": [[1, 1]]}))
    turned = catalog.take(np.array([1, 0]))
    assert [read_mask(turned, i).tolist() for i in range(2)] == [[[1, 1]], [[0, 1]]]


def test_pixels_of_classes_and_of_the_images_that_show_them(tmp_path):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    maps = np.zeros((2, 4, 5), np.uint8)
    maps[0, 0] = IGNORE
    maps[1, :2] = 1
    for i, ids in enumerate(maps):
        Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(tmp_path / "images" / f"{i}.png")
        Image.fromarray(ids).save(tmp_path / "masks" / f"{i}.png")
    own, around = pixel_counts(read(tmp_path))
    assert own.tolist() == [15 + 10, 10]
    assert around.tolist() == [15 + 20, 20]
