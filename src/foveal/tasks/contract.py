"""What a task is: the hinge between the network and everything around it.

A task has two halves. ``Output`` needs no torch: it turns the network's arrays into predictions, scores and draws them;
the ONNX path, the server and the metric use nothing else. ``Task`` adds what training needs.

Shapes: B images per batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from foveal.metrics.contract import Metric
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.categories import Categories
from foveal.types.geometry import Geometry
from foveal.types.predictions import Prediction
from foveal.types.settings import Settings
from foveal.types.view import View as View

if TYPE_CHECKING:
    from torch import Tensor

    from foveal.data.augment.contract import Augment
    from foveal.data.catalog.catalog import Annotation, Catalog
    from foveal.data.config import AugmentConfig
    from foveal.imaging.input_spec import InputSpec
    from foveal.models.config import ModelConfig
    from foveal.models.contract import Model


@dataclass(frozen=True)
class Goal:
    """The one number a task is evaluated by."""

    metric: str
    maximize: bool = True

    def better(self, new: float, old: float | None) -> bool:
        """Whether ``new`` beats ``old`` (None: nothing yet)."""
        return old is None or (new > old if self.maximize else new < old)


@dataclass(frozen=True)
class Situation:
    """What a task's own defaults may depend on.

    Attributes:
        num_images: Of the training split.
        side_px: Median of the images' shorter sides.
        from_scratch: Whether the network starts at random.
        small: Whether it is one of Foveal's own small networks.
        eval_size: Side of the input in use that was asked for, in pixels; None: the task's to choose.
    """

    num_images: int
    side_px: int
    from_scratch: bool
    small: bool
    eval_size: int | None = None


@dataclass(frozen=True)
class Choice:
    """What a task takes for settings that were left open."""

    size: int
    """Side of the input in training, in pixels."""
    eval_size: int
    """Side of the input in evaluation and use, in pixels."""
    batch_size: int
    """Images per step."""
    epochs: int
    """Passes over the training images."""
    lr: float
    """Peak learning rate of new layers."""
    patience: int
    """Epochs without a gain after which the run stops; 0: never."""
    eval_every: int = 1
    """Epochs between two evaluations."""


@dataclass(frozen=True)
class Settled:
    """A task's own settings with what had to be learnt from the data filled in, and what to say about it."""

    own: Settings
    notes: tuple[str, ...] = ()


class Output(Protocol):
    """The half of a task that needs no torch."""

    name: str
    """The task's name, as ``--task`` takes it."""
    annotations: Sequence[Annotation]
    """What it learns from; of a data set that says several things, the first of these that is there."""
    whole_too: bool
    """Whether an image cut into tiles is looked at as a whole as well."""
    preview_side: int
    """Side in pixels of the samples that ``foveal data preview`` shows: what training usually takes."""
    inference_scale: float
    """Side of the input at inference over that in training, which is then a part of an image."""
    tolerances: Mapping[str, float]
    """How far an export may be from its network, for each of ``differences``."""

    def goal(self, options: Settings) -> Goal:
        """The headline metric."""
        ...

    def decode(self, values: Mapping[str, object]) -> Settings:
        """The options of ``activate`` and ``assemble`` (temperature, threshold ...) from the card, checked."""
        ...

    def assemble(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        categories: Categories,
        options: Settings,
    ) -> Iterable[Prediction]:
        """Turn activated arrays, each (B, ...), into B predictions in source pixels."""
        ...

    def accept(self, catalog: Catalog, options: Settings) -> None:
        """Refuse a data set that does not say what this task is evaluated by.

        Raises:
            DataError: The message says what is missing.
        """
        ...

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> Sequence[Any]:
        """What the data set says of some images, in the form ``metric`` takes."""
        ...

    def metric(self, categories: Categories, options: Settings) -> Metric:
        """A fresh, empty evaluate."""
        ...

    def calibrate(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        truths: Sequence[Any],
        categories: Categories,
        options: Settings,
    ) -> Settings:
        """Fit what can be fitted on validation images (temperature, threshold) from ``Task.evidence``."""
        ...

    def merge(
        self,
        arrays: Sequence[Mapping[str, Array]],
        geometries: Sequence[Geometry],
        views: Sequence[View],
        size: tuple[int, int],
        categories: Categories,
        options: Settings,
    ) -> Any:
        """One answer for an image of ``size`` (width, height) from several views of it.

        Args:
            arrays: The activated arrays of each view, without a batch axis.
            geometries: From each view's own pixels (as mirrored) to the input.
            views: What each saw.
            size: Of the image, in pixels.
            categories: The class map.
            options: How outputs become answers.

        Raises:
            ConfigError: The task's answers are for whole images.
        """
        ...

    def draw(self, image: RGB, prediction: Any) -> RGB:
        """The image with the prediction drawn on it."""
        ...

    def draw_evaluated(self, image: RGB, truth: Any, prediction: Any, categories: Categories) -> RGB:
        """The image with the prediction drawn on it and, where it can be drawn, the truth beside it."""
        ...

    def mask_png(self, prediction: Any) -> Mapping[str, bytes]:
        """The masks as PNG files, each by what its name has between the image's and ``.png``.

        Raises:
            ConfigError: The task's answers are no masks.
        """
        ...

    def rows(self, prediction: Any) -> list[dict[str, str | float]]:
        """One row an answer, best first: ``name``, ``score`` and the task's own columns."""
        ...

    def compared(self, options: Settings) -> Settings:
        """The options of the predictions that ``differences`` compares: nothing that the arrays say is hidden."""
        ...

    def differences(self, ours: Any, theirs: Any) -> dict[str, float]:
        """How far two paths' predictions of one image are apart, by the names of ``tolerances``."""
        ...

    def first_answer(self, prediction: Any) -> str:
        """The best answer in a word; two paths must agree on it."""
        ...

    def record(self, truth: Any, prediction: Any) -> dict[str, str | float]:
        """One row of the predictions table (CSV): truth, prediction, scores."""
        ...


class Task(Output, Protocol):
    """The whole task, as training needs it."""

    def choose(self, situation: Situation) -> Choice:
        """Values for settings that were left open."""
        ...

    def settle(self, own: Settings, catalog: Catalog, size: int) -> Settled:
        """Fill in what the task's own settings leave to the training split; ``size`` is the input's side in pixels.

        Raises:
            DataError: The data set does not say what the task learns from.
        """
        ...

    def options(self, own: Settings, catalog: Catalog) -> Settings:
        """The decode options to start from, as settings and data set call for them."""
        ...

    def build(
        self, model: ModelConfig, own: Settings, categories: Categories, options: Settings, *, pretrained: bool
    ) -> Model:
        """The network, with pretrained weights looked up or (``pretrained=False``) left at random for loading."""
        ...

    def criterion(self, model: Model, own: Settings, catalog: Catalog) -> None:
        """Set up the model's losses for a training split (class weights and the like)."""
        ...

    def probe(self, model: Model, own: Settings) -> Callable[[Tensor], dict[str, Tensor]] | None:
        """What ``warm_start`` wants to know of normalised images (B, 3, H, W): arrays (B, ...); None: nothing."""
        ...

    def warm_start(self, model: Model, own: Settings, catalog: Catalog, arrays: Mapping[str, Array]) -> None:
        """Fit new layers before the first step to the probe's arrays, one row per image of ``catalog``."""
        ...

    def augment(self, config: AugmentConfig, spec: InputSpec, own: Settings) -> Augment[Any]:
        """The random changes to one training sample, which comes out at the spec's training size, and its target."""
        ...

    def draw_target(self, image: RGB, target: Mapping[str, Tensor], categories: Categories, *, scale: float) -> RGB:
        """An image with a training target drawn on it.

        Args:
            image: (H, W, 3) uint8.
            target: Of one image, without a batch axis.
            categories: The class map.
            scale: Pixels of the image per pixel of the target.
        """
        ...

    def sampling_weights(self, catalog: Catalog) -> FloatArray:
        """(N,) chances that draw each class equally often."""
        ...

    def mix(
        self, config: AugmentConfig, images: Tensor, targets: dict[str, Tensor], *, categories: Categories
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Blend images of a batch (mixup, cutmix); random numbers come from torch's global generator."""
        ...

    def activate(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """Softmax, box decoding, top-k: fixed shapes, part of the exported graph."""
        ...

    def evidence(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """What ``calibrate`` fits to, each (B, ...), from the network's own outputs; nothing where it fits nothing."""
        ...
