"""The file that ``--model.weights`` names, and its card. No torch."""

from pathlib import Path

from foveal.artifact.card import Card
from foveal.artifact.store import find_card
from foveal.errors import ArtifactError, WeightsError

UNNAMED = ("auto", "none")
"""Values of ``--model.weights`` that name no file."""


def given_file(weights: str) -> Path:
    """The file that ``--model.weights`` names: itself, or the model in a run's folder.

    Raises:
        WeightsError: There is none, or it is of a kind that holds no weights by name.
    """
    path = Path(weights)
    if path.is_dir():
        path /= "model.safetensors"
        if not path.is_file():
            raise WeightsError(
                f"{weights}: this folder has no model.safetensors.",
                "Name the folder of a run that has finished an epoch, or a weights file.",
            )
        return path
    if not path.is_file():
        raise WeightsError(
            f"No such weights file or run: {weights}.", "Use --model.weights with a file, a run's folder, auto or none."
        )
    if path.suffix == ".onnx":
        raise WeightsError(
            f"{path}: an exported model cannot be trained further.",
            "Name the run that it was exported from: its folder, or its model.safetensors.",
        )
    return path


def given_card(weights: str) -> Card | None:
    """The card of the model that ``--model.weights`` names; None: no model of Foveal's own.

    Raises:
        WeightsError: No such file, or it cannot be read.
    """
    if weights in UNNAMED:
        return None
    path = given_file(weights)
    if path.suffix != ".safetensors":
        return None
    try:
        return find_card(path)
    except ArtifactError as error:
        raise WeightsError(error.what, error.hint) from None
