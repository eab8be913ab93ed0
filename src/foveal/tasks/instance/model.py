"""The detector with masks: prototypes of the full image, and mask coefficients for each anchor.

Bolya et al. 2019, "YOLACT", sections 3.1 to 3.3: every shape is fixed, so the network exports, and a mask costs one dot
product per pixel.

Shapes: B batch, A anchors, P prototypes, h w of the prototypes.
"""

from torch import Tensor

from foveal.models.config import ModelConfig
from foveal.models.contract import Maps
from foveal.models.detection.prototypes import Prototypes
from foveal.models.pyramid import InnerMaps, build_inner_maps
from foveal.models.weights import Weights
from foveal.tasks.detect.config import STRIDES
from foveal.tasks.detect.model import Detector
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.instance.loss import MaskDetectorLoss


class MaskDetector(Detector):
    """Class scores, a box and mask coefficients for every anchor, and prototype masks.

    Args:
        backbone: Gives maps at ``STRIDES``.
        own: The settings.
        num_classes: K.
        weights: Its pretrained weights.
    """

    def __init__(
        self, backbone: InnerMaps, own: InstanceConfig, num_classes: int, weights: Weights | None = None
    ) -> None:
        super().__init__(backbone, own, num_classes, weights, coefficients=own.prototypes)
        self.prototypes = Prototypes(own.channels, own.prototypes, channels=own.mask_channels, stride=own.mask_stride)
        self.criterion = MaskDetectorLoss(own, num_classes, anchors=len(self.shapes[0]))

    def answer(self, maps: Maps) -> dict[str, Tensor]:
        """As the detector, and ``coefficients`` (B, A, P) and ``prototypes`` (B, P, h, w)."""
        return {**super().answer(maps), "prototypes": self.prototypes(maps.tensors[0])}


def build_mask_detector(model: ModelConfig, own: InstanceConfig, num_classes: int, *, pretrained: bool) -> MaskDetector:
    """A network without class weights.

    Raises:
        ConfigError: No such backbone, or anchor shapes that do not fit the levels.
        WeightsError: The weights are not available or do not fit.
    """
    backbone, weights = build_inner_maps(model, STRIDES, pretrained=pretrained)
    return MaskDetector(backbone, own, num_classes, weights)
