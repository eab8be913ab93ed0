import numpy as np
import pytest
import torch

from foveal.errors import ConfigError
from foveal.losses.binary_cross_entropy import BinaryCrossEntropy
from foveal.losses.cross_entropy import CrossEntropy
from foveal.losses.focal import Focal, SigmoidFocal
from foveal.models.config import ModelConfig
from foveal.tasks.classify.config import ClassifyConfig
from foveal.tasks.classify.loss import build_criterion
from foveal.tasks.classify.model import build_classifier

COUNTS = np.array([30, 10])


def _criterion(loss: str, *, multi_label: bool, **own: object) -> torch.nn.Module:
    return build_criterion(
        ClassifyConfig.model_validate({"loss": loss, **own}), COUNTS, int(COUNTS.sum()), multi_label=multi_label
    )


@pytest.mark.parametrize(
    ("loss", "multi_label", "kind"),
    [
        ("auto", False, CrossEntropy),
        ("auto", True, BinaryCrossEntropy),
        ("cross_entropy", False, CrossEntropy),
        ("focal", False, Focal),
        ("focal", True, SigmoidFocal),
        ("binary_cross_entropy", False, BinaryCrossEntropy),
        ("binary_cross_entropy", True, BinaryCrossEntropy),
    ],
)
def test_the_loss_that_was_asked_for(loss: str, multi_label: bool, kind: type) -> None:
    assert type(_criterion(loss, multi_label=multi_label)) is kind


def test_weights_reach_the_loss() -> None:
    inverse = _criterion("auto", multi_label=False, class_weights="inverse")
    torch.testing.assert_close(inverse.class_weights, torch.tensor([40 / 60, 2.0]))
    effective = _criterion("focal", multi_label=False, class_weights="effective", effective_beta=0.0)
    torch.testing.assert_close(effective.class_weights, torch.ones(2))
    positives = _criterion("auto", multi_label=True, class_weights="inverse")
    torch.testing.assert_close(positives.positive_weights, torch.tensor([1 / 3, 3.0]))


def test_cross_entropy_over_several_labels_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        _criterion("cross_entropy", multi_label=True)
    assert str(caught.value) == (
        "Cross-entropy needs exactly one label per image, and this data set has images with several.\n"
        "Use --classify.loss binary_cross_entropy or focal."
    )


def test_new_classifier_starts_unsure() -> None:
    torch.manual_seed(0)
    model = build_classifier(ModelConfig(backbone="conv4"), ClassifyConfig(), 7, pretrained=True).eval()
    assert model.pretrained == frozenset() and model.weights is None
    probabilities = model(torch.randn(4, 3, 32, 32))["logits"].softmax(1)
    assert (probabilities - 1 / 7).abs().max() < 0.02


def test_the_criterion_names_its_loss() -> None:
    model = build_classifier(ModelConfig(backbone="conv4"), ClassifyConfig(), 3, pretrained=False)
    model.criterion = Focal()
    losses = model.losses({"logits": torch.zeros(2, 3)}, {"label": torch.eye(3)[:2]})
    assert list(losses) == ["focal"]
