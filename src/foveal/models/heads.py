"""Heads: from pooled features to a task's raw outputs.

Shapes: B batch, D length of the pooled vector, K classes.
"""

from torch import Tensor, nn

INIT_STD = 0.01
"""New classifiers start close to zero, so that the first steps change the head rather than distort pretrained features;
not at zero, because the backbone would get no gradient at first."""


class LinearHead(nn.Module):
    """Dropout, then one linear layer.

    Args:
        features: D.
        classes: K.
        dropout: Probability of dropping a feature.
    """

    def __init__(self, features: int, classes: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(features, classes)
        nn.init.trunc_normal_(self.linear.weight, std=INIT_STD)
        nn.init.zeros_(self.linear.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """(B, D) -> (B, K) logits."""
        logits: Tensor = self.linear(self.dropout(vectors))
        return logits
