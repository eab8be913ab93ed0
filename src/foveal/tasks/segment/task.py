"""Semantic segmentation as training needs it.

Shapes: B images, K classes, H W rows and columns of the input, h w of the network's map.
"""

from collections.abc import Callable, Mapping

import numpy as np
from torch import Tensor

from foveal.data.augment.masks import MaskAugment
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import pixel_counts
from foveal.data.config import AugmentConfig
from foveal.data.loading.sampling import balanced_weights
from foveal.imaging import draw_masks
from foveal.imaging.input_spec import InputSpec
from foveal.losses.class_weights import median_frequency
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.tasks.contract import Choice, Settled, Situation
from foveal.tasks.segment.config import SegmentConfig
from foveal.tasks.segment.model import Segmenter, build_segmenter
from foveal.tasks.segment.output import SegmentDecode, SegmentOutput
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.categories import Categories
from foveal.types.settings import Settings

LARGEST = 512
"""Side of the input in use that is chosen for large images, in pixels."""
ASPECT = 4 / 3
"""Longer over shorter side of most photographs."""


class Segment(SegmentOutput):
    """``tasks.contract.Task`` for semantic segmentation."""

    def choose(self, situation: Situation) -> Choice:
        """The images' own size up to 512 pixels, crops of two thirds of it, some 12,000 looks at images."""
        num = situation.num_images
        in_use = situation.eval_size or _multiple(min(situation.side_px * ASPECT, LARGEST))
        epochs = int(np.clip(round(12_000 / num), 12, 300))
        return Choice(
            size=situation.eval_size or _multiple(in_use * 2 / 3),
            eval_size=in_use,
            batch_size=min(8, num),
            epochs=epochs * 2 if situation.from_scratch else epochs,
            lr=3e-3,
            patience=0,
            eval_every=max(1, epochs // 10),
        )

    def settle(self, own: Settings, catalog: Catalog, size: int) -> Settled:
        """There must be masks; nothing else is learnt from the data before training."""
        self.accept(catalog, SegmentDecode())
        return Settled(_own(own))

    def options(self, own: Settings, catalog: Catalog) -> SegmentDecode:
        """Nothing to decide."""
        return SegmentDecode()

    def build(
        self, model: ModelConfig, own: Settings, categories: Categories, options: Settings, *, pretrained: bool
    ) -> Segmenter:
        """Backbone and decoder."""
        return build_segmenter(model, _own(own), len(categories), pretrained=pretrained)

    def criterion(self, model: Model, own: Settings, catalog: Catalog) -> None:
        """Weigh the classes."""
        assert isinstance(model, Segmenter), "a segmenter is what build gives"
        if _own(own).class_weights == "median_frequency":
            model.class_weights = median_frequency(*pixel_counts(catalog))

    def probe(self, model: Model, own: Settings) -> Callable[[Tensor], dict[str, Tensor]] | None:
        """Nothing is fitted before the first step."""
        return None

    def warm_start(self, model: Model, own: Settings, catalog: Catalog, arrays: Mapping[str, Array]) -> None:
        """Nothing is fitted before the first step."""

    def augment(self, config: AugmentConfig, spec: InputSpec, own: Settings) -> MaskAugment:
        """Random changes to one image and its mask."""
        return MaskAugment(config, spec.train_size, spec.interpolation, eval_size=spec.size)

    def draw_target(self, image: RGB, target: Mapping[str, Tensor], categories: Categories, *, scale: float) -> RGB:
        """The image tinted by class; what is ignored is hatched."""
        return draw_masks.overlay(image, target["mask"].numpy(), [categories.color(k) for k in range(len(categories))])

    def sampling_weights(self, catalog: Catalog) -> FloatArray:
        """Each class equally often."""
        return balanced_weights(catalog)

    def mix(
        self, config: AugmentConfig, images: Tensor, targets: dict[str, Tensor], *, categories: Categories
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Images with masks are not blended."""
        return images, targets

    def activate(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """``probabilities`` (B, K, h, w)."""
        return {"probabilities": raw["logits"].float().softmax(1)}

    def evidence(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """Nothing is fitted afterwards."""
        return {}


def _multiple(side: float) -> int:
    """The multiple of 32 nearest to a side in pixels, which decoders take without padding."""
    return max(64, round(side / 32) * 32)


def _own(settings: Settings) -> SegmentConfig:
    assert isinstance(settings, SegmentConfig), "settings of another task"
    return settings
