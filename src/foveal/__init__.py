"""Foveal trains, evaluates and deploys image classification, object detection and segmentation models.

    import foveal
    model = foveal.load("runs/flowers")
    model.predict("photo.jpg").top(3)

Importing Foveal loads neither torch nor NumPy; each function imports what it needs when it is first called.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from foveal.version import __version__

if TYPE_CHECKING:
    from foveal.errors import FovealError
    from foveal.inference.load import load
    from foveal.inference.views import Viewing
    from foveal.runs.evaluate import evaluate
    from foveal.runs.export import export
    from foveal.runs.train import train

__all__ = ["FovealError", "Viewing", "__version__", "evaluate", "export", "load", "predict", "train"]

_HOMES = {
    "FovealError": "foveal.errors",
    "Viewing": "foveal.inference.views",
    "evaluate": "foveal.runs.evaluate",
    "export": "foveal.runs.export",
    "load": "foveal.inference.load",
    "train": "foveal.runs.train",
}


def predict(model: Any, images: Any, *, viewing: "Viewing | None" = None) -> Any:
    """Predict on images.

    Args:
        model: A loaded model, or a path to one.
        images: One image or a list of them; see ``foveal.inference.predictor.Predictor.predict``.
        viewing: Tiling and test-time augmentation; None: one view of the full image.

    Returns:
        One prediction for one image, a list for a list.
    """
    from foveal.inference.load import load
    from foveal.inference.predictor import Predictor
    from foveal.inference.views import predict_views

    return predict_views(model if isinstance(model, Predictor) else load(model), images, viewing)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'foveal' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
