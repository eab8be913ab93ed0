"""What is known of detection without data or a model."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np

from foveal.tasks.contract import Choice, M, Settled, Situation, TaskSpec
from foveal.tasks.detect.config import (
    MAX_CANDIDATES,
    MAX_OBJECTS,
    SHAPE,
    USUAL_CANDIDATES,
    USUAL_OBJECTS,
    DetectConfig,
)
from foveal.tasks.output import Bound
from foveal.types.categories import Categories
from foveal.types.flags import IGNORED_FLAGS
from foveal.types.size import Size

if TYPE_CHECKING:
    from foveal.data.catalog.catalog import Annotation, Catalog
    from foveal.tasks.detect.model import Detector  # noqa: F401
    from foveal.tasks.detect.output import DetectOutput
    from foveal.tasks.detect.task import Detect

SIZE = 416
"""Side of a square input in pixels (Redmon and Farhadi 2018, "YOLOv3")."""
ROOM = 1.5
"""Images at inference may have more objects than those of training."""
FROZEN_STRIDE = 4
"""Stages of a pretrained backbone up to its map of this stride stay frozen, as those of torchvision's detectors do."""
PER_OBJECT = 3
"""Candidates per object: several anchors find one, and NMS keeps the best."""
C = TypeVar("C", bound=DetectConfig)
O = TypeVar("O", bound=Bound)  # noqa: E741


class BoxSpec(TaskSpec[C, O, M]):
    """Base of all tasks that predict objects."""

    annotations: ClassVar[Sequence["Annotation"]] = ("boxes",)
    unused: ClassVar[Collection[str]] = (
        "augment.policy",
        "augment.policy_magnitude",
        "augment.mixup",
        "augment.cutmix",
        "augment.rare_crops",
        "augment.copy_paste",
    )
    shape_settings: ClassVar[Sequence[str]] = SHAPE
    tuned: ClassVar[Mapping[str, tuple[float, float]]] = {"box_weight": (0.5, 5.0)}
    evaluations = 10
    defaults: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "input": {"fit": "letterbox", "interpolation": "bilinear"},
        "augment": {"crop_scale": 1.0, "scale_jitter": 1.5, "brightness": 0.2, "contrast": 0.2, "saturation": 0.2},
        "optim": {"ema_decay": 0.998, "pretrained_lr_scale": 0.3, "clip_norm": 10.0},
    }

    def choose(self, situation: Situation) -> Choice:
        """As many pixels as 416 x 416, and as many samples as a small data set needs (docs/LOG.md).

        Batches of 4 reach more in the same time; of 8 from scratch, where batch norm learns. The first pretrained
        stages, which are general, stay frozen, which saves a third of a step.
        """
        num = situation.num_images
        epochs = int(np.clip(round((6_150 if situation.from_scratch else 4_920) / num), 12, 200))
        size = situation.eval_size or Size.of_aspect(SIZE, situation.aspect, multiple=32)
        return Choice(
            size=size,
            eval_size=size,
            batch_size=min(8 if situation.from_scratch else 4, num),
            epochs=epochs * 2 if situation.from_scratch else epochs,
            lr=2e-3,
            patience=0,
            freeze_stride=0 if situation.from_scratch else FROZEN_STRIDE,
        )

    def settle(self, own: C, catalog: "Catalog", size: Size) -> Settled[C]:
        """Learn the limits on objects per image and, if the settings ask for it, the anchors from the training split.

        Raises:
            DataError: The data set has no boxes, or fewer than anchors.
        """
        limited = learn_limits(super().settle(own, catalog, size).own, catalog)
        own = limited.own
        if own.anchors == "fixed" or own.anchor_shapes is not None:
            return limited
        from foveal.tasks.detect.fit_anchors import fit_anchors

        shapes, note = fit_anchors(own, catalog, size)
        return Settled(own.model_copy(update={"anchor_shapes": shapes}), (*limited.notes, note))

    def initial_options(self, own: C) -> dict[str, object]:
        """Postprocessing options, as configured."""
        return {
            "nms": own.nms,
            "nms_iou": own.nms_iou,
            "box_voting": own.box_voting,
            "candidates": own.candidates or USUAL_CANDIDATES,
            "max_objects": own.max_objects or USUAL_OBJECTS,
            "softmax": own.class_loss == "cross_entropy",
        }


def learn_limits(own: C, catalog: "Catalog") -> Settled[C]:
    """Limits on objects and candidates per image that leave room above the most objects in a training image."""
    assert catalog.objects is not None, "checked by accept"
    counted = np.concatenate([[0], np.cumsum((catalog.objects.flags & IGNORED_FLAGS) == 0)])
    most = int(np.diff(counted[catalog.objects.offsets]).max(initial=0))
    limit = own.max_objects or min(MAX_OBJECTS, max(USUAL_OBJECTS, math.ceil(ROOM * most)))
    candidates = own.candidates or min(MAX_CANDIDATES, max(USUAL_CANDIDATES, PER_OBJECT * limit))
    notes: tuple[str, ...] = ()
    if limit < most:
        notes = (f"A training image has {most:,} objects, more than max_objects {limit:,} allows to detect.",)
    elif limit > USUAL_OBJECTS and own.max_objects is None:
        notes = (f"Up to {most:,} objects in a training image; the model detects up to {limit:,} (max_objects).",)
    return Settled(own.model_copy(update={"max_objects": limit, "candidates": candidates}), notes)


class DetectSpec(BoxSpec[DetectConfig, "DetectOutput", "Detector"]):
    """Object detection by an anchor-based single-stage detector."""

    name = "detect"
    settings = DetectConfig
    needs: ClassVar[Mapping[str, tuple[str, tuple[str, ...]]]] = {
        "anchor_scale": ("anchors", ("fixed",)),
        "anchor_ratios": ("anchors", ("fixed",)),
        "atss_candidates": ("assign", ("atss",)),
        "iou_positive": ("assign", ("iou",)),
        "iou_negative": ("assign", ("iou",)),
        "focal_gamma": ("class_loss", ("focal",)),
        "focal_alpha": ("class_loss", ("focal",)),
        "effective_beta": ("class_weights", ("effective",)),
    }

    def begin(self, own: DetectConfig, catalog: "Catalog") -> "DetectOutput":
        """Postprocessing options, as configured."""
        return self.open(catalog.categories, self.initial_options(own))

    def open(self, categories: Categories, options: Mapping[str, object]) -> "DetectOutput":
        """The output of a trained detector."""
        from foveal.tasks.detect.decode import DetectOptions
        from foveal.tasks.detect.output import DetectOutput

        return DetectOutput(categories, DetectOptions.model_validate(dict(options)))

    def task(self, own: DetectConfig, output: "DetectOutput") -> "Detect":
        """Network, loss and augmentation."""
        from foveal.tasks.detect.task import Detect

        return Detect(own, output)


SPEC = DetectSpec()
