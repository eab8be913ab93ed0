"""Classification without torch: predictions from scores, their evaluation and drawing.

Shapes: B images per batch, N images, K classes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, cast

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.errors import ConfigError, DataError
from foveal.imaging.draw import label
from foveal.metrics.classification.calibration import (
    best_threshold,
    fit_sigmoid_temperature,
    fit_temperature,
    threshold_of_precision,
)
from foveal.metrics.classification.multi_label import MultiLabelMetric
from foveal.metrics.classification.single_label import SingleLabelMetric
from foveal.metrics.contract import Metric
from foveal.tasks.classify import kept
from foveal.tasks.classify.decode import ClassifyOptions
from foveal.tasks.output import Output, best_of
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.geometry import Geometry
from foveal.types.goal import Goal
from foveal.types.predictions.class_scores import ClassScores
from foveal.types.predictions.columns import Columns, ListOf
from foveal.types.predictions.subject import Asked, Subject
from foveal.types.selection import Selection
from foveal.types.view import View

ClassTruth = int | Array
"""A class id or, where an image may carry several labels, (K,) zeros and ones."""
NUM_DRAWN = 3
"""Number of classes drawn on an image."""
LEAST_SCORE = 1e-7
"""Scores below it are rounding, for log-odds: 32-bit numbers near 1 are this far apart."""


class ClassifyOutput(Output[ClassTruth, ClassScores]):
    """``tasks.output.Output`` for classification."""

    options: ClassifyOptions
    listed: int | None = None
    tolerances: ClassVar[Mapping[str, float]] = {"score": 1e-4}
    meanings: ClassVar[Mapping[str, str]] = {
        "scores": "(B, K) float32 in [0, 1], one per class, calibrated; they sum to 1 unless decode.multi_label",
        "attention": "(B, h, w) float32, where the pooling looked; sums to 1",
    }
    table_columns: ClassVar[Columns] = {
        "label": "text",
        "score": "number",
        "classes": ListOf({"name": "text", "score": "number"}),
    }

    @property
    def goal(self) -> Goal:
        """Accuracy; mean average precision for multi-label models."""
        metric = "average_precision" if self.options.multi_label else "accuracy"
        return Goal(metric, tie_break="log_loss")

    def select(self, selection: Selection) -> Self:
        """Another number of listed classes; for multi-label models, another threshold.

        Raises:
            ConfigError: Another option, or a threshold where classes exclude each other.
        """
        selection.refuse("max_objects", "only")
        if not self.options.multi_label:
            selection.refuse("threshold")
        changes = {} if selection.threshold is None else {"threshold": float(selection.threshold)}
        selected = self.with_options(**changes)
        selected.listed = selection.top or self.listed
        return selected

    def remarks(
        self, truths: Sequence[ClassTruth], predictions: Sequence[ClassScores], *, before: "ClassifyOutput"
    ) -> list[str]:
        """What another threshold changes."""
        own, given = before.options.threshold, self.options.threshold
        if given == own:
            return []
        return [
            f"Threshold {given:g} in place of the model's {own:g}: it changes precision, recall and F1;"
            " average precision counts all scores."
        ]

    def accept(self, catalog: Catalog) -> None:
        """Check that the data is single-label if the model is.

        Raises:
            DataError: Images carry several labels, and the model predicts one.
        """
        if catalog.multi_label and not self.options.multi_label:
            raise DataError(
                f"{catalog.root}: the data set is multi-label; this model predicts one label per image.",
                "Evaluate it on a data set with one label per image.",
            )

    def assemble(self, arrays: Mapping[str, Array], geometries: Sequence[Geometry]) -> list[ClassScores]:
        """B ``ClassScores`` from ``arrays["scores"]`` (B, K)."""
        return [
            self._prediction(scores, geometry.source_size)
            for scores, geometry in zip(arrays["scores"], geometries, strict=True)
        ]

    def merge(
        self,
        arrays: Sequence[Mapping[str, Array]],
        geometries: Sequence[Geometry],
        views: Sequence[View],
        size: tuple[int, int],
    ) -> ClassScores:
        """The mean of the scores of views that show the full image; scores of crops mean little for the image.

        Raises:
            ConfigError: A view shows only a part of the image.
        """
        if not all(view.shows_all(size) for view in views):
            raise ConfigError(
                "This model classifies full images; tiles are for detection and segmentation.",
                "Leave out --tile, and --scales above 1, which crop.",
            )
        return self._prediction(np.mean([one["scores"] for one in arrays], axis=0), size)

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> list[ClassTruth]:
        """Class ids, or (K,) zeros and ones for multi-label data."""
        labels = [catalog.labels[i] for i in indices]
        if catalog.multi_label:
            return [multi_hot(ids, len(catalog.categories)) for ids in labels]
        return [int(ids[0]) for ids in labels]

    def metric(self) -> Metric[ClassTruth, ClassScores]:
        """Accuracy and related metrics, for one label per image or several."""
        if self.options.multi_label:
            return cast("Metric[ClassTruth, ClassScores]", MultiLabelMetric(self.categories))
        return cast("Metric[ClassTruth, ClassScores]", SingleLabelMetric(self.categories))

    def calibrate(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        truths: Sequence[ClassTruth],
    ) -> "ClassifyOutput":
        """Fit the temperature, and the threshold of multi-label models, to ``arrays["logits"]`` (N, K)."""
        logits, truth = np.asarray(arrays["logits"], np.float64), np.asarray(truths)
        if not self.options.multi_label:
            return self.with_options(temperature=round(fit_temperature(logits, truth), 6))
        temperature = round(fit_sigmoid_temperature(logits, truth), 6)
        scores, wanted = 1 / (1 + np.exp(-logits / temperature)), self.options.min_precision
        threshold = round(threshold_of_precision(scores, truth, wanted) if wanted else best_threshold(scores, truth), 6)
        return self.with_options(temperature=temperature, threshold=threshold)

    def draw(self, image: RGB, prediction: ClassScores) -> RGB:
        """The image with its classes and scores in the corner."""
        best = prediction.top(self.listed or NUM_DRAWN)
        named = prediction.present() if prediction.multi_label and not self.listed else best
        color, index = prediction.categories.color, prediction.categories.index
        return label(image, [(f"{c.name}  {c.score:.1%}", color(index(c.name))) for c in named])

    def draw_evaluated(self, image: RGB, truth: ClassTruth, prediction: ClassScores) -> RGB:
        """The image alone: truth and prediction are words, which stand in its caption."""
        return image

    def table_row(self, prediction: ClassScores) -> dict[str, object]:
        """The best class, and the listed ones."""
        return {**best_of(prediction), "classes": prediction.to_dict()["classes"]}

    def prediction_row(self, truth: ClassTruth, prediction: ClassScores) -> dict[str, str | float]:
        """Truth, prediction, its score and the score of every class."""
        names = prediction.categories.names
        true_ids = np.flatnonzero(truth) if isinstance(truth, np.ndarray) else [truth]
        return {
            "truth": "|".join(names[i] for i in true_ids),
            "prediction": "|".join(c.name for c in prediction.present()),
            "score": float(prediction.score),
            **{f"p({name})": float(s) for name, s in zip(names, prediction.scores, strict=True)},
        }

    def to_kept(self, truth: ClassTruth, prediction: ClassScores) -> dict[str, object]:
        """The score of every class."""
        return kept.to_kept(truth, prediction)

    def from_kept(self, values: Mapping[str, Any]) -> tuple[ClassTruth, ClassScores]:
        """See ``Keeps``."""
        return kept.from_kept(values, self.categories)

    def in_words(self, truth: ClassTruth, prediction: ClassScores) -> str:
        """The predicted classes with their scores."""
        return ", ".join(f"{c.name} {c.score:.2f}" for c in prediction.present()) or "nothing"

    def differences(self, ours: ClassScores, theirs: ClassScores) -> dict[str, float]:
        """The largest difference of a score."""
        return {"score": float(np.abs(np.asarray(ours.scores, np.float64) - theirs.scores).max())}

    def top_label(self, prediction: ClassScores) -> str:
        """The classes predicted to be present."""
        return ", ".join(c.name for c in prediction.present())

    def subjects(self, prediction: ClassScores, asked: Asked) -> list[Subject]:
        """The named classes, or those predicted; where none of several is, the best one.

        Raises:
            ConfigError: The number of an object.
            CategoryError: An unknown class.
        """
        asked.refuse_object()
        rival, ids = asked.rival(self.categories), asked.ids(self.categories)
        if not ids:
            order = [i for i in prediction.order if i != rival]
            least = (
                prediction.threshold if prediction.multi_label else 2.0
            )  # of several classes those present, else one
            ids = [i for i in order if prediction.scores[i] >= least] or order[:1]
        names = self.categories.names
        return asked.compare([Subject("class", names[i], i, float(prediction.scores[i])) for i in ids], self.categories)

    def support(self, arrays: Mapping[str, Array], subject: Subject, geometry: Geometry) -> FloatArray:
        """The log-odds of the class, or of it against the rival: scores near 1 would hide what they rest on.

        Where classes exclude each other, the odds are against the sum of all others, which is exact where the score
        rounds to 1.
        """
        scores = np.asarray(arrays["scores"], np.float64).clip(LEAST_SCORE)
        own = scores[:, subject.label]
        if subject.against is not None:
            others = scores[:, subject.against]
        else:
            others = (1 - own if self.options.multi_label else scores.sum(1) - own).clip(LEAST_SCORE)
        odds: FloatArray = np.log(own / others)
        return odds

    def _prediction(self, scores: Array, size: tuple[int, int]) -> ClassScores:
        options = self.options
        return ClassScores(scores, self.categories, size, options.multi_label, options.threshold, self.listed)


def multi_hot(ids: Array, num_classes: int) -> Array:
    """(K,) int8 with ones at ``ids``."""
    row = np.zeros(num_classes, np.int8)
    row[ids] = 1
    return row
