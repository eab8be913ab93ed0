"""The classifier: backbone, pooling, dropout, linear layer.

Shapes: B batch, C channels, H W height and width of the input, h w of the feature map, K classes.
"""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn

from foveal.losses.cross_entropy import CrossEntropy
from foveal.models.backbone import Backbone, build_backbone
from foveal.models.config import ModelConfig
from foveal.models.contract import Maps, Model
from foveal.models.heads import LinearHead
from foveal.models.pooling import (
    AttentionPooling,
    AveragePooling,
    CompactBilinearPooling,
    GeMPooling,
    MaxPooling,
    MultiheadPooling,
    Pooling,
)
from foveal.models.weights import Weights
from foveal.tasks.classify.config import ClassifyConfig
from foveal.tasks.classify.warm_start import Prior, find_prior


class Classifier(Model):
    """Logits of K classes, and the weights of an attention pooling.

    Attributes:
        criterion: The loss module; called with logits (B, K) and the targets' label.
        weights: Source and statistics of its pretrained weights, without the tensors; None: random weights.
    """

    def __init__(
        self,
        backbone: Backbone,
        pooling: Pooling,
        head: LinearHead,
        criterion: nn.Module,
        weights: Weights | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.pooling = pooling
        self.head = head
        self.criterion = criterion
        self.weights = weights
        self.prior: Prior | None = None

    def look(self, inputs: Tensor) -> Maps:
        """Normalised (B, 3, H, W) -> the backbone's map (B, C, h, w)."""
        height, width = inputs.shape[-2:]
        return Maps((self.backbone(inputs),), (height, width))

    def answer(self, maps: Maps) -> dict[str, Tensor]:
        """``logits`` (B, K), and ``attention`` (B, h, w) where the pooling has a map."""
        (features,) = maps.tensors
        vector, attention = self.pooling(features)
        logits = self.head(vector)
        return {"logits": logits} if attention is None else {"logits": logits, "attention": attention}

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The criterion under its name; ``targets["label"]`` is (B,) int64 ids or (B, K) floats."""
        return {str(self.criterion.name): self.criterion(outputs["logits"], targets["label"])}


def build_classifier(model: ModelConfig, own: ClassifyConfig, num_classes: int, *, pretrained: bool) -> Classifier:
    """A classifier with plain cross-entropy; ``build_criterion`` makes the loss for the data.

    Raises:
        ConfigError: No such backbone.
        WeightsError: The weights are not available or do not fit.
    """
    backbone, weights = build_backbone(model, pretrained=pretrained)
    pooling = build_pooling(own, backbone.num_features)
    head = LinearHead(pooling.out_features, num_classes, dropout=own.dropout)
    origin = None if weights is None else replace(weights, tensors={})
    classifier = Classifier(backbone, pooling, head, CrossEntropy(label_smoothing=own.label_smoothing), origin)
    classifier.prior = None if weights is None else find_prior(weights.tensors, backbone.num_features)
    return classifier


def build_pooling(own: ClassifyConfig, channels: int) -> Pooling:
    """The pooling head that the configuration names, for maps of ``channels`` channels."""
    match own.pooling:
        case "avg":
            return AveragePooling(channels)
        case "max":
            return MaxPooling(channels)
        case "gem":
            return GeMPooling(channels)
        case "attention":
            return AttentionPooling(channels, own.attention_hidden)
        case "multihead":
            return MultiheadPooling(channels, own.attention_heads)
        case "bilinear":
            return CompactBilinearPooling(channels, own.bilinear_dim)
