"""Opening a model as the users of the package do: it predicts, and explains what it predicts. No torch."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, cast, overload

from foveal.explain.case import Effort
from foveal.explain.contract import Explanation, scales_of
from foveal.explain.explain import explain_image
from foveal.inference.images import ImageLike, is_one, readable
from foveal.inference.load import open_named
from foveal.ops.quiet import quiet
from foveal.runs.explain.inside import LooksInside
from foveal.types.predictions.subject import Asked


class TrainedModel(LooksInside):
    """A predictor that explains itself; ``foveal.load`` gives it."""

    @overload  # a str is an iterable of str as well, but one image
    def explain(  # type: ignore[overload-overlap]
        self,
        images: ImageLike,
        *,
        method: str = "auto",
        classes: Sequence[str] = (),
        object: int | Literal["all"] | None = None,
        against: str | None = None,
        budget_s: float | None = None,
        seed: int = 0,
        bgr: bool = False,
    ) -> Explanation: ...

    @overload
    def explain(
        self,
        images: Iterable[ImageLike],
        *,
        method: str = "auto",
        classes: Sequence[str] = (),
        object: int | Literal["all"] | None = None,
        against: str | None = None,
        budget_s: float | None = None,
        seed: int = 0,
        bgr: bool = False,
    ) -> list[Explanation]: ...

    def explain(
        self,
        images: ImageLike | Iterable[ImageLike],
        *,
        method: str = "auto",
        classes: Sequence[str] = (),
        object: int | Literal["all"] | None = None,  # noqa: A002
        against: str | None = None,
        budget_s: float | None = None,
        seed: int = 0,
        bgr: bool = False,
    ) -> Explanation | list[Explanation]:
        """Where the evidence for a prediction lies, on one image or several.

        Args:
            images: As for ``predict``.
            method: auto, cam, layercam, cells, attention, ig, smooth, occlusion or rise.
            classes: The classes that are explained; empty: those predicted.
            object: The number of an object, counted from 1 by falling score, or all; None: the best ten.
            against: A class that each is compared with: why the one rather than the other.
            budget_s: Seconds per image for occlusion and rise; None: until they converge.
            seed: Of methods with random numbers.
            bgr: Whether arrays and tensors have their channels in OpenCV's order: blue, green, red.

        Returns:
            One explanation for one image, a list for several; those of a list are drawn on one scale per class.

        Raises:
            ImageError: An image cannot be read.
            ConfigError: A method that this model has not, a question that does not concern it, an object that is not
                there, or a budget under one pass.
            CategoryError: An unknown class; the nearest is named.
        """
        asked, effort = Asked(classes, object, against), Effort(seed, budget_s)
        one = is_one(images)
        sources = [cast(ImageLike, images)] if one else list(cast(Iterable[ImageLike], images))
        explained = [
            explain_image(self, readable(source, bgr=bgr), method=method, asked=asked, effort=effort)
            for source in sources
        ]
        scales = scales_of(explained)
        shared = [each.shared(scales) for each in explained]
        return shared[0] if one else shared


@quiet()
def load(path: str | Path, *, device: str = "auto", engine: str = "auto", threads: int = 0) -> TrainedModel:
    """Open a model.

    Args:
        path: A run folder, a ``model.safetensors`` or an ``.onnx`` file. Of a folder, ``engine`` onnxruntime or
            openvino opens the ``model.onnx`` that was exported there.
        device: Where it runs: auto (a GPU if there is one), cpu, cuda or tensorrt; exported files need onnxruntime-gpu
            for the last two.
        engine: What runs it: auto (torch for a network; for an exported file OpenVINO on CPUs where it is installed,
            else ONNX Runtime), torch, onnxruntime or openvino.
        threads: Threads within the network on a CPU; 0: all cores that this process may use.

    Raises:
        ArtifactError: No such model, or a file that Foveal cannot open.
        ConfigError: A device or an engine is unknown, or not available.
        MissingExtraError: A .safetensors model needs torch, or the engine OpenVINO, which is not installed.
    """
    return TrainedModel(open_named(path, device=device, engine=engine, threads=threads), Path(path))
