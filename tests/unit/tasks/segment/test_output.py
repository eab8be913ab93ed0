import numpy as np
import pytest
from PIL import Image

from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.tasks.segment.decode import SegmentOptions
from foveal.tasks.segment.output import SegmentOutput
from foveal.types.categories import Categories
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.masks import IGNORE, ClassMap, MapTruth
from foveal.types.view import View

CATEGORIES = Categories(("ground", "red", "blue"))
TASK = SegmentOutput(CATEGORIES, SegmentOptions())


def one_hot(ids):
    return np.eye(len(CATEGORIES), dtype=np.float32)[ids].transpose(2, 0, 1)


def fields(width, height, size):
    """What a perfect network says of an image red on the left, blue on the right, letterboxed."""
    spec = InputSpec(size=size, train_size=size, fit="letterbox")
    geometry = spec.geometry(width, height)
    xs = (np.arange(size) + 0.5 - geometry.offset[0]) / geometry.scale[0]
    ys = (np.arange(size) + 0.5 - geometry.offset[1]) / geometry.scale[1]
    ids = np.where(xs[None] < width / 2, 1, 2) * np.ones((size, 1), int)
    ids[(ys < 0) | (ys >= height)] = 0
    return one_hot(ids), geometry


def test_maps_come_out_at_the_images_own_size():
    found = []
    for width, height in ((96, 72), (40, 90), (500, 300)):
        probabilities, geometry = fields(width, height, 64)
        arrays = {"probabilities": probabilities[None]}
        (prediction,) = TASK.assemble(arrays, [geometry])
        assert prediction.size == (width, height)
        truth = np.where(np.arange(width) + 0.5 < width / 2, 1, 2)
        found.append((prediction.ids == truth).mean())
    assert min(found) > 0.97


def test_a_mirrored_view_is_put_back():
    probabilities, geometry = fields(64, 64, 64)
    mirrored = probabilities[:, :, ::-1]
    views = [View((0, 0, 64, 64)), View((0, 0, 64, 64), flipped=True)]
    arrays = [{"probabilities": probabilities}, {"probabilities": mirrored}]
    prediction = TASK.merge(arrays, [geometry, geometry], views, (64, 64))
    assert (prediction.ids == np.where(np.arange(64) < 32, 1, 2)).all()


def test_tiles_are_put_together():
    left, geometry = one_hot(np.full((32, 32), 1)), InputSpec(size=32, train_size=32, fit="letterbox").geometry(32, 32)
    right = one_hot(np.full((32, 32), 2))
    views = [View((0, 0, 32, 32)), View((24, 0, 56, 32))]
    prediction = TASK.merge([{"probabilities": left}, {"probabilities": right}], [geometry] * 2, views, (56, 32))
    assert (prediction.ids == np.where(np.arange(56) < 28, 1, 2)).all()


def scene():
    ids = np.zeros((20, 30), np.uint8)
    ids[:, 10:] = 1
    return ClassMap.of(ids, CATEGORIES)


def test_rows_and_record():
    prediction = scene()
    assert prediction.rows() == [
        {"name": "red", "score": pytest.approx(2 / 3)},
        {"name": "ground", "score": pytest.approx(1 / 3)},
    ]
    truth = prediction.ids.copy()
    truth[:, :5] = IGNORE
    truth[:10, 5:10] = 2
    record = TASK.prediction_row(MapTruth(truth), prediction)
    assert record == {"pixel_accuracy": 0.9, "prediction": "red 0.667; ground 0.333"}
    assert TASK.prediction_row(MapTruth(np.full((20, 30), IGNORE, np.uint8)), prediction)["pixel_accuracy"] == ""
    assert TASK.top_label(prediction) == "red"


def test_two_paths_differ_by_the_pixels_that_do():
    other = scene().ids.copy()
    other[0, :6] = 2
    assert TASK.differences(scene(), ClassMap.of(other, CATEGORIES)) == {"pixels": 0.01}


def test_images_are_drawn_at_any_size():
    image = np.full((40, 60, 3), 90, np.uint8)
    drawn = TASK.draw(image, scene())
    assert drawn.shape[1] == 60 and drawn.shape[0] > 40, "a legend below"
    evaluated = TASK.draw_evaluated(image, MapTruth(scene().ids), scene())
    assert evaluated.shape[1] > 3 * 60 - 1


def test_masks_are_palette_pngs(tmp_path):
    (tmp_path / "m.png").write_bytes(TASK.mask_png(scene())[""])
    image = Image.open(tmp_path / "m.png")
    assert image.mode == "P" and (np.asarray(image) == scene().ids).all()


def test_truths_are_read_when_asked_for(tmp_path):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for i in range(3):
        Image.fromarray(np.full((8, 9, 3), 40 * i, np.uint8)).save(tmp_path / "images" / f"{i}.png")
        mask = np.full((8, 9), i % 2, np.uint8)
        mask[0] = IGNORE
        Image.fromarray(mask).save(tmp_path / "masks" / f"{i}.png")
    catalog = read(tmp_path)
    truths = TASK.truths(catalog, [2, 1])
    assert len(truths) == 2 and [int(t.ids[3, 3]) for t in truths] == [0, 1]
    assert (truths[0].ids[0] == IGNORE).all()
    assert [int(t.ids[3, 3]) for t in truths[1:]] == [1]


def test_data_without_masks_is_refused(squares):
    with pytest.raises(DataError, match="this data set has no masks"):
        TASK.accept(read(squares))
