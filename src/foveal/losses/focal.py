"""Focal loss: easy samples are down-weighted (Lin et al. 2017, "Focal loss for dense object detection", eq. 4).

Shapes: B batch, K classes.
"""

from torch import Tensor

from foveal.losses.binary_cross_entropy import BinaryCrossEntropy
from foveal.losses.cross_entropy import CrossEntropy


class Focal(CrossEntropy):
    """Mean over samples of w_y * -sum_k t_k (1 - p_k)^gamma log p_k, with p the softmax; gamma 0 is cross-entropy.

    Args:
        gamma: Focusing exponent, 0 or more.
        label_smoothing: As in cross-entropy.
        class_weights: As in cross-entropy.
    """

    name = "focal"

    def __init__(
        self, *, gamma: float = 2.0, label_smoothing: float = 0.0, class_weights: Tensor | None = None
    ) -> None:
        super().__init__(label_smoothing=label_smoothing, class_weights=class_weights)
        self.gamma = gamma

    def gain(self, log_p: Tensor) -> Tensor:
        """(B, K) of (B, K) log-probabilities; 1 - p is exact where p is close to 1."""
        return _power(-log_p.expm1(), self.gamma) * log_p


class SigmoidFocal(BinaryCrossEntropy):
    """Mean over samples and classes of (1 - p_t)^gamma * binary cross-entropy, for images with several labels.

    Args:
        gamma: Focusing exponent, 0 or more.
        positive_weights: (K,) factor on each class's positives; None: all 1.
    """

    name = "focal"

    def __init__(self, *, gamma: float = 2.0, positive_weights: Tensor | None = None) -> None:
        super().__init__(positive_weights=positive_weights)
        self.gamma = gamma

    def each(self, logits: Tensor, rows: Tensor) -> Tensor:
        """(B, K) loss of each decision, small where it is correct already."""
        p = logits.sigmoid()
        missed = rows * (1 - p) + (1 - rows) * p  # 1 - p_t
        return _power(missed, self.gamma) * super().each(logits, rows)


def _power(base: Tensor, exponent: float) -> Tensor:
    """base^exponent with a finite slope at 0 for exponents below 1."""
    return base.clamp(min=1e-8).pow(exponent) if exponent < 1 else base.pow(exponent)
