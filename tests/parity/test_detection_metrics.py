"""Every number of the metric of boxes against pycocotools, and against slow reference code where that has none."""

import contextlib
import io
import json
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from foveal.metrics.bootstrap import resample
from foveal.metrics.detection.coco import NAMES, NAMES_AR
from foveal.metrics.detection.metric import DetectionMetric
from foveal.ops.boxes import iou as box_iou
from foveal.types.categories import Categories
from foveal.types.flags import IGNORED_FLAGS, Flag
from foveal.types.predictions.detections import BoxTruth, Detections

TWELVE = ["mAP", *NAMES[1:], *NAMES_AR]
CLOSE = {"rtol": 0, "atol": 1e-6, "equal_nan": True}


class FlagEval(COCOeval):
    """pycocotools as it is, except that it lets ``iscrowd`` overwrite ``ignore``; here ``ignore`` counts as well."""

    def _prepare(self):
        super()._prepare()
        for anns in self._gts.values():
            for ann in anns:
                ann["ignore"] = ann["iscrowd"] or ann["flagged"]


def collect(truths, predictions) -> DetectionMetric:
    metric = DetectionMetric(predictions[0].categories)
    for truth, prediction in zip(truths, predictions, strict=True):
        metric.update(truth, prediction)
    return metric


def evaluate(truths, predictions, *, num_resamples=0, seed=0):
    return collect(truths, predictions).compute(num_resamples=num_resamples, seed=seed)


def values(results) -> dict[str, float]:
    return {name: i.value for name, i in results.metrics.items()}


def xywh(box) -> list[float]:
    return [float(v) for v in (box[0], box[1], box[2] - box[0], box[3] - box[1])]


def reference(truths, predictions) -> COCOeval:
    anns = [
        {
            "image_id": i,
            "category_id": int(label),
            "bbox": xywh(box),
            "area": float(area),
            "iscrowd": int(bool(flags & Flag.CROWD)),
            "flagged": int(bool(flags & IGNORED_FLAGS)),
        }
        for i, t in enumerate(truths)
        for box, label, flags, area in zip(t.boxes, t.labels, t.flags, t.areas, strict=True)
    ]
    detections = [
        {"image_id": i, "category_id": int(label), "bbox": xywh(box), "score": float(score)}
        for i, p in enumerate(predictions)
        for box, score, label in zip(p.boxes, p.scores, p.labels, strict=True)
    ]
    return run_pycocotools(len(truths), len(predictions[0].categories), anns, detections)


def run_pycocotools(num_images, num_classes, anns, detections) -> COCOeval:
    images, kinds = [{"id": i} for i in range(num_images)], [{"id": k} for k in range(num_classes)]
    sides = []
    with contextlib.redirect_stdout(io.StringIO()):
        for rows in (anns, detections):
            numbered = [
                {"area": r["bbox"][2] * r["bbox"][3], "iscrowd": 0, **r, "id": n + 1} for n, r in enumerate(rows)
            ]
            coco = COCO()
            coco.dataset = {"images": images, "categories": kinds, "annotations": numbered}
            coco.createIndex()
            sides.append(coco)
        evaluated = FlagEval(*sides, "bbox")
        evaluated.evaluate()
        evaluated.accumulate()
        evaluated.summarize()
    return evaluated


def twelve(evaluated: COCOeval) -> list[float]:
    return [np.nan if v == -1 else float(v) for v in evaluated.stats]


def names(num: int) -> Categories:
    return Categories(tuple(f"c{k}" for k in range(num)))


def draw(seed: int, num_images: int, *, classes=3, most=6, detections=12, whole=False, ties=False, flags=True):
    """Images with objects of every size, each detected several times over, well and badly, or not at all."""
    rng = np.random.default_rng(seed)
    categories, truths, predictions = names(classes), [], []
    for _ in range(num_images):
        num = int(rng.integers(0, most + 1)) * int(rng.random() < 0.85)
        corner, side = rng.uniform(0, 300, (num, 2)), np.exp(rng.uniform(np.log(6), np.log(250), (num, 2)))
        boxes = np.concatenate([corner, corner + side], axis=1)
        boxes = np.round(boxes / 8) * 8 if whole else boxes
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        labels = rng.integers(0, classes, num)
        marks = rng.choice([0, 1, 2, 4, 8, 3], num, p=[0.7, 0.1, 0.06, 0.05, 0.05, 0.04]) if flags else np.zeros(num)
        areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) * rng.choice([1.0, 0.6], num)
        truths.append(BoxTruth(boxes, labels.astype(np.int32), marks.astype(np.uint8), areas))
        count = int(rng.integers(0, detections + 1)) * int(rng.random() < 0.9)
        corner, side = rng.uniform(0, 300, (count, 2)), np.exp(rng.uniform(np.log(6), np.log(250), (count, 2)))
        places, kinds = np.concatenate([corner, corner + side], axis=1), rng.integers(0, classes, count)
        if num:
            of, near = rng.integers(0, num, count), rng.random(count) < 0.7
            spread = np.tile(boxes[of, 2:] - boxes[of, :2], 2) * rng.choice([0.0, 0.04, 0.15], (count, 1))
            places[near] = (boxes[of] + rng.normal(0, 1, (count, 4)) * spread)[near]
            kinds = np.where(near & (rng.random(count) < 0.85), labels[of], rng.integers(0, classes, count))
        places = np.round(places / 8) * 8 if whole else places
        places[:, 2:] = np.maximum(places[:, 2:], places[:, :2] + 1)
        scores = rng.random(count)
        scores = np.round(scores * 4) / 4 if ties else scores
        order = np.argsort(-scores, kind="stable")
        predictions.append(Detections(places[order], scores[order], kinds[order], categories, (400, 400), 0.5))
    return truths, predictions


cases = st.builds(
    draw,
    st.integers(0, 10**9),
    st.integers(1, 7),
    classes=st.sampled_from([1, 2, 5]),
    most=st.sampled_from([0, 1, 5]),
    detections=st.sampled_from([0, 3, 15]),
    whole=st.booleans(),
    ties=st.booleans(),
)


@given(cases)
@settings(max_examples=150, deadline=None)
def test_equals_pycocotools(case):
    np.testing.assert_allclose([values(evaluate(*case))[n] for n in TWELVE], twelve(reference(*case)), **CLOSE)


@pytest.mark.parametrize("seed", range(2))
def test_more_detections_than_are_evaluated(seed):
    """More than a hundred of a class in an image: the rest are not evaluated, and the numbers at 1, 10 differ."""
    case = draw(seed, 3, classes=1, most=40, detections=400)
    assert max(len(p) for p in case[1]) > 150
    got = values(evaluate(*case))
    assert got["AR1"] < got["AR10"] < got["AR100"]
    np.testing.assert_allclose([got[n] for n in TWELVE], twelve(reference(*case)), **CLOSE)


def test_more_objects_in_the_data_set_than_one_step_measures(monkeypatch):
    monkeypatch.setattr("foveal.metrics.detection.objects.PAIRS_AT_ONCE", 7)
    case = draw(5, 20, detections=30)
    np.testing.assert_allclose([values(evaluate(*case))[n] for n in TWELVE], twelve(reference(*case)), **CLOSE)


def test_by_class_equals_pycocotools():
    case = draw(11, 40, classes=5, most=8, detections=30)
    evaluated = reference(*case)
    table = evaluate(*case).per_class
    precision, recall = evaluated.eval["precision"], evaluated.eval["recall"]
    for k, row in enumerate(table.values()):
        want = (precision[:, :, k, 0, 2].mean(), precision[0, :, k, 0, 2].mean(), recall[:, k, 0, 2].mean())
        assert (row["AP"], row["AP50"], row["AR100"]) == pytest.approx(want, abs=1e-6)


def test_the_drawn_curve_is_pycocotools():
    case = draw(12, 30, classes=4, detections=25)
    panel = evaluate(*case).panels[0]
    precision = reference(*case).eval["precision"][0, :, :, 0, 2]
    for k in range(4):
        np.testing.assert_allclose(panel.curves[f"c{k}"][1], precision[:, k], atol=1e-9)
    assert panel.curves["all classes"][1].mean() == pytest.approx(values(evaluate(*case))["AP50"])


def coco80_case(real_data, jitter: float, seed: int):
    """Real truths with crowds, detected with a jitter, some twice, some not, some where nothing is."""
    data = json.loads((real_data / "coco80" / "annotations" / "instances.json").read_text())
    ids = [c["id"] for c in data["categories"]]
    categories = Categories(tuple(c["name"] for c in data["categories"]))
    rows = defaultdict(list)
    for ann in data["annotations"]:
        rows[ann["image_id"]].append(ann)
    rng = np.random.default_rng(seed)
    truths, predictions, anns, detections = [], [], [], []
    for i, image in enumerate(data["images"]):
        mine = rows[image["id"]]
        boxes = np.array([a["bbox"] for a in mine]).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        labels = np.array([ids.index(a["category_id"]) for a in mine], np.int32)
        crowd = np.array([a["iscrowd"] for a in mine], np.uint8)
        truths.append(BoxTruth(boxes, labels, crowd, np.array([a["area"] for a in mine])))
        for a, k in zip(mine, labels, strict=True):
            anns.append({**a, "image_id": i, "category_id": int(k), "flagged": a["iscrowd"]})
        of = np.repeat(np.arange(len(mine)), rng.integers(0, 4, len(mine)))
        side = np.tile(boxes[of, 2:] - boxes[of, :2], 2)
        places = boxes[of] + rng.normal(0, jitter, (len(of), 4)) * side
        places[:, 2:] = np.maximum(places[:, 2:], places[:, :2])
        kinds = np.where(rng.random(len(of)) < 0.9, labels[of], rng.integers(0, len(ids), len(of)))
        scores = np.round(rng.random(len(of)), 2)
        size = (image["width"], image["height"])
        predictions.append(Detections(places, scores, kinds, categories, size))
        for box, score, k in zip(places, scores, kinds, strict=True):
            detections.append({"image_id": i, "category_id": int(k), "bbox": xywh(box), "score": float(score)})
    return (truths, predictions), run_pycocotools(len(truths), len(ids), anns, detections)


@pytest.mark.parametrize(("jitter", "seed"), [(0.02, 0), (0.08, 1), (0.2, 2)])
def test_equals_pycocotools_on_real_annotations(real_data, jitter, seed):
    case, evaluated = coco80_case(real_data, jitter, seed)
    assert sum(int((t.flags & Flag.CROWD).astype(bool).sum()) for t in case[0]) == 8
    np.testing.assert_allclose([values(evaluate(*case))[n] for n in TWELVE], twelve(evaluated), **CLOSE)


def test_real_annotations_detected_perfectly(real_data):
    truths = coco80_case(real_data, 0, 0)[0][0]
    categories = coco80_case(real_data, 0, 0)[0][1][0].categories
    predictions = [Detections(t.boxes, np.ones(len(t)), t.labels, categories, (640, 640), 0.5) for t in truths]
    got = values(evaluate(truths, predictions))
    assert all(got[n] == pytest.approx(1) for n in ("mAP", "AR100", "precision", "recall", "f1", "voc2010_AP50"))


def slow_voc(truths, predictions, label: int, *, eleven: bool) -> float:
    """The devkit's VOCevaldet and VOCap, an object at a time."""
    positives = sum(int(((t.labels == label) & ((t.flags & IGNORED_FLAGS) == 0)).sum()) for t in truths)
    rows = [
        (-s, i, b)
        for i, p in enumerate(predictions)
        for b, s, k in zip(p.boxes, p.scores, p.labels, strict=True)
        if k == label
    ]
    taken, true, false = set(), [], []
    for _, i, box in sorted(rows, key=lambda r: r[0]):
        t = truths[i]
        mine = np.flatnonzero(t.labels == label)
        overlaps = box_iou(box[None], t.boxes[mine])[0]
        best = int(overlaps.argmax()) if len(mine) else -1
        if best < 0 or overlaps[best] < 0.5:
            hit, miss = 0, 1
        elif t.flags[mine[best]] & IGNORED_FLAGS:
            hit, miss = 0, 0
        elif (i, best) in taken:
            hit, miss = 0, 1
        else:
            taken.add((i, best))
            hit, miss = 1, 0
        true.append(hit)
        false.append(miss)
    recall = np.cumsum(true) / positives if positives else np.full(len(true), np.nan)
    precision = np.cumsum(true) / np.maximum(np.cumsum(true) + np.cumsum(false), 1e-9)
    if not positives:
        return np.nan
    if eleven:
        return sum(precision[recall >= t].max(initial=0) for t in np.arange(0, 1.1, 0.1)) / 11
    recall, precision = np.concatenate([[0], recall, [1]]), np.concatenate([[0], precision, [0]])
    for j in range(len(precision) - 2, -1, -1):
        precision[j] = max(precision[j], precision[j + 1])
    return float((np.diff(recall) * precision[1:]).sum())


@given(cases)
@settings(max_examples=60, deadline=None)
def test_equals_the_devkit_of_pascal_voc(case):
    """Without crowds, which VOC does not know."""
    truths = [replace(t, flags=t.flags & ~np.uint8(Flag.CROWD)) for t in case[0]]
    got = values(evaluate(truths, case[1]))
    for name, eleven in (("voc2007_AP50", True), ("voc2010_AP50", False)):
        each = [slow_voc(truths, case[1], k, eleven=eleven) for k in range(len(case[1][0].categories))]
        want = np.nan if np.isnan(each).all() else np.nanmean(each)
        np.testing.assert_allclose(got[name], want, **CLOSE)


def test_resampling_by_weights_equals_evaluating_copies():
    """The bootstrap against pycocotools on images drawn out one by one; without ties copies cannot interleave."""
    truths, predictions = draw(3, 12, classes=3, most=6, detections=20)
    rows = []
    for block in resample(12, 40, 7):
        for column in block.T:
            drawn = np.repeat(np.arange(12), column.astype(int))
            case = [truths[i] for i in drawn], [predictions[i] for i in drawn]
            rows.append(
                [*twelve(reference(*case)), values(evaluate(*case))["f1"], values(evaluate(*case))["voc2010_AP50"]]
            )
    got = collect(truths, predictions).verdict().score(np.concatenate(list(resample(12, 40, 7)), axis=1))
    for name, samples in zip([*TWELVE, "f1", "voc2010_AP50"], np.array(rows).T, strict=True):
        np.testing.assert_allclose(got[name], samples, **CLOSE, err_msg=name)
