"""The network itself, for what an export does not show."""

from typing import TYPE_CHECKING

from foveal.errors import ConfigError
from foveal.explain.methods import has_gradients
from foveal.inference.predictor import Predictor

if TYPE_CHECKING:
    from foveal.inference.backends.torch_backend import TorchBackend


def network_of(predictor: Predictor, option: str) -> "TorchBackend":
    """What runs the network.

    Args:
        predictor: The model.
        option: What was asked for, for the message.

    Raises:
        ConfigError: The model is an export.
    """
    if not has_gradients(predictor):
        raise ConfigError(
            f"{option} looks into the network, and an exported file gives predictions only.",
            "Name the run that it was exported from.",
        )
    from foveal.inference.backends.torch_backend import TorchBackend

    assert isinstance(predictor.backend, TorchBackend), "what has gradients"
    return predictor.backend
