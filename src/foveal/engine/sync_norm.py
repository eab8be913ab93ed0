"""Batch norm over the batches of all processes, as if one process had the full batch.

torch's own ``SyncBatchNorm`` runs on GPUs alone; this one is built on differentiable all-reduce and runs anywhere.

Shapes: B images in this process, C channels, H W height and width.
"""

import torch
from torch import Tensor, nn
from torch.distributed.nn import functional as distributed
from torch.nn.modules.batchnorm import _BatchNorm


class ProcessBatchNorm(nn.Module):
    """Replaces a batch-norm layer and takes over its parameters, buffers and trailing activation."""

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        self.weight, self.bias = norm.weight, norm.bias
        assert norm.running_mean is not None, "a layer without running statistics"
        assert norm.running_var is not None, "a layer without running statistics"
        assert norm.num_batches_tracked is not None, "a layer without running statistics"
        self.register_buffer("running_mean", norm.running_mean)
        self.register_buffer("running_var", norm.running_var)
        self.register_buffer("num_batches_tracked", norm.num_batches_tracked)
        self.momentum = 0.1 if norm.momentum is None else norm.momentum
        self.eps = norm.eps
        self.training = norm.training
        # timm's norm layers carry what follows the norm.
        self.drop = getattr(norm, "drop", nn.Identity())
        self.act = getattr(norm, "act", nn.Identity())

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, H, W) by the statistics of all processes, or by the running ones in evaluation."""
        if self.training:
            mean, var = self._statistics(x)
        else:
            mean, var = self.running_mean, self.running_var
        shape = (1, -1, *([1] * (x.dim() - 2)))
        scale = (self.weight if self.weight is not None else 1.0) * torch.rsqrt(var + self.eps)
        shift = (self.bias if self.bias is not None else 0.0) - mean * scale
        out: Tensor = self.act(self.drop(x * scale.view(shape) + shift.view(shape)))
        return out

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        axes = [0, *range(2, x.dim())]
        count = x.new_tensor([x.numel() / x.shape[1]])
        total = _sum_over_processes(torch.cat([x.sum(axes), count]))
        n = total[-1].detach()
        mean = total[:-1] / n
        shape = (1, -1, *([1] * (x.dim() - 2)))
        var = _sum_over_processes((x - mean.view(shape)).square().sum(axes)) / n
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * (n / (n - 1)), self.momentum)
        return mean, var


def _sum_over_processes(x: Tensor) -> Tensor:
    total: Tensor = distributed.all_reduce(x)  # type: ignore[no-untyped-call]
    return total


def sync_batch_norm(model: nn.Module, *, cpu: bool) -> nn.Module:
    """Replace every batch-norm layer by one that spans processes; names of parameters and buffers stay."""
    if not cpu:
        from timm.layers import convert_sync_batchnorm

        converted: nn.Module = convert_sync_batchnorm(model)
        return converted
    for name, child in list(model.named_children()):
        if isinstance(child, _BatchNorm):
            setattr(model, name, ProcessBatchNorm(child))
        else:
            sync_batch_norm(child, cpu=cpu)
    return model
