"""Augmentations: they load an image with its target, and transform both together.

Shapes: H W height and width of an image as decoded, h w of the result.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from torch import Tensor

from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.errors import ConfigError
from foveal.types.arrays import RGB

Changed = tuple[Tensor, dict[str, Tensor]]
"""(h, w, 3) uint8 RGB, and the target as ``Batch.targets`` takes it, without a batch axis."""


class Payload(Protocol):
    """A decoded image, and its target at that size, in any form."""

    @property
    def image(self) -> Tensor:
        """(H, W, 3) uint8 RGB."""
        ...

    @property
    def target(self) -> Mapping[str, Tensor]:
        """The target for training without augmentation."""
        ...


@dataclass(frozen=True)
class Loaded:
    """A payload with tensors as its target."""

    image: Tensor
    target: dict[str, Tensor]


P = TypeVar("P", bound=Payload)


class Augment(ABC):
    """Random changes to one training sample; random numbers come from torch's global generator."""

    def draw_companions(self) -> int:
        """Number of other images, drawn from the training split, that the next sample needs."""
        return 0

    @abstractmethod
    def load(self, catalog: Catalog, index: int, pixels: RGB) -> Payload:
        """An image and its target without augmentation.

        Args:
            catalog: The training split.
            index: Index of the image.
            pixels: (H, W, 3), writable; a JPEG may have been decoded at a half, a quarter or an eighth of its size.

        Raises:
            FovealError: The target cannot be read.
        """

    @abstractmethod
    def sample(self, catalog: Catalog, places: Sequence[int], pixels: Iterator[RGB]) -> Changed:
        """One sample from an image, whose index comes first, and its companions; ``pixels`` yields them decoded."""


class PayloadAugment(Augment, Generic[P]):
    """An augmentation that loads payloads of one type and changes them."""

    @abstractmethod
    def load(self, catalog: Catalog, index: int, pixels: RGB) -> P:
        """See ``Augment``."""

    def sample(self, catalog: Catalog, places: Sequence[int], pixels: Iterator[RGB]) -> Changed:
        """See ``Augment``."""
        return self.change([self.load(catalog, place, next(pixels)) for place in places])

    @abstractmethod
    def change(self, payloads: Sequence[P]) -> Changed:
        """One sample from an image, which comes first, and its companions."""


def refuse(config: AugmentConfig, unfit: Mapping[str, str]) -> None:
    """Check that operations are off that the data does not support.

    Args:
        config: Names and strengths.
        unfit: Fields, and why each must stay at its default, as the end of a sentence.

    Raises:
        ConfigError: One of them is on.
    """
    for name, reason in unfit.items():
        value, off = getattr(config, name), AugmentConfig.model_fields[name].default
        if value != off:
            raise ConfigError(f"augment.{name} = {_shown(value)} {reason}.", f"Leave it at {_shown(off)}.")


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
