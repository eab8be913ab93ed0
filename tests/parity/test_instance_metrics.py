"""COCO's twelve numbers of masks against pycocotools, on real segmentations and on random masks."""

import contextlib
import io
import json
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy import ndimage

from foveal.metrics.detection.coco import NAMES, NAMES_AR
from foveal.metrics.detection.instance import InstanceMetric
from foveal.ops.masks import box_of, rle_of_segmentation
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.predictions.masks import Instances, InstanceTruth
from foveal.types.rle import Rle

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TWELVE = [f"mask_{n}" for n in ("mAP", *NAMES[1:], *NAMES_AR)]
CLOSE = {"rtol": 0, "atol": 1e-6, "equal_nan": True}


def evaluate(truths, predictions):
    metric = InstanceMetric(predictions[0].categories)
    for truth, prediction in zip(truths, predictions, strict=True):
        metric.update(truth, prediction)
    return metric.compute(num_resamples=0)


def twelve_of(results) -> list[float]:
    return [results.metrics[name].value for name in TWELVE]


def pycocotools(sizes, num_classes: int, anns, detections) -> COCOeval:
    """The reference; it rasterises the segmentations itself."""
    images = [{"id": i, "height": h, "width": w} for i, (h, w) in enumerate(sizes)]
    sides = []
    with contextlib.redirect_stdout(io.StringIO()):
        for rows in (anns, detections):
            coco = COCO()
            numbered = [{"iscrowd": 0, **r, "id": n + 1} for n, r in enumerate(rows)]
            kinds = [{"id": k} for k in range(num_classes)]
            coco.dataset = {"images": images, "categories": kinds, "annotations": numbered}
            coco.createIndex()
            sides.append(coco)
        evaluated = COCOeval(*sides, "segm")
        evaluated.evaluate()
        evaluated.accumulate()
        evaluated.summarize()
    return evaluated


def twelve(evaluated: COCOeval) -> list[float]:
    return [np.nan if v == -1 else float(v) for v in evaluated.stats]


def coco_rle(mask: Rle) -> dict:
    return {"size": list(mask.size), "counts": mask.to_coco()["counts"].encode()}


def detection_rows(index: int, prediction: Instances) -> list[dict]:
    rows = zip(prediction.masks, prediction.scores, prediction.labels, strict=True)
    return [
        {
            "image_id": index,
            "category_id": int(k),
            "score": float(s),
            "segmentation": coco_rle(m),
            "area": int(mask_utils.area(coco_rle(m))),
        }
        for m, s, k in rows
    ]


def disturbed(mask, rng):
    """Shifted, eroded, grown, or as it is."""
    dy, dx = rng.integers(-6, 7, 2) if rng.random() < 0.5 else (0, 0)
    moved = np.zeros_like(mask)
    height, width = mask.shape
    inside = (slice(max(dy, 0), height + min(dy, 0)), slice(max(dx, 0), width + min(dx, 0)))
    source = (slice(max(-dy, 0), height + min(-dy, 0)), slice(max(-dx, 0), width + min(-dx, 0)))
    moved[inside] = mask[source]
    match rng.integers(0, 4):
        case 0:
            return ndimage.binary_erosion(moved, iterations=int(rng.integers(1, 4)))
        case 1:
            return ndimage.binary_dilation(moved, iterations=int(rng.integers(1, 4)))
    return moved


def prediction_of(masks, labels, categories, size, rng, *, most: int) -> Instances:
    """Each object detected up to ``most`` times, in random order; sometimes as another class."""
    of = np.repeat(np.arange(len(masks)), rng.integers(0, most + 1, len(masks)))
    predicted = [Rle.of(disturbed(masks[i].mask(), rng)) for i in of]
    kinds = np.where(rng.random(len(of)) < 0.85, labels[of], rng.integers(0, len(categories), len(of)))
    scores = np.round(rng.random(len(of)), 2)
    boxes = np.array([box_of(m) for m in predicted]).reshape(-1, 4)
    return Instances(boxes, scores, kinds, categories, (size[1], size[0]), 0.5, tuple(predicted))


@pytest.fixture(scope="module")
def coco80(real_data):
    """The images' sizes, class names, and annotations by image with class ids from 0 on."""
    data = json.loads((real_data / "coco80" / "annotations" / "instances.json").read_text())
    ids = {c["id"]: k for k, c in enumerate(data["categories"])}
    rows = defaultdict(list)
    for ann in data["annotations"]:
        rows[ann["image_id"]].append({**ann, "category_id": ids[ann["category_id"]]})
    sizes = [(image["height"], image["width"]) for image in data["images"]]
    every = [[{**a, "image_id": i} for a in rows[image["id"]]] for i, image in enumerate(data["images"])]
    return sizes, Categories(tuple(c["name"] for c in data["categories"])), every


def truth_of(anns, size) -> InstanceTruth:
    masks = [rle_of_segmentation(a["segmentation"], a["bbox"], size) for a in anns]
    boxes = np.array([a["bbox"] for a in anns], np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    labels = np.array([a["category_id"] for a in anns], np.int32)
    crowd = np.array([int(Flag.CROWD) * a["iscrowd"] for a in anns], np.uint8)
    return InstanceTruth(boxes, labels, crowd, np.array([a["area"] for a in anns], np.float64), masks)


def test_equals_pycocotools_on_real_annotations(coco80):
    sizes, categories, anns = coco80
    rng = np.random.default_rng(0)
    truths = [truth_of(rows, size) for rows, size in zip(anns, sizes, strict=True)]
    predictions = [
        prediction_of(t.masks, t.labels, categories, size, rng, most=2) for t, size in zip(truths, sizes, strict=True)
    ]
    detections = [row for i, p in enumerate(predictions) for row in detection_rows(i, p)]
    want = twelve(pycocotools(sizes, len(categories), [a for rows in anns for a in rows], detections))
    assert sum(int((t.flags & Flag.CROWD).astype(bool).sum()) for t in truths) == 8
    assert sum(m.area == 0 for t in truths for m in t.masks) == 0
    assert 0.1 < want[0] < 0.9
    np.testing.assert_allclose(twelve_of(evaluate(truths, predictions)), want, **CLOSE)


def test_real_annotations_detected_perfectly(coco80):
    sizes, categories, anns = coco80
    truths = [truth_of(rows, size) for rows, size in zip(anns, sizes, strict=True)]
    predictions = [
        Instances(t.boxes, np.ones(len(t)), t.labels, categories, (w, h), 0.5, tuple(t.masks))
        for t, (h, w) in zip(truths, sizes, strict=True)
    ]
    results = evaluate(truths, predictions)
    names = ("mask_mAP", "mask_AR100", "mask_precision", "mask_recall", "mask_f1", "mAP")
    assert all(results.metrics[n].value == pytest.approx(1) for n in names)


def segmentation_of(kind: str, rng, size):
    """Polygons of one part or several, or a mask full of holes as runs or as text."""
    height, width = size
    if kind == "polygons":
        parts = []
        for _ in range(int(rng.integers(1, 4))):
            centre, reach = rng.uniform(0, (width, height)), rng.uniform(4, 60)
            turn = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
            spokes = rng.uniform(0.4, 1, len(turn))[:, None] * reach * np.stack([np.cos(turn), np.sin(turn)], axis=1)
            parts.append(np.round(centre + spokes, 2).reshape(-1).tolist())
        return parts
    soft = ndimage.gaussian_filter(rng.normal(size=size), 3)
    y, x = np.mgrid[:height, :width]
    cy, cx, reach = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(8, 60)
    rle = Rle.of((soft > -0.05) & ((y - cy) ** 2 + (x - cx) ** 2 < reach**2))
    return {"size": list(size), "counts": rle.runs.tolist() if kind == "runs" else rle.to_coco()["counts"]}


def draw(seed: int, num_images: int, *, most: int):
    """Random objects, some of them crowds, each detected up to ``most`` times, and the reference's rows."""
    rng = np.random.default_rng(seed)
    categories, truths, predictions, anns, detections, sizes = Categories(("a", "b", "c")), [], [], [], [], []
    for i in range(num_images):
        size = (int(rng.integers(30, 120)), int(rng.integers(30, 120)))
        rows = []
        for _ in range(int(rng.integers(0, 7))):
            segmentation = segmentation_of(str(rng.choice(["polygons", "polygons", "runs", "text"])), rng, size)
            mask = rle_of_segmentation(segmentation, (), size)
            if mask.area:
                x1, y1, x2, y2 = box_of(mask).tolist()
                row = {"image_id": i, "category_id": int(rng.integers(0, 3)), "iscrowd": int(rng.random() < 0.2)}
                area = mask.area * float(rng.choice([1, 0.7, 3]))
                rows.append({**row, "bbox": [x1, y1, x2 - x1, y2 - y1], "area": area, "segmentation": segmentation})
        truths.append(truth_of(rows, size))
        predictions.append(prediction_of(truths[-1].masks, truths[-1].labels, categories, size, rng, most=most))
        anns += rows
        detections += detection_rows(i, predictions[-1])
        sizes.append(size)
    return truths, predictions, (sizes, 3, anns, detections)


@given(st.integers(0, 10**9), st.integers(1, 5), st.sampled_from([1, 4]))
@settings(max_examples=40, deadline=None)
def test_equals_pycocotools_on_random_masks(seed, num_images, most):
    truths, predictions, rows = draw(seed, num_images, most=most)
    np.testing.assert_allclose(twelve_of(evaluate(truths, predictions)), twelve(pycocotools(*rows)), **CLOSE)


def test_by_class_equals_pycocotools():
    truths, predictions, rows = draw(7, 25, most=3)
    evaluated = pycocotools(*rows)
    precision = evaluated.eval["precision"]
    for k, row in enumerate(evaluate(truths, predictions).per_class.values()):
        want = (precision[:, :, k, 0, 2].mean(), precision[0, :, k, 0, 2].mean())
        assert (row["mask_AP"], row["mask_AP50"]) == pytest.approx(want, abs=1e-6)
