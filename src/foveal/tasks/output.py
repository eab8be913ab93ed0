"""Output: the part of a task that needs no torch, bound to a class map and options.

From arrays to predictions, their evaluation, drawing, files, comparison and explanation: what the ONNX path and
evaluation use. ``tasks.contract`` says how it belongs to a task.

Shapes: B images per batch, N images.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NewType, Self, TypeVar

from foveal.errors import ConfigError
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.categories import Categories
from foveal.types.geometry import Geometry
from foveal.types.goal import Goal
from foveal.types.predictions.columns import Columns
from foveal.types.predictions.prediction import Prediction
from foveal.types.predictions.subject import Asked, Subject
from foveal.types.selection import OPTIONS, Selection
from foveal.types.settings import Settings
from foveal.types.view import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from foveal.data.catalog.catalog import Catalog
    from foveal.metrics.contract import Metric

Truth = TypeVar("Truth")
"""The ground truth of one image, as the task's metric takes it."""
P = TypeVar("P", bound=Prediction)
"""The prediction for one image."""

NOTHING: Mapping[str, object] = {"label": None, "score": None}
"""The best class of an image without a prediction."""
SomeTruth = NewType("SomeTruth", object)
"""The ground truth of an unknown task: returned by ``Output.truths``, taken by ``Metric.update``."""


class Bound(ABC):
    """A class map and options, the base of every task's output.

    Args:
        categories: The class map.
        options: How arrays become predictions (temperature, threshold ...); stored in the model's card.
    """

    options: Settings

    def __init__(self, categories: Categories, options: Settings) -> None:
        self.categories = categories
        self.options = options

    def __repr__(self) -> str:
        """One line: ``DetectOutput(3 classes)``."""
        return f"{type(self).__name__}({len(self.categories)} classes)"

    def with_options(self, **changes: object) -> Self:
        """The same with some options changed.

        Raises:
            ValidationError: An option is unknown or out of its bounds (pydantic).
        """
        options = type(self.options).model_validate({**self.options.model_dump(), **changes})
        return type(self)(self.categories, options)

    @property
    @abstractmethod
    def goal(self) -> Goal:
        """The headline metric."""

    @abstractmethod
    def accept(self, catalog: Catalog) -> None:
        """Check that the data set has the annotations that this task is evaluated on.

        Raises:
            DataError: The message says what is missing.
        """


class Predicts(ABC, Generic[P]):
    """From arrays to predictions in the image's pixels."""

    include_full_image: ClassVar[bool] = False
    """Whether tiled images are also predicted in full."""

    def select(self, selection: Selection) -> Self:
        """The same output that gives only some of its predictions.

        Raises:
            ConfigError: An option does not concern this task, or is out of the model's bounds.
            CategoryError: An unknown class; the nearest is named.
        """
        selection.refuse(*OPTIONS)
        return self

    def limit_reached(self, prediction: P) -> int:
        """The number of objects at which the prediction was cut off; 0: it is complete."""
        return 0

    @abstractmethod
    def assemble(self, arrays: Mapping[str, Array], geometries: Sequence[Geometry]) -> Iterable[P]:
        """B predictions from activated arrays, each (B, ...)."""

    def merge(
        self,
        arrays: Sequence[Mapping[str, Array]],
        geometries: Sequence[Geometry],
        views: Sequence[View],
        size: tuple[int, int],
    ) -> P:
        """One prediction for an image from several views of it.

        Args:
            arrays: The activated arrays of each view, without a batch axis.
            geometries: From each view's own pixels (as mirrored) to the input.
            views: The views.
            size: (width, height) of the image, in pixels.

        Raises:
            ConfigError: The task predicts from full images only.
        """
        raise ConfigError("This model predicts from one view of an image.", "Leave out --tile, --flip and --scales.")


class Evaluates(ABC, Generic[Truth, P]):
    """Ground truth, metric and calibration."""

    @abstractmethod
    def truths(self, catalog: Catalog, indices: Sequence[int]) -> Sequence[Truth]:
        """The ground truth of some images."""

    @abstractmethod
    def metric(self) -> Metric[Truth, P]:
        """A fresh, empty metric."""

    def remarks(self, truths: Sequence[Truth], predictions: Sequence[P], *, before: Self) -> list[str]:
        """What the reader of an evaluation should know: limits that were reached, and what a selection changed.

        Args:
            truths: N.
            predictions: N.
            before: The model's own output, without a selection.
        """
        return []

    def calibrate(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        truths: Sequence[Truth],
    ) -> Self:
        """The same output with options fitted to validation images (temperature, threshold).

        Args:
            arrays: What ``Task.evidence`` gives, each (N, ...).
            geometries: N.
            truths: N.
        """
        return self


class Shows(ABC, Generic[Truth, P]):
    """Predictions as drawings, files and rows."""

    cuts_objects: ClassVar[bool] = False
    """Whether predictions are objects that can be cut out."""
    table_columns: ClassVar[Columns] = {"label": "text", "score": "number", "prediction": "text"}
    """The columns of ``table_row``, the same for every model of the task."""
    key: ClassVar[Sequence[tuple[str, tuple[int, int, int], str]]] = ()
    """What colours and kinds of line (solid, dashed, dotted) mean in ``draw_evaluated``; empty: nothing to explain."""

    @abstractmethod
    def draw(self, image: RGB, prediction: P) -> RGB:
        """The image with the prediction drawn on it."""

    def draw_frame(self, image: RGB, prediction: P) -> RGB:
        """As ``draw``, for a frame of a video: the size depends on nothing but the image's."""
        return self.draw(image, prediction)

    def draw_evaluated(self, image: RGB, truth: Truth, prediction: P) -> RGB:
        """The image with the prediction drawn on it and, where it can be drawn, the truth beside it."""
        return self.draw(image, prediction)

    def mask_png(self, prediction: P) -> Mapping[str, bytes]:
        """The masks as PNG files, by the part of the file name between the image's stem and ``.png``.

        Raises:
            ConfigError: The task predicts no masks.
        """
        raise ConfigError("This model has no masks.", "Leave out --masks.")

    def cutouts(self, image: Callable[[], RGB], prediction: P) -> Iterable[tuple[int, Array]]:
        """The class id and the pixels, (h, w, 3) or with transparency (h, w, 4), of each object, best first.

        Args:
            image: Gives the image; called only where there are objects.
            prediction: Of the image.
        """
        return ()

    def table_row(self, prediction: P) -> dict[str, object]:
        """A row of a job's table: the best class, its score, and the prediction's JSON object in columns."""
        return {**best_of(prediction), "prediction": json.dumps(prediction.to_dict(), ensure_ascii=False)}

    @abstractmethod
    def prediction_row(self, truth: Truth, prediction: P) -> dict[str, str | float]:
        """One row of the predictions table (CSV): truth, prediction, scores."""


def best_of(prediction: Prediction) -> dict[str, object]:
    """``label`` and ``score`` of the first row of a prediction; of none, None."""
    rows = prediction.rows()
    return {"label": rows[0]["name"], "score": round(float(rows[0]["score"]), 6)} if rows else dict(NOTHING)


class Keeps(ABC, Generic[Truth, P]):
    """Truths and predictions as plain values that JSON holds, exact: they give the same results again."""

    def to_kept(self, truth: Truth, prediction: P) -> Mapping[str, object] | None:
        """One image's, with the truth under ``truth``; None: the task keeps none, so its models are not compared."""
        return None

    def from_kept(self, values: Mapping[str, Any]) -> tuple[Truth, P]:
        """Truth and prediction from what ``to_kept`` made.

        Raises:
            ConfigError: The task keeps none.
        """
        raise ConfigError("Predictions of this task are not kept, so they cannot be compared.")

    def in_words(self, truth: Truth, prediction: P) -> str:
        """What was predicted for an image, beside the truth, in a few words."""
        return ""


class Compares(ABC, Generic[P]):
    """Comparison of an exported model with its network."""

    tolerances: ClassVar[Mapping[str, float]]
    """Tolerances for ``differences``."""

    meanings: ClassVar[Mapping[str, str]] = {}
    """What each output of an exported graph is, in words, for programs that read the card."""

    def describe(self, names: Sequence[str]) -> dict[str, str]:
        """The meanings of some outputs; those without one are left out."""
        return {name: self.meanings[name] for name in names if name in self.meanings}

    def for_parity(self) -> Self:
        """The same output with options that filter nothing."""
        return self

    @abstractmethod
    def differences(self, ours: P, theirs: P) -> dict[str, float]:
        """Differences between two predictions for one image, by the names of ``tolerances``."""

    @abstractmethod
    def top_label(self, prediction: P) -> str:
        """The best class; both models must agree on it."""


class Explains(ABC, Generic[Truth, P]):
    """What of a prediction can be explained, and where the ground truth has it."""

    def subjects(self, prediction: P, asked: Asked) -> Sequence[Subject]:
        """What is explained of a prediction, best first; empty: nothing of that kind was predicted.

        Raises:
            ConfigError: A question that does not concern this task, an object that is not there, or a task without
                explanations.
            CategoryError: An unknown class; the nearest is named.
        """
        raise ConfigError("Predictions of this model cannot be explained.")

    def support(self, arrays: Mapping[str, Array], subject: Subject, geometry: Geometry) -> FloatArray:
        """(B,) how much changed versions of one image speak for a subject of it: what masking methods measure.

        The log-odds of a class; of an object the best overlap times score; of a region the mean probability in it.
        With ``subject.against`` it is the difference of the two classes'.

        Args:
            arrays: Activated outputs, each (B, ...).
            subject: Of the unchanged image.
            geometry: From that image to the input, the same for all.
        """
        raise ConfigError("Predictions of this model cannot be explained.")

    def region(self, truth: Truth, subject: Subject, size: tuple[int, int]) -> NDArray[np.bool_] | None:
        """(H, W) where the ground truth of an image has a subject; None: it does not, or knows no places.

        Args:
            truth: Of the image.
            subject: A class, or an object: then the annotated one of its class that it overlaps most.
            size: (width, height) of the image in pixels.
        """
        return None


class Output(
    Bound,
    Predicts[P],
    Evaluates[Truth, P],
    Shows[Truth, P],
    Keeps[Truth, P],
    Compares[P],
    Explains[Truth, P],
    Generic[Truth, P],
):
    """The part of a task that needs no torch, bound to a class map and options."""
