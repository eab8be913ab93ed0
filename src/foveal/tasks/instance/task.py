"""The torch part of instance segmentation.

Shapes: B images per batch, k candidates, P prototypes, h w of the prototypes, m side of a mask in its box.
"""

from collections.abc import Mapping

from torch import Tensor

from foveal.data.augment.boxes import BoxAugment
from foveal.data.augment.mask_targets import Grid
from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.models.config import ModelConfig
from foveal.models.contract import Maps
from foveal.models.detection.prototypes import prototype_shape
from foveal.tasks.detect.loss import build_class_weights
from foveal.tasks.detect.task import BoxTask, best_pairs, cell_scores, object_counts
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.instance.mask_rcnn import MaskRcnn, build_mask_rcnn
from foveal.tasks.instance.model import MaskDetector, build_mask_detector
from foveal.tasks.instance.output import InstanceOutput
from foveal.types.input_spec import InputSpec


class Instance(BoxTask[InstanceConfig, InstanceOutput, MaskDetector | MaskRcnn]):
    """``tasks.contract.Task`` for instance segmentation: detection, and masks beside the boxes."""

    def build(self, model: ModelConfig, *, pretrained: bool) -> MaskDetector | MaskRcnn:
        """Backbone, pyramid and heads."""
        build = build_mask_rcnn if self.own.architecture == "mask_rcnn" else build_mask_detector
        names = self.output.categories.names
        return build(model, self.own, len(names), pretrained=pretrained).take_over(names)

    def criterion(self, model: MaskDetector | MaskRcnn, catalog: Catalog) -> None:
        """Weight the classes."""
        model.criterion.class_weights = build_class_weights(self.own, object_counts(catalog))

    def augment(self, config: AugmentConfig, spec: InputSpec) -> BoxAugment:
        """Random changes to one image, its boxes and its masks."""
        grid = Grid(prototype_shape(spec.train_size, self.own.mask_stride), self.own.mask_stride)
        return BoxAugment(config, spec.train_size, spec.interpolation, grid)

    def activate(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """As for detection, and the masks: coefficients and prototypes, or probabilities within the boxes.

        That is ``coefficients`` (B, k, P) of the same pairs and ``prototypes`` (B, P, h, w), or ``masks`` (B, k, m, m).
        """
        if self.output.options.mask_form == "boxes":
            return {**_given_pairs(raw), "masks": raw["masks"].float().sigmoid()}
        pairs = best_pairs(raw, self.output.options, of_anchors=("boxes", "coefficients"))
        return {**pairs, "prototypes": raw["prototypes"].float()}

    def evidence(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The candidates that ``calibrate`` uses, without masks, which would take a hundred times the memory."""
        if self.output.options.mask_form == "boxes":
            return _given_pairs(raw)
        return best_pairs(raw, self.output.options, of_anchors=("boxes",))

    def pins_hold(self) -> bool:
        """Not where the network itself picks its candidates: for another image their order is another."""
        return self.output.options.mask_form != "boxes"

    def cells(self, model: MaskDetector | MaskRcnn, maps: Maps, raw: Mapping[str, Tensor]) -> Tensor | None:
        """As for detection; None where the classes are read from proposals rather than from places."""
        return cell_scores(maps, raw, self.output.options) if self.pins_hold() else None


def _given_pairs(raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``boxes`` (B, k, 4), ``scores`` and ``labels`` (B, k), where the network itself has picked the candidates."""
    scores = raw["logits"].float().softmax(-1).gather(-1, raw["labels"][..., None])[..., 0]
    return {"boxes": raw["boxes"].float(), "scores": scores, "labels": raw["labels"]}
