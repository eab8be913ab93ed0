"""Classification as training needs it.

Shapes: B images, K classes.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from foveal.data.augment.image import ImageAugment, build_mix
from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.data.loading.sampling import balanced_weights
from foveal.imaging.input_spec import InputSpec
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.tasks.classify.choose import choose
from foveal.tasks.classify.config import ClassifyConfig
from foveal.tasks.classify.model import Classifier, build_classifier, build_criterion
from foveal.tasks.classify.output import ClassifyDecode, ClassifyOutput
from foveal.tasks.classify.warm_start import fit_head
from foveal.tasks.contract import Choice, Settled, Situation
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.categories import Categories
from foveal.types.settings import Settings


class Classify(ClassifyOutput):
    """``tasks.contract.Task`` for classification."""

    def choose(self, situation: Situation) -> Choice:
        """By the number and the size of the images."""
        return choose(situation)

    def settle(self, own: Settings, catalog: Catalog, size: int) -> Settled:
        """Nothing is left to the data."""
        return Settled(own)

    def options(self, own: Settings, catalog: Catalog) -> ClassifyDecode:
        """Whether an image may carry several labels is the data set's to say."""
        return ClassifyDecode(multi_label=catalog.multi_label)

    def build(
        self, model: ModelConfig, own: Settings, categories: Categories, options: Settings, *, pretrained: bool
    ) -> Classifier:
        """Backbone, pooling and a linear layer."""
        return build_classifier(model, _own(own), len(categories), pretrained=pretrained)

    def criterion(self, model: Model, own: Settings, catalog: Catalog) -> None:
        """Choose the loss and weigh the classes."""
        assert isinstance(model, Classifier), "a classifier is what build gives"
        counts = catalog.class_counts()
        model.criterion = build_criterion(_own(own), counts, len(catalog), multi_label=catalog.multi_label)

    def probe(self, model: Model, own: Settings) -> Callable[[Tensor], dict[str, Tensor]] | None:
        """Pooled features, where the backbone is pretrained and the settings ask for a warm start."""
        assert isinstance(model, Classifier), "a classifier is what build gives"
        if not (_own(own).warm_start and model.pretrained):
            return None
        return lambda inputs: {"vectors": model.pooling(model.backbone(inputs))[0]}

    def warm_start(self, model: Model, own: Settings, catalog: Catalog, arrays: Mapping[str, Array]) -> None:
        """Fit the linear layer to the pooled features."""
        assert isinstance(model, Classifier), "a classifier is what build gives"
        targets = np.stack(self.truths(catalog, range(len(catalog))))
        prior = model.prior if _own(own).pooling in ("avg", "attention") else None
        weight, bias = fit_head(arrays["vectors"], targets, len(catalog.categories), prior)
        with torch.no_grad():
            model.head.linear.weight.copy_(weight)
            model.head.linear.bias.copy_(bias)
        model.prior = None

    def augment(self, config: AugmentConfig, spec: InputSpec, own: Settings) -> ImageAugment:
        """Random changes to one image."""
        return ImageAugment(config, spec.train_size, spec.interpolation)

    def draw_target(self, image: RGB, target: Mapping[str, Tensor], categories: Categories, *, scale: float) -> RGB:
        """A label says nothing of places."""
        return image

    def sampling_weights(self, catalog: Catalog) -> FloatArray:
        """Each class equally often."""
        return balanced_weights(catalog)

    def mix(
        self, config: AugmentConfig, images: Tensor, targets: dict[str, Tensor], *, categories: Categories
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Mixup or cutmix, whichever is on; one of the two at random where both are."""
        mix = build_mix(config, len(categories))
        if mix is None or len(images) < 2:
            return images, targets
        images, label = mix(images, targets["label"])
        return images, {**targets, "label": label}

    def activate(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """``scores`` (B, K): softmax, or sigmoid a class; other outputs pass through."""
        assert isinstance(options, ClassifyDecode), "options of another task"
        logits = raw["logits"].float() / options.temperature
        scores = logits.sigmoid() if options.multi_label else logits.softmax(dim=1)
        return {"scores": scores, **{name: value for name, value in raw.items() if name != "logits"}}

    def evidence(self, raw: Mapping[str, Tensor], options: Settings) -> dict[str, Tensor]:
        """The logits."""
        return {"logits": raw["logits"]}


def _own(settings: Settings) -> ClassifyConfig:
    assert isinstance(settings, ClassifyConfig), "settings of another task"
    return settings
