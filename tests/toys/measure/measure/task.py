"""The half with torch."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from foveal.data.augment.canvas import as_tensor
from foveal.data.augment.contract import Loaded
from foveal.data.augment.image import ImageAugment
from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.data.loading.sampling import balanced_weights
from foveal.models.backbone import build_backbone
from foveal.models.config import ModelConfig
from foveal.tasks.contract import Task
from foveal.types.arrays import RGB, FloatArray
from foveal.types.input_spec import InputSpec
from measure.config import MeasureConfig
from measure.model import Regressor
from measure.output import MeasureOutput


@dataclass(frozen=True)
class MeasureAugment(ImageAugment):
    """Changes that leave the number what it is."""

    numbers: tuple[float, ...] = ()

    def load(self, catalog: Catalog, index: int, pixels: RGB) -> Loaded:
        """An image and its ``value``."""
        return Loaded(as_tensor(pixels), {"value": torch.tensor(self.numbers[int(catalog.labels[index][0])])})


class Measure(Task[MeasureConfig, MeasureOutput, Regressor]):
    """Training."""

    def build(self, model: ModelConfig, *, pretrained: bool) -> Regressor:
        """Any backbone."""
        backbone, _ = build_backbone(model, pretrained=pretrained)
        return Regressor(backbone, squared=self.own.loss == "l2")

    def augment(self, config: AugmentConfig, spec: InputSpec) -> MeasureAugment:
        """As for classification."""
        scale = self.output.options.scale
        numbers = tuple(float(name) / scale for name in self.output.categories.names)
        return MeasureAugment(config, spec.train_size, spec.interpolation, numbers)

    def draw_target(self, image: RGB, target: Mapping[str, Tensor], *, scale: float) -> RGB:
        """A number cannot be drawn."""
        return image

    def sampling_weights(self, catalog: Catalog) -> FloatArray:
        """Each number equally often."""
        return balanced_weights(catalog)

    def activate(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``value`` (B,) in its own unit."""
        return {"value": raw["value"].float() * self.output.options.scale}
