"""The torch part of detection.

Shapes: B images per batch, A anchors, k candidates, M objects per image, K classes.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from foveal.data.augment.boxes import BoxAugment
from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.data.loading.sampling import balanced_weights
from foveal.models.config import ModelConfig
from foveal.models.contract import Maps, Model
from foveal.ops.boxes import iou
from foveal.tasks.contract import Task
from foveal.tasks.detect.config import DetectConfig
from foveal.tasks.detect.decode import DetectOptions
from foveal.tasks.detect.explained import in_input
from foveal.tasks.detect.loss import build_class_weights
from foveal.tasks.detect.model import Detector, build_detector
from foveal.tasks.detect.output import DetectOutput
from foveal.tasks.detect.show import draw_box_target
from foveal.tasks.output import Bound
from foveal.types.arrays import RGB, FloatArray, IntArray
from foveal.types.flags import IGNORED_FLAGS
from foveal.types.geometry import Geometry
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.subject import Subject

C = TypeVar("C", bound=DetectConfig)
O = TypeVar("O", bound=Bound)  # noqa: E741
N = TypeVar("N", bound=Model)


class BoxTask(Task[C, O, N], Generic[C, O, N]):
    """Base of all tasks that predict objects."""

    def draw_target(self, image: RGB, target: Mapping[str, Tensor], *, scale: float) -> RGB:
        """The image with its boxes; ignored ones are gray and dashed."""
        return draw_box_target(image, target, self.output.categories, scale=scale)

    def sampling_weights(self, catalog: Catalog) -> FloatArray:
        """Each class equally often."""
        return balanced_weights(catalog)

    def pin(self, raw: Mapping[str, Tensor], subject: Subject, geometry: Geometry) -> Subject:
        """The anchor whose box and score of the class together fit the object best."""
        options = self.output.options
        assert isinstance(options, DetectOptions)
        with torch.no_grad():
            scores = class_scores(raw, options)[0, :, subject.label].cpu().numpy()
            boxes = raw["boxes"][0].float().cpu().numpy()
        if "labels" in raw:  # each candidate stands for one class
            scores = np.where(raw["labels"][0].cpu().numpy() == subject.label, scores, 0.0)
        fit = iou(boxes.astype(np.float64), in_input(subject, geometry))[:, 0] * scores
        return replace(subject, places=(int(fit.argmax()),))

    def score(self, raw: Mapping[str, Tensor], subject: Subject) -> Tensor:
        """The logit of the object's class at its anchor, less the background's; or less the rival's."""
        (place,) = subject.places
        options = self.output.options
        assert isinstance(options, DetectOptions)
        logits = raw["logits"].float()[:, place]
        if subject.against is not None:
            return logits[:, subject.label] - logits[:, subject.against]
        own = logits[:, subject.label]
        own = own - logits[:, -1] if options.softmax or "labels" in raw else own
        return own + raw["objectness"].float()[:, place] if _has_objectness(raw) else own


class Detect(BoxTask[DetectConfig, DetectOutput, Detector]):
    """``tasks.contract.Task`` for detection."""

    def build(self, model: ModelConfig, *, pretrained: bool) -> Detector:
        """Backbone, pyramid and head."""
        names = self.output.categories.names
        return build_detector(model, self.own, len(names), pretrained=pretrained).take_over(names)

    def criterion(self, model: Detector, catalog: Catalog) -> None:
        """Weight the classes."""
        model.criterion.class_weights = build_class_weights(self.own, object_counts(catalog))

    def augment(self, config: AugmentConfig, spec: InputSpec) -> BoxAugment:
        """Random changes to one image and its boxes."""
        return BoxAugment(config, spec.train_size, spec.interpolation)

    def activate(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The k best (anchor, class) pairs: ``boxes`` (B, k, 4) in input pixels, ``scores`` and ``labels`` (B, k)."""
        return best_pairs(raw, self.output.options, of_anchors=("boxes",))

    def evidence(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The candidates that ``calibrate`` uses."""
        return self.activate(raw)

    def cells(self, model: Detector, maps: Maps, raw: Mapping[str, Tensor]) -> Tensor:
        """The best score of each class at each place of the finest level, over levels and anchors."""
        return cell_scores(maps, raw, self.output.options)


def class_scores(raw: Mapping[str, Tensor], options: DetectOptions) -> Tensor:
    """(B, A, K) scores in [0, 1]: what ``best_pairs`` picks from."""
    logits = raw["logits"].float()
    scores = logits.softmax(-1)[..., :-1] if options.softmax or "labels" in raw else logits.sigmoid()
    return scores * raw["objectness"].float().sigmoid()[..., None] if _has_objectness(raw) else scores


def _has_objectness(raw: Mapping[str, Tensor]) -> bool:
    """Whether the anchors of the class scores have an objectness, rather than those of a first stage."""
    return "objectness" in raw and "labels" not in raw


def cell_scores(maps: Maps, raw: Mapping[str, Tensor], options: DetectOptions) -> Tensor:
    """(B, K, h, w) the best score of each class at each place of the finest level, over levels and anchors."""
    scores = class_scores(raw, options)
    sizes = [(features.shape[-2], features.shape[-1]) for features in maps.tensors]
    anchors = scores.shape[1] // sum(rows * columns for rows, columns in sizes)
    levels = torch.split(scores, [rows * columns * anchors for rows, columns in sizes], dim=1)
    best = [
        level.reshape(level.shape[0], rows, columns, anchors, -1).amax(3).permute(0, 3, 1, 2)
        for level, (rows, columns) in zip(levels, sizes, strict=True)
    ]
    return torch.stack([interpolate(level, sizes[0], mode="nearest") for level in best]).amax(0)


def best_pairs(raw: Mapping[str, Tensor], options: DetectOptions, *, of_anchors: tuple[str, ...]) -> dict[str, Tensor]:
    """The k best (anchor, class) pairs.

    Args:
        raw: ``logits`` (B, A, K) or, with a background class, (B, A, K + 1); perhaps ``objectness`` (B, A).
        options: How many, and whether there is a background class.
        of_anchors: Outputs of the network, one row per anchor, to gather for the pairs.

    Returns:
        ``scores`` and ``labels`` (B, k), and each of ``of_anchors`` (B, k, ...).
    """
    scores = class_scores(raw, options)
    num_classes = scores.shape[-1]
    flat = scores.flatten(1)  # (B, A K)
    best, places = flat.topk(min(options.candidates, flat.shape[1]), dim=1)
    anchor = (places // num_classes)[..., None]
    gathered = {name: _rows(raw[name].float(), anchor) for name in of_anchors}
    return {**gathered, "scores": best, "labels": places % num_classes}


def _rows(values: Tensor, anchor: Tensor) -> Tensor:
    """Rows (B, k, ...) of (B, A, ...), those of the anchors (B, k, 1)."""
    return values.gather(1, anchor.expand(-1, -1, values.shape[-1]))


def object_counts(catalog: Catalog) -> IntArray:
    """(K,) objects of each class that are not ignored."""
    objects = catalog.objects
    assert objects is not None, "checked by accept"
    counted = (objects.flags & IGNORED_FLAGS) == 0
    return np.bincount(objects.labels[counted], minlength=len(catalog.categories)).astype(np.int64)
