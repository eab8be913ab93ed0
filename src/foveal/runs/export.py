"""``foveal.export``, and the images that an export is compared on."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foveal.config.files import read_config
from foveal.errors import DataError, FovealError, MissingExtraError
from foveal.inference.files import find_images
from foveal.inference.load import find_model, load
from foveal.inference.predictor import Source
from foveal.runs.data import read_data
from foveal.runs.train import check_installed
from foveal.types.progress import Progress, silent

if TYPE_CHECKING:
    from foveal.deploy.export import Parity

MAX_IMAGES = 64


def export(
    model: str | Path,
    *,
    out: str | Path | None = None,
    data: str | Path | None = None,
    progress: Progress = silent,
) -> tuple[Path, "Parity", str]:
    """Write a model as ONNX if it agrees with the network on real images.

    Args:
        model: A run folder or a .safetensors file.
        out: The file to write; by default ``model.onnx`` beside the model.
        data: Images to compare on; by default those of the run's data set, or two that ship with scikit-learn.
        progress: Called as the work goes on, with what is done.

    Returns:
        The file, the comparison, and the source of the images.

    Raises:
        ParityError: They disagree; no file is written.
        FovealError: Bad model or folder.
    """
    check_installed("export a model")
    progress("loading the model", 0, None)
    predictor = load(model)
    try:
        from foveal.deploy.export import export as write
    except ModuleNotFoundError as error:
        raise MissingExtraError("export a model", error.name or "torch") from None
    file = find_model(Path(model))
    target = Path(out) if out is not None else file.with_name("model.onnx")
    if target.suffix != ".onnx":
        raise DataError(f"{target}: an exported model ends in .onnx.", "Name it like --out model.onnx.")
    images, source = comparison_images(file, data)
    return target, write(predictor, target, images=images, source=source, progress=progress), source


def comparison_images(file: Path, data: str | Path | None) -> tuple[list[Source], str]:
    """At most ``MAX_IMAGES`` real images, evenly spread over the data, and their source in words."""
    if data is not None:
        return spread(find_images([str(data)]).paths), str(data)
    try:
        config = read_config(file.with_name("config.toml"))
        return spread(list(read_data(config).paths())), config.data.path
    except FovealError:
        return scenes(), "scikit-learn's sample photos"


def spread(paths: list[Path]) -> list[Source]:
    """At most ``MAX_IMAGES`` of them, evenly."""
    places = np.unique(np.linspace(0, len(paths) - 1, min(MAX_IMAGES, len(paths))).astype(int))
    return [paths[i] for i in places]


def scenes() -> list[Source]:
    """Crops of the two photos that ship with scikit-learn."""
    from sklearn.datasets import load_sample_images

    photos = [np.ascontiguousarray(photo) for photo in load_sample_images().images]
    return [
        np.ascontiguousarray(photo[top : top + 213, left : left + 213])
        for photo in photos
        for top in range(0, 214, 107)
        for left in range(0, 427, 107)
    ]
