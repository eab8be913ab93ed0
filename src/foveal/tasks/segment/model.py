"""The network of semantic segmentation: backbone, decoder and head.

Shapes: B batch, K classes, C channels, H W height and width of the input, h w of the decoder's map.
"""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from foveal.models.config import ModelConfig
from foveal.models.contract import Maps, Model
from foveal.models.segmentation.decoders import (
    LEAST,
    MULTIPLE,
    Parts,
    build_parts,
    crop_logits,
    pad,
    padded_size,
    with_image,
)
from foveal.models.taking import ClassRows
from foveal.tasks.segment.config import SegmentConfig
from foveal.tasks.segment.loss import SegmentLoss


class Segmenter(Model):
    """Class scores for every location of the decoder's map.

    Attributes:
        criterion: The loss.
        weights: Source and statistics of its pretrained weights, without the tensors; None: random weights.
    """

    def __init__(self, parts: Parts, own: SegmentConfig) -> None:
        super().__init__()
        self.backbone = parts.backbone
        self.decoder = parts.decoder
        self.fine = parts.fine
        self.head = parts.head
        self.weights = parts.weights
        self.criterion = SegmentLoss(own)
        self._first_stride = parts.backbone.strides[0]
        self._least = LEAST.get(own.decoder, MULTIPLE)

    def look(self, inputs: Tensor) -> Maps:
        """Normalised (B, 3, H, W) -> the decoder's map (B, C, h, w) of the input, padded for the decoder.

        Before it comes the backbone's finest map, where the head is a fine one.
        """
        height, width = inputs.shape[-2:]
        padded = pad(inputs, padded_size((height, width), least=self._least))
        return Maps(self._decoded(padded, self.backbone(padded)), (height, width))

    def _decoded(self, padded: Tensor, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The maps that the head reads, the decoder's last."""
        decoded: Tensor = self.decoder(with_image(padded, maps, self._first_stride))
        return (decoded,) if self.fine is None else (maps[0], decoded)

    def answer(self, maps: Maps) -> dict[str, Tensor]:
        """``logits`` (B, K, h, w) that cover the input exactly."""
        *finest, decoded = maps.tensors
        logits = self.head(decoded)
        if self.fine is not None:
            logits = self.fine(logits, decoded, *finest)
        padded = padded_size(maps.size, least=self._least)
        return {"logits": crop_logits(logits, padded, maps.size)}

    def explained(self, inputs: Tensor) -> tuple[Maps, Callable[[Maps], dict[str, Tensor]]]:
        """The backbone's last map: the decoder's is read place by place, so its gradients are the prediction again."""
        height, width = inputs.shape[-2:]
        size = padded_size((height, width), least=self._least)
        padded = pad(inputs, size)
        *finer, last = self.backbone(padded)

        def finish(maps: Maps) -> dict[str, Tensor]:
            return self.answer(Maps(self._decoded(padded, [*finer, *maps.tensors]), (height, width)))

        return Maps((last,), size), finish

    def class_rows(self) -> dict[str, ClassRows]:
        """The head's convolutions."""
        heads = ["head"] if self.fine is None else ["head", "fine.classes"]
        return {f"{head}.{name}": ClassRows() for head in heads for name in ("weight", "bias")}

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """As ``SegmentLoss``."""
        losses: dict[str, Tensor] = self.criterion(outputs, targets)
        return losses


def build_segmenter(model: ModelConfig, own: SegmentConfig, num_classes: int, *, pretrained: bool) -> Segmenter:
    """A network without class weights.

    Raises:
        ConfigError: No such backbone, or one that the decoder does not support.
        WeightsError: The weights are not available or do not fit.
    """
    parts = build_parts(
        model,
        own.decoder,
        num_classes,
        channels=own.channels,
        dropout=own.dropout,
        pretrained=pretrained,
        fine_head=own.fine_head,
        strips=own.strips,
    )
    return Segmenter(parts, own)
