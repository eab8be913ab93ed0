"""Which parameters train, at what rate, under what decay."""

from collections.abc import Callable, Mapping, Sequence

import pytest
import torch
from torch import Tensor, nn

from foveal.engine.config import PENALTY, OptimConfig
from foveal.engine.optim import build_optimizer, freeze, num_frozen, parameter_groups, set_rate
from foveal.errors import ConfigError
from foveal.models.contract import Maps, Model


class Small(Model):
    """Three stages and a head; the first two came with weights."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)) for _ in range(3))
        self.head = nn.Linear(3, 2)

    def look(self, inputs: Tensor) -> Maps:
        features = inputs
        for part in self.parts:
            features = part(features)
        return Maps((features,), (inputs.shape[2], inputs.shape[3]))

    def answer(self, maps: Maps) -> dict[str, Tensor]:
        return {"logits": self.head(maps.tensors[0].mean((2, 3)))}

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {"loss": outputs["logits"].mean()}

    def stages(self) -> Sequence[nn.Module]:
        return list(self.parts)

    @property
    def pretrained(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.named_parameters() if name.startswith(("parts.0.", "parts.1.")))


def settings_by_name(model: Model, config: OptimConfig) -> dict[str, tuple[float, float]]:
    """(scale, weight decay) of each parameter."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: (group["scale"], group["weight_decay"])
        for group in parameter_groups(model, config)
        for parameter in group["params"]
    }


def test_norms_and_biases_are_spared_weight_decay() -> None:
    found = settings_by_name(Small(), OptimConfig(weight_decay=0.1))
    assert set(found) == {name for name, _ in Small().named_parameters()}
    decayed = {name for name, (_, decay) in found.items() if decay}
    assert decayed == {"parts.0.0.weight", "parts.1.0.weight", "parts.2.0.weight", "head.weight"}
    assert {found[name][1] for name in decayed} == {0.1}


def test_rates_fall_with_each_stage_and_for_pretrained_layers() -> None:
    found = settings_by_name(Small(), OptimConfig(layer_decay=0.5, pretrained_lr_scale=0.1))
    assert found["head.weight"][0] == found["head.bias"][0] == 1
    assert found["parts.2.0.weight"][0] == 0.5
    assert found["parts.1.0.weight"][0] == pytest.approx(0.25 * 0.1)
    assert found["parts.0.1.bias"][0] == pytest.approx(0.125 * 0.1)


def test_each_group_trains_at_its_multiple_of_the_rate() -> None:
    model = Small()
    optimizer = build_optimizer(model, OptimConfig(name="sgd", lr=1.0, layer_decay=0.5, weight_decay=0, momentum=0))
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    set_rate(optimizer, 0.2)
    optimizer.step()
    for name, expected in (("head.weight", 0.2), ("parts.2.0.weight", 0.1), ("parts.0.0.bias", 0.025)):
        moved = before[name] - dict(model.named_parameters())[name]
        torch.testing.assert_close(moved, torch.full_like(moved, expected))


@pytest.mark.parametrize(("name", "nesterov"), [("sgd", False), ("nesterov", True)])
def test_momentum_is_plain_unless_nesterovs_is_asked_for(name: str, nesterov: bool) -> None:
    optimizer = build_optimizer(Small(), OptimConfig(name=name, lr=0.1, momentum=0.8))
    assert {group["nesterov"] for group in optimizer.param_groups} == {nesterov}
    assert {group["momentum"] for group in optimizer.param_groups} == {0.8}


@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam)])
def test_momentum_is_the_first_beta_of_adam(name: str, kind: type) -> None:
    optimizer = build_optimizer(Small(), OptimConfig(name=name, lr=0.1, momentum=0.8))
    assert isinstance(optimizer, kind)
    assert {group["betas"] for group in optimizer.param_groups} == {(0.8, 0.999)}


def test_an_unknown_optimiser() -> None:
    with pytest.raises(ConfigError, match=r"Unknown optimiser 'adamm'\.") as error:
        build_optimizer(Small(), OptimConfig(name="adamm", lr=0.1))
    assert error.value.hint.startswith("Some that exist: adamw, adam, sgd, nesterov, ")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"freeze": 0}, [0, 0, 0, 0, 0]),
        ({"freeze": 2}, [2, 2, 2, 2, 2]),
        ({"freeze": 9}, [3, 3, 3, 3, 3]),
        ({"freeze": "backbone"}, [3, 3, 3, 3, 3]),
        ({"freeze": "backbone", "unfreeze_every": 1}, [3, 2, 1, 0, 0]),
        ({"freeze": 2, "unfreeze_every": 2}, [2, 2, 1, 1, 0]),
    ],
)
def test_stages_unfreeze_last_first(config: dict[str, object], expected: list[int]) -> None:
    assert [num_frozen(OptimConfig(**config), 3, epoch) for epoch in range(5)] == expected


def test_frozen_stages_get_no_gradient_and_keep_their_statistics() -> None:
    model = Small().train()
    freeze(model, 2)
    model(torch.randn(4, 3, 5, 5))["logits"].sum().backward()
    learning = {name.split(".0.")[0] for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert not any(name.startswith(("parts.0", "parts.1")) for name in learning)
    assert [float(part[1].num_batches_tracked) for part in model.parts] == [0, 0, 1]
    model.train()
    freeze(model, 1)
    assert all(parameter.requires_grad for parameter in model.parts[1].parameters())
    assert not any(parameter.requires_grad for parameter in model.parts[0].parameters())


def test_norms_can_be_kept_while_all_else_learns() -> None:
    model = Small().train()
    freeze(model, 0, norms=True)
    model(torch.randn(4, 3, 5, 5))
    assert [float(part[1].num_batches_tracked) for part in model.parts] == [0, 0, 0]
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "penalty"), [("adamw", False), ("nadamw", False), *((name, True) for name in PENALTY)]
)
def test_which_optimisers_take_weight_decay_as_a_penalty(name: str, penalty: bool) -> None:
    """Decoupled, it shrinks weights by rate x decay a step and no more, where their gradients are zero."""
    model, config = Small(), OptimConfig(name=name, lr=0.01, weight_decay=0.1)
    before, optimizer = model.head.weight.detach().clone(), build_optimizer(model, config)
    for _ in range(3):
        model.head.weight.grad = torch.zeros_like(before)
        optimizer.step()
    shrunk = before * (1 - 0.01 * 0.1) ** 3
    assert torch.allclose(model.head.weight, shrunk, rtol=1e-6, atol=0) != penalty
    assert config.has_penalty == penalty


@pytest.mark.parametrize(
    ("config", "lr", "decay"),
    [
        (OptimConfig(), 0.002, 0.05),
        (OptimConfig(name="adam"), 0.002, 1e-4),
        (OptimConfig(name="SGD"), 0.02, 1e-4),
        (OptimConfig(name="nesterov", lr=0.5, weight_decay=0), 0.5, 0.0),
    ],
)
def test_rate_and_decay_suit_the_optimiser(config: OptimConfig, lr: float, decay: float) -> None:
    assert config.rates(0.002) == {"lr": pytest.approx(lr), "weight_decay": decay}
    decays = {group["weight_decay"] for group in parameter_groups(Small(), config)}
    assert decays == {0.0, decay}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("adamw", lambda groups: torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.999))),
        ("adam", lambda groups: torch.optim.Adam(groups, lr=0.01, betas=(0.9, 0.999))),
        ("sgd", lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.9)),
        ("nesterov", lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True)),
    ],
)
def test_steps_are_those_of_the_plain_optimiser(
    name: str, plain: Callable[[list[dict[str, object]]], torch.optim.Optimizer]
) -> None:
    config = OptimConfig(name=name, lr=0.01, weight_decay=0.1)
    ours, twin = Small(), Small()
    twin.load_state_dict(ours.state_dict())
    optimizers = build_optimizer(ours, config), plain(parameter_groups(twin, config))
    assert optimizers[0].defaults["fused"]
    assert not optimizers[1].defaults["fused"]
    for step in range(5):
        for model, optimizer in zip((ours, twin), optimizers, strict=True):
            torch.manual_seed(step)
            for parameter in model.parameters():
                parameter.grad = torch.randn_like(parameter)
            set_rate(optimizer, 0.01 / (step + 1))
            optimizer.step()
    for mine, other in zip(ours.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(mine, other, atol=1e-6)
