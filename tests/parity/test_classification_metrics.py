"""The classifier's metrics against scikit-learn, on the same arrays and on explicit resamples."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from foveal.errors import DataError, ShapeError
from foveal.metrics.bootstrap import resample
from foveal.metrics.classification.multi_label import MultiLabelMetric
from foveal.metrics.classification.single_label import SingleLabelMetric
from foveal.metrics.contract import Results
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores

CLOSE = {"rtol": 0, "atol": 1e-6}


def names(num_classes: int) -> Categories:
    return Categories(tuple(f"c{k}" for k in range(num_classes)))


def collect(truth, scores) -> SingleLabelMetric:
    categories = names(scores.shape[1])
    metric = SingleLabelMetric(categories)
    for t, s in zip(truth, scores, strict=True):
        metric.update(int(t), ClassScores(s, categories, (8, 8)))
    return metric


def evaluate(truth, scores, *, num_resamples: int = 0, seed: int = 0) -> Results:
    return collect(truth, scores).compute(num_resamples=num_resamples, seed=seed)


def collect_labels(truth, scores, *, threshold: float = 0.5) -> MultiLabelMetric:
    categories = names(scores.shape[1])
    metric = MultiLabelMetric(categories)
    for t, s in zip(truth, scores, strict=True):
        metric.update(t, ClassScores(s, categories, (8, 8), multi_label=True, threshold=threshold))
    return metric


def evaluate_labels(truth, scores, *, threshold: float = 0.5, num_resamples: int = 0, seed: int = 0) -> Results:
    return collect_labels(truth, scores, threshold=threshold).compute(num_resamples=num_resamples, seed=seed)


def slow_ece(confidence, correct, num_bins: int = 15) -> float:
    """Guo et al. 2017, equation 3, word for word."""
    total = 0.0
    for b in range(num_bins):
        low, high = b / num_bins, (b + 1) / num_bins
        inside = [i for i, c in enumerate(confidence) if (low < c <= high) or (b == 0 and c == 0)]
        if inside:
            gap = np.mean([correct[i] for i in inside]) - np.mean([confidence[i] for i in inside])
            total += len(inside) / len(confidence) * abs(gap)
    return total


def prf(truth, predicted, average: str, *, labels=None) -> dict[str, float]:
    values = sk.precision_recall_fscore_support(truth, predicted, labels=labels, average=average, zero_division=0)[:3]
    return {f"{name}_{average}": v for name, v in zip(("precision", "recall", "f1"), values, strict=True)}


def reference(truth, scores) -> dict[str, float]:
    """Every single-label metric by scikit-learn; ranking metrics over the classes for which they are defined."""
    num_classes = scores.shape[1]
    predicted = scores.argmax(1)
    one_hot = np.eye(num_classes, dtype=int)[truth]
    ranked = [k for k in range(num_classes) if 0 < one_hot[:, k].sum() < len(truth)]
    there = [k for k in range(num_classes) if one_hot[:, k].any()]
    out = {"accuracy": sk.accuracy_score(truth, predicted)}
    if num_classes > 5:
        # scikit-learn gives a tie to the later class, ClassScores to the earlier: turn the classes round.
        turned = num_classes - 1 - truth
        out["top5"] = sk.top_k_accuracy_score(turned, scores[:, ::-1], k=5, labels=range(num_classes))
    for average in ("macro", "weighted"):
        out |= prf(truth, predicted, average, labels=there)
    assert out.pop("recall_weighted") == pytest.approx(out["accuracy"])
    assert list(prf(truth, predicted, "micro").values()) == pytest.approx([out["accuracy"]] * 3)
    aucs = [sk.roc_auc_score(one_hot[:, k], scores[:, k]) for k in ranked]
    out["roc_auc"] = float(np.mean(aucs)) if aucs else np.nan
    out["average_precision"] = sk.average_precision_score(one_hot[:, there], scores[:, there], average="macro")
    labels = list(range(num_classes))
    out["log_loss"] = sk.log_loss(truth, scores, labels=labels)
    out["brier"] = sk.brier_score_loss(truth, scores, labels=labels)
    out["ece"] = slow_ece(scores.max(1), predicted == truth)
    return out


def label_reference(truth, scores, threshold: float) -> dict[str, float]:
    predicted = (scores >= threshold).astype(int)
    flat_truth, flat = truth.ravel(), scores.ravel()
    there = [k for k in range(truth.shape[1]) if truth[:, k].any()]
    ranked = [k for k in there if not truth[:, k].all()]
    out = {
        "accuracy": sk.accuracy_score(truth, predicted),
        "roc_auc": sk.roc_auc_score(truth[:, ranked], scores[:, ranked], average="macro"),
        "average_precision": sk.average_precision_score(truth[:, there], scores[:, there], average="macro"),
        "hamming_loss": sk.hamming_loss(truth, predicted),
        "log_loss": sk.log_loss(flat_truth, flat, labels=[0, 1]),
        "brier": sk.brier_score_loss(flat_truth, flat),
        "ece": slow_ece(flat, flat_truth),
    }
    for average in ("macro", "weighted"):
        out |= prf(truth, predicted, average, labels=there)
    out |= prf(truth, predicted, "micro")
    assert out.pop("recall_weighted") == pytest.approx(out["recall_micro"])
    return out


def values(results: Results) -> dict[str, float]:
    return {name: i.value for name, i in results.metrics.items()}


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def draw(seed: int, num_images: int, num_classes: int, *, ties: bool, dtype=np.float64):
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(num_classes), rng.integers(0, num_classes, num_images - num_classes)])
    logits = rng.normal(size=(num_images, num_classes))
    logits[np.arange(num_images), truth] += 1.2
    scores = softmax(logits)
    if ties:
        counts = np.floor(scores * 8) + rng.integers(0, 2, scores.shape)
        counts[:, 0] += counts.sum(1) == 0
        scores = counts / counts.sum(1, keepdims=True)
    return truth, scores.astype(dtype)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("num_images", "num_classes"), [(60, 2), (80, 3), (150, 7), (400, 100)])
def test_equals_scikit_learn(seed, ties, num_images, num_classes):
    truth, scores = draw(seed, num_images, num_classes, ties=ties)
    got, want = values(evaluate(truth, scores)), reference(truth, scores)
    assert list(got) == list(want)
    np.testing.assert_allclose(list(got.values()), list(want.values()), **CLOSE)


def test_roc_auc_equals_the_multiclass_call():
    truth, scores = draw(5, 200, 6, ties=False)
    want = sk.roc_auc_score(truth, scores, multi_class="ovr", average="macro")
    assert values(evaluate(truth, scores))["roc_auc"] == pytest.approx(want, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_float32_scores(seed):
    truth, scores = draw(seed, 120, 8, ties=False, dtype=np.float32)
    got, want = values(evaluate(truth, scores)), reference(truth, scores)
    np.testing.assert_allclose([got[n] for n in want], list(want.values()), rtol=0, atol=2e-6)


def test_scores_of_exactly_zero_cost_what_scikit_learn_says():
    truth, scores = np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]], np.float32)
    assert values(evaluate(truth, scores))["log_loss"] == pytest.approx(sk.log_loss(truth, scores), abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_classes_that_are_absent_do_not_count(seed):
    """Three of ten classes are true; the model may name any."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([1, 4, 8], 40)
    scores = softmax(rng.normal(size=(40, 10)) + 2 * np.eye(10)[truth])
    got, want = values(evaluate(truth, scores)), reference(truth, scores)
    np.testing.assert_allclose(list(got.values()), list(want.values()), **CLOSE)


def test_per_class_equals_scikit_learn():
    truth, scores = draw(9, 120, 6, ties=True)
    table = evaluate(truth, scores).per_class
    precision, recall, f1, support = sk.precision_recall_fscore_support(truth, scores.argmax(1), zero_division=0)
    for k, row in enumerate(table.values()):
        want = {
            "precision": precision[k],
            "recall": recall[k],
            "f1": f1[k],
            "support": support[k],
            "average_precision": sk.average_precision_score(truth == k, scores[:, k]),
            "roc_auc": sk.roc_auc_score(truth == k, scores[:, k]),
        }
        assert row == pytest.approx(want, abs=1e-6)


def test_a_case_by_hand():
    scores = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6]])
    results = evaluate([0, 1, 1, 0], scores)
    got = values(results)
    assert results.images == 4
    assert got["accuracy"] == 0.5
    # Class 2 has no image: what was predicted as it is a miss of class 0.
    assert got["precision_macro"] == pytest.approx((1 / 2 + 1) / 2)
    assert got["recall_macro"] == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert got["f1_macro"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert got["log_loss"] == pytest.approx(-np.log([0.7, 0.6, 0.4, 0.2]).mean())
    assert got["brier"] == pytest.approx((0.14 + 0.26 + 0.62 + 1.04) / 4)
    # Two images share a bin: 0.6 right and 0.6 wrong; 0.5 is wrong, 0.7 right.
    assert got["ece"] == pytest.approx((abs(1.2 - 1) + 0.5 + 0.3) / 4)
    # Class 0 has 0.7 and 0.2 against 0.1 and 0.5; class 1 has 0.6 and 0.4 against 0.2 and 0.2.
    assert got["roc_auc"] == pytest.approx((3 / 4 + 1) / 2)
    assert got["average_precision"] == pytest.approx(((1 + 2 / 3) / 2 + 1) / 2)
    assert [m.position for m in results.worst] == [3, 2]
    assert results.worst[0].caption == "truth c0, predicted c2 0.60"
    absent = results.per_class["c2"]
    assert absent.pop("support") == 0 and np.isnan(list(absent.values())).all()
    assert results.panels[0].values.tolist() == [[1, 0, 1], [1, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("num_classes", "threshold"), [(2, 0.5), (4, 0.3), (12, 0.7)])
@pytest.mark.parametrize("ties", [False, True])
def test_labels_equal_scikit_learn(seed, num_classes, threshold, ties):
    rng = np.random.default_rng(seed)
    truth = (rng.random((60, num_classes)) < 0.3).astype(int)
    scores = np.clip(0.35 * truth + 0.6 * rng.random(truth.shape), 0, 1)
    if ties:
        scores = np.round(scores, 1)
    if num_classes > 4:
        truth[:, 3] = 0
        scores[:, 3] = 0.1
    got, want = values(evaluate_labels(truth, scores, threshold=threshold)), label_reference(truth, scores, threshold)
    assert set(got) == set(want)
    np.testing.assert_allclose([got[n] for n in want], list(want.values()), **CLOSE)


def test_a_single_label_is_a_yes_or_no():
    truth, scores = np.array([[1], [0], [1], [0]]), np.array([[0.9], [0.6], [0.4], [0.1]])
    got = values(evaluate_labels(truth, scores))
    assert got["accuracy"] == 0.5 and got["f1_macro"] == got["f1_micro"] == 0.5
    assert got["roc_auc"] == sk.roc_auc_score(truth.ravel(), scores.ravel()) == 0.75


def test_labels_by_hand():
    truth = np.array([[1, 0], [1, 1], [0, 0]])
    scores = np.array([[0.9, 0.6], [0.4, 0.8], [0.1, 0.2]])
    results = evaluate_labels(truth, scores)
    got = values(results)
    assert got["accuracy"] == pytest.approx(1 / 3)
    assert got["hamming_loss"] == pytest.approx(2 / 6)
    assert got["f1_micro"] == pytest.approx(4 / 6)
    assert got["average_precision"] == 1
    assert [m.caption for m in results.worst] == [
        "truth c0; predicted c1 0.60",
        "truth c0, c1; missed c0 0.40",
    ]


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_resampling_by_weights_equals_resampling_by_copying(kind):
    """The bootstrap's weights against scikit-learn on images drawn out one by one."""
    rng = np.random.default_rng(3)
    truth, scores = draw(3, 25, 4, ties=True)
    collected: Callable = collect
    against: Callable = reference
    if kind == "labels":
        truth = (rng.random((25, 4)) < 0.4).astype(int)
        collected, against = collect_labels, lambda t, s: label_reference(t, s, 0.5)
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in resample(25, 60, 7):
            for column in block.T:
                drawn = np.repeat(np.arange(25), column.astype(int))
                rows.append(against(truth[drawn], scores[drawn]))
    got = collected(truth, scores).verdict().score(np.concatenate(list(resample(25, 60, 7)), axis=1))
    for name, values_of_name in got.items():
        np.testing.assert_allclose(values_of_name, [row[name] for row in rows], **CLOSE, equal_nan=True, err_msg=name)


@pytest.mark.parametrize("num_resamples", [0, 50])
def test_one_image(num_resamples):
    results = evaluate([1], np.array([[0.2, 0.5, 0.3]]), num_resamples=num_resamples)
    got = results.metrics
    assert got["accuracy"].value == got["accuracy"].high == 1
    assert got["accuracy"].low == (pytest.approx(1 / (1 + 1.959964**2)) if num_resamples else 1)
    assert got["precision_macro"].value == 1
    assert np.isnan(got["roc_auc"].value)
    assert got["average_precision"].value == 1
    labels = evaluate_labels(np.array([[0, 1, 0]]), np.array([[0.2, 0.7, 0.3]]), num_resamples=num_resamples)
    assert labels.metrics["accuracy"].value == 1


def test_two_images_of_one_class_leave_roc_undefined_and_quiet():
    assert np.isnan(evaluate([0, 0], np.full((2, 2), 0.5), num_resamples=20).metrics["roc_auc"].value)


def test_no_label_predicted_and_none_true():
    got = values(evaluate_labels(np.zeros((3, 2), int), np.full((3, 2), 0.1)))
    assert got["accuracy"] == 1
    assert np.isnan([got["f1_macro"], got["f1_micro"], got["precision_weighted"], got["average_precision"]]).all()


def test_intervals_hold_their_values_and_shrink_with_images():
    widths = []
    for num_images in (50, 800):
        truth, scores = draw(2, num_images, 5, ties=False)
        got = evaluate(truth, scores, num_resamples=300).metrics
        assert all(i.low <= i.value <= i.high for i in got.values())
        widths.append(got["accuracy"].high - got["accuracy"].low)
    assert widths[1] < widths[0] / 2


def test_the_accuracy_interval_is_wilsons():
    truth, scores = draw(2, 500, 5, ties=False)
    i = evaluate(truth, scores, num_resamples=2).metrics["accuracy"]
    want = stats.binomtest(round(i.value * 500), 500).proportion_ci(method="wilson")
    assert (i.low, i.high) == pytest.approx((want.low, want.high), abs=1e-6)


def test_seed_decides_the_interval_and_order_does_not_matter():
    truth, scores = draw(4, 200, 5, ties=True)
    one, same = evaluate(truth, scores, num_resamples=200, seed=1), evaluate(truth, scores, num_resamples=200, seed=1)
    assert one.metrics == same.metrics
    assert evaluate(truth, scores, num_resamples=200, seed=2).metrics != one.metrics
    mixed = np.random.default_rng(0).permutation(200)
    other = evaluate(truth[mixed], scores[mixed], num_resamples=200, seed=1).metrics
    for name, i in one.metrics.items():
        assert other[name].value == pytest.approx(i.value, abs=1e-12)
        assert (other[name].low, other[name].high) == pytest.approx((i.low, i.high), abs=0.05)


def test_a_tie_goes_to_the_earlier_class():
    scores = np.full((1, 8), 1 / 8)
    assert values(evaluate([0], scores))["accuracy"] == 1
    assert values(evaluate([4], scores))["top5"] == 1
    assert values(evaluate([5], scores))["top5"] == 0


@pytest.mark.parametrize("metric", [SingleLabelMetric, MultiLabelMetric])
def test_no_image(metric):
    with pytest.raises(DataError, match=r"^There are no images to evaluate\."):
        metric(names(3)).compute()


def test_truths_that_do_not_fit():
    categories = names(3)
    scores = ClassScores(np.full(3, 1 / 3), categories, (8, 8))
    with pytest.raises(ShapeError, match="got class id 3 for 3 classes; pass 0 to 2"):
        SingleLabelMetric(categories).update(3, scores)
    with pytest.raises(ShapeError, match="got 3 scores for 2 classes; pass one for each class"):
        SingleLabelMetric(names(2)).update(1, scores)
    with pytest.raises(ShapeError, match=r"got a truth of shape \(2,\) and 3 scores for 3 classes"):
        MultiLabelMetric(categories).update(np.array([0, 1]), scores)
    with pytest.raises(ShapeError, match="values other than 0 and 1"):
        MultiLabelMetric(categories).update(np.array([0, 2, 1]), scores)
