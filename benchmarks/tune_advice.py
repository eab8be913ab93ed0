"""Does the accuracy on all images lie in the interval that the learning curve of up to half of them gives?

Random halves of a data set, each split 80 to 20 for training and validation. On each, the classifier's head is fitted
to frozen efficientnet_lite0 features of 1/8, 1/4, 1/2 and all of the training images with three seeds (nested subsets,
as `foveal tune --advise` takes them), the curve is fitted up to 1/2 and compared with all. Frozen features stand for
whole runs here: a fit takes a second instead of minutes; everything after the scores is the command's own code.

    python benchmarks/tune_advice.py DATA [--halves 10] [--cache FILE.npz]
    python benchmarks/tune_advice.py --digits [--halves 10]      # scikit-learn's digits, plain pixels
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from foveal.tune.advice.learning_curve import fit

FRACTIONS = (1 / 8, 1 / 4, 1 / 2, 1.0)
SEEDS = 3
BAR = 0.9


def features(data: str, cache: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) pooled features and (N,) class ids of an image folder."""
    if cache is not None and cache.exists():
        known = np.load(cache)
        return known["z"], known["y"].astype(np.int64)
    from foveal.config.schema import RunConfig
    from foveal.inference.predictor import Predictor
    from foveal.runs.data import open_data
    from foveal.runs.plan import make_plan
    from foveal.runs.resolve import resolve
    from foveal.runs.start import open_runtime
    from foveal.runs.warm_start import _Probe

    config = RunConfig.model_validate({"data": {"path": data}, "runtime": {"device": "cpu"}})
    catalog, _ = open_data(config)
    plan = make_plan(
        resolve(config, catalog.split("train")).config, catalog, runtime=open_runtime(config, Path("not-written"))
    )
    probe = plan.task.probe(plan.network)
    assert probe is not None, "the default has a warm start"
    plan.network.eval()
    arrays = Predictor(_Probe(plan.card, probe, plan.runtime.device)).arrays(list(catalog.paths()))
    (z,) = arrays.values()
    y = np.array([catalog.labels[i][0] for i in range(len(catalog))], np.int64)
    if cache is not None:
        np.savez(cache, z=z, y=y)
    return z, y


def accuracies(z: np.ndarray, y: np.ndarray, train: np.ndarray, val: np.ndarray) -> dict[float, list[float]]:
    """The accuracy of each fraction and seed, of nested subsets."""
    from foveal.tasks.classify.warm_start import fit_head

    found: dict[float, list[float]] = {fraction: [] for fraction in FRACTIONS}
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(train)
        for fraction in FRACTIONS:
            part = order[: round(fraction * len(order))]
            # A bootstrap of the part stands for what differs between whole runs beside the subset: order, augmentation.
            drawn = np.random.default_rng(seed + 1000).choice(part, len(part))
            weight, bias = fit_head(z[drawn], y[drawn], int(y.max()) + 1, None)
            predicted = (z[val] @ weight.numpy().T + bias.numpy()).argmax(1)
            found[fraction].append(float((predicted == y[val]).mean()))
    return found


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?")
    parser.add_argument("--digits", action="store_true")
    parser.add_argument("--halves", type=int, default=10)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    began = time.monotonic()
    if options.digits:
        from sklearn.datasets import load_digits

        z, y = load_digits(return_X_y=True)
        z = z / 16
    else:
        z, y = features(options.data, options.cache)
    print(f"{len(y):,} images, {z.shape[1]} features, {time.monotonic() - began:.0f} s")
    held = 0
    for half in range(options.halves):
        generator = np.random.default_rng(100 + half)
        chosen = generator.permutation(len(y))[: len(y) // 2]
        val, train = np.split(chosen, [len(chosen) // 5])
        found = accuracies(z, y, train, val)
        known = [(fraction * len(train), score) for fraction in FRACTIONS[:-1] for score in found[fraction]]
        curve = fit([images for images, _ in known], [score for _, score in known])
        predicted, truth = curve.predict(len(train), runs=SEEDS), float(np.mean(found[1.0]))
        held += predicted.holds(truth)
        means = " ".join(f"{np.mean(found[fraction]):.3f}" for fraction in FRACTIONS)
        print(
            f"  half {half}: {means}   predicted {predicted.value:.3f} ({predicted.low:.3f} to {predicted.high:.3f})"
            f"  {'inside' if predicted.holds(truth) else 'OUTSIDE'}"
        )
    share = held / options.halves
    print(f"T7: {held} of {options.halves} inside, {time.monotonic() - began:.0f} s")
    sys.exit(0 if share >= BAR else 1)


if __name__ == "__main__":
    main()
