"""A network on streams, on torch."""

from collections.abc import Mapping

import numpy as np
import torch

from foveal.artifact.card import Card
from foveal.data.notes import plural
from foveal.errors import ArtifactError
from foveal.inference.streams.contract import State
from foveal.models.recurrent.network import Recurrent
from foveal.tasks.table import get_stream
from foveal.types.arrays import Array, FloatArray


class TorchStepper:
    """``Stepper`` on a network, which is switched to evaluation while it runs.

    Attributes:
        network: On any device.
        card: The model card.
    """

    def __init__(self, network: Recurrent, card: Card) -> None:
        self.network, self.card = network, card

    @property
    def running(self) -> str:
        """For example ``torch 2.9 (cpu, 2 threads)``."""
        device = self._device
        threads = f", {plural(torch.get_num_threads(), 'thread')}" if device.type == "cpu" else ""
        return f"torch {torch.__version__.partition('+')[0]} ({device.type}{threads})"

    def begin(self, streams: int) -> State:
        """Zeros."""
        return {name: value.cpu().numpy() for name, value in self.network.begin(streams).items()}

    def run(self, steps: Array, state: State) -> tuple[FloatArray, State]:
        """Outputs in float32."""
        network, device = self.network, self._device
        training = network.training
        network.eval()
        inputs = torch.from_numpy(np.ascontiguousarray(steps))
        if inputs.is_floating_point():
            inputs = inputs.float()
        before = {name: torch.from_numpy(np.ascontiguousarray(value)).to(device) for name, value in state.items()}
        with torch.inference_mode():
            outputs, after = network(inputs.to(device), before)
        network.train(training)
        return outputs.float().cpu().numpy(), {name: value.cpu().numpy() for name, value in after.items()}

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device


def open_network(card: Card, tensors: Mapping[str, Array], *, where: str, num_threads: int = 0) -> TorchStepper:
    """The network of a model file; ``num_threads`` 0 leaves torch's as they are.

    Raises:
        ArtifactError: The weights do not fit the card.
    """
    if num_threads:
        torch.set_num_threads(num_threads)
    spec = get_stream(card.task)
    network = spec.network(spec.open(card))
    try:
        network.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in tensors.items()})
    except RuntimeError:
        raise ArtifactError(
            f"{where}: the weights do not fit the network that its card describes.",
            "The file is damaged; use another copy.",
        ) from None
    return TorchStepper(network.eval(), card)
