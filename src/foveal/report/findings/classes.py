"""Rules about classes: confused, never predicted, without images, with few of them."""

import math
from collections.abc import Sequence

import numpy as np

from foveal.report.figures.matrix import columns_of, right_cells
from foveal.report.findings.contract import Evidence, Finding, listed
from foveal.report.wording import count

LEAST_MISTAKES, LEAST_OF_PAIR, LEAST_SHARE = 8, 4, 0.25
"""A pair of classes is named from this many mistakes in all, between the two, and this share of all."""
LEAST_PERCENT = 25
"""Percent of a class's pixels predicted as one other class from which it is named."""
FEW, FEW_SHARE = 10, 0.1
"""A class has few images below this number, and below this share of the median class."""
COUNTS = ("support", "objects")
"""Columns of the table of classes that count its images or objects."""
SUPPORT = (*COUNTS, "pixels")
"""Columns that say how much of a class there is; pixels are a share of all."""


def confused(evidence: Evidence) -> Sequence[Finding]:
    """Two classes that many of the mistakes lie between; of pixels, a class that is taken for another."""
    panel = evidence.matrix()
    if panel is None:
        return []
    values = np.where(right_cells(panel), 0.0, np.nan_to_num(np.asarray(panel.values, np.float64)))
    columns, labels = columns_of(panel), list(panel.labels)
    if panel.of == "images":
        both, total = values + values.T, values.sum()
        first, second = (int(i) for i in np.unravel_index(both.argmax(), both.shape))
        pair = both[first, second]
        if total < LEAST_MISTAKES or pair < max(LEAST_OF_PAIR, LEAST_SHARE * total) or len(labels) < 3:
            return []
        names = sorted((first, second))
        return [
            Finding(
                "warning",
                f"{count(float(pair))} of {count(float(total))} mistakes are {labels[names[0]]} and"
                f" {labels[names[1]]} taken for each other.",
            )
        ]
    if panel.of:
        return []
    row, column = (int(i) for i in np.unravel_index(values.argmax(), values.shape))
    if values[row, column] < LEAST_PERCENT:
        return []
    share = f"{values[row, column]:.0f}%"
    return [Finding("warning", f"{share} of the pixels of {labels[row]} are predicted as {columns[column]}.")]


def never_predicted(evidence: Evidence) -> Sequence[Finding]:
    """Classes that are there and never predicted; objects that are not found have a rule of their own."""
    panel = evidence.matrix()
    if panel is None or panel.of == "objects":
        return []
    values, columns = np.nan_to_num(np.asarray(panel.values, np.float64)), columns_of(panel)
    never = {columns[j] for j in np.flatnonzero(values.sum(0) == 0)}
    names = [label for label, row in zip(panel.labels, values, strict=True) if row.sum() > 0 and label in never]
    if not names:
        return []
    return [Finding("problem", f"Never predicted, though in the data: {listed(names)} (of {len(columns)} classes).")]


def absent(evidence: Evidence) -> Sequence[Finding]:
    """Classes of the model of which there is nothing to evaluate."""
    per_class = evidence.results.per_class
    column = next((name for name in SUPPORT if any(name in row for row in per_class.values())), None)
    if column is None:
        return []
    names = [name for name, row in per_class.items() if not row.get(column, math.nan) > 0]
    if not names or len(names) == len(per_class):
        return []
    what = {"support": "images", "objects": "objects", "pixels": "pixels"}[column]
    has, them = ("has", "it") if len(names) == 1 else ("have", "them")
    text = f"{listed(names)} {has} no {what} here, so nothing is known about {them}"
    return [Finding("note", f"{text} ({len(names)} of {len(per_class)} classes).")]


def few_images(evidence: Evidence) -> Sequence[Finding]:
    """Classes with very few training images beside the others."""
    counts = evidence.trained
    if len(counts) < 2:
        return []
    middle = float(np.median(list(counts.values())))
    few = {name: n for name, n in counts.items() if n < FEW and (n < FEW_SHARE * middle or n < FEW / 2)}
    if not few or len(few) > len(counts) / 2:
        return []
    names = sorted(few, key=lambda name: few[name])
    shown = listed([f"{name} ({few[name]})" for name in names])
    return [
        Finding("warning", f"Very few training {evidence.noun}: {shown}; the median class has {middle:g}. Add some.")
    ]
