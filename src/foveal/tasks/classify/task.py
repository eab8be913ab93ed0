"""The torch part of classification.

Shapes: B images per batch, K classes.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d

from foveal.data.augment.image import ImageAugment, build_mix
from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.data.loading.sampling import balanced_weights
from foveal.models.config import ModelConfig
from foveal.models.contract import Maps
from foveal.tasks.classify.choose import choose_rate_factor
from foveal.tasks.classify.config import ClassifyConfig
from foveal.tasks.classify.loss import build_criterion
from foveal.tasks.classify.model import Classifier, build_classifier, same_pooling
from foveal.tasks.classify.output import ClassifyOutput
from foveal.tasks.classify.warm_start import Start, error_left, fit_head
from foveal.tasks.contract import Task
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.subject import Subject


class Classify(Task[ClassifyConfig, ClassifyOutput, Classifier]):
    """``tasks.contract.Task`` for classification."""

    def build(self, model: ModelConfig, *, pretrained: bool) -> Classifier:
        """Backbone, pooling and a linear layer."""
        network = build_classifier(model, self.own, len(self.output.categories), pretrained=pretrained)
        network.take_over(self.output.categories.names)
        taken, weights = network.taken, network.weights
        if taken is None or not taken.known or weights is None or weights.card is None:
            return network
        alike = weights.card.decode.get("multi_label") == self.output.options.multi_label
        network.start = Start(
            weight=network.head.linear.weight.detach().clone(),
            bias=network.head.linear.bias.detach().clone(),
            known=torch.tensor([name in taken.known for name in self.output.categories]),
            fixed=alike and same_pooling(weights.card, self.own) and not any("backbone." in n for n in taken.left),
        )
        return network

    def criterion(self, model: Classifier, catalog: Catalog) -> None:
        """Choose the loss and weight the classes."""
        counts = catalog.class_counts()
        model.criterion = build_criterion(self.own, counts, len(catalog), multi_label=catalog.multi_label)

    def probe(self, model: Classifier) -> Callable[[Tensor], dict[str, Tensor]] | None:
        """Pooled features, where the backbone is pretrained and the settings ask for a warm start.

        A layer that was taken over whole, and fits as it is, needs none.
        """
        start = model.start
        if not (self.own.warm_start and model.pretrained) or (start and start.fixed and bool(start.known.all())):
            return None
        return lambda inputs: {"vectors": model.pooling(model.backbone(inputs))[0]}

    def warm_start(self, model: Classifier, catalog: Catalog, arrays: Mapping[str, Array]) -> float:
        """Fit the linear layer to the pooled features, and cross-validate that fit."""
        targets = np.stack(self.output.truths(catalog, range(len(catalog))))
        vectors, num_classes = arrays["vectors"], len(catalog.categories)
        weight, bias = fit_head(vectors, targets, num_classes, model.prior, model.start)
        with torch.no_grad():
            model.head.linear.weight.copy_(weight)
            model.head.linear.bias.copy_(bias)
        prior, start = model.prior, model.start
        model.prior = model.start = None
        return choose_rate_factor(error_left(vectors, targets, num_classes, prior, start))

    def augment(self, config: AugmentConfig, spec: InputSpec) -> ImageAugment:
        """Random changes to one image."""
        return ImageAugment(config, spec.train_size, spec.interpolation)

    def draw_target(self, image: RGB, target: Mapping[str, Tensor], *, scale: float) -> RGB:
        """The image unchanged; the preview names its class."""
        return image

    def sampling_weights(self, catalog: Catalog) -> FloatArray:
        """Each class equally often."""
        return balanced_weights(catalog)

    def mix(
        self, config: AugmentConfig, images: Tensor, targets: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Mixup or cutmix, whichever is on; one of the two at random if both are."""
        mix = build_mix(config, len(self.output.categories))
        if mix is None or len(images) < 2:
            return images, targets
        images, label = mix(images, targets["label"])
        return images, {**targets, "label": label}

    def activate(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``scores`` (B, K): softmax, or sigmoid per class; an attention map passes through.

        Auxiliary classifiers are for training alone.
        """
        options = self.output.options
        logits = raw["logits"].float() / options.temperature
        scores = logits.sigmoid() if options.multi_label else logits.softmax(dim=1)
        return {
            "scores": scores,
            **{name: value for name, value in raw.items() if name not in ("logits", "side_logits")},
        }

    def evidence(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The logits."""
        return {"logits": raw["logits"]}

    def score(self, raw: Mapping[str, Tensor], subject: Subject) -> Tensor:
        """The class's logit after the temperature, less the rival's."""
        logits = raw["logits"].float() / self.output.options.temperature
        own = logits[:, subject.label]
        return own if subject.against is None else own - logits[:, subject.against]

    def cells(self, model: Classifier, maps: Maps, raw: Mapping[str, Tensor]) -> Tensor:
        """What each cell adds to each class's logit after the temperature, without the bias; exact for every pooling.

        The mean of a class's cells and its bias are its logit.
        """
        weight = model.head.linear.weight / self.output.options.temperature
        return conv2d(model.pooling.shares(maps.tensors[0]).float(), weight[:, :, None, None])
