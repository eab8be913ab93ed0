"""Foveal trains, evaluates and deploys image classification, object detection and segmentation models.

    import foveal
    model = foveal.load("runs/flowers")
    model.predict("photo.jpg").top(3)

Importing Foveal loads neither torch nor NumPy; each function imports what it needs when it is first called.
"""

from importlib import import_module
from typing import TYPE_CHECKING, cast, overload

from foveal.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from foveal.errors import FovealError
    from foveal.inference.images import ImageLike
    from foveal.inference.predictor import Predictor
    from foveal.inference.views import Viewing
    from foveal.runs.evaluate import evaluate
    from foveal.runs.explain.load import load
    from foveal.runs.export import export
    from foveal.runs.several.compare import compare
    from foveal.runs.streams.generate import generate
    from foveal.runs.train import train
    from foveal.types.predictions.prediction import Prediction
    from foveal.video.predict import FramePrediction
    from foveal.video.source import Video

__all__ = [
    "FovealError",
    "Video",
    "Viewing",
    "__version__",
    "compare",
    "evaluate",
    "export",
    "generate",
    "load",
    "predict",
    "train",
]

_HOMES = {
    "FovealError": "foveal.errors",
    "Video": "foveal.video.source",
    "Viewing": "foveal.inference.views",
    "compare": "foveal.runs.several.compare",
    "evaluate": "foveal.runs.evaluate",
    "export": "foveal.runs.export",
    "generate": "foveal.runs.streams.generate",
    "load": "foveal.runs.explain.load",
    "train": "foveal.runs.train",
}


@overload
def predict(
    model: "str | Path | Predictor",
    images: "Video",
    *,
    viewing: "Viewing | None" = None,
    threshold: float | None = None,
    max_objects: int | None = None,
    only: "Sequence[str]" = (),
    top: int | None = None,
    crops: "str | Path | None" = None,
    batch_size: int = 32,
    bgr: bool = False,
) -> "Iterator[FramePrediction]": ...


@overload  # a str is an iterable of str as well, but one image
def predict(  # type: ignore[overload-overlap]
    model: "str | Path | Predictor",
    images: "ImageLike",
    *,
    viewing: "Viewing | None" = None,
    threshold: float | None = None,
    max_objects: int | None = None,
    only: "Sequence[str]" = (),
    top: int | None = None,
    crops: "str | Path | None" = None,
    batch_size: int = 32,
    bgr: bool = False,
) -> "Prediction": ...


@overload
def predict(
    model: "str | Path | Predictor",
    images: "Iterable[ImageLike]",
    *,
    viewing: "Viewing | None" = None,
    threshold: float | None = None,
    max_objects: int | None = None,
    only: "Sequence[str]" = (),
    top: int | None = None,
    crops: "str | Path | None" = None,
    batch_size: int = 32,
    bgr: bool = False,
) -> "list[Prediction]": ...


def predict(
    model: "str | Path | Predictor",
    images: "ImageLike | Iterable[ImageLike] | Video",
    *,
    viewing: "Viewing | None" = None,
    threshold: float | None = None,
    max_objects: int | None = None,
    only: "Sequence[str]" = (),
    top: int | None = None,
    crops: "str | Path | None" = None,
    batch_size: int = 32,
    bgr: bool = False,
) -> "Prediction | list[Prediction] | Iterator[FramePrediction]":
    """Predict on one image, on several in order, or on the frames of a video.

    Args:
        model: A run folder, a .safetensors or .onnx file, or an open model.
        images: A path, the bytes of a file, an open binary file, an (H, W, 3) array, a torch tensor or a Pillow image;
            or several of these. Or a video: the path of a file, or a ``foveal.Video``, which type checkers know too.
        viewing: Tiles and test-time augmentation; None: one view of each image.
        threshold: Score from which an object is shown or a class present; None: the model's own.
        max_objects: Most objects per image or tile; None: the model's own limit.
        only: Classes whose objects are given; empty: all.
        top: Number of classes listed per image, for classifiers; None: as usual.
        crops: A folder for the objects, cut out; None: none.
        batch_size: Images per batch.
        bgr: Whether arrays and tensors have their channels in OpenCV's order: blue, green, red.

    Returns:
        One prediction for one image, a list for several; see ``foveal.types`` for what each task predicts. For a video
        an iterator that reads it as it goes, of objects with ``frame`` (its number), ``time`` (in seconds),
        ``prediction`` and ``image``.

    Raises:
        FovealError: The model or an image cannot be read, or an option does not concern the model.
    """
    from foveal.inference.crops import save_crops
    from foveal.inference.images import is_one, readable
    from foveal.inference.load import load
    from foveal.inference.predictor import Predictor, check_batch_size
    from foveal.inference.views import predict_views
    from foveal.types.selection import Selection
    from foveal.video.source import is_video

    selection = Selection(threshold, max_objects, only, top)
    check_batch_size(batch_size)
    if is_video(images):
        from foveal.video.predict import predict_video

        video = cast("str | Path | Video", images)
        return predict_video(
            model, video, viewing=viewing, selection=selection, batch_size=batch_size, crops=crops is not None
        )
    images = cast("ImageLike | Iterable[ImageLike]", images)
    if not isinstance(model, Predictor):
        with load(model) as opened:
            chosen = opened.select(selection)
            return predict(chosen, images, viewing=viewing, crops=crops, batch_size=batch_size, bgr=bgr)
    predictor = model.select(selection)
    if crops is None:
        return predict_views(predictor, images, viewing, batch_size=batch_size, bgr=bgr)
    several = [cast("ImageLike", images)] if is_one(images) else list(cast("Iterable[ImageLike]", images))
    sources = [readable(source, bgr=bgr) for source in several]
    predictions = predict_views(predictor, sources, viewing, batch_size=batch_size)
    save_crops(predictor, sources, predictions, crops)
    return predictions[0] if is_one(images) else predictions


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'foveal' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
