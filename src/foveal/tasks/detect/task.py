"""Detection as training needs it.

Shapes: B images, A anchors, k candidates, M objects per image, K classes.
"""

from collections.abc import Callable, Mapping

import numpy as np
from torch import Tensor

from foveal.data.augment.boxes import BoxAugment
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.objects import Objects
from foveal.data.config import AugmentConfig
from foveal.data.loading.sampling import balanced_weights
from foveal.errors import DataError
from foveal.imaging import draw
from foveal.imaging.input_spec import InputSpec
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.models.detection.anchors import fit_shapes
from foveal.tasks.contract import Choice, Settled, Situation
from foveal.tasks.detect.config import STRIDES, DetectConfig
from foveal.tasks.detect.model import Detector, build_class_weights, build_detector
from foveal.tasks.detect.output import DetectDecode, DetectOutput
from foveal.types.arrays import RGB, Array, FloatArray, IntArray
from foveal.types.categories import Categories
from foveal.types.flags import NOT_EVALUATED
from foveal.types.settings import Settings

IGNORED = (150, 150, 150)
"""Colour of regions that training leaves out."""
SIZE = 416
"""Side of the input in pixels (Redmon and Farhadi 2018, "YOLOv3")."""


class Detect(DetectOutput):
    """``tasks.contract.Task`` for detection."""

    of_anchors: tuple[str, ...] = ("boxes",)
    """Outputs of the network, one row an anchor, that go along with the best scores."""

    def choose(self, situation: Situation) -> Choice:
        """416 pixels, batches of 8, and about as many looks at images as a small set needs (docs/LOG.md)."""
        num = situation.num_images
        epochs = int(np.clip(round(5_000 / num), 12, 200))
        return Choice(
            size=situation.eval_size or SIZE,
            eval_size=situation.eval_size or SIZE,
            batch_size=min(8, num),
            epochs=epochs * 2 if situation.from_scratch else epochs,
            lr=2e-3,
            patience=0,
            eval_every=max(1, epochs // 12),
        )

    def settle(self, own: Settings, catalog: Catalog, spec_size: int) -> Settled:
        """Fit the anchors to the training boxes, if the settings ask for it.

        Raises:
            DataError: The data set has no boxes, or none to fit anchors to.
        """
        chosen = _own(own)
        self.accept(catalog, DetectDecode())
        if chosen.anchors == "fixed" or chosen.anchor_shapes is not None:
            return Settled(chosen)
        levels = len(STRIDES) + chosen.extra_levels
        sides = training_sides(catalog, spec_size)
        count = levels * len(chosen.anchor_octaves)
        if len(sides) < count:
            raise DataError(
                f"{catalog.root}: {len(sides)} boxes are too few to fit {count} anchors to.",
                f"Use --{chosen.section}.anchors fixed.",
            )
        shapes, recall = fit_shapes(sides, count)
        flat = tuple(round(float(v), 1) for v in shapes.reshape(-1))
        note = f"{count} anchors fitted to {len(sides):,} boxes; {recall:.1%} of them overlap one with IoU 0.5 or more"
        return Settled(chosen.model_copy(update={"anchor_shapes": flat}), (note,))

    def options(self, own: Settings, catalog: Catalog) -> DetectDecode:
        """How boxes are picked, as the settings say."""
        chosen = _own(own)
        return DetectDecode(
            nms=chosen.nms,
            nms_iou=chosen.nms_iou,
            candidates=chosen.candidates,
            max_objects=chosen.max_objects,
            softmax=chosen.class_loss == "cross_entropy",
        )

    def build(
        self, model: ModelConfig, own: Settings, categories: Categories, options: Settings, *, pretrained: bool
    ) -> Model:
        """Backbone, pyramid and head."""
        return build_detector(model, _own(own), len(categories), pretrained=pretrained)

    def criterion(self, model: Model, own: Settings, catalog: Catalog) -> None:
        """Weigh the classes."""
        assert isinstance(model, Detector), "a detector is what build gives"
        model.class_weights = build_class_weights(_own(own), evaluated_counts(catalog))

    def probe(self, model: Model, own: Settings) -> Callable[[Tensor], dict[str, Tensor]] | None:
        """Nothing is fitted before the first step."""
        return None

    def warm_start(self, model: Model, own: Settings, catalog: Catalog, arrays: Mapping[str, Array]) -> None:
        """Nothing is fitted before the first step."""

    def augment(self, config: AugmentConfig, spec: InputSpec, own: Settings) -> BoxAugment:
        """Random changes to one image and its boxes."""
        return BoxAugment(config, spec.train_size, spec.interpolation)

    def draw_target(self, image: RGB, target: Mapping[str, Tensor], categories: Categories, *, scale: float) -> RGB:
        """Boxes in the colours of their classes; those to ignore are gray and dashed."""
        ignored = [bool(flags & NOT_EVALUATED) for flags in target["flags"].tolist()]
        labels = target["labels"].tolist()
        colors = [IGNORED if skip else categories.color(k) for k, skip in zip(labels, ignored, strict=True)]
        return draw.boxes(image, target["boxes"].numpy() * scale, [""] * len(colors), colors, dashed=ignored)

    def sampling_weights(self, catalog: Catalog) -> FloatArray:
        """Each class equally often."""
        return balanced_weights(catalog)

    def mix(
        self, config: AugmentConfig, images: Tensor, targets: dict[str, Tensor], *, categories: Categories
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Images with boxes are blended one by one, in ``augment``."""
        return images, targets

    def activate(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """The k best (anchor, class) pairs: ``boxes`` (B, k, 4) in input pixels, ``scores`` and ``labels`` (B, k)."""
        assert isinstance(options, DetectDecode), "options of another task"
        logits = raw["logits"].float()
        scores = logits.softmax(-1)[..., :-1] if options.softmax else logits.sigmoid()
        if "objectness" in raw:
            scores = scores * raw["objectness"].float().sigmoid()[..., None]
        num_classes = scores.shape[-1]
        flat = scores.flatten(1)  # (B, A K)
        best, places = flat.topk(min(options.candidates, flat.shape[1]), dim=1)
        anchor = (places // num_classes)[..., None]
        gathered = {name: _rows(raw[name].float(), anchor) for name in self.of_anchors}
        return {**gathered, "scores": best, "labels": places % num_classes}

    def evidence(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """What ``calibrate`` looks at: the candidates."""
        return self.activate(raw, options)


def _rows(values: Tensor, anchor: Tensor) -> Tensor:
    """Rows (B, k, ...) of (B, A, ...), those of the anchors (B, k, 1)."""
    return values.gather(1, anchor.expand(-1, -1, values.shape[-1]))


def evaluated_counts(catalog: Catalog) -> IntArray:
    """(K,) evaluated objects of each class."""
    objects = _objects(catalog)
    evaluated = (objects.flags & NOT_EVALUATED) == 0
    return np.bincount(objects.labels[evaluated], minlength=len(catalog.categories)).astype(np.int64)


def training_sides(catalog: Catalog, size: int) -> FloatArray:
    """(N, 2) widths and heights of the evaluated boxes in input pixels, letterboxed to ``size``."""
    objects = _objects(catalog)
    assert catalog.sizes is not None, "a reader of boxes knows the sizes"
    longest = catalog.sizes.max(1).astype(np.float64)
    scale = np.repeat(size / longest, np.diff(objects.offsets))
    sides = (objects.boxes[:, 2:] - objects.boxes[:, :2]) * scale[:, None]
    usable = ((objects.flags & NOT_EVALUATED) == 0) & (sides.min(1) > 1)
    return np.asarray(sides[usable])


def _objects(catalog: Catalog) -> Objects:
    assert catalog.objects is not None, "accept saw to it"
    return catalog.objects


def _own(settings: Settings) -> DetectConfig:
    assert isinstance(settings, DetectConfig), "settings of another task"
    return settings
