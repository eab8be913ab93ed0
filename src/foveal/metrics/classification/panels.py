"""Report panels of a classifier: reliability, ROC and precision-recall curves, confused classes.

Shapes: N images, K classes, D decisions.
"""

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.classification.curves import NUM_BINS, bins, precision_recall_curve, reliability, roc_curve
from foveal.metrics.contract import Interval, Lines, Table
from foveal.types.arrays import FloatArray
from foveal.types.categories import Categories

MAX_CURVES = 20
"""Up to this many classes, each gets its own curve."""
MAX_PAIRS = 12
"""Rows of the table of confused pairs."""


def reliability_panel(confidence: FloatArray, correct: FloatArray, ece: Interval, *, of: str) -> Lines:
    """Accuracy over confidence.

    Args:
        confidence: (D,).
        correct: (D,) 0 or 1.
        ece: The calibration error to note.
        of: Name of the decisions, such as ``images``.
    """
    curve = reliability(confidence, correct)
    edges = np.linspace(0.0, 1.0, NUM_BINS + 1)
    held = np.bincount(bins(confidence), minlength=NUM_BINS).astype(np.float64)
    return Lines(
        "Reliability",
        "confidence",
        "accuracy",
        {"model": (curve.confidence, curve.accuracy)},
        diagonal=True,
        note=f"Expected calibration error {ece} over {NUM_BINS} bins of {len(confidence):,} {of}. "
        "Below the diagonal the model is overconfident; the bars count the decisions behind each point.",
        shares="xy",
        bars=(edges, held),
        bars_title=of,
    )


def ranking_panels(scores: FloatArray, positive: NDArray[np.bool_], categories: Categories) -> list[Lines]:
    """ROC and precision-recall curves of each class against the rest; none for more than MAX_CURVES classes.

    Args:
        scores: (N, K).
        positive: (N, K).
        categories: The class map, K names.
    """
    if len(categories) > MAX_CURVES:
        return []
    roc: dict[str, tuple[FloatArray, FloatArray]] = {}
    precision_recall: dict[str, tuple[FloatArray, FloatArray]] = {}
    for k, name in enumerate(categories):
        true = positive[:, k]
        if true.any():
            precision_recall[name] = precision_recall_curve(scores[:, k], true)
            if not true.all():
                roc[name] = roc_curve(scores[:, k], true)
    panels = []
    if roc:
        panels.append(Lines("ROC curves", "false positive rate", "true positive rate", roc, diagonal=True, shares="xy"))
    if precision_recall:
        panels.append(Lines("Precision-recall curves", "recall", "precision", precision_recall, shares="xy"))
    return panels


def confused_pairs(confusion: NDArray[np.int64], categories: Categories, *, of: str = "images") -> Table:
    """The most confused pairs of classes, worst first.

    Args:
        confusion: (K, K) counts of class row predicted as class column.
        categories: The class map, K names.
        of: What is counted.
    """
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    rows: list[tuple[str, str, int, str]] = []
    for flat in np.argsort(-wrong, axis=None, kind="stable")[:MAX_PAIRS]:
        truth, predicted = divmod(int(flat), len(categories))
        count = int(wrong[truth, predicted])
        if not count:
            break
        share = count / int(confusion[truth].sum())
        rows.append((categories.names[truth], categories.names[predicted], count, f"{share:.0%}"))
    return Table("Most confused pairs", ("truth", "predicted", of, "share of truth"), rows)


def label_errors(
    predicted: NDArray[np.bool_], positive: NDArray[np.bool_], categories: Categories, *, most: int = MAX_PAIRS
) -> Table:
    """The labels with most false negatives and false positives, worst first.

    Args:
        predicted: (N, K) predicted labels.
        positive: (N, K) labels that are true.
        categories: The class map, K names.
        most: Maximum number of rows.
    """
    missed, invented = (positive & ~predicted).sum(0), (predicted & ~positive).sum(0)
    worst = [int(k) for k in np.argsort(-(missed + invented), kind="stable")[:most]]
    rows = [(categories.names[k], int(missed[k]), int(invented[k])) for k in worst if missed[k] + invented[k]]
    return Table("Labels with most errors", ("label", "false negatives", "false positives"), rows)
