"""The torch part of semantic segmentation.

Shapes: B images per batch, K classes, H W height and width of the input, h w of the network's map.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from foveal.data.augment.masks import MaskAugment
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import pixel_counts
from foveal.data.config import AugmentConfig
from foveal.data.loading.sampling import balanced_weights
from foveal.losses.class_weights import median_frequency
from foveal.models.config import ModelConfig
from foveal.tasks.contract import Task
from foveal.tasks.segment.config import SegmentConfig
from foveal.tasks.segment.explained import cells_of
from foveal.tasks.segment.model import Segmenter, build_segmenter
from foveal.tasks.segment.output import SegmentOutput
from foveal.tasks.segment.show import draw_mask_target
from foveal.types.arrays import RGB, FloatArray
from foveal.types.geometry import Geometry
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.subject import Subject

SAMPLED = 64
"""Cells per row and column of a map whose probabilities are kept to calibrate, at most."""
SAMPLED_VALUES = 1 << 16
"""Probabilities that are kept of an image, at most: 256 kB. With 11 classes that is 64 x 64 cells, with 80 28 x 28."""


class Segment(Task[SegmentConfig, SegmentOutput, Segmenter]):
    """``tasks.contract.Task`` for semantic segmentation."""

    def build(self, model: ModelConfig, *, pretrained: bool) -> Segmenter:
        """Backbone and decoder."""
        names = self.output.categories.names
        return build_segmenter(model, self.own, len(names), pretrained=pretrained).take_over(names)

    def criterion(self, model: Segmenter, catalog: Catalog) -> None:
        """Weight the classes."""
        if self.own.class_weights == "median_frequency":
            model.criterion.class_weights = median_frequency(*pixel_counts(catalog))

    def augment(self, config: AugmentConfig, spec: InputSpec) -> MaskAugment:
        """Random changes to one image and its mask."""
        return MaskAugment(config, spec.train_size, spec.interpolation, eval_size=spec.size)

    def draw_target(self, image: RGB, target: Mapping[str, Tensor], *, scale: float) -> RGB:
        """The image tinted by the class of each pixel."""
        return draw_mask_target(image, target, self.output.categories)

    def sampling_weights(self, catalog: Catalog) -> FloatArray:
        """Each class equally often."""
        return balanced_weights(catalog)

    def activate(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``probabilities`` (B, K, h, w)."""
        return {"probabilities": raw["logits"].float().softmax(1)}

    def evidence(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Probabilities at up to 64 x 64 places of each image, with their rows and columns, for ``calibrate``."""
        if self.own.decision == "likeliest":
            return {}
        probabilities = self.activate(raw)["probabilities"]
        num, num_classes, *shape = probabilities.shape
        most = min(SAMPLED, math.isqrt(SAMPLED_VALUES // num_classes))
        rows, columns = (_spread(length, most, probabilities.device) for length in shape)
        places = {"rows": (rows + 0.5) / shape[0], "columns": (columns + 0.5) / shape[1]}
        sampled = probabilities[:, :, rows][:, :, :, columns]
        return {"probabilities": sampled, **{name: one.expand(num, -1) for name, one in places.items()}}

    def pin(self, raw: Mapping[str, Tensor], subject: Subject, geometry: Geometry) -> Subject:
        """The cells of the network's map in the region."""
        places = cells_of(subject, geometry, tuple(raw["logits"].shape[2:]))
        return replace(subject, places=tuple(places.tolist()))

    def score(self, raw: Mapping[str, Tensor], subject: Subject) -> Tensor:
        """The mean logit of the class in its region, less the rival's."""
        logits = raw["logits"].float().flatten(2)[:, :, list(subject.places)].mean(2)  # (B, K)
        own = logits[:, subject.label]
        return own if subject.against is None else own - logits[:, subject.against]


def _spread(length: int, most: int, device: torch.device) -> Tensor:
    """Evenly spread cells of so many."""
    num = min(length, most)
    return ((torch.arange(num, device=device) + 0.5) * length / num).long()
