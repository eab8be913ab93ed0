"""``foveal explain --evaluate``: how good explanations are, on a labelled data set. No torch for exported models."""

from dataclasses import dataclass
from pathlib import Path

from foveal.brief import brief
from foveal.data.catalog.catalog import SPLITS
from foveal.errors import ConfigError, DataError
from foveal.explain.case import Case, Effort
from foveal.explain.methods import choose_method
from foveal.explain.quality.assess import Quality, assess
from foveal.explain.quality.regions import has_masks
from foveal.explain.quality.sample import gather
from foveal.inference.predictor import Predictor
from foveal.ops.quiet import quiet
from foveal.runs.evaluate import open_data
from foveal.types.progress import Progress, silent

COUNT = 200
FEWEST = 8


@dataclass(frozen=True)
class QualityRun:
    """What was measured, and on what.

    Attributes:
        quality: The measures.
        method: How images were explained.
        split: Of the data set; None: all of it.
        read: Images that were read to find those on which the model is right.
        notes: What a reader should know of the data.
    """

    quality: Quality
    method: str
    split: str | None
    read: int
    notes: tuple[str, ...]

    __repr__ = brief

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"method": self.method, "split": self.split, "read": self.read, **self.quality.to_dict()}


@quiet()
def explain_quality(
    predictor: Predictor,
    data: Path,
    *,
    split: str | None = None,
    count: int = COUNT,
    method: str = "auto",
    effort: Effort = Effort(),  # noqa: B008  frozen
    progress: Progress = silent,
) -> QualityRun:
    """Measure a model's explanations on a labelled data set.

    Args:
        predictor: The model.
        data: A data set that the model can be evaluated on.
        split: train, val or test; None: test, else val, else train, where splits exist.
        count: Images, of those on which the model is right; four of them make a mosaic.
        method: One of ``explain.methods.METHODS``, or auto.
        effort: Seed, and seconds per image for methods that repeat passes.
        progress: Told how far it is.

    Raises:
        ConfigError: Too few images are asked for, or a method that this model has not.
        DataError: The data set cannot be read, or the model is right on too few of its images.
    """
    if count < FEWEST:
        raise ConfigError(f"--count {count} is too few to measure anything.", f"Use {FEWEST} or more.")
    if split is not None and split not in SPLITS:
        raise DataError(f"Unknown split {split!r}.", f"Splits: {', '.join(SPLITS)}.")
    progress("reading the data set", 0, None)
    catalog, notes = open_data(data, predictor, split=split, classes="", ignore=(), groups=None)
    there = [name for name in ("test", "val", "train") if catalog.has(name)]
    chosen = split or (there[0] if there else None)
    part = catalog.split(chosen) if chosen else catalog
    predictor.output.accept(part)
    found = gather(predictor, part, count, seed=effort.seed, progress=progress)
    if len(found.samples) < 2:
        raise DataError(
            f"{data}: of {found.read} images the model is right on {len(found.samples)}, so there is nothing to measure"
            " explanations on.",
            "Use images like those that it was trained on, or a better model.",
        )
    name = choose_method(method, Case(predictor, found.samples[0].prepared))
    quality = assess(predictor, found, method=name, effort=effort, masks=has_masks(part), progress=progress)
    return QualityRun(quality, name, chosen, found.read, (*notes, *predictor.notes))
