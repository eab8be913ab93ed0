"""Losses of semantic segmentation, over the pixels whose class is known.

Each divides by the given number of known pixels: an average over processes when several train.

Shapes: B batch, K classes, H W height and width.
"""

import torch
from torch import Tensor
from torch.nn import functional

from foveal.types.predictions.masks import IGNORE


def cross_entropy(
    logits: Tensor, ids: Tensor, count: Tensor, *, class_weights: Tensor | None = None, label_smoothing: float = 0.0
) -> Tensor:
    """Sum over known pixels of -w_y log p_y, over their number.

    Args:
        logits: (B, K, H, W).
        ids: (B, H, W) int64 class ids, ``IGNORE`` where unknown.
        count: Number of known pixels, a scalar of at least 1.
        class_weights: (K,) factors; None: all 1.
        label_smoothing: Fraction of the target spread over all classes, in [0, 1).
    """
    weight = None if class_weights is None else class_weights.to(logits)
    total = functional.cross_entropy(
        logits, ids, weight, ignore_index=IGNORE, reduction="sum", label_smoothing=label_smoothing
    )
    return total / count


def focal(
    logits: Tensor, ids: Tensor, count: Tensor, *, class_weights: Tensor | None = None, gamma: float = 2.0
) -> Tensor:
    """Sum over known pixels of -w_y (1 - p_y)^gamma log p_y, over their number (Lin et al. 2017, eq. 4)."""
    log_p = -functional.cross_entropy(logits, ids, ignore_index=IGNORE, reduction="none")  # 0 where unknown
    each = -(-log_p.expm1()).clamp(min=1e-8).pow(gamma) * log_p
    if class_weights is not None:
        padded = torch.cat([class_weights.to(each), class_weights.new_zeros(1).to(each)])
        each = each * padded[ids.clamp(max=len(class_weights))]
    return each.sum() / count


def dice(logits: Tensor, ids: Tensor, *, smooth: float = 1.0) -> Tensor:
    """Mean over the classes in the batch of 1 - (2 I + s) / (P + T + s) (Milletari et al. 2016, "V-Net", section 3).

    I is the probability on the class's own pixels, P on all known pixels, T the number of its pixels.
    """
    p, own, size = _known(logits, ids)
    both = p.gather(1, own[:, None])[:, 0]
    num_classes = p.shape[1]
    inside = torch.zeros(num_classes, dtype=p.dtype, device=p.device).index_add(0, own, both)
    true = torch.bincount(own, minlength=num_classes).to(p)
    there = true > 0
    fit = (2 * inside + smooth) / (p.sum(0) + true + smooth)
    return ((1 - fit) * there).sum() / there.sum().clamp(min=1) if size else logits.sum() * 0


def lovasz(logits: Tensor, ids: Tensor) -> Tensor:
    """Lovasz-softmax over the classes in the batch: a convex surrogate of 1 - IoU (Berman et al. 2018, algorithm 1)."""
    p, own, size = _known(logits, ids)
    if not size:
        return logits.sum() * 0
    losses = []
    for k in torch.bincount(own).nonzero().flatten().tolist():
        true = own == k
        errors = torch.where(true, 1 - p[:, k], p[:, k])
        errors, order = errors.sort(descending=True)
        losses.append(errors @ _lovasz_gradient(true[order].to(p)))
    return torch.stack(losses).mean()


def _known(logits: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, int]:
    """(N, K) probabilities and (N,) class ids of the known pixels, and N."""
    known = ids != IGNORE
    own = ids[known]
    wide = logits.float() if logits.element_size() < 4 else logits
    return wide.permute(0, 2, 3, 1)[known].softmax(1), own, len(own)


def _lovasz_gradient(true: Tensor) -> Tensor:
    """(N,) by how much the Jaccard loss grows with each pixel, worst error first."""
    total = true.sum()
    jaccard = 1 - (total - true.cumsum(0)) / (total + (1 - true).cumsum(0))
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
