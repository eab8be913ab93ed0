"""A backbone, its mean, one number.

Shapes: B batch, C channels, H W rows and columns of the input.
"""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss

from foveal.models.backbone import Backbone
from foveal.models.contract import Maps, Model


class Regressor(Model):
    """One number per image."""

    def __init__(self, backbone: Backbone, *, squared: bool) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.num_features, 1)
        self.error = mse_loss if squared else l1_loss

    def look(self, inputs: Tensor) -> Maps:
        """The backbone's map (B, C, h, w)."""
        height, width = inputs.shape[-2:]
        return Maps((self.backbone(inputs),), (height, width))

    def answer(self, maps: Maps) -> dict[str, Tensor]:
        """``value`` (B,)."""
        return {"value": self.head(maps.tensors[0].mean((2, 3)))[:, 0]}

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The error."""
        return {"error": self.error(outputs["value"].float(), targets["value"])}
