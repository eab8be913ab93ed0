"""From candidates and prototypes to objects with masks: pixels, thresholds, drawing, differences, several views."""

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.tasks.detect.decode import DetectOptions
from foveal.tasks.detect.output import DetectOutput
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.instance.decode import InstanceOptions
from foveal.tasks.instance.output import InstanceOutput
from foveal.tasks.instance.show import class_map
from foveal.tasks.instance.spec import SPEC as INSTANCE
from foveal.tasks.instance.task import Instance
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.masks import IGNORE, Instances, InstanceTruth
from foveal.types.rle import Rle
from foveal.types.view import View

CATS = Categories(("cat", "dog"), (17, 3))
SIDE, STRIDE = 96, 4
SPEC = InputSpec(size=SIDE, train_size=SIDE, fit="letterbox")
TASK = InstanceOutput(CATS, InstanceOptions())


def arrays_of(rows, *, split_at=12.0):
    """One image of SIDE pixels; prototype 0 is the part left of a column, prototype 1 the rest.

    Rows: x1, y1, x2, y2, score, label, how much of each prototype.
    """
    table = np.array(rows, np.float32).reshape(-1, 8)
    cells = SIDE // STRIDE
    left = (np.arange(cells) < split_at)[None].repeat(cells, 0)
    return {
        "boxes": table[:, :4],
        "scores": table[:, 4],
        "labels": table[:, 5],
        "coefficients": table[:, 6:],
        "prototypes": 20 * np.stack([left, ~left]).astype(np.float32),
    }


def batched(arrays):
    return {name: value[None] for name, value in arrays.items()}


def mask_of(box, size):
    """A filled rectangle in an image of (width, height)."""
    mask = np.zeros(size[::-1], bool)
    x1, y1, x2, y2 = box
    mask[y1:y2, x1:x2] = True
    return Rle.of(mask)


def found(rows, size=(60, 40)):
    """(x1, y1, x2, y2, score, label) rows, each with its box filled."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    masks = tuple(mask_of([int(v) for v in row[:4]], size) for row in table)
    return Instances(table[:, :4], table[:, 4], table[:, 5].astype(int), CATS, size, 0.3, masks)


def test_assembled_in_source_pixels_each_with_its_own_mixture():
    rows = [(8, 40, 72, 64, 0.001, 1, 1, 1), (8, 40, 72, 64, 0.9, 0, 1, -1), (9, 40, 73, 64, 0.8, 0, 1, 1),
            (8, 40, 72, 64, 0.7, 1, -1, 1), (0, 0, 40, 16, 0.95, 0, 1, 1)]  # fmt: skip
    # The first is below min_score, the third is the second again, the last lies in the padding.
    got = TASK.assemble(batched(arrays_of(rows)), [SPEC.geometry(192, 96)])[0]
    assert got.boxes.tolist() == [[16, 32, 144, 80]] * 2 and got.labels.tolist() == [0, 1]
    left, right = (mask.mask() for mask in got.masks)
    expected = np.zeros((96, 192), bool)
    expected[32:80, 16:96] = True
    assert np.array_equal(left, expected), "the box left of the middle, which is the border of the prototypes"
    expected[:] = False
    expected[32:80, 96:144] = True
    assert np.array_equal(right, expected)
    none = TASK.assemble(batched(arrays_of([])), [SPEC.geometry(192, 96)])[0]
    assert len(none) == 0 and none.masks == ()


def test_an_input_that_is_no_multiple_of_the_stride():
    """100 pixels are 25 cells of 4, and the 26th lies beyond: a border between cells stays where it is."""
    spec = InputSpec(size=100, train_size=100, fit="letterbox")
    left = (np.arange(26) < 20)[None].repeat(26, 0)
    arrays = arrays_of([(0, 0, 100, 100, 0.9, 0, 1, -1)])
    arrays["prototypes"] = 20 * np.stack([left, ~left]).astype(np.float32)
    got = TASK.assemble(batched(arrays), [spec.geometry(100, 100)])[0]
    assert np.flatnonzero(got.masks[0].mask().any(0)).tolist() == list(range(80))


def test_masks_within_their_boxes():
    arrays = {
        k: v for k, v in arrays_of([(8, 40, 72, 64, 0.9, 0, 0, 0)]).items() if k not in ("coefficients", "prototypes")
    }
    half = np.zeros((1, 8, 8), np.float32)
    half[0, :4] = 1
    output = TASK.with_options(mask_form="boxes")
    got = output.assemble(batched({**arrays, "masks": half}), [SPEC.geometry(96, 96)])[0]
    rows, columns = np.nonzero(got.masks[0].mask())
    assert abs(int(rows.max()) - 51) <= 1 and (rows.min(), columns.min(), columns.max()) == (40, 8, 71)


def test_activation_brings_the_coefficients_of_the_best_along():
    raw = {
        "logits": torch.tensor([[[0.0, -9.0], [2.0, 1.0], [-9.0, 3.0]]]),
        "boxes": torch.arange(12.0).view(1, 3, 4),
        "coefficients": torch.arange(6.0).view(1, 3, 2),
        "prototypes": torch.rand(1, 2, 5, 5),
    }
    task = Instance(InstanceConfig(), TASK.with_options(candidates=4))
    out = task.activate(raw)
    assert out["labels"].tolist() == [[1, 0, 1, 0]] and out["boxes"][0, :, 0].tolist() == [8, 4, 4, 0]
    assert out["coefficients"][0, :, 0].tolist() == [4, 2, 2, 0] and torch.equal(out["prototypes"], raw["prototypes"])
    assert set(task.evidence(raw)) == {"boxes", "scores", "labels"}, "what is kept of every image is small"


def test_settings_become_options():
    own = InstanceConfig(mask_threshold=0.4, max_objects=7, class_loss="cross_entropy")
    catalog = SimpleNamespace(categories=CATS)
    options = INSTANCE.begin(own, catalog).options
    assert (options.mask_threshold, options.max_objects, options.softmax) == (0.4, 7, True)
    assert INSTANCE.open(CATS, options.model_dump()).options == options


def test_the_threshold_of_the_best_f1_needs_no_masks():
    arrays = batched({k: arrays_of([(10, 10, 30, 30, 0.8, 0, 0, 0), (0, 60, 20, 90, 0.5, 0, 0, 0)])[k]
                      for k in ("boxes", "scores", "labels")})  # fmt: skip
    truth = InstanceTruth(
        np.array([[10.0, 10, 30, 30]]), np.zeros(1, np.int32), np.zeros(1, np.uint8), np.array([400.0]),
        (mask_of((10, 10, 30, 30), (96, 96)),),
    )  # fmt: skip
    output = TASK.with_options(mask_threshold=0.4)
    options = output.calibrate(arrays, [SPEC.geometry(96, 96)], [truth]).options
    assert isinstance(options, InstanceOptions) and 0.5 < options.threshold <= 0.8 and options.mask_threshold == 0.4


def test_rows_record_and_numbered_masks():
    got = found([(5, 5, 25, 25, 0.9, 0), (15, 15, 35, 35, 0.5, 1), (0, 0, 9, 9, 0.2, 1)])
    assert got.rows()[0] == {"name": "cat", "score": 0.9, "x1": 5, "y1": 5, "x2": 25, "y2": 25, "mask_px": 400}
    truth = InstanceTruth(got.boxes, got.labels.astype(np.int32), np.zeros(3, np.uint8), np.ones(3), got.masks)
    record = TASK.prediction_row(truth, got)
    assert (record["objects"], record["predicted"], record["mask_px"]) == (3, 2, "400; 400")
    numbers = np.asarray(Image.open(io.BytesIO(TASK.mask_png(got)[""])))
    assert numbers.shape == (40, 60) and numbers.dtype == np.uint8
    assert np.bincount(numbers.ravel()).tolist() == [2400 - 700, 400, 300], "the better object is on top"
    many = found([(i % 60, i // 60, i % 60 + 1, i // 60 + 1, 0.9, 0) for i in range(300)])
    numbers = np.asarray(Image.open(io.BytesIO(TASK.mask_png(many)[""])))
    assert numbers.max() == 300 and numbers[0, 0] == 1 and numbers[4, 59] == 300


def test_drawn_on_the_image_and_on_a_smaller_copy():
    got = found([(5, 5, 25, 25, 0.9, 0), (30, 15, 50, 35, 0.2, 1)])
    for size in ((40, 60), (80, 120)):
        image = np.full((*size, 3), 90, np.uint8)
        drawn = TASK.draw(image, got)
        scale = size[0] // 40
        assert drawn.shape == image.shape and (image == 90).all()
        assert (drawn[15 * scale, 15 * scale] != 90).any(), "the middle of the mask is tinted"
        assert (drawn[25 * scale, 40 * scale] == 90).all(), "below the threshold"
    crowd = np.array([0, int(Flag.CROWD)], np.uint8)
    truth = InstanceTruth(got.boxes, got.labels.astype(np.int32), crowd, np.ones(2), got.masks)
    sheet = TASK.draw_evaluated(np.full((40, 60, 3), 90, np.uint8), truth, got)
    band = len(sheet) - 40
    assert sheet.shape[1] > 120 and (sheet[band + 15, 15] != 90).any()
    assert (sheet[band + 25, 40] == 90).all(), "a crowd is dashed and not tinted"


def test_the_class_on_top_of_each_pixel():
    masks = [mask_of(box, (60, 40)) for box in ((5, 5, 25, 25), (20, 5, 40, 25), (0, 0, 30, 40))]
    ids = class_map(masks, np.array([3, 7, 1]), np.array([0, 0, int(Flag.CROWD)], np.uint8), (60, 40))
    assert ids.shape == (40, 60)
    assert (ids[10, 10], ids[10, 22], ids[10, 35], ids[35, 10], ids[35, 50]) == (4, 4, 8, IGNORE, 0)


def test_differences_of_two_paths():
    ours = found([(5, 5, 25, 25, 0.9, 0), (30, 15, 50, 35, 0.5, 1)])
    assert TASK.differences(ours, ours) == {"box_px": 0, "score": 0, "mask": 0}
    masks = (mask_of((5, 5, 25, 24), ours.size), ours.masks[1])
    assert TASK.differences(ours, replace(ours, masks=masks))["mask"] == pytest.approx(20 / 800)
    assert set(TASK.tolerances) == {"box_px", "score", "mask"}
    none = found([])
    assert TASK.differences(none, none) == {"box_px": 0, "score": 0, "mask": 0}
    assert TASK.differences(ours, none)["score"] == 1


def seen(view, size, *, spec=SPEC):
    """What a sure network says of a view of an image that is filled by one object at (40, 20, 140, 70)."""
    x1, y1, x2, y2 = view.box
    geometry = spec.geometry(x2 - x1, y2 - y1)
    left, right = (x2 - 140, x2 - 40) if view.flipped else (40 - x1, 140 - x1)
    corners = np.clip([[left, 20 - y1], [right, 70 - y1]], 0, [x2 - x1, y2 - y1])
    x, y = (np.arange(SIDE // STRIDE) + 0.5) * STRIDE, (np.arange(SIDE // STRIDE) + 0.5) * STRIDE
    (a, b), (c, d) = geometry.to_input(corners)
    shape = (x > a) & (x < c) & ((y > b) & (y < d))[:, None]
    arrays = arrays_of([(a, b, c, d, 0.9, 0, 1, 0)])
    arrays["prototypes"] = np.stack([40.0 * shape - 20, 0 * shape]).astype(np.float32)
    return arrays, geometry


def test_flipped_and_whole_views_become_one_object():
    size = (192, 96)
    views = [View((0, 0, 192, 96)), View((0, 0, 192, 96), flipped=True), View((-10, -10, 202, 106))]
    arrays, geometries = zip(*(seen(view, size) for view in views), strict=True)
    for some in (slice(0, 1), slice(1, 2), slice(2, 3), slice(0, 3)):
        got = TASK.merge(arrays[some], geometries[some], views[some], size)
        assert len(got) == 1 and got.size == size and got.masks[0].size == (96, 192)
        np.testing.assert_allclose(got.boxes[0], [40, 20, 140, 70], atol=1e-3)
        rows, columns = np.nonzero(got.masks[0].mask())
        np.testing.assert_allclose(
            [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], [40, 20, 140, 70], atol=9
        )
        boxes = DetectOutput(CATS, DetectOptions()).merge(arrays[some], geometries[some], views[some], size)
        assert np.array_equal(got.boxes, boxes.boxes) and np.array_equal(got.scores, boxes.scores)


def test_each_object_has_the_mask_of_the_view_that_found_it():
    """The second view is surer of the one object, and the first has found another."""
    size, views = (96, 96), [View((0, 0, 96, 96)), View((0, 0, 96, 96), flipped=True)]
    first = arrays_of([(0, 0, 96, 40, 0.5, 1, 1, -1), (0, 48, 96, 96, 0.6, 0, 1, -1)])
    second = arrays_of([(0, 48, 96, 96, 0.9, 0, 1, -1)])
    got = TASK.merge([first, second], [SPEC.geometry(96, 96)] * 2, views, size)
    assert got.labels.tolist() == [0, 1] and got.scores.tolist() == pytest.approx([0.9, 0.5])
    mirrored, plain = (np.flatnonzero(mask.mask().any(0)).tolist() for mask in got.masks)
    assert plain == list(range(48)) and mirrored == list(range(48, 96))


def test_pieces_of_two_tiles_become_one_mask():
    size = (192, 96)
    views = [View((0, 0, 110, 96)), View((60, 0, 192, 96))]
    arrays, geometries = zip(*(seen(view, size) for view in views), strict=True)
    got = TASK.merge(arrays, geometries, views, size)
    assert len(got) == 1 and got.masks[0].size == (96, 192)
    mask = got.masks[0].mask()
    assert mask[45, 45] and mask[45, 90] and mask[45, 135] and mask.any(0).sum() == pytest.approx(100, abs=9)


def test_truths_and_the_metric(real_data):
    catalog = read(real_data / "coco80" / "annotations" / "instances.json")
    TASK.accept(catalog)
    truths = TASK.truths(catalog, range(6))
    assert all(len(t.masks) == len(t) for t in truths) and sum(len(t) for t in truths) > 5
    metric = InstanceOutput(catalog.categories, InstanceOptions()).metric()
    for truth, (width, height) in zip(truths, catalog.sizes.tolist(), strict=False):
        keep = np.flatnonzero(truth.flags == 0)
        metric.update(
            truth,
            Instances(
                truth.boxes[keep], np.ones(len(keep)), truth.labels[keep], catalog.categories, (width, height), 0.5,
                tuple(truth.masks[i] for i in keep),
            ),
        )  # fmt: skip
    metrics = metric.compute(num_resamples=0).metrics
    assert TASK.goal.metric in metrics and metrics["mask_mAP"].value == pytest.approx(1)


def test_a_data_set_without_polygons_is_refused(real_data):
    catalog = read(real_data / "coco80" / "annotations" / "instances.json")
    bare = replace(
        catalog.objects, segmentations=type(catalog.objects.segmentations).of([""] * len(catalog.objects.labels))
    )
    with pytest.raises(DataError) as caught:
        TASK.accept(replace(catalog, objects=bare))
    assert str(caught.value) == (
        f"{catalog.root}: the objects of this data set have boxes but no polygons or masks.\n"
        "Use a COCO or YOLO data set with polygons or masks, or train on the boxes with --task detect."
    )
    with pytest.raises(DataError, match="this data set has no boxes"):
        TASK.accept(replace(catalog, objects=None))
