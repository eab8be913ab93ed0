"""Cross-entropy over mutually exclusive classes.

Shapes: B batch, K classes.
"""

from torch import Tensor, nn

from foveal.losses.targets import as_rows, smooth


class CrossEntropy(nn.Module):
    """Mean over samples of w_y * -sum_k t_k log p_k.

    The mean divides by B, not by the sum of weights, so that the losses of the halves of a batch average to that of the
    full batch, as distributed training needs. A soft target's weight is sum_k t_k w_k, taken before smoothing.

    Args:
        label_smoothing: Fraction of the target spread over all classes, in [0, 1).
        class_weights: (K,) w, with mean 1 over the training samples (``losses.class_weights``); None: all 1.
    """

    name = "cross_entropy"
    class_weights: Tensor | None

    def __init__(self, *, label_smoothing: float = 0.0, class_weights: Tensor | None = None) -> None:
        super().__init__()
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
        each = -(smooth(rows, self.label_smoothing) * self.gain(logits.log_softmax(1))).sum(1)  # (B,)
        return (each if self.class_weights is None else each * (rows @ self.class_weights.to(rows))).mean()

    def gain(self, log_p: Tensor) -> Tensor:
        """(B, K) gain if class k is the target, at most 0."""
        return log_p
