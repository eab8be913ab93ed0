"""Tasks: the interface between the network and everything around it.

A task is three objects:

- ``TaskSpec``, one per task: what is known without data or a model (settings, annotations, defaults).
- ``Output`` (``tasks.output``), bound to a class map and options: arrays to predictions, their evaluation, drawing and
  comparison. It needs no torch; the ONNX path and evaluation use nothing else.
- ``Task``, bound to settings and an output: what training and the exported graph need.

Nobody outside ``tasks/`` knows which task it holds. ``tasks.table`` opens all three.

Shapes: B images per batch, N images.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from foveal.errors import ConfigError
from foveal.tasks.output import Bound
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.categories import Categories
from foveal.types.geometry import Geometry
from foveal.types.predictions.subject import Subject
from foveal.types.settings import Settings
from foveal.types.size import Size

if TYPE_CHECKING:
    from torch import Tensor

    from foveal.data.augment.contract import Augment
    from foveal.data.catalog.catalog import Annotation, Catalog
    from foveal.data.config import AugmentConfig
    from foveal.models.config import ModelConfig
    from foveal.models.contract import Maps, Model
    from foveal.types.input_spec import InputSpec

S = TypeVar("S", bound=Settings)
"""The task's own section of the configuration."""
Out = TypeVar("Out", bound=Bound)
"""The task's ``Output``."""
M = TypeVar("M", bound="Model")
"""The task's network."""


@dataclass(frozen=True)
class Situation:
    """What a task's defaults depend on.

    Attributes:
        num_images: Size of the training split.
        side_px: Median of the images' shorter sides.
        aspect: Width over height of an input that suits the images; 1: a square.
        from_scratch: Whether the network starts from random weights.
        small: Whether it is one of Foveal's own small networks.
        eval_size: Size of the input at inference, if set; None: the task chooses.
    """

    num_images: int
    side_px: int
    from_scratch: bool
    small: bool
    eval_size: Size | None = None
    aspect: float = 1.0


@dataclass(frozen=True)
class Choice:
    """A task's defaults for settings that were left open."""

    size: Size
    """Size of the input in training."""
    eval_size: Size
    """Size of the input at inference."""
    batch_size: int
    """Images per step."""
    epochs: int
    """Passes over the training images."""
    lr: float
    """Learning rate of the head layers after warm-up."""
    patience: int
    """Early stopping: epochs without improvement; 0: never."""
    freeze_stride: int = 0
    """Stride of the backbone's map up to which its stages stay frozen; 0: none stay frozen."""


@dataclass(frozen=True)
class Settled(Generic[S]):
    """A task's own settings with everything fitted to the data filled in, and notes on how."""

    own: S
    notes: tuple[str, ...] = ()


class Configured(ABC, Generic[S]):
    """What every task has in the configuration, on images or on streams. No torch.

    Attributes:
        name: As ``--task`` takes it; also the name of its section in the configuration.
        settings: Class of its section.
        defaults: Settings, by section, that differ from the general defaults; the user's settings override them.
        unused: Dotted settings outside its section that it has no use for, as patterns; a user who sets one is told.
        needs: Its own settings that have a use only beside another one: that one, and its values that switch them on.
        tuned: Its own settings that a search tries by default, and the ends of their usual ranges.
        evaluations: Epochs that are evaluated, about, where there are twice as many or more; of fewer each is.
    """

    name: ClassVar[str]
    settings: type[S]
    defaults: ClassVar[Mapping[str, Mapping[str, object]]] = {}
    unused: ClassVar[Collection[str]] = ()
    needs: ClassVar[Mapping[str, tuple[str, tuple[str, ...]]]] = {}
    tuned: ClassVar[Mapping[str, tuple[float, float]]] = {}
    evaluations: ClassVar[int] = 50


class TaskSpec(Configured[S], Generic[S, Out, M]):
    """What is known of a task on images without data or a model. No torch.

    Attributes:
        annotations: Annotations it learns from, in order of preference.
        inference_scale: Sides of the input at inference over that in training, for previews of training samples.
        shape_settings: The task's own settings that shape the network; a run that goes on from a model keeps them.
        former: Its own settings that older model cards lack, and what they were then.
    """

    annotations: ClassVar[Sequence[Annotation]]
    inference_scale: ClassVar[float] = 1.0
    shape_settings: ClassVar[Sequence[str]] = ()
    former: ClassVar[Mapping[str, object]] = {}

    def kept(self, card: Mapping[str, object]) -> Mapping[str, object]:
        """The task's own settings in a model's card, of any age, before they are checked."""
        return {**self.former, **card}

    @abstractmethod
    def choose(self, situation: Situation) -> Choice:
        """Values for settings that were left open."""

    def settle(self, own: S, catalog: Catalog, size: Size) -> Settled[S]:
        """Fill in what the settings leave to the training split; ``size`` is the input's in training.

        Raises:
            DataError: The data set lacks the annotations that the task learns from.
        """
        self.begin(own, catalog).accept(catalog)
        return Settled(own)

    @abstractmethod
    def begin(self, own: S, catalog: Catalog) -> Out:
        """The output at the start of training, for the given settings and data set."""

    @abstractmethod
    def open(self, categories: Categories, options: Mapping[str, object]) -> Out:
        """The output of a trained model.

        Args:
            categories: Its class map.
            options: As ``Output.options`` were stored; they are checked.

        Raises:
            ValidationError: An option is unknown or out of its bounds (pydantic).
        """

    @abstractmethod
    def task(self, own: S, output: Out) -> Task[S, Out, M]:
        """The part that needs torch."""


class Task(ABC, Generic[S, Out, M]):
    """The part of a task that needs torch, bound to its settings and an output.

    Args:
        own: The task's own settings.
        output: The part without torch; its options apply to ``activate``.
    """

    def __init__(self, own: S, output: Out) -> None:
        self.own = own
        self.output = output

    @abstractmethod
    def build(self, model: ModelConfig, *, pretrained: bool) -> M:
        """The network, with pretrained weights or (``pretrained=False``) random ones, to be loaded."""

    def criterion(self, model: M, catalog: Catalog) -> None:
        """Set up the model's losses for a training split (class weights and the like)."""

    def probe(self, model: M) -> Callable[[Tensor], dict[str, Tensor]] | None:
        """From normalised images (B, 3, H, W) to the arrays (B, ...) for ``warm_start``; None: no warm start."""
        return None

    def warm_start(self, model: M, catalog: Catalog, arrays: Mapping[str, Array]) -> float:
        """Fit head layers before the first step to the probe's arrays, one row per image of ``catalog``.

        Returns:
            A factor for the learning rate, in (0, 1]: how much the fitted head leaves to learn; 1 if not known.
        """
        return 1.0

    @abstractmethod
    def augment(self, config: AugmentConfig, spec: InputSpec) -> Augment:
        """The random augmentation of training samples and their targets, at the spec's training size."""

    @abstractmethod
    def draw_target(self, image: RGB, target: Mapping[str, Tensor], *, scale: float) -> RGB:
        """An image with a training target drawn on it.

        Args:
            image: (H, W, 3) uint8.
            target: Target of one image, without a batch axis.
            scale: Pixels of the image per pixel of the target.
        """

    @abstractmethod
    def sampling_weights(self, catalog: Catalog) -> FloatArray:
        """(N,) probabilities that draw each class equally often."""

    def mix(
        self,
        config: AugmentConfig,
        images: Tensor,
        targets: dict[str, Tensor],
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Blend images of a batch (mixup, cutmix); random numbers come from torch's global generator."""
        return images, targets

    @abstractmethod
    def activate(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Softmax, box decoding, top-k: fixed shapes, part of the exported graph."""

    def evidence(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Arrays for ``Output.calibrate``, each (B, ...), from raw outputs; empty if nothing is calibrated."""
        return {}

    def pin(self, raw: Mapping[str, Tensor], subject: Subject, geometry: Geometry) -> Subject:
        """The subject with its ``places`` in the raw outputs of the unchanged image, which ``score`` reads.

        Args:
            raw: Of the unchanged image, a batch of one.
            subject: Of that image.
            geometry: From the image to the input.
        """
        return subject

    def score(self, raw: Mapping[str, Tensor], subject: Subject) -> Tensor:
        """(B,) what gradients are taken of: a logit, or with ``subject.against`` the difference of two.

        Args:
            raw: The network's outputs.
            subject: As ``pin`` gave it.

        Raises:
            ConfigError: The task has no such score.
        """
        raise ConfigError("Predictions of this model cannot be explained.")

    def pins_hold(self) -> bool:
        """Whether the places that ``pin`` gives mean the same in the outputs for other images."""
        return True

    def cells(self, model: M, maps: Maps, raw: Mapping[str, Tensor]) -> Tensor | None:
        """Cell scores (B, K, h, w), what each cell of the maps says for each class; None: the task has none.

        Where a network pools one map and reads the classes off linearly, the mean of a class's cells and the bias are
        its logit. Part of the exported graph where asked for.

        Args:
            model: The network.
            maps: What ``model.look`` gave.
            raw: What ``model.answer(maps)`` gave.
        """
        return None
