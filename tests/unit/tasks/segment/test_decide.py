"""The class map of greatest expected IoU, on calibrated probabilities whose best decision is found by trying all."""

import numpy as np
import pytest

from foveal.errors import ConfigError
from foveal.metrics.segmentation.metric import SegmentationMetric
from foveal.ops.blend import to_pixels
from foveal.tasks.segment.decide import Scoring, fit_scoring
from foveal.tasks.segment.decode import SegmentOptions
from foveal.tasks.segment.output import SegmentOutput
from foveal.tasks.segment.spec import SPEC
from foveal.types.categories import Categories
from foveal.types.geometry import Geometry
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.masks import IGNORE, ClassMap, MapTruth

NAMES = Categories(("wall", "pole"))


def street(num, seed, *, side=32, blur=1.0):
    """Images of a wall with a few thin poles, and calibrated probabilities: the truth is drawn from them."""
    rng = np.random.default_rng(seed)
    pole = 0.02 * np.ones((num, side, side))
    for one in pole:
        for x in rng.integers(2, side - 2, 2):
            one[:, x - 1 : x + 2] = np.array([0.15, 0.4, 0.25]) * blur
    truth = (rng.random(pole.shape) < pole).astype(np.uint8)
    return np.stack([1 - pole, pole], 1).astype(np.float32), truth


def mean_iou(truth, predicted, names=NAMES):
    metric = SegmentationMetric(names)
    for ids, found in zip(truth, predicted, strict=True):
        metric.update(MapTruth(ids), ClassMap.of(found, names))
    return metric.verdict().results(num_resamples=0).metrics["mIoU"].value


def flat(probabilities, truth):
    return probabilities.reshape(*probabilities.shape[:2], -1), truth.reshape(len(truth), -1)


def test_the_rule_finds_the_best_threshold():
    rule = fit_scoring(*flat(*street(60, 0)))
    fresh, truth = street(60, 1)
    ours = mean_iou(truth, [rule.scores(one).argmax(0).astype(np.uint8) for one in fresh])
    likeliest = mean_iou(truth, [one.argmax(0).astype(np.uint8) for one in fresh])
    tried = [mean_iou(truth, [(one[1] > t).astype(np.uint8) for one in fresh]) for t in (0.01, 0.1, 0.2, 0.3, 0.45)]
    assert ours >= max(tried) - 0.01 and ours > likeliest + 0.05


def test_a_rule_that_does_not_help_is_not_kept():
    probabilities, truth = flat(*street(60, 0))
    assert fit_scoring(np.eye(2)[truth].transpose(0, 2, 1), truth) is None, "the likeliest class is right everywhere"
    assert fit_scoring(probabilities[:1], truth[:1]) is None, "one image has no halves"
    assert fit_scoring(probabilities, np.full_like(truth, IGNORE)) is None, "nothing is known"


def test_a_class_that_validation_lacks_takes_no_pixels_of_others():
    probabilities, truth = street(60, 0)
    three = np.concatenate([probabilities * 0.9, np.full_like(probabilities[:, :1], 0.1)], 1)
    rule = fit_scoring(*flat(three, truth))
    predicted = np.stack([rule.scores(one).argmax(0) for one in three])
    assert (predicted != 2).all() and (predicted == 1).any()


def test_scores_before_and_after_resampling_are_the_same():
    probabilities = street(1, 3)[0][0]
    rule = Scoring(np.array([1.5, 20.0]), np.array([0.5, 4.0]))
    geometry = InputSpec(size=32, train_size=32, fit="letterbox").geometry(90, 60)
    np.testing.assert_allclose(
        to_pixels(rule.scores(probabilities), geometry), rule.scores(to_pixels(probabilities, geometry)), atol=1e-4
    )


def test_places_of_the_input_are_found_in_the_mask():
    """A letterboxed wide image; what lies beside it is unknown, so a false pole there changes nothing."""
    probabilities, truth = street(40, 0)
    geometry = Geometry((64, 32), (64, 64), (1.0, 1.0), (0.0, 16.0))
    masks = [np.kron(ids[8:24], np.ones((2, 2), np.uint8)) for ids in truth]
    spread = (np.arange(32, dtype=np.float32) + 0.5) / 32
    arrays = {"probabilities": probabilities, "rows": [spread] * 40, "columns": [spread] * 40}
    arrays = {name: np.asarray(value) for name, value in arrays.items()}
    output = SPEC.open(NAMES, {})
    fitted = output.calibrate(arrays, [geometry] * 40, [MapTruth(mask) for mask in masks])
    spoiled = {**arrays, "probabilities": probabilities.copy()}
    spoiled["probabilities"][:, :, :8] = np.array([0.0, 1.0])[:, None, None]
    assert (
        fitted.options.factors
        and fitted.options == output.calibrate(spoiled, [geometry] * 40, [MapTruth(mask) for mask in masks]).options
    ), "the padding above the image counts"
    inside = truth.copy()
    inside[:, :8] = inside[:, 24:] = IGNORE
    rule = fit_scoring(*flat(probabilities, inside))
    np.testing.assert_allclose(fitted.options.factors, rule.factors, atol=1e-4)
    np.testing.assert_allclose(fitted.options.offsets, rule.offsets, atol=1e-4)
    (found,) = fitted.assemble({"probabilities": probabilities[:1]}, [geometry])
    (plain,) = output.assemble({"probabilities": probabilities[:1]}, [geometry])
    assert (found.ids == 1).sum() > (plain.ids == 1).sum() == 0


def test_without_evidence_the_likeliest_class_stays():
    output = SPEC.open(NAMES, {})
    assert output.calibrate({}, [], []).options == SegmentOptions() and isinstance(output, SegmentOutput)


def test_factors_of_another_number_of_classes_are_refused():
    with pytest.raises(ConfigError, match="3 numbers for 2 classes"):
        SPEC.open(NAMES, {"factors": [1, 1, 1], "offsets": [0, 0, 0]})
    with pytest.raises(ValueError, match="2 factors and 0 offsets"):
        SPEC.open(NAMES, {"factors": [1, 1]})


def test_a_class_that_is_hardly_found_is_not_seen_everywhere():
    """Poles of a probability of at most 0.08: taking them gains mean IoU at a dozen false pixels for a true one."""
    probabilities, truth = street(60, 0, blur=0.2)
    scoring = fit_scoring(*flat(probabilities, truth))
    assert scoring is None or all((scoring.scores(one).argmax(0) == 0).all() for one in probabilities)
