"""The half of classification that needs no torch: from scores to a evaluated, drawn answer.

Shapes: B images, K classes.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.errors import ConfigError, DataError
from foveal.imaging.draw import label
from foveal.metrics.classification.calibration import best_threshold, fit_sigmoid_temperature, fit_temperature
from foveal.metrics.classification.multi_label import MultiLabelMetric
from foveal.metrics.classification.single_label import SingleLabelMetric
from foveal.metrics.contract import Metric
from foveal.tasks.contract import Goal
from foveal.types.arrays import RGB, Array
from foveal.types.categories import Categories
from foveal.types.geometry import Geometry
from foveal.types.predictions import ClassScores
from foveal.types.settings import Settings
from foveal.types.view import View


class ClassifyDecode(Settings):
    """How logits become answers."""

    multi_label: bool = False
    """Whether each class is a yes or no of its own."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Logits are divided by this, so that a score of 0.8 is right in 8 of 10 cases (Guo et al. 2017)."""
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Score from which a class counts as present, where there may be several."""


class ClassifyOutput:
    """``tasks.contract.Output`` for classification."""

    name = "classify"
    preview_side = 224
    inference_scale = 1.0
    annotations: Sequence[Annotation] = ("labels", "boxes", "masks")  # the latter two say what is in an image as well
    whole_too = False
    tolerances: Mapping[str, float] = {"score": 1e-4}

    def goal(self, options: Settings) -> Goal:
        """Accuracy; mean average precision where there may be several labels."""
        return Goal("average_precision" if _decode(options).multi_label else "accuracy")

    def decode(self, values: Mapping[str, object]) -> ClassifyDecode:
        """Check options read from a card."""
        return ClassifyDecode.model_validate(dict(values))

    def assemble(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        categories: Categories,
        options: Settings,
    ) -> list[ClassScores]:
        """One ``ClassScores`` an image from ``arrays["scores"]`` (B, K)."""
        own = _decode(options)
        return [
            ClassScores(scores, categories, geometry.source_size, own.multi_label, own.threshold)
            for scores, geometry in zip(arrays["scores"], geometries, strict=True)
        ]

    def accept(self, catalog: Catalog, options: Settings) -> None:
        """A model for one label per image cannot be evaluated where there may be several."""
        if catalog.multi_label and not _decode(options).multi_label:
            raise DataError(
                f"{catalog.root}: images may carry several labels here; this model gives each image one.",
                "Evaluate it on a data set with one label per image.",
            )

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> list[int | Array]:
        """A class id per image, or a (K,) 0/1 array where there may be several labels."""
        return [
            multi_hot(catalog.labels[i], len(catalog.categories)) if catalog.multi_label else int(catalog.labels[i][0])
            for i in indices
        ]

    def metric(self, categories: Categories, options: Settings) -> Metric:
        """The metric."""
        return MultiLabelMetric(categories) if _decode(options).multi_label else SingleLabelMetric(categories)

    def calibrate(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        truths: Sequence[int | Array],
        categories: Categories,
        options: Settings,
    ) -> ClassifyDecode:
        """Fit the temperature, and the threshold where there may be several labels, to ``arrays["logits"]`` (B, K)."""
        own, logits, truth = _decode(options), np.asarray(arrays["logits"], np.float64), np.asarray(truths)
        if not own.multi_label:
            return own.model_copy(update={"temperature": round(fit_temperature(logits, truth), 6)})
        temperature = round(fit_sigmoid_temperature(logits, truth), 6)
        threshold = round(best_threshold(1 / (1 + np.exp(-logits / temperature)), truth), 6)
        return own.model_copy(update={"temperature": temperature, "threshold": threshold})

    def merge(
        self,
        arrays: Sequence[Mapping[str, Array]],
        geometries: Sequence[Geometry],
        views: Sequence[View],
        size: tuple[int, int],
        categories: Categories,
        options: Settings,
    ) -> ClassScores:
        """The mean of the scores of views that show the whole image; a part of it says little of the whole.

        Raises:
            ConfigError: A view leaves something out.
        """
        if not all(view.shows_all(size) for view in views):
            raise ConfigError(
                "This model answers for a whole image; tiles are for models that say where things are.",
                "Leave out --tile, and --scales above 1, which look at parts.",
            )
        own, scores = _decode(options), np.mean([a["scores"] for a in arrays], axis=0)
        return ClassScores(scores, categories, size, own.multi_label, own.threshold)

    def draw(self, image: RGB, prediction: ClassScores) -> RGB:
        """The image with its classes and scores in the corner."""
        said = prediction.present() if prediction.multi_label else prediction.top(min(3, len(prediction)))
        index = prediction.categories.index
        return label(image, [(f"{c.name}  {c.score:.1%}", prediction.categories.color(index(c.name))) for c in said])

    def draw_evaluated(self, image: RGB, truth: int | Array, prediction: ClassScores, categories: Categories) -> RGB:
        """As ``draw``: the truth is a word, and stands in the caption."""
        return self.draw(image, prediction)

    def mask_png(self, prediction: ClassScores) -> Mapping[str, bytes]:
        """Classes are no masks."""
        raise ConfigError("This model has no masks.", "Leave out --masks.")

    def rows(self, prediction: ClassScores) -> list[dict[str, str | float]]:
        """Class and score, best first."""
        said = prediction.present() if prediction.multi_label else prediction.top(3)
        return [{"name": c.name, "score": c.score} for c in said]

    def compared(self, options: Settings) -> Settings:
        """A prediction hides nothing."""
        return options

    def differences(self, ours: ClassScores, theirs: ClassScores) -> dict[str, float]:
        """The largest difference of a score."""
        return {"score": float(np.abs(np.asarray(ours.scores, np.float64) - theirs.scores).max())}

    def first_answer(self, prediction: ClassScores) -> str:
        """The classes said to be in the image."""
        return ", ".join(c.name for c in prediction.present())

    def record(self, truth: int | Array, prediction: ClassScores) -> dict[str, str | float]:
        """Truth, prediction, its score and the probability of every class."""
        names = prediction.categories.names
        true_ids = np.flatnonzero(truth) if isinstance(truth, np.ndarray) else [truth]
        return {
            "truth": "|".join(names[i] for i in true_ids),
            "prediction": "|".join(c.name for c in prediction.present()),
            "score": float(prediction.score),
            **{f"p({name})": float(s) for name, s in zip(names, prediction.scores, strict=True)},
        }


def multi_hot(ids: Array, num_classes: int) -> Array:
    """(K,) int8 with ones at ``ids``."""
    row = np.zeros(num_classes, np.int8)
    row[ids] = 1
    return row


def _decode(options: Settings) -> ClassifyDecode:
    assert isinstance(options, ClassifyDecode), "options of another task"
    return options
