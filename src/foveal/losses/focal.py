"""Focal loss: easy samples count less (Lin et al. 2017, "Focal loss for dense object detection", eq. 4).

Shapes: B batch, K classes.
"""

from torch import Tensor, nn
from torch.nn import functional

from foveal.losses.targets import as_rows, smooth


class Focal(nn.Module):
    """Mean over samples of w_y * -sum_k t_k (1 - p_k)^gamma log p_k, with p the softmax; gamma 0 is cross-entropy.

    Args:
        gamma: Focusing exponent, 0 or more.
        label_smoothing: Part of the target spread over all classes, in [0, 1).
        class_weights: (K,) w, with mean 1 over the training samples; None: all 1.
    """

    name = "focal"
    class_weights: Tensor | None

    def __init__(
        self, *, gamma: float = 2.0, label_smoothing: float = 0.0, class_weights: Tensor | None = None
    ) -> None:
        super().__init__()
        self.gamma = gamma
        self.label_smoothing = label_smoothing
        self.register_buffer("class_weights", class_weights, persistent=False)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss, a scalar.

        Args:
            logits: (B, K).
            target: (B,) int64 class ids, or (B, K) floats whose rows sum to 1.

        Raises:
            ShapeError: The target has another shape or type.
        """
        logits = logits.float() if logits.element_size() < 4 else logits
        rows = as_rows(target, logits)
        log_p = logits.log_softmax(1)
        focus = _power(-log_p.expm1(), self.gamma)  # (1 - p)^gamma, exact where p is close to 1
        each = -(smooth(rows, self.label_smoothing) * focus * log_p).sum(1)  # (B,)
        return (each if self.class_weights is None else each * (rows @ self.class_weights.to(rows))).mean()


class SigmoidFocal(nn.Module):
    """Mean over samples and classes of (1 - p_t)^gamma * binary cross-entropy, for pictures with several labels.

    Args:
        gamma: Focusing exponent, 0 or more.
        positive_weights: (K,) factor on each class's positives; None: all 1.
    """

    name = "focal"
    positive_weights: Tensor | None

    def __init__(self, *, gamma: float = 2.0, positive_weights: Tensor | None = None) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("positive_weights", positive_weights, persistent=False)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss, a scalar.

        Args:
            logits: (B, K).
            target: (B, K) floats in [0, 1], or (B,) int64 class ids.

        Raises:
            ShapeError: The target has another shape or type.
        """
        logits = logits.float() if logits.element_size() < 4 else logits
        rows = as_rows(target, logits)
        weights = None if self.positive_weights is None else self.positive_weights.to(rows)
        each = functional.binary_cross_entropy_with_logits(logits, rows, pos_weight=weights, reduction="none")
        p = logits.sigmoid()
        missed = rows * (1 - p) + (1 - rows) * p  # 1 - p_t
        return (_power(missed, self.gamma) * each).mean()


def _power(base: Tensor, exponent: float) -> Tensor:
    """base^exponent with a finite slope at 0 for exponents below 1."""
    return base.clamp(min=1e-8).pow(exponent) if exponent < 1 else base.pow(exponent)
