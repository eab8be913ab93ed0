"""Parameter groups, the optimiser and which stages stay frozen."""

from collections.abc import Iterator, Sequence

import torch
from timm.optim import create_optimizer_v2, list_optimizers
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from foveal.engine.config import OptimConfig
from foveal.errors import ConfigError
from foveal.models.contract import Network

ALIASES = {"sgd": "momentum", "nesterov": "sgd"}
"""timm calls SGD with Nesterov's momentum plain "sgd"."""
FUSED = ("adam", "adamw", "momentum", "sgd")
"""Optimisers, by timm's names, that PyTorch has as one kernel too: three to eight times as fast on a CPU."""


def build_optimizer(network: Network, config: OptimConfig) -> torch.optim.Optimizer:
    """A timm optimiser with one parameter group per learning rate and weight decay.

    Each group stores ``scale``, its learning rate as a multiple of ``config.lr``.

    Raises:
        ConfigError: No such optimiser.
    """
    name = ALIASES.get(config.name.lower(), config.name.lower())
    groups = [group for group in parameter_groups(network, config) if group["params"]]
    options: dict[str, object] = {"betas": (config.momentum, 0.999)} if "adam" in name else {}
    options |= {"fused": True} if name in FUSED else {}
    try:
        optimizer: torch.optim.Optimizer = create_optimizer_v2(
            groups, opt=name, lr=config.lr, weight_decay=0.0, momentum=config.momentum, **options
        )
        return optimizer
    except (ValueError, AssertionError, KeyError):
        known = ", ".join(["adamw", "adam", "sgd", "nesterov", *list_optimizers("*lam*")])
        raise ConfigError(f"Unknown optimiser {config.name!r}.", f"Some that exist: {known}.") from None


def parameter_groups(network: Network, config: OptimConfig) -> list[dict[str, object]]:
    """Groups by learning rate and weight decay.

    The head trains at ``lr``, pretrained layers at ``lr * pretrained_lr_scale``, times ``layer_decay`` once for each
    stage between them and the head. Vectors and scalars (norms, biases) have no weight decay.
    """
    stages, pretrained = network.stages(), network.pretrained
    depth = {id(parameter): len(stages) - i for i, stage in enumerate(stages) for parameter in stage.parameters()}
    groups: dict[tuple[float, float], dict[str, object]] = {}
    weight_decay = config.rates(0.0)["weight_decay"]
    for name, parameter in network.named_parameters():
        scale = config.layer_decay ** depth.get(id(parameter), 0)
        if name in pretrained:
            scale *= config.pretrained_lr_scale
        decay = 0.0 if parameter.ndim <= 1 else weight_decay
        group = groups.setdefault((scale, decay), {"params": [], "weight_decay": decay, "scale": scale})
        members = group["params"]
        assert isinstance(members, list)
        members.append(parameter)
    return [groups[key] for key in sorted(groups)]


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set each group's learning rate to its multiple of ``rate``."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def num_frozen(config: OptimConfig, num_stages: int, epoch: int) -> int:
    """Stages, from the input on, that are frozen in an epoch."""
    start = num_stages if config.freeze == "backbone" else min(config.freeze or 0, num_stages)
    return max(0, start - (epoch // config.unfreeze_every if config.unfreeze_every else 0))


def freeze(network: Network, count: int, *, norms: bool = False) -> None:
    """Freeze the first ``count`` stages, batch-norm statistics included, and unfreeze the others.

    ``norms`` keeps the batch-norm statistics of all stages.
    """
    stages = network.stages()
    for i, stage in enumerate(stages):
        stage.requires_grad_(i >= count)
    for norm in _norms(stages if norms else stages[:count]):
        norm.eval()


def _norms(stages: Sequence[nn.Module]) -> Iterator[nn.Module]:
    for stage in stages:
        yield from (m for m in stage.modules() if isinstance(m, _BatchNorm) or type(m).__name__ == "ProcessBatchNorm")
