"""Every kind of network is explained without a hook or a layer to choose, and is afterwards what it was."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from foveal.artifact.card import Card
from foveal.errors import ConfigError
from foveal.explain.case import Case, Effort
from foveal.explain.cells import cell_scores
from foveal.explain.evidence import Evidence
from foveal.explain.explain import evidence_of, explain_image, predict_case
from foveal.explain.masks import blurred
from foveal.explain.methods import METHODS
from foveal.inference.backends.contract import EVIDENCE, FEATURES
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.inference.predictor import Predictor
from foveal.models.config import ModelConfig
from foveal.tasks.table import open_task
from foveal.types.predictions.subject import Asked, Subject

NAMES = ["ants", "bees", "wasps"]
FAMILIES = {
    "conv4": 64,
    "resnet18": 64,
    "googlenet": 64,
    "tf_efficientnet_lite0": 64,
    "test_vit": 160,
    "test_convnext": 64,
    "test_byobnet": 64,
    "test_maxvit": 160,
    "test_mambaout": 64,
    "swin_tiny_patch4_window7_224": 224,
    "regnetx_002": 64,
}
"""Convolutions, tokens, channels last (Swin, MambaOut), ConvNeXt, RegNet, mixtures; input sides in pixels."""
POOLINGS = ("avg", "max", "gem", "attention", "multihead", "bilinear")


def model_of(task: str, backbone: str, side: int, own: Mapping[str, Any] | None = None, **decode: Any) -> Predictor:
    """A model with random weights, the same every time."""
    card = Card.model_validate(
        {
            "task": task,
            "classes": {"names": NAMES},
            "input": {"kind": "image", "size": side, "train_size": side, "fit": "letterbox"},
            "model": {"backbone": backbone, "weights": "none"},
            "own": dict(own or {}),
            "decode": decode,
        }
    )
    torch.manual_seed(0)
    network = open_task(card).build(ModelConfig.model_validate(card.model), pretrained=False).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("head.linear.weight"):
            nn.init.normal_(parameter, std=0.5)
    return Predictor(TorchBackend(network, card))


def test_auxiliary_classifiers_have_no_part_in_predictions() -> None:
    graph = model_of("classify", "googlenet", 64).backend.graph
    images = torch.zeros((1, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        assert set(graph(images)) == {"scores"}
        assert {name: tuple(value.shape) for name, value in graph.with_features(images).items()} == {
            "scores": (1, 3),
            FEATURES: (1, 1024),
        }
        assert graph.heads(images) == {}
        assert graph.cells(images)[EVIDENCE].shape == (1, 3, 2, 2)


def photo(width: int = 90, height: int = 60) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3)).astype(np.uint8)


def state(predictor: Predictor) -> tuple[object, ...]:
    """All that an explanation must leave alone."""
    network: Any = predictor.backend.graph.model
    digest = hashlib.sha256()
    for value in network.state_dict().values():
        digest.update(value.numpy().tobytes())
    return (
        digest.hexdigest(),
        [p.grad for p in network.parameters()],
        [p.requires_grad for p in network.parameters()],
        [m.training for m in network.modules()],
        [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in network.modules()],
        torch.random.get_rng_state().numpy().tobytes(),
        np.random.get_state()[1].tobytes(),  # noqa: NPY002
        torch.is_grad_enabled(),
    )


def run(predictor: Predictor, method: str, asked: Asked = Asked(("bees",))) -> list[Evidence]:  # noqa: B008
    return list(explain_image(predictor, photo(), method=method, asked=asked))


@pytest.mark.parametrize("backbone", FAMILIES)
def test_any_backbone(backbone: str) -> None:
    predictor = model_of("classify", backbone, FAMILIES[backbone])
    before = state(predictor)
    (cam,), (again,), (cells,) = (run(predictor, method) for method in ("cam", "cam", "cells"))
    assert state(predictor) == before
    assert cam.grid.tobytes() == again.grid.tobytes()
    assert min(cam.grid.shape) >= 2 and np.isfinite(cam.grid).all() and np.ptp(cam.grid) > 0
    # Averaged features, read linearly: the gradient of a class is its weights, at every place.
    np.testing.assert_allclose(cam.grid, cells.grid, atol=1e-4 * max(1.0, float(np.abs(cam.grid).max())))
    assert cam.array.shape == (60, 90) and cam.found == (cam.grid.max() > 0)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "attention"])
def test_every_method_leaves_the_model_as_it_was(method: str) -> None:
    predictor = model_of("classify", "conv4", 32)
    before = state(predictor)
    first, again = (run(predictor, method) for _ in range(2))
    assert state(predictor) == before
    assert [one.grid.tobytes() for one in first] == [one.grid.tobytes() for one in again]
    assert all(np.isfinite(one.grid).all() for one in first)


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_cells_add_up_to_the_logit(pooling: str, multi_label: bool) -> None:
    predictor = model_of("classify", "conv4", 64, {"pooling": pooling}, temperature=1.7, multi_label=multi_label)
    backend: Any = predictor.backend
    case = Case(predictor, predictor.prepare(photo()))
    with torch.no_grad():
        logits = backend.graph.model(backend.inputs(case.batch))["logits"][0].numpy() / 1.7
        bias = backend.graph.model.head.linear.bias.numpy() / 1.7
    np.testing.assert_allclose(cell_scores(case).mean((1, 2)) + bias, logits, atol=1e-4)
    apart = cell_scores(case)[1] - cell_scores(case)[0]
    (against,) = run(predictor, "cells", Asked(("bees",), against="ants"))
    np.testing.assert_allclose(against.grid, apart, atol=1e-5)


@pytest.mark.parametrize("pooling", ["attention", "multihead"])
def test_attention_is_told_for_each_head(pooling: str) -> None:
    predictor = model_of("classify", "conv4", 64, {"pooling": pooling})
    found = run(predictor, "attention")
    heads = 1 if pooling == "attention" else 4
    assert [one.part for one in found] == ["", *(f"head {i + 1}" for i in range(heads) if heads > 1)]
    case = Case(predictor, predictor.prepare(photo()))
    np.testing.assert_allclose(found[0].grid / found[0].grid.size, case.arrays["attention"][0], atol=1e-6)
    assert all(one.total == pytest.approx(1, abs=1e-5) for one in found)


def test_attention_of_a_transformer_is_that_of_its_last_layer() -> None:
    predictor = model_of("classify", "test_vit", 160)
    found = run(predictor, "attention")
    network: Any = predictor.backend.graph.model
    layer, seen = network.backbone.net.blocks[-1].attn, []
    layer.fused_attn = False
    hook = layer.attn_drop.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    predictor.predict(photo())
    hook.remove()
    skipped = network.backbone.net.num_prefix_tokens
    received = seen[0][0, :, skipped:, skipped:].mean(1)  # (A, h w)
    received = (received / received.sum(1, keepdim=True)).numpy()
    assert len(found) == len(received) + 1
    for one, weights in zip(found[1:], received, strict=True):
        np.testing.assert_allclose(one.grid.ravel() / one.grid.size, weights, atol=1e-5)


def test_a_network_without_attention() -> None:
    with pytest.raises(ConfigError, match="This model has no attention"):
        run(model_of("classify", "conv4", 32), "attention")


OBJECTS = {
    "detect": ({"channels": 16}, {}),
    "detect softmax": ({"channels": 16, "class_loss": "cross_entropy"}, {"softmax": True}),
    "detect objectness": ({"channels": 16, "objectness": True}, {}),
    "instance": ({"channels": 16}, {}),
    "instance mask_rcnn": ({"channels": 16, "architecture": "mask_rcnn"}, {"mask_form": "boxes"}),
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_every_object_has_a_map_of_its_own(kind: str) -> None:
    own, decode = OBJECTS[kind]
    predictor = model_of(kind.split()[0], "conv5", 96, own, threshold=0.0, min_score=0.0, **decode)
    before = state(predictor)
    for method in ("cam", "layercam", *(["occlusion"] if kind == "detect" else [])):
        found = run(predictor, method, Asked(object=None if method != "occlusion" else 1))
        assert all(one.subject.kind == "object" and np.isfinite(one.grid).all() for one in found), method
        assert [one.subject.number for one in found] == list(range(1, len(found) + 1))
    assert state(predictor) == before
    if "mask_rcnn" in kind:
        for method, words in (("ig", "picks other candidates"), ("cells", "no cell scores")):
            with pytest.raises(ConfigError, match=words):
                run(predictor, method, Asked(object=1))
    else:
        (cells,) = run(predictor, "cells", Asked(object=1))
        assert cells.grid.max() <= 1 and cells.found
    with pytest.raises(ConfigError, match=r"--object 9999 of \d+ objects: this image has no such object"):
        run(predictor, "cam", Asked(object=9999))


def test_the_pinned_anchor_is_the_objects_own() -> None:
    predictor = model_of("detect", "conv5", 96, {"channels": 16}, threshold=0.0, min_score=0.0)
    backend: Any = predictor.backend
    case = Case(predictor, predictor.prepare(photo()))
    subjects = predictor.output.subjects(predict_case(case), Asked(object="all"))[:5]
    with torch.no_grad():
        raw = backend.graph.model(backend.inputs(case.batch))
    for subject in subjects:
        pinned = backend.graph.task.pin(raw, subject, case.prepared.geometry)
        score = float(backend.graph.task.score(raw, pinned).sigmoid())
        assert score == pytest.approx(subject.score, abs=1e-5)
        (support,) = predictor.output.support(case.arrays, subject, case.prepared.geometry)
        assert support == pytest.approx(subject.score, rel=0.05)


@pytest.mark.parametrize("backbone", ["conv5", "resnet18"])
def test_a_region(backbone: str) -> None:
    predictor = model_of("segment", backbone, 96)
    before = state(predictor)
    for method in ("cam", "layercam", *(["ig", "occlusion"] if backbone == "conv5" else [])):
        found = run(predictor, method, Asked())
        assert found and all(one.subject.kind == "region" and np.isfinite(one.grid).all() for one in found), method
    assert state(predictor) == before
    with pytest.raises(ConfigError, match="no cell scores"):
        run(predictor, "cells", Asked())


def test_integrated_gradients_add_up() -> None:
    predictor = model_of("classify", "conv4", 64)
    backend: Any = predictor.backend
    case = Case(predictor, predictor.prepare(photo()))
    subject = Subject("class", "bees", 1, 0.5)
    (found,) = evidence_of(case, [subject], "ig", Effort())
    with torch.no_grad():
        inputs = backend.inputs(case.batch)
        plain = backend.inputs(blurred(case.pixels)[None].copy())
        here, there = (backend.graph.model(x)["logits"][0, 1] for x in (inputs, plain))
    assert found.total == pytest.approx(float(here - there), rel=0.001)
