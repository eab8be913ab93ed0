"""What a task is: the hinge between the network and everything around it.

A task has two halves. ``Output`` needs no torch: it turns the network's arrays into predictions, judges and draws them;
the ONNX path, the server and the judge use nothing else. ``Task`` adds what training needs.

Shapes: B pictures a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from foveal.metrics.contract import Metric
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.categories import Categories
from foveal.types.geometry import Geometry
from foveal.types.predictions import Prediction
from foveal.types.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor
    from torchvision.transforms import v2

    from foveal.data.catalog import Catalog
    from foveal.data.config import AugmentConfig
    from foveal.imaging.input_spec import InputSpec
    from foveal.models.config import ModelConfig
    from foveal.models.contract import Model


@dataclass(frozen=True)
class Goal:
    """The one number a task is judged by."""

    metric: str
    maximize: bool = True

    def better(self, new: float, old: float | None) -> bool:
        """Whether ``new`` beats ``old`` (None: nothing yet)."""
        return old is None or (new > old if self.maximize else new < old)


class Output(Protocol):
    """The half of a task that needs no torch."""

    name: str
    """The task's name, as ``--task`` takes it."""

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
    ) -> Sequence[Prediction]:
        """Turn activated arrays, each (B, ...), into B predictions in source pixels."""
        ...

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> Sequence[Any]:
        """What the data set says of some pictures, in the form ``metric`` takes."""
        ...

    def metric(self, categories: Categories, options: Settings) -> Metric:
        """A fresh, empty judge."""
        ...

    def calibrate(self, arrays: Mapping[str, Array], truths: Sequence[Any], options: Settings) -> Settings:
        """Fit what can be fitted on validation pictures (temperature, threshold) from the network's raw arrays."""
        ...

    def draw(self, image: RGB, prediction: Any) -> RGB:
        """The picture with the prediction drawn on it."""
        ...

    def rows(self, prediction: Any) -> list[tuple[str, float]]:
        """(name, score) pairs for a table on screen, best first."""
        ...

    def record(self, truth: Any, prediction: Any) -> dict[str, str | float]:
        """One row of the predictions table (CSV): truth, prediction, scores."""
        ...


class Task(Output, Protocol):
    """The whole task, as training needs it."""

    def options(self, catalog: Catalog) -> Settings:
        """The decode options to start from, as the data set calls for them."""
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
        """What ``warm_start`` wants to know of normalised pictures (B, 3, H, W): arrays (B, ...); None: nothing."""
        ...

    def warm_start(self, model: Model, own: Settings, catalog: Catalog, arrays: Mapping[str, Array]) -> None:
        """Fit new layers before the first step to the probe's arrays, one row a picture of ``catalog``."""
        ...

    def augment(self, config: AugmentConfig, spec: InputSpec, own: Settings) -> v2.Transform:
        """The random changes to one training sample: tv_tensors in, an image of the spec's training size out."""
        ...

    def target(self, catalog: Catalog, index: int) -> dict[str, Tensor]:
        """The training target of one picture."""
        ...

    def sampling_weights(self, catalog: Catalog) -> FloatArray:
        """(N,) chances that draw each class equally often."""
        ...

    def mix(
        self, config: AugmentConfig, images: Tensor, targets: dict[str, Tensor], *, categories: Categories
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Blend pictures of a batch (mixup, cutmix); random numbers come from torch's global generator."""
        ...

    def activate(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """Softmax, box decoding, top-k: fixed shapes, part of the exported graph."""
        ...
