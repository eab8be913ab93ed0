"""Foveal trains, evaluates and deploys image classification, object detection and segmentation models.

    import foveal
    model = foveal.load("runs/flowers")
    model.predict("photo.jpg").top(3)

Importing Foveal loads neither torch nor NumPy; each function imports what it needs when it is first called.
"""

from importlib import import_module
from typing import TYPE_CHECKING, overload

from foveal.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from foveal.errors import FovealError
    from foveal.inference.images import ImageLike
    from foveal.inference.load import load
    from foveal.inference.predictor import Predictor
    from foveal.inference.views import Viewing
    from foveal.runs.evaluate import evaluate
    from foveal.runs.export import export
    from foveal.runs.train import train
    from foveal.types.predictions.prediction import Prediction

__all__ = ["FovealError", "Viewing", "__version__", "evaluate", "export", "load", "predict", "train"]

_HOMES = {
    "FovealError": "foveal.errors",
    "Viewing": "foveal.inference.views",
    "evaluate": "foveal.runs.evaluate",
    "export": "foveal.runs.export",
    "load": "foveal.inference.load",
    "train": "foveal.runs.train",
}


@overload  # a str is an iterable of str as well, but one image
def predict(  # type: ignore[overload-overlap]
    model: "str | Path | Predictor", images: "ImageLike", *, viewing: "Viewing | None" = None, bgr: bool = False
) -> "Prediction": ...


@overload
def predict(
    model: "str | Path | Predictor",
    images: "Iterable[ImageLike]",
    *,
    viewing: "Viewing | None" = None,
    bgr: bool = False,
) -> "list[Prediction]": ...


def predict(
    model: "str | Path | Predictor",
    images: "ImageLike | Iterable[ImageLike]",
    *,
    viewing: "Viewing | None" = None,
    bgr: bool = False,
) -> "Prediction | list[Prediction]":
    """Predict on one image, or on several in order.

    Args:
        model: A run folder, a .safetensors or .onnx file, or an open model.
        images: A path, the bytes of a file, an open binary file, an (H, W, 3) array, a torch tensor or a Pillow image;
            or several of these.
        viewing: Tiles and test-time augmentation; None: one view of each image.
        bgr: Whether arrays and tensors have their channels in OpenCV's order: blue, green, red.

    Returns:
        One prediction for one image, a list for several; see ``foveal.types`` for what each task predicts.

    Raises:
        FovealError: The model or an image cannot be read; the message names it.
    """
    from foveal.inference.load import load
    from foveal.inference.predictor import Predictor
    from foveal.inference.views import predict_views

    if isinstance(model, Predictor):
        return predict_views(model, images, viewing, bgr=bgr)
    with load(model) as opened:
        return predict_views(opened, images, viewing, bgr=bgr)


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'foveal' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
