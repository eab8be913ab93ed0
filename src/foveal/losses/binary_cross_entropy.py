"""Binary cross-entropy: an independent decision for each class.

Shapes: B batch, K classes.
"""

from torch import Tensor, nn
from torch.nn import functional

from foveal.losses.targets import as_rows


class BinaryCrossEntropy(nn.Module):
    """Mean over samples and classes of -(q t log p + (1 - t) log(1 - p)), with p the sigmoid.

    Args:
        label_smoothing: Fraction of the target spread over yes and no, in [0, 1): t becomes t (1 - s) + s / 2.
        positive_weights: (K,) q, factor on each class's positives; None: all 1.
    """

    name = "binary_cross_entropy"
    positive_weights: Tensor | None

    def __init__(self, *, label_smoothing: float = 0.0, positive_weights: Tensor | None = None) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
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
        rows = as_rows(target, logits) * (1 - self.label_smoothing) + self.label_smoothing / 2
        return self.each(logits, rows).mean()

    def each(self, logits: Tensor, rows: Tensor) -> Tensor:
        """(B, K) loss of each decision."""
        weights = None if self.positive_weights is None else self.positive_weights.to(rows)
        return functional.binary_cross_entropy_with_logits(logits, rows, pos_weight=weights, reduction="none")
