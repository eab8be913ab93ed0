"""The classifier: backbone, pooling, dropout, linear layer, loss.

Shapes: B batch, H W rows and columns, h w of the feature map, K classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Tensor, nn

from foveal.errors import ConfigError
from foveal.losses.binary_cross_entropy import BinaryCrossEntropy
from foveal.losses.class_weights import effective_number, inverse_frequency, positive_weights
from foveal.losses.cross_entropy import CrossEntropy
from foveal.losses.focal import Focal, SigmoidFocal
from foveal.models.backbone import Backbone, build_backbone
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
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
from foveal.types.arrays import IntArray


class Classifier(Model):
    """Logits of K classes, and where the pooling looked if it says so.

    Attributes:
        criterion: The loss module; called with logits (B, K) and the targets' label.
        weights: Where its pretrained weights came from and their statistics, the tensors themselves let go; None: it
            started at random.
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

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Normalised (B, 3, H, W) -> ``logits`` (B, K), and ``attention`` (B, h, w) where the pooling has a map."""
        vector, looked = self.pooling(self.backbone(inputs))
        logits = self.head(vector)
        return {"logits": logits} if looked is None else {"logits": logits, "attention": looked}

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The criterion under its name; ``targets["label"]`` is (B,) int64 ids or (B, K) floats."""
        return {str(self.criterion.name): self.criterion(outputs["logits"], targets["label"])}

    def stages(self) -> Sequence[nn.Module]:
        """The backbone's stages."""
        return self.backbone.stages()

    @property
    def pretrained(self) -> frozenset[str]:
        """Names of the parameters that came from pretrained weights."""
        return frozenset(f"backbone.{name}" for name in self.backbone.pretrained)


def build_classifier(model: ModelConfig, own: ClassifyConfig, num_classes: int, *, pretrained: bool) -> Classifier:
    """A classifier with plain cross-entropy; ``build_criterion`` makes the loss that the data calls for.

    Raises:
        ConfigError: No such backbone.
        WeightsError: The weights are not at hand or do not fit.
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


def build_criterion(own: ClassifyConfig, counts: IntArray, num_samples: int, *, multi_label: bool) -> nn.Module:
    """The loss for a training split.

    Args:
        own: Which loss, smoothing and weights.
        counts: (K,) samples that have each label.
        num_samples: Samples of the split.
        multi_label: Whether a sample may have several labels.

    Raises:
        ConfigError: Cross-entropy over labels that do not exclude each other.
    """
    loss = own.loss
    if loss == "auto":
        loss = "binary_cross_entropy" if multi_label else "cross_entropy"
    if loss == "cross_entropy" and multi_label:
        raise ConfigError(
            "Cross-entropy needs exactly one label per image, and this data set has images with several.",
            "Use --classify.loss binary_cross_entropy or focal.",
        )
    if loss == "binary_cross_entropy" or multi_label:
        positives = None if own.class_weights == "none" else positive_weights(counts, num_samples)
        if loss == "focal":
            return SigmoidFocal(gamma=own.focal_gamma, positive_weights=positives)
        return BinaryCrossEntropy(label_smoothing=own.label_smoothing, positive_weights=positives)
    match own.class_weights:
        case "none":
            weights = None
        case "inverse":
            weights = inverse_frequency(counts)
        case "effective":
            weights = effective_number(counts, beta=own.effective_beta)
    if loss == "focal":
        return Focal(gamma=own.focal_gamma, label_smoothing=own.label_smoothing, class_weights=weights)
    return CrossEntropy(label_smoothing=own.label_smoothing, class_weights=weights)
