"""The network's first layer: uint8 pixels to normalised values in one multiply-add.

Shapes: B batch, H W height and width, p side of a whitening patch, Q = 3 p^2 values per patch.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from foveal.errors import ConfigError
from foveal.types.input_spec import InputSpec
from foveal.types.size import Size


class Normalize(nn.Module):
    """value * scale + bias with scale = 1 / (255 std) and bias = -mean / std, or a whitening of p x p patches.

    Not part of the saved weights: the InputSpec holds it.
    """

    scale: Tensor
    bias: Tensor

    def __init__(self, spec: InputSpec) -> None:
        """Set up for an input specification.

        Raises:
            ConfigError: The input's side is not a multiple of the whitening patch.
        """
        super().__init__()
        self.patch = 0
        if spec.whitening is None:
            std = torch.tensor(spec.std, dtype=torch.float64)
            scale, bias = 1 / (255 * std), -torch.tensor(spec.mean, dtype=torch.float64) / std
            self.register_buffer("scale", scale.float(), persistent=False)  # (3,)
            self.register_buffer("bias", bias.float(), persistent=False)  # (3,)
            return
        self.patch = spec.whitening.patch
        for size in (spec.size, spec.train_size):
            if any(side % self.patch for side in size.sides):
                raise ConfigError(
                    f"The input size {size} is not a multiple of the whitening patch, {self.patch} pixels.",
                    f"Use --size {_whole(size, self.patch)}, or --input.whitening-patch 1.",
                )
        matrix = torch.tensor(spec.whitening.matrix, dtype=torch.float64)  # (Q, Q)
        bias = -matrix @ torch.tensor(spec.whitening.mean, dtype=torch.float64)  # (Q,)
        self.register_buffer("scale", (matrix / 255).float()[:, :, None, None], persistent=False)
        self.register_buffer("bias", bias.float(), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) uint8, or float of 0 to 255 -> (B, 3, H, W) float32, in the memory format it came in."""
        if self.patch:
            patches = functional.pixel_unshuffle(images.float(), self.patch)  # (B, Q, H/p, W/p)
            return functional.pixel_shuffle(functional.conv2d(patches, self.scale, self.bias), self.patch)
        if torch.compiler.is_compiling() or images.is_floating_point():
            return torch.addcmul(self.bias[:, None, None], images.float(), self.scale[:, None, None])
        if not images.is_contiguous(memory_format=torch.channels_last):
            return images.float().mul_(self.scale[:, None, None]).add_(self.bias[:, None, None])
        # A whole row of RGBRGB... at once: the inner loop is long, so it runs vectorised.
        width = images.shape[-1]
        values = images.permute(0, 2, 3, 1).float()  # (B, H, W, 3), contiguous
        rows = values.view(images.shape[0], images.shape[2], 3 * width)
        torch.addcmul(self.bias.repeat(width), rows, self.scale.repeat(width), out=rows)
        return values.permute(0, 3, 1, 2)


def _whole(size: Size, patch: int) -> Size:
    """The whole patches of an input, at least one each way."""
    return Size(*(max(1, side // patch) * patch for side in size.sides))
