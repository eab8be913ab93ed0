"""Losses of semantic segmentation, over the pixels whose class is known.

Cross-entropy and focal loss divide by the given number of known pixels, or the sum of their weights: an average over
processes when several train.

Shapes: B batch, K classes, H W height and width.
"""

import torch
from torch import Tensor
from torch.nn import functional

from foveal.types.predictions.masks import IGNORE

NEAR = 3
"""Pixels within which another class is near."""


def near_others(ids: Tensor) -> Tensor:
    """(B, H, W) bool: known pixels at most ``NEAR`` rows and columns from a pixel of another class.

    Args:
        ids: (B, H, W) int64 class ids, ``IGNORE`` where unknown; unknown pixels are no other class.
    """
    known = ids != IGNORE
    # The largest and the smallest id around each pixel, as the largest of (B, 2, H, W) ids and negated ids.
    values = torch.stack([ids, -ids], 1).float().where(known[:, None], -IGNORE)
    for along in ((0, 1), (1, 0)):
        size, padding = [1 + 2 * NEAR * one for one in along], [NEAR * one for one in along]
        values = functional.max_pool2d(values, size, 1, padding)
    most, least = values[:, 0], -values[:, 1]
    return (most != least) & known


def cross_entropy(
    logits: Tensor,
    ids: Tensor,
    count: Tensor,
    *,
    class_weights: Tensor | None = None,
    pixel_weights: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Sum over known pixels of -w_y v log p_y, over the sum of v.

    Args:
        logits: (B, K, H, W).
        ids: (B, H, W) int64 class ids, ``IGNORE`` where unknown.
        count: Sum of the known pixels' v, a scalar of at least 1.
        class_weights: (K,) factors w; None: all 1.
        pixel_weights: (B, H, W) factors v (Ronneberger et al. 2015, "U-Net", equation 1); None: all 1.
        label_smoothing: Fraction of the target spread over all classes, in [0, 1).
    """
    weight = None if class_weights is None else class_weights.to(logits)
    each = functional.cross_entropy(
        logits, ids, weight, ignore_index=IGNORE, reduction="none", label_smoothing=label_smoothing
    )
    return _total(each, pixel_weights) / count


def focal(
    logits: Tensor,
    ids: Tensor,
    count: Tensor,
    *,
    class_weights: Tensor | None = None,
    pixel_weights: Tensor | None = None,
    gamma: float = 2.0,
) -> Tensor:
    """Sum over known pixels of -w_y v (1 - p_y)^gamma log p_y, over the sum of v (Lin et al. 2017, eq. 4)."""
    log_p = -functional.cross_entropy(logits, ids, ignore_index=IGNORE, reduction="none")  # 0 where unknown
    each = -(-log_p.expm1()).clamp(min=1e-8).pow(gamma) * log_p
    if class_weights is not None:
        padded = torch.cat([class_weights.to(each), class_weights.new_zeros(1).to(each)])
        each = each * padded[ids.clamp(max=len(class_weights))]
    return _total(each, pixel_weights) / count


def dice(logits: Tensor, ids: Tensor, *, smooth: float = 1.0) -> Tensor:
    """Mean over the classes in the batch of 1 - (2 I + s) / (P + T + s) (Milletari et al. 2016, "V-Net", section 3).

    I is the probability on the class's own pixels, P on all known pixels, T the number of its pixels.
    """
    known = ids != IGNORE
    own = ids.where(known, 0)
    p = _wide(logits).softmax(1)
    counted = known.to(p)
    both = p.gather(1, own[:, None])[:, 0] * counted
    num_classes = p.shape[1]
    inside = torch.zeros(num_classes, dtype=p.dtype, device=p.device).index_add(0, own.flatten(), both.flatten())
    true = torch.bincount(own[known], minlength=num_classes).to(p)
    there = true > 0
    fit = (2 * inside + smooth) / (torch.einsum("bkhw,bhw->k", p, counted) + true + smooth)
    return ((1 - fit) * there).sum() / there.sum().clamp(min=1)


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


def _total(each: Tensor, weights: Tensor | None) -> Tensor:
    """The sum of all pixels' losses, weighted."""
    return (each if weights is None else each * weights).sum()


def _known(logits: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, int]:
    """(N, K) probabilities and (N,) class ids of the known pixels, and N."""
    known = ids != IGNORE
    own = ids[known]
    return _wide(logits).permute(0, 2, 3, 1)[known].softmax(1), own, len(own)


def _wide(logits: Tensor) -> Tensor:
    """Half precision as float32: sums over many pixels."""
    return logits.float() if logits.element_size() < 4 else logits


def _lovasz_gradient(true: Tensor) -> Tensor:
    """(N,) by how much the Jaccard loss grows with each pixel, worst error first."""
    total = true.sum()
    jaccard = 1 - (total - true.cumsum(0)) / (total + (1 - true).cumsum(0))
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
