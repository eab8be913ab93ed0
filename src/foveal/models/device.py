"""Whether torch has the device that was asked for."""

import torch

from foveal.errors import ConfigError


def check_gpu() -> None:
    """Check that torch has a GPU.

    Raises:
        ConfigError: It has none; the hint says whether this torch could use one at all.
    """
    if torch.cuda.is_available():
        return
    if torch.version.cuda is None and torch.version.hip is None:
        raise ConfigError(
            f"No GPU is available to torch: {torch.__version__} is built for CPUs alone.",
            "Install a torch with CUDA (pytorch.org), or use --device cpu or --device auto.",
        )
    raise ConfigError("No GPU is available to torch.", "Use --device cpu or --device auto.")
