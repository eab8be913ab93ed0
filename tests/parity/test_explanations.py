"""Maps equal those of the reference libraries: cam pytorch-grad-cam's, ig Captum's."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from captum.attr import IntegratedGradients
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from tests.contract.test_explained import NAMES, model_of, photo
from torch import Tensor, nn

from foveal.explain.case import Case, Effort
from foveal.explain.explain import evidence_of
from foveal.explain.gradients import GRID, _gathered
from foveal.explain.line import integrate
from foveal.explain.masks import blurred
from foveal.inference.predictor import Predictor
from foveal.types.predictions.subject import Subject

LAYERS: dict[str, Callable[[Any], nn.Module]] = {
    "resnet18": lambda net: net.layer4[-1],
    "tf_efficientnet_lite0": lambda net: net.bn2,
}
"""The layer that a user of pytorch-grad-cam would choose."""


class Logits(nn.Module):
    """A network that returns what the libraries expect."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.network(inputs)["logits"]
        return logits


def setting(backbone: str) -> tuple[Predictor, Case, Logits, Tensor]:
    predictor = model_of("classify", backbone, 96)
    backend: Any = predictor.backend
    case = Case(predictor, predictor.prepare(photo()))
    return predictor, case, Logits(backend.graph.model), backend.inputs(case.batch)


def scaled(values: np.ndarray) -> np.ndarray:
    positive = np.maximum(values, 0)
    positive = positive - positive.min()
    return positive / (1e-7 + positive.max())


@pytest.mark.parametrize("backbone", LAYERS)
def test_cam_is_grad_cam(backbone: str) -> None:
    _, case, model, inputs = setting(backbone)
    layer = LAYERS[backbone](model.network.backbone.net)
    for label in range(3):
        (ours,) = evidence_of(case, [Subject("class", NAMES[label], label, 0.5)], "cam", Effort())
        with GradCAM(model=model, target_layers=[layer]) as cam:
            theirs = cam(input_tensor=inputs, targets=[ClassifierOutputTarget(label)])[0]
        large = scaled(cv2.resize(scaled(ours.grid), theirs.shape[::-1]))
        np.testing.assert_allclose(large, theirs, atol=1e-5)


def gathered(values: Tensor) -> np.ndarray:
    """Values of pixels in cells, on a grid so fine that every cell is whole pixels."""
    summed = values.detach().sum(1)[0].numpy()
    each, side = np.repeat(np.repeat(summed, GRID, 0), GRID, 1) / GRID**2, len(summed)
    return each.reshape(GRID, side, GRID, side).sum((1, 3)) * GRID**2


@pytest.mark.parametrize("label", [0, 1])
def test_ig_is_captums(label: int) -> None:
    """With its middle Riemann sum, and with the very weights of the steps."""
    _, case, model, inputs = setting("conv4")
    (ours,) = evidence_of(case, [Subject("class", NAMES[label], label, 0.5)], "ig", Effort())
    baseline = case.predictor.backend.inputs(blurred(case.pixels)[None].copy())
    line = integrate(lambda changed: model(changed)[:, label], inputs, baseline, _gathered)
    captums, steps = IntegratedGradients(model), len(line.places)
    leaf = inputs.clone().requires_grad_()
    middle = captums.attribute(leaf, baseline, target=label, n_steps=steps, method="riemann_middle")
    atol = 1e-5 * float(np.abs(line.grid).max())
    np.testing.assert_allclose(line.grids.mean(0), gathered(middle), atol=atol)
    order = np.argsort(line.places)
    chosen = line.weights[order].tolist(), line.places[order].tolist()
    weighted = captums._attribute((leaf,), (baseline,), target=label, n_steps=steps, step_sizes_and_alphas=chosen)[0]
    np.testing.assert_allclose(ours.grid, gathered(weighted), atol=atol)
    assert np.abs(line.weights * steps - 1).max() < 0.5 and line.weights.sum() == pytest.approx(1)
