"""Normalising counts of losses in distributed training."""

import torch
from torch import Tensor


def mean_over_processes(count: Tensor) -> Tensor:
    """A count averaged over all processes, as if one process had the full batch."""
    mean = count.float()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(mean)
        mean = mean / torch.distributed.get_world_size()
    return mean
