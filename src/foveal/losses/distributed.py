"""Counts that losses divide by, where several processes train together."""

import torch
from torch import Tensor


def mean_over_processes(count: Tensor) -> Tensor:
    """A count averaged over the processes that train together, so that several equal one with the whole batch."""
    mean = count.float()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(mean)
        mean = mean / torch.distributed.get_world_size()
    return mean
