"""The network itself, in torch.

Shapes: B images, S T height and width of the input.
"""

import os
from collections.abc import Callable

import torch
from torch import Tensor, nn

from foveal.artifact.card import Card
from foveal.errors import ArtifactError, ConfigError, FovealError
from foveal.inference.backends.contract import EVIDENCE, FEATURES, Running
from foveal.inference.backends.process_tuning import keep_pages
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.models.device import check_gpu
from foveal.models.normalize import Normalize
from foveal.ops.machine import num_cores
from foveal.tasks.table import AnyTask, open_task
from foveal.types.arrays import RGB, Array
from foveal.types.input_spec import InputSpec


class Graph(nn.Module):
    """Prepared uint8 images in, activated outputs out: exactly what an export contains."""

    def __init__(self, model: Model, card: Card, task: AnyTask) -> None:
        super().__init__()
        self.normalize = Normalize(card.input_as(InputSpec))
        self.model = model
        self.task = task

    def raw(self, images: Tensor) -> dict[str, Tensor]:
        """The network's own outputs for (B, S, T, 3) uint8 images."""
        raw: dict[str, Tensor] = self.model(self.inputs(images))
        return raw

    def evidence(self, images: Tensor) -> dict[str, Tensor]:
        """Arrays for the task's ``calibrate``, for (B, S, T, 3) uint8 images."""
        return self.task.evidence(self.raw(images))

    def inputs(self, images: Tensor) -> Tensor:
        """What the network gets, (B, 3, S, T) normalised, for (B, S, T, 3) uint8 images."""
        inputs: Tensor = self.normalize(images.permute(0, 3, 1, 2))
        return inputs

    def cells(self, images: Tensor) -> dict[str, Tensor]:
        """Cell scores by their name, for (B, S, T, 3) uint8 images; empty where the task has none."""
        maps = self.model.look(self.inputs(images))
        cells = self.task.cells(self.model, maps, self.model.answer(maps))
        return {} if cells is None else {EVIDENCE: cells}

    def with_features(self, images: Tensor) -> dict[str, Tensor]:
        """Activated outputs and ``FEATURES`` (B, D), for (B, S, T, 3) uint8 images."""
        maps = self.model.look(self.inputs(images))
        return {**self.task.activate(self.model.answer(maps)), FEATURES: self.model.features(maps)}

    def heads(self, images: Tensor) -> dict[str, Tensor]:
        """``attention`` (B, A, h, w) of each head, for (B, S, T, 3) uint8 images; empty where there is none."""
        heads = self.model.attention(self.inputs(images))
        return {} if heads is None else {"attention": heads}

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Activated outputs for (B, S, T, 3) uint8 images."""
        return self.task.activate(self.raw(images))


class TorchBackend:
    """``contract.Backend`` on a torch model; running it changes nothing, so any number of threads may.

    Args:
        model: The network, in evaluation mode, where it must stay.
        card: The model card.
        device: Where it runs; the network is moved there.
    """

    def __init__(self, model: Model, card: Card, *, device: str | torch.device = "cpu") -> None:
        assert not model.training, "a network in evaluation mode"
        self.card = card
        self.device = torch.device(device)
        self.graph = Graph(model, card, open_task(card)).to(self.device)
        self._pid = os.getpid()

    def __repr__(self) -> str:
        """One line: ``TorchBackend(cpu)``."""
        return f"TorchBackend({self.device_name})"

    @property
    def device_name(self) -> str:
        """Where it runs, such as ``cpu`` or ``cuda``."""
        return str(self.device)

    @property
    def running(self) -> Running:
        """The engine, its device and its threads."""
        num_threads = torch.get_num_threads() if self.device.type == "cpu" else 0
        return Running("torch", torch.__version__.partition("+")[0], self.device_name, num_threads)

    def run(self, images: RGB) -> dict[str, Array]:
        """Activated outputs by name."""
        return self._call(self.graph, images)

    def evidence(self, images: RGB) -> dict[str, Array]:
        """Arrays for the task's ``calibrate``, by name."""
        return self._call(self.graph.evidence, images)

    def cells(self, images: RGB) -> dict[str, Array]:
        """Cell scores by their name; empty where the task has none."""
        return self._call(self.graph.cells, images)

    def heads(self, images: RGB) -> dict[str, Array]:
        """The weights of attention of each head; empty where there is none."""
        return self._call(self.graph.heads, images)

    def with_features(self, images: RGB) -> dict[str, Array]:
        """Activated outputs and the vectors of the images, by name."""
        return self._call(self.graph.with_features, images)

    @torch.no_grad()
    def inputs(self, images: RGB) -> Tensor:
        """What the network gets, (B, 3, S, T) normalised, on its device; gradients may be taken of what follows."""
        if os.getpid() != self._pid:
            self._after_fork()
        return self.graph.inputs(torch.from_numpy(images).to(self.device))

    @torch.inference_mode()
    def _call(self, function: Callable[[Tensor], dict[str, Tensor]], images: RGB) -> dict[str, Array]:
        if os.getpid() != self._pid:
            self._after_fork()
        outputs = function(torch.from_numpy(images).to(self.device))
        return {name: value.float().cpu().numpy() for name, value in outputs.items()}

    def _after_fork(self) -> None:
        """A fork copies the network but none of OpenMP's threads, for which torch would wait for ever.

        Raises:
            ConfigError: The network is on a GPU, which a forked process cannot use.
        """
        if self.device.type != "cpu":
            raise ConfigError(
                f"This process was forked from one that loaded the model on {self.device.type}.",
                "Load the model in each process, or start them with multiprocessing's spawn.",
            )
        torch.set_num_threads(1)
        self._pid = os.getpid()


def build_model(card: Card, tensors: dict[str, Array], *, where: str) -> Model:
    """The network a card describes, with its weights.

    Args:
        card: The model card.
        tensors: Its weights, by name.
        where: The file, for messages.

    Raises:
        ArtifactError: Unknown network, or the weights do not fit it.
    """
    try:
        model = open_task(card).build(ModelConfig.model_validate(card.model), pretrained=False)
    except FovealError as error:
        raise ArtifactError(f"{where}: its network cannot be built. {error.what}", error.hint) from None
    state = {name: torch.from_numpy(value.copy()) for name, value in tensors.items()}
    try:
        model.load_state_dict(state, strict=True)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise ArtifactError(
            f"{where}: the weights do not fit {card.model.get('backbone')}: {first}",
            "The file is damaged, or was written with other versions: "
            + ", ".join(f"{name} {version}" for name, version in card.versions.items()),
        ) from None
    return model.eval().to(memory_format=torch.channels_last)


def open_torch(
    card: Card, tensors: dict[str, Array], *, where: str, device: str = "auto", num_threads: int = 0
) -> TorchBackend:
    """A backend from the contents of the model file ``where``; ``num_threads`` 0: all cores of this process.

    Raises:
        ArtifactError: Unknown network, or the weights do not fit it.
        ConfigError: A GPU is requested but not available.
    """
    keep_pages()
    if num_threads:
        torch.set_num_threads(num_threads)
    elif "OMP_NUM_THREADS" not in os.environ:  # a container's quota is no limit to torch
        torch.set_num_threads(min(torch.get_num_threads(), num_cores()))
    if device == "cuda":
        check_gpu()
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return TorchBackend(build_model(card, tensors, where=where), card, device=device)
