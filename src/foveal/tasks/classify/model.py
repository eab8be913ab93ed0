"""The classifier: backbone, pooling, dropout, linear layer.

Shapes: B batch, C channels, H W height and width of the input, h w of the feature map, K classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from foveal.artifact.card import Card
from foveal.losses.cross_entropy import CrossEntropy
from foveal.models.backbone import Backbone, build_backbone
from foveal.models.config import ModelConfig
from foveal.models.contract import Maps, Model
from foveal.models.heads import LinearHead, SideHead
from foveal.models.pooling import (
    AttentionPooling,
    AveragePooling,
    CompactBilinearPooling,
    GeMPooling,
    MaxPooling,
    MultiheadPooling,
    Pooling,
)
from foveal.models.taking import ClassRows
from foveal.models.weights import Weights
from foveal.tasks.classify.config import POOLING, ClassifyConfig
from foveal.tasks.classify.warm_start import Prior, Start, find_prior

SIDE_WEIGHT = 0.3
"""Of the loss of each auxiliary classifier."""


class Classifier(Model):
    """Logits of K classes, and the weights of an attention pooling.

    Attributes:
        criterion: The loss module; called with logits (B, K) and the targets' label.
        weights: Source and statistics of its pretrained weights, without the tensors; None: random weights.
        prior: The classifier of the given weights, for other classes; the warm start begins from it.
        start: The rows of known classes, where an own model gave them; the warm start begins from them too.
    """

    backbone: Backbone

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
        classes = head.linear.out_features
        self.sides = nn.ModuleList(SideHead(width, classes) for width in backbone.side_widths)
        self.weights = weights
        self.prior: Prior | None = None
        self.start: Start | None = None

    def look(self, inputs: Tensor) -> Maps:
        """Normalised (B, 3, H, W) -> the backbone's map (B, C, h, w), and those of its auxiliary classifiers."""
        height, width = inputs.shape[-2:]
        return Maps(self.backbone.with_sides(inputs), (height, width))

    def answer(self, maps: Maps) -> dict[str, Tensor]:
        """``logits`` (B, K); ``attention`` (B, h, w) where the pooling has a map.

        Where the backbone has auxiliary classifiers, ``side_logits`` (B, K, M) of those M.
        """
        features, *sides = maps.tensors
        vector, attention = self.pooling(features)
        outputs = {"logits": self.head(vector)}
        if attention is not None:
            outputs["attention"] = attention
        if sides:
            heads = zip(self.sides, sides, strict=True)
            outputs["side_logits"] = torch.stack([head(side) for head, side in heads], 2)
        return outputs

    def attention(self, inputs: Tensor) -> Tensor | None:
        """The pooling's heads, else those of the backbone's last layer."""
        features = self.look(inputs).tensors[0]
        heads = self.pooling.heads(features)
        assert isinstance(self.backbone, Backbone)
        return self.backbone.attention(inputs) if heads is None else heads

    def features(self, maps: Maps) -> Tensor:
        """(B, D) what the linear layer reads."""
        vector: Tensor = self.pooling(maps.tensors[0])[0]
        return vector

    def explained(self, inputs: Tensor) -> tuple[Maps, Callable[[Maps], dict[str, Tensor]]]:
        """The backbone's map alone: auxiliary classifiers have no part in what is predicted."""
        maps = self.look(inputs)
        return replace(maps, tensors=maps.tensors[:1]), lambda last: self.answer(last)

    def class_rows(self) -> dict[str, ClassRows]:
        """The linear layer's."""
        return {"head.linear.weight": ClassRows(), "head.linear.bias": ClassRows()}

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The criterion under its name; ``targets["label"]`` is (B,) int64 ids or (B, K) floats.

        Auxiliary classifiers add theirs, each times 0.3 (Szegedy et al. 2014, section 5).
        """
        label = targets["label"]
        losses = {str(self.criterion.name): self.criterion(outputs["logits"], label)}
        if "side_logits" in outputs:
            sides = [self.criterion(logits, label) for logits in outputs["side_logits"].unbind(2)]
            losses["auxiliary"] = SIDE_WEIGHT * torch.stack(sides).sum()
        return losses


def build_classifier(model: ModelConfig, own: ClassifyConfig, num_classes: int, *, pretrained: bool) -> Classifier:
    """A classifier with plain cross-entropy; ``build_criterion`` makes the loss for the data.

    Raises:
        ConfigError: No such backbone.
        WeightsError: The weights are not available or do not fit.
    """
    backbone, weights = build_backbone(model, pretrained=pretrained)
    pooling = build_pooling(own, backbone.num_features)
    head = LinearHead(pooling.out_features, num_classes, dropout=own.dropout)
    origin = None if weights is None else weights.beside_backbone()
    classifier = Classifier(backbone, pooling, head, CrossEntropy(label_smoothing=own.label_smoothing), origin)
    classifier.prior = None if weights is None else prior_of(weights, own, pooling.out_features)
    return classifier


def prior_of(weights: Weights, own: ClassifyConfig, num_features: int) -> Prior | None:
    """The classifier of the given weights, if it was trained on vectors as this network pools them."""
    if weights.card is None:
        return find_prior(weights.tensors, num_features) if own.pooling in ("avg", "attention") else None
    return find_prior(weights.tensors, num_features) if same_pooling(weights.card, own) else None


def same_pooling(card: Card, own: ClassifyConfig) -> bool:
    """Whether a model pools its maps as these settings say."""
    usual = ClassifyConfig()
    return all(card.own.get(name, getattr(usual, name)) == getattr(own, name) for name in POOLING)


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
