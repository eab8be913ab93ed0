"""What a job does with each part of its images: a function of the model, the options and the part alone.

So a part may be predicted twice, by any process of any machine, and its rows are the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from foveal.errors import ImageError
from foveal.inference.jobs import predict_sources
from foveal.inference.load import load
from foveal.inference.predictor import BATCH_SIZE, Predictor
from foveal.inference.views import Viewing
from foveal.inference.writers import with_polygons
from foveal.jobs.items import Item, shown_name
from foveal.jobs.table import Format
from foveal.types.predictions.columns import Columns, polygon_columns
from foveal.types.selection import Selection

BAD_COLUMNS: Columns = {"path": "text", "shard": "text", "reason": "text"}
FIRST_COLUMNS: Columns = {"path": "text", "shard": "text", "width": "whole", "height": "whole"}
"""Every task's table begins with these."""


@dataclass(frozen=True)
class Work:
    """How the images of a job are predicted.

    Attributes:
        model: A run folder, a .safetensors or an .onnx file.
        engine: What runs it: auto, torch, onnxruntime or openvino.
        device: Where it runs: auto, cpu, cuda or tensorrt.
        threads: Threads within the network on a CPU; 0: all cores.
        viewing: The views of each image.
        selection: Which predictions are given.
        polygons: Whether masks are written as polygons, not as RLE.
        batch_size: Images per batch.
        base: Folder that relative names of images start from.
    """

    model: Path
    engine: str = "auto"
    device: str = "auto"
    threads: int = 0
    viewing: Viewing = field(default_factory=Viewing)
    selection: Selection = field(default_factory=Selection)
    polygons: bool = False
    batch_size: int = BATCH_SIZE
    base: Path = Path()

    def open(self, *, device: str | None = None) -> Predictor:
        """The model, on its own device or another.

        Raises:
            ArtifactError: It cannot be opened.
            ConfigError: An option does not concern it.
        """
        return load(self.model, device=device or self.device, engine=self.engine, threads=self.threads).select(
            self.selection
        )

    def options(self) -> dict[str, object]:
        """What decides on the rows beside model and images; the batch size may change on the way."""
        own = {**asdict(self.viewing), **asdict(self.selection), "polygons": self.polygons}
        own |= {"engine": self.engine, "device": self.device}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in own.items()}


@dataclass(frozen=True)
class Done:
    """A part that was predicted.

    Attributes:
        rows: Content of the file with its rows.
        bad: Content of the file with its bad images; None: there are none.
        num_images: How many images it has.
        num_bad: How many of them cannot be read.
        full: How many have as many objects as the limit allows.
        limit: That limit.
        missing: A file that was not found, and was there when the job began; empty: none.
    """

    rows: bytes
    bad: bytes | None
    num_images: int
    num_bad: int
    full: int
    limit: int
    missing: str = ""


class StoppedError(Exception):
    """The job has ended before this part has."""


def columns_of(predictor: Predictor, *, polygons: bool = False) -> Columns:
    """The columns of a model's table."""
    own = predictor.output.table_columns
    changed = {name: polygon_columns(shape) for name, shape in own.items()} if polygons else own
    return {**FIRST_COLUMNS, **changed}


def predict_part(
    predictor: Predictor,
    work: Work,
    items: Sequence[Item],
    form: Format,
    *,
    done: Callable[[], None] = lambda: None,
) -> Done:
    """Predict on the images of a part.

    Args:
        predictor: The model.
        work: How.
        items: The images.
        form: Of the table.
        done: Called after each image; what it raises ends the part.

    Raises:
        ConfigError: The model predicts for full images only, and these would be cut.
    """
    rows, bad = form.encoder(columns_of(predictor, polygons=work.polygons)), form.encoder(BAD_COLUMNS)
    num_bad = full = limit = 0
    missing = ""
    readable = [item for item in items if not item.bad]
    sources = [item.source(work.base) for item in readable]
    predictions = predict_sources(predictor, sources, viewing=work.viewing, batch_size=work.batch_size)
    for item in items:
        name = {"path": shown_name(item.path), "shard": None if item.shard is None else shown_name(item.shard)}
        prediction = ImageError(item.name, item.bad) if item.bad else next(predictions)
        if isinstance(prediction, ImageError):
            num_bad += 1
            bad.add({**name, "reason": shown_name(prediction.reason)})
            if not missing and item.num_bytes is not None and not (work.base / item.file).exists():
                missing = item.file
        else:
            width, height = prediction.size
            own: object = predictor.output.table_row(prediction)
            own = with_polygons(own) if work.polygons else own
            assert isinstance(own, dict), "the row of a table"
            rows.add({**name, "width": width, "height": height, **own})
            reached = predictor.output.limit_reached(prediction)
            full, limit = full + bool(reached), max(limit, reached)
        done()
    return Done(rows.finish(), bad.finish() if num_bad else None, len(items), num_bad, full, limit, missing)
