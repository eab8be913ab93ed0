"""Instance segmentation as training needs it.

Shapes: B images, k candidates, M objects per image, P prototypes, h w of the prototypes, m side of a mask in its box.
"""

from collections.abc import Mapping

from torch import Tensor

from foveal.data.augment.boxes import BoxAugment
from foveal.data.augment.mask_targets import Grid
from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.imaging.input_spec import InputSpec
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.models.detection.prototypes import prototype_side
from foveal.tasks.detect.model import build_class_weights
from foveal.tasks.detect.task import Detect, evaluated_counts
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.instance.mask_rcnn import MaskRcnn, build_mask_rcnn
from foveal.tasks.instance.model import MaskDetector, build_mask_detector
from foveal.tasks.instance.output import InstanceDecode, InstanceOutput
from foveal.types.categories import Categories
from foveal.types.settings import Settings


class Instance(InstanceOutput, Detect):
    """``tasks.contract.Task`` for instance segmentation: detection, and masks beside the boxes."""

    of_anchors = ("boxes", "coefficients")

    def options(self, own: Settings, catalog: Catalog) -> InstanceDecode:
        """How boxes are picked and masks cut, as the settings say."""
        picked, chosen = super().options(own, catalog).model_dump(), _own(own)
        form = "boxes" if chosen.architecture == "mask_rcnn" else "prototypes"
        return InstanceDecode.model_validate({**picked, "mask_form": form, "mask_threshold": chosen.mask_threshold})

    def build(
        self, model: ModelConfig, own: Settings, categories: Categories, options: Settings, *, pretrained: bool
    ) -> MaskDetector | MaskRcnn:
        """Backbone, pyramid and what stands on it."""
        build = build_mask_rcnn if _own(own).architecture == "mask_rcnn" else build_mask_detector
        return build(model, _own(own), len(categories), pretrained=pretrained)

    def criterion(self, model: Model, own: Settings, catalog: Catalog) -> None:
        """Weigh the classes."""
        assert isinstance(model, MaskDetector | MaskRcnn), "one of these is what build gives"
        model.class_weights = build_class_weights(_own(own), evaluated_counts(catalog))

    def augment(self, config: AugmentConfig, spec: InputSpec, own: Settings) -> BoxAugment:
        """Random changes to one image, its boxes and its masks."""
        stride = _own(own).mask_stride
        grid = Grid(prototype_side(spec.train_size, stride), stride)
        return BoxAugment(config, spec.train_size, spec.interpolation, grid)

    def activate(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """As for detection, and the masks: mixtures and what they are mixed of, or probabilities within the boxes.

        That is ``coefficients`` (B, k, P) of the same pairs and ``prototypes`` (B, P, h, w), or ``masks`` (B, k, m, m).
        """
        assert isinstance(options, InstanceDecode), "options of another task"
        if options.mask_form == "boxes":
            return {**_found(raw), "masks": raw["masks"].float().sigmoid()}
        return {**super().activate(raw, options), "prototypes": raw["prototypes"].float()}

    def evidence(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """What ``calibrate`` looks at: the candidates, without masks."""
        assert isinstance(options, InstanceDecode), "options of another task"
        if options.mask_form == "boxes":
            return _found(raw)
        activated = super().activate(raw, options)
        return {name: activated[name] for name in ("boxes", "scores", "labels")}


def _found(raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``boxes`` (B, k, 4), ``scores`` and ``labels`` (B, k), where the network itself has picked the candidates."""
    scores = raw["logits"].float().softmax(-1).gather(-1, raw["labels"][..., None])[..., 0]
    return {"boxes": raw["boxes"].float(), "scores": scores, "labels": raw["labels"]}


def _own(settings: Settings) -> InstanceConfig:
    assert isinstance(settings, InstanceConfig), "settings of another task"
    return settings
