"""Losses for many scores with few positives, such as a detector's anchors.

Shapes: N scores or rows, K classes.
"""

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def focal(logits: Tensor, targets: Tensor, *, gamma: float, alpha: float) -> Tensor:
    """Focal loss of each score (Lin et al. 2017, eq. 5), for soft targets too (Li et al. 2020).

    With targets of 0 and 1 it is alpha_t (1 - p_t)^gamma times binary cross-entropy. A target between the two, such as
    the IoU that a box reaches, is what the score should be: the factor is then |target - p|^gamma and alpha_t is 1 (Li
    et al. 2020, "Generalized focal loss", eq. 5).

    Args:
        logits: Any shape.
        targets: Of the same shape, in [0, 1].
        gamma: Focusing exponent, 0 or more.
        alpha: Weight of positives against 1 - alpha of negatives, in [0, 1]; a negative number: both 1.

    Returns:
        One loss per score.
    """
    each = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    distance = (targets - logits.sigmoid()).abs()
    factor = distance * distance if gamma == 2 else distance.clamp(min=1e-8) ** gamma
    if alpha >= 0:
        factor = factor * (alpha * targets + (1 - alpha) * (1 - targets))
    return factor * each
