"""Pooling of a feature map into a vector, for any backbone and input size.

Shapes: B batch, C channels, h w height and width of the map, N = h w positions, D length of the vector, A attention
heads.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional


class Pooling(nn.Module, ABC):
    """Base of all pooling layers.

    Attributes:
        out_features: D.
        has_map: Whether the pooling gives a weight per position.
    """

    out_features: int
    has_map = False

    @abstractmethod
    def forward(self, features: Tensor) -> tuple[Tensor, Tensor | None]:
        """Pool a map.

        Args:
            features: (B, C, h, w).

        Returns:
            (B, D) vectors and, if ``has_map``, (B, h, w) weights that sum to 1 for each image; else None.
        """

    @abstractmethod
    def shares(self, features: Tensor) -> Tensor:
        """(B, D, h, w) what each position brings to the vector, of maps (B, C, h, w): their mean is the vector."""

    def heads(self, features: Tensor) -> Tensor | None:  # noqa: ARG002
        """(B, A, h, w) the weights of each attention head, which sum to 1 per head; None: it has none."""
        return None


class AveragePooling(Pooling):
    """The mean over all positions (Lin et al. 2014, "Network in Network")."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_features = channels

    def forward(self, features: Tensor) -> tuple[Tensor, None]:
        """See Pooling."""
        return features.mean((2, 3)), None

    def shares(self, features: Tensor) -> Tensor:
        """The values themselves."""
        return features


class MaxPooling(Pooling):
    """The maximum over all positions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_features = channels

    def forward(self, features: Tensor) -> tuple[Tensor, None]:
        """See Pooling."""
        return features.amax((2, 3)), None

    def shares(self, features: Tensor) -> Tensor:
        """All of a channel's maximum comes from where it is; of several such positions each has its part."""
        highest = (features == features.amax((2, 3), keepdim=True)).to(features.dtype)
        return features * highest / highest.mean((2, 3), keepdim=True)


class GeMPooling(Pooling):
    """Generalised mean with a learnt exponent (Radenovic et al. 2018, "Fine-tuning CNN image retrieval", eq. 3).

    p = 1 is the average, p to infinity the maximum. Values are clamped to at least ``FLOOR``: the paper pools after
    ReLU.
    """

    FLOOR = 1e-6

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_features = channels
        self.p = nn.Parameter(torch.tensor(3.0))

    def forward(self, features: Tensor) -> tuple[Tensor, None]:
        """See Pooling."""
        return features.clamp(min=self.FLOOR).pow(self.p).mean((2, 3)).pow(1 / self.p), None

    def shares(self, features: Tensor) -> Tensor:
        """Gradient times value: the mean is homogeneous of degree 1, so by Euler's theorem these add up to it."""
        powers = features.clamp(min=self.FLOOR).pow(self.p)
        mean = powers.mean((2, 3), keepdim=True)
        scaled: Tensor = powers / mean * mean.pow(1 / self.p)
        return scaled


class AttentionPooling(Pooling):
    """z = sum_i alpha_i v_i with alpha = softmax(e(v)) (Ilse et al. 2018, "Attention-based deep MIL", section 2.4).

    Args:
        channels: C.
        hidden: Units of e's one hidden layer (tanh); 0: e is a dot product with a learnt vector.
    """

    has_map = True

    def __init__(self, channels: int, hidden: int = 128) -> None:
        super().__init__()
        self.out_features = channels
        self.score: nn.Module = nn.Linear(channels, 1, bias=False)
        if hidden:
            self.score = nn.Sequential(nn.Linear(channels, hidden), nn.Tanh(), nn.Linear(hidden, 1, bias=False))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """See Pooling."""
        places = features.flatten(2).transpose(1, 2)  # (B, N, C)
        alpha = self.score(places).softmax(1)  # (B, N, 1)
        vector = (alpha.transpose(1, 2) @ places).squeeze(1)  # (B, C)
        return vector, alpha.reshape(-1, *features.shape[2:])

    def heads(self, features: Tensor) -> Tensor:
        """The one map, A = 1."""
        alpha: Tensor = self.score(features.flatten(2).transpose(1, 2)).softmax(1)  # (B, N, 1)
        return alpha.transpose(1, 2).reshape(-1, 1, *features.shape[2:])

    def shares(self, features: Tensor) -> Tensor:
        """The values, weighted."""
        height, width = features.shape[2:]
        return features * self.heads(features) * (height * width)


class MultiheadPooling(Pooling):
    """One learnt query per head, over all channels (Lee et al. 2019, "Set Transformer", section 3.2, with k = 1).

    With one query the key projection folds into it, and the value projection into the classifier that follows, so
    neither is kept: a small data set does not have to learn two C x C matrices. The vector is the heads' side by side.

    Args:
        channels: C.
        heads: A; D = A C.
    """

    has_map = True

    def __init__(self, channels: int, heads: int = 4) -> None:
        super().__init__()
        self.out_features = heads * channels
        self.scale = channels**-0.5
        self.queries = nn.Parameter(torch.randn(heads, channels))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """See Pooling; the map is the mean over heads."""
        places = features.flatten(2).transpose(1, 2)  # (B, N, C)
        alpha = functional.linear(places, self.scale * self.queries).softmax(1)  # (B, N, A)
        vectors = alpha.transpose(1, 2) @ places  # (B, A, C)
        return vectors.flatten(1), alpha.mean(2).reshape(-1, *features.shape[2:])

    def heads(self, features: Tensor) -> Tensor:
        """A maps."""
        places = features.flatten(2).transpose(1, 2)  # (B, N, C)
        alpha = functional.linear(places, self.scale * self.queries).softmax(1)  # (B, N, A)
        return alpha.transpose(1, 2).reshape(-1, len(self.queries), *features.shape[2:])

    def shares(self, features: Tensor) -> Tensor:
        """The values, weighted by each head, side by side."""
        height, width = features.shape[2:]
        weighted = features[:, None] * self.heads(features)[:, :, None] * (height * width)  # (B, A, C, h, w)
        return weighted.flatten(1, 2)


class CompactBilinearPooling(Pooling):
    """Products of all pairs of channels, sketched to D numbers (Gao et al. 2016, "Compact bilinear pooling", alg. 2).

    The count sketch of an outer product is the circular convolution of two count sketches (Pham and Pagh 2013), a
    product after the FFT. Then signed square root and L2 norm; the result is scaled to length sqrt(D), so that its
    entries have the scale of other poolings and the same learning rate suits. The hashes are fixed by ``SEED`` and
    saved with the weights.
    """

    SEED = 20160
    FLOOR = 1e-4
    """Smooths the root at 0, where its slope is unbounded: x / sqrt(|x| + FLOOR)."""

    places: Tensor
    signs: Tensor

    def __init__(self, channels: int, dim: int = 2048) -> None:
        super().__init__()
        self.out_features = dim
        generator = torch.Generator().manual_seed(self.SEED)
        self.register_buffer("places", torch.randint(0, dim, (2, channels), generator=generator, device="cpu"))
        signs = torch.randint(0, 2, (2, channels), generator=generator, device="cpu")
        self.register_buffer("signs", (2 * signs - 1).float())

    def forward(self, features: Tensor) -> tuple[Tensor, None]:
        """See Pooling."""
        with torch.autocast(features.device.type, enabled=False):  # there is no FFT in half precision on CPUs
            vectors = features.float().flatten(2).transpose(1, 2)  # (B, N, C)
            first, second = (torch.fft.rfft(self._sketch(vectors, i)) for i in range(2))  # (B, N, D/2 + 1) complex
            product = torch.fft.irfft((first * second).mean(1), n=self.out_features)  # (B, D)
            rooted = product / (product.abs() + self.FLOOR).sqrt()
            return functional.normalize(rooted, dim=1) * self.out_features**0.5, None

    def shares(self, features: Tensor) -> Tensor:
        """The products of each position, scaled as the root and the norm of their mean scale that mean."""
        with torch.autocast(features.device.type, enabled=False):
            vectors = features.float().flatten(2).transpose(1, 2)  # (B, N, C)
            first, second = (torch.fft.rfft(self._sketch(vectors, i)) for i in range(2))
            products = torch.fft.irfft(first * second, n=self.out_features)  # (B, N, D)
            root = (products.mean(1, keepdim=True).abs() + self.FLOOR).sqrt()
            length = (products.mean(1, keepdim=True) / root).norm(dim=2, keepdim=True).clamp(min=1e-12)
            scaled: Tensor = products / root / length * self.out_features**0.5
            return scaled.transpose(1, 2).reshape(-1, self.out_features, *features.shape[2:])

    def _sketch(self, vectors: Tensor, i: int) -> Tensor:
        """(B, N, C) -> (B, N, D): each channel added, with its sign, to its bucket."""
        empty = vectors.new_zeros(*vectors.shape[:2], self.out_features)
        return empty.index_add(2, self.places[i], vectors * self.signs[i])
