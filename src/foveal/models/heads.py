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


class SideHead(nn.Module):
    """An auxiliary classifier in the middle of a network, which brings gradients to its first layers.

    Szegedy et al. 2014, section 5: mean over the map, a 1 x 1 convolution, a hidden layer, dropout, a linear layer. The
    paper averages windows of its 14 x 14 map; here all of it, so that images of any size are taken.

    Args:
        channels: Of the map.
        classes: K.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.reduce = nn.Sequential(nn.Conv2d(channels, 128, 1), nn.ReLU(inplace=True))
        self.hidden = nn.Sequential(nn.Linear(128, 1024), nn.ReLU(inplace=True), nn.Dropout(0.7))
        self.linear = nn.Linear(1024, classes)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, K) logits."""
        logits: Tensor = self.linear(self.hidden(self.reduce(features).mean((2, 3))))
        return logits
