"""``foveal.export``, and the images that an export is compared on, calibrated on and evaluated on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foveal.config.files import read_config
from foveal.data.catalog.catalog import Catalog
from foveal.errors import ConfigError, DataError, FovealError, MissingExtraError
from foveal.inference.files import find_images
from foveal.inference.load import find_model, load
from foveal.inference.predictor import Predictor, Source
from foveal.inference.streams.load import is_on_streams
from foveal.runs.data import read_data
from foveal.runs.evaluate import open_data
from foveal.runs.evaluation import kept
from foveal.runs.train import check_installed
from foveal.types.progress import Progress, silent

if TYPE_CHECKING:
    from foveal.deploy.headline import Labelled
    from foveal.deploy.parity import Parity
    from foveal.deploy.streams.export import StreamParity

MAX_IMAGES = 64
CALIBRATION_IMAGES = 128
MIN_CALIBRATION = 8
MAX_EVALUATED = 1000
"""Labelled images that an INT8 model is evaluated on, once for every layer that is left in float."""


def export(
    model: str | Path,
    *,
    out: str | Path | None = None,
    data: str | Path | None = None,
    to: str = "onnx",
    int8: bool = False,
    fp16: bool = False,
    max_drop: float = 1.0,
    evidence: bool = False,
    progress: Progress = silent,
) -> "tuple[Path, Parity | StreamParity, str]":
    """Write a model as ONNX if it agrees with the network on real images or, one on streams, on real text or values.

    Args:
        model: A run folder, a .safetensors file, or an .onnx file that ``foveal export`` wrote in float32.
        out: The file to write; by default ``model.onnx``, ``model-int8.onnx`` or ``model-fp16.onnx`` beside the model.
        data: Images to compare on; by default those of the run's data set, or two that ship with scikit-learn. Where
            they are labelled, the headline metric is compared too, which INT8 needs.
        to: onnx, or openvino: OpenVINO reads the same file, and must be there to be compared.
        int8: Put layers on 8-bit integers, as many as ``max_drop`` permits.
        fp16: Store the weights in half precision.
        max_drop: With ``int8``: points of the headline metric that may be lost, at the end of its 95% interval.
        evidence: Also give cell scores, so that the file can be explained without torch (``explain --method cells``).
        progress: Called as the work goes on, with what is done.

    Returns:
        The file, the comparison, and the source of the images.

    Raises:
        ParityError: They disagree; no file is written.
        FovealError: Bad model, folder or options.
    """
    if is_on_streams(Path(model)):
        from foveal.runs.streams.export import export_stream

        return export_stream(
            Path(model),
            out=None if out is None else Path(out),
            data=None if data is None else Path(data),
            changed=int8 or fp16 or evidence or to != "onnx",
            progress=progress,
        )
    check_options(to=to, int8=int8, fp16=fp16, max_drop=max_drop)
    from foveal.deploy.evidence import check_evidence, check_source

    exported = Path(model).suffix == ".onnx"
    check_evidence(evidence=evidence, int8=int8, exported=exported)
    if not exported:
        check_installed("export a model")
    file = find_model(Path(model))
    if exported and not (int8 or fp16):
        raise ConfigError(
            f"{file} is an exported file already.",
            "OpenVINO reads it as it is: foveal predict FILE IMAGE --engine openvino"
            if to == "openvino"
            else "Export the run, or add --int8 or --fp16.",
        )
    try:
        import onnx  # noqa: F401  what graphs are changed with

        from foveal.deploy.export import Precision, require_openvino
        from foveal.deploy.export import export as write
    except ModuleNotFoundError as error:
        raise MissingExtraError("export a model", error.name or "onnx") from None
    if to == "openvino":
        require_openvino()
    progress("loading the model", 0, None)
    # On the CPU, where exported files are compared with it: a GPU rounds otherwise.
    predictor = load(file, device="cpu", engine="onnxruntime" if exported else "auto")
    if exported and predictor.running.precision != "fp32":
        raise ConfigError(f"{file} is in {predictor.running.precision} already.", "Use the float32 file, or the run.")
    check_source(predictor, int8=int8)
    name = f"model{'-int8' if int8 else '-fp16' if fp16 else ''}.onnx"
    target = Path(out) if out is not None else file.with_name(name)
    if target.suffix != ".onnx":
        raise DataError(f"{target}: an exported model ends in .onnx.", "Name it like --out model.onnx.")
    images, source = comparison_images(file, data)
    sets, why = labelled_images(predictor, file, data, calibrated=int8)
    if int8 and sets is None:
        raise DataError(
            f"INT8 needs labelled images, to calibrate on and to measure what it costs: {why}",
            "Name a labelled data set with --data.",
        )
    parity = write(
        predictor,
        target,
        images=images,
        source=source,
        content=file.read_bytes() if exported else None,
        labelled=None if sets is None else sets.labelled,
        unlabelled=why,
        precision=Precision(
            "int8" if int8 else "fp16" if fp16 else "fp32", sets.calibration if sets is not None else (), max_drop
        ),
        evidence=evidence,
        progress=progress,
    )
    return target, parity, source


def check_options(*, to: str, int8: bool, fp16: bool, max_drop: float) -> None:
    """Refuse options that exclude each other, or are out of bounds.

    Raises:
        ConfigError: The message names them.
    """
    if to not in ("onnx", "openvino"):
        raise ConfigError(f"Unknown format {to!r}.", "Formats: onnx, openvino.")
    if int8 and fp16:
        raise ConfigError("--int8 and --fp16 exclude each other.", "Use one of them.")
    if not 0 <= max_drop <= 100:
        raise ConfigError(f"A drop of {max_drop:g} points is out of range.", "Use --max-drop 0 to 100.")


@dataclass(frozen=True)
class Sets:
    """Images of a data set for two purposes; none is in both.

    Attributes:
        calibration: Images that ranges are taken from.
        labelled: Images that the headline is measured on.
    """

    calibration: Sequence[Path]
    labelled: "Labelled"


def labelled_images(
    predictor: Predictor, file: Path, data: str | Path | None, *, calibrated: bool
) -> tuple[Sets | None, str]:
    """Labelled images of ``data`` or, by default, those that training held out; or why there are none.

    Args:
        predictor: The model.
        file: Its file.
        data: A data set; None: the run's.
        calibrated: Whether some are set apart for calibration. Without, few are evaluated.
    """
    from foveal.deploy.headline import Labelled

    try:
        calibration, evaluated = divided(predictor, file, data, calibrated=calibrated)
        most = MAX_EVALUATED if calibrated else MAX_IMAGES
        evaluated = evaluated.take(evenly(len(evaluated), most))
        if calibrated:
            known = {bytes(one) for one in evaluated.content_hashes}
            apart = [i for i, one in enumerate(calibration.content_hashes) if bytes(one) not in known]
            calibration = calibration.take(np.array(apart, np.int64))
            calibration = calibration.take(evenly(len(calibration), CALIBRATION_IMAGES))
            if len(calibration) < MIN_CALIBRATION:
                return None, f"{calibration.root} has too few that are not evaluated."
        predictor.output.accept(evaluated)
    except FovealError as error:
        return None, error.what
    truths = predictor.output.truths(evaluated, range(len(evaluated)))
    sources = kept(predictor, list(evaluated.paths()))
    labelled = Labelled(sources, truths, evaluated.group_ids(), str(evaluated.root))
    return Sets(list(calibration.paths()), labelled), ""


def divided(predictor: Predictor, file: Path, data: str | Path | None, *, calibrated: bool) -> tuple[Catalog, Catalog]:
    """Images for calibration, from the training split where there is one, and images to evaluate."""
    if data is not None:
        catalog, _ = open_data(Path(data), predictor, split=None, classes="", ignore=(), groups=None)
    else:
        own = read_config(file.with_name("config.toml")).data
        catalog, _ = open_data(
            Path(own.path),
            predictor,
            split="val",
            format=own.format,
            images=own.images,
            labels=own.labels,
            classes=own.classes,
            ignore=own.ignore,
            groups=None,
        )
    there = [name for name in ("val", "test") if catalog.has(name)]
    if there and (catalog.has("train") or not calibrated):
        return (catalog.split("train") if catalog.has("train") else catalog), catalog.split(there[0])
    if not calibrated:
        return catalog, catalog
    order = np.random.default_rng(0).permutation(len(catalog))
    num_calibration = min(CALIBRATION_IMAGES, len(catalog) // 3)
    return catalog.take(np.sort(order[:num_calibration])), catalog.take(np.sort(order[num_calibration:]))


def comparison_images(file: Path, data: str | Path | None) -> tuple[list[Source], str]:
    """At most ``MAX_IMAGES`` real images, evenly spread over the data, and their source in words."""
    if data is not None:
        return spread(find_images([str(data)]).paths), str(data)
    try:
        config = read_config(file.with_name("config.toml"))
        return spread(list(read_data(config).paths())), config.data.path
    except FovealError:
        return scenes(), "scikit-learn's sample photos"


def evenly(count: int, most: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """At most ``most`` of ``count`` places, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))


def spread(paths: list[Path]) -> list[Source]:
    """At most ``MAX_IMAGES`` of them, evenly."""
    return [paths[i] for i in evenly(len(paths), MAX_IMAGES)]


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
