"""What is known of semantic segmentation without data or a model."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from foveal.errors import ConfigError
from foveal.tasks.contract import Choice, Situation, TaskSpec
from foveal.tasks.segment.config import SegmentConfig
from foveal.types.categories import Categories
from foveal.types.size import Size

if TYPE_CHECKING:
    from foveal.data.catalog.catalog import Annotation, Catalog
    from foveal.tasks.segment.model import Segmenter  # noqa: F401
    from foveal.tasks.segment.output import SegmentOutput
    from foveal.tasks.segment.task import Segment

LARGEST = 512
"""Default side of the input at inference for large images, in pixels."""
ASPECT = 4 / 3
"""Aspect ratio of most photographs."""


class SegmentSpec(TaskSpec[SegmentConfig, "SegmentOutput", "Segmenter"]):
    """Semantic segmentation: the class of every pixel."""

    name = "segment"
    settings = SegmentConfig
    annotations: ClassVar[Sequence["Annotation"]] = ("masks", "boxes")
    unused = (
        "augment.policy",
        "augment.policy_magnitude",
        "augment.mixup",
        "augment.cutmix",
        "augment.mosaic",
        "augment.box_mixup",
        "augment.min_visible",
    )
    inference_scale = 1.5
    evaluations = 10
    needs: ClassVar[Mapping[str, tuple[str, tuple[str, ...]]]] = {
        "focal_gamma": ("losses", ("focal",)),
        "boundary_weight": ("losses", ("cross_entropy", "focal")),
    }
    shape_settings = ("decoder", "channels", "fine_head", "strips")
    former: ClassVar[Mapping[str, object]] = {
        "fine_head": False,
        "strips": False,
        "boundary_weight": 0.0,
        "decision": "likeliest",
    }
    tuned: ClassVar[Mapping[str, tuple[float, float]]] = {"dropout": (0.0, 0.4), "label_smoothing": (0.0, 0.1)}
    defaults: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "input": {"fit": "letterbox", "interpolation": "bilinear"},
        "augment": {
            "crop_scale": 1.0,
            "scale_jitter": 1.6,
            "rare_crops": 0.5,
            "brightness": 0.3,
            "contrast": 0.3,
            "saturation": 0.3,
        },
        "optim": {"ema_decay": 0.998, "pretrained_lr_scale": 0.3, "clip_norm": 10.0},
    }

    def choose(self, situation: Situation) -> Choice:
        """The images' size up to that of 512 x 512, crops of two thirds of its sides, about 12,000 samples.

        Batches of 4, twice as many steps at the same cost, are better for thin things (docs/LOG.md); of 8 from scratch,
        where batch norm learns.
        """
        num = situation.num_images
        side = _multiple(min(situation.side_px * ASPECT, LARGEST))
        eval_size = situation.eval_size or Size.of_aspect(side, situation.aspect, multiple=32)
        epochs = int(np.clip(round(12_000 / num), 12, 300))
        return Choice(
            size=situation.eval_size or Size.of_aspect(_multiple(side * 2 / 3), situation.aspect, multiple=32),
            eval_size=eval_size,
            batch_size=min(8 if situation.from_scratch else 4, num),
            epochs=epochs * 2 if situation.from_scratch else epochs,
            lr=3e-3 if situation.from_scratch else 2e-3,
            patience=0,
        )

    def begin(self, own: SegmentConfig, catalog: "Catalog") -> "SegmentOutput":
        """An output that takes the likeliest class until it is calibrated."""
        return self.open(catalog.categories, {})

    def open(self, categories: Categories, options: Mapping[str, object]) -> "SegmentOutput":
        """The output of a trained model.

        Raises:
            ConfigError: Factors for another number of classes.
        """
        from foveal.tasks.segment.decode import SegmentOptions
        from foveal.tasks.segment.output import SegmentOutput

        given = SegmentOptions.model_validate(dict(options))
        if len(given.factors) not in (0, len(categories)):
            raise ConfigError(f"decode.factors has {len(given.factors)} numbers for {len(categories)} classes.")
        return SegmentOutput(categories, given)

    def task(self, own: SegmentConfig, output: "SegmentOutput") -> "Segment":
        """Network, loss and augmentation."""
        from foveal.tasks.segment.task import Segment

        return Segment(own, output)


def _multiple(side: float) -> int:
    """The multiple of 32 nearest to a side in pixels, which decoders accept without padding."""
    return max(64, round(side / 32) * 32)


SPEC = SegmentSpec()
