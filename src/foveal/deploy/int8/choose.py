"""Which layers run on 8-bit integers: all, less those that cost more than is allowed.

1. Ranges from calibration images, by the rule that moves the outputs least.
2. Each layer alone on integers: how far the outputs move.
3. All layers on integers; then as few of the most sensitive stay in float as are needed for the interval of the
   headline's drop on other images to lie within what is allowed, on every engine.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from foveal.deploy.fp16 import mark
from foveal.deploy.headline import POINT, Change, Labelled, Resampled, change, evaluate_on
from foveal.deploy.int8.calibration import RULES, observe, ranges_by
from foveal.deploy.int8.fewest import Attempt, fewest
from foveal.deploy.int8.layers import find_layers
from foveal.deploy.int8.quantise import quantise
from foveal.deploy.int8.report import Int8Report
from foveal.deploy.int8.sensitivity import Distance, sensitivities
from foveal.errors import ParityError
from foveal.inference.backends.contract import Backend
from foveal.inference.predictor import Predictor
from foveal.types.arrays import RGB
from foveal.types.progress import Progress, silent

MEASURED_PIXELS = 12 * 224**2
"""Pixels of calibration images that distances are measured on: twelve images of 224 pixels, fewer of larger ones."""
LEAST_MEASURED, MOST_MEASURED = 3, 12

Open = Callable[[bytes], Backend]


def to_int8(
    model: Predictor,
    content: bytes,
    calibration: RGB,
    labelled: Labelled,
    *,
    engines: Mapping[str, Open],
    max_drop: float,
    progress: Progress = silent,
) -> tuple[bytes, Int8Report]:
    """The model with as many layers on integers as the allowed drop permits.

    Args:
        model: The network, or the file in float.
        content: The file in float.
        calibration: (N, S, T, 3) prepared images, none of them among ``labelled``.
        labelled: Images that the headline is measured on.
        engines: What opens a file, by the engine's name; the drop must be allowed on each.
        max_drop: Points of the headline.
        progress: Called as the work goes on.

    Raises:
        ParityError: Even with half of the layers in float, more may be lost than is allowed; or the network itself is
            right so seldom that nothing could be lost.
    """
    import onnx

    progress("evaluating the network", 0, None)
    before = evaluate_on(model, labelled)
    if model.output.goal.maximize and before.value <= max_drop * POINT:
        raise nothing_to_lose(model.output.goal.metric, before, max_drop=max_drop)
    proto: Any = onnx.load_from_string(content)
    network = find_layers(proto)
    names = [layer.name for layer in network.layers]
    seen = observe(network, calibration, progress=progress)
    means = {name: np.mean(one.means, axis=0) for name, one in seen.items() if one.means}
    rows, columns = calibration.shape[1:3]
    num_measured = min(max(MEASURED_PIXELS // (rows * columns), LEAST_MEASURED), MOST_MEASURED)
    distance = Distance(network, calibration[:: max(1, len(calibration) // num_measured)][:num_measured])
    progress("comparing rules for ranges", 0, None)
    tried = {rule: ranges_by(seen, share) for rule, share in RULES.items()}
    rules = {rule: distance(quantise(network, ranges, names, means=means)) for rule, ranges in tried.items()}
    rule = min(rules, key=lambda name: rules[name])
    ranges = tried[rule]
    sensitivity = sensitivities(network, ranges, distance, means=means, progress=progress)
    order = list(sensitivity)

    def put(num_float: int) -> Attempt:
        """All on integers but so many, measured on every engine until one loses too much."""
        progress(f"evaluating with {num_float} of {len(order)} layers in float", 0, None)
        left = order[:num_float]
        made = mark(quantise(network, ranges, [n for n in names if n not in left], means=means), "int8")
        changes: dict[str, Change] = {}
        for engine, opened in engines.items():
            with Predictor(opened(made)) as predictor:
                changes[engine] = change(model, before, evaluate_on(predictor, labelled))
            if changes[engine].high > max_drop * POINT:
                return Attempt(num_float, made, changes, allowed=False)
        return Attempt(num_float, made, changes, allowed=True)

    found = fewest(put, len(order) // 2)
    if not found.allowed:
        raise refused(found.changes, max_drop=max_drop, num_float=found.num_float, layers=len(order))
    left = order[: found.num_float]
    report = Int8Report(
        rule, rules, len(calibration), sensitivity, left, max_drop, found.changes, len(content), len(found.content)
    )
    return found.content, report


def refused(changes: Mapping[str, Change], *, max_drop: float, num_float: int, layers: int) -> ParityError:
    """The error for a network that integers cost too much."""
    engine, last = list(changes.items())[-1]
    few = last.drop <= max_drop * POINT
    return ParityError(
        f"With {num_float} of {layers} layers left in float, the INT8 model on {engine} may still lose more than"
        f" {points(max_drop)} on {last.images:,} images: {last}. Nothing was written.",
        "The interval is wide: give more labelled images with --data, or allow more with --max-drop."
        if few
        else "Allow more with --max-drop, or export without --int8.",
    )


def points(number: float) -> str:
    """For example ``1 point`` or ``0.5 points``."""
    return f"{number:g} point{'' if number == 1 else 's'}"


def nothing_to_lose(metric: str, before: Resampled, *, max_drop: float) -> ParityError:
    """The error for a network that would lose no more than is allowed if it lost everything."""
    return ParityError(
        f"The network's own {metric} is {before.value:.4f} on {before.images:,} images: if INT8 lost all of it, that"
        f" would be within --max-drop, {points(max_drop)}. Nothing was written.",
        "Train it longer, or give images with --data that it knows better.",
    )
