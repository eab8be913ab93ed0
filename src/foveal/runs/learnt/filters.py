"""``foveal explain MODEL --filters``: the first layer's kernels, and what they respond to most."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foveal.errors import FovealError, ImageError
from foveal.inference.predictor import Predictor
from foveal.runs.learnt.like import left_out
from foveal.runs.learnt.network import network_of
from foveal.runs.learnt.output import write_png
from foveal.types.progress import Progress, silent

MOST_IMAGES = 400
"""Images whose patches are compared: evenly chosen among all."""


@dataclass(frozen=True)
class FilterSheet:
    """What was written and found.

    Attributes:
        saved: The image.
        filters: Plain values of each kernel, strongest first, for JSON.
        shown: How many are drawn.
        notes: What a user should know.
    """

    saved: Path
    filters: Sequence[dict[str, object]]
    shown: int
    notes: Sequence[str] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"saved": str(self.saved), "filters": list(self.filters)}


def draw_filters(
    predictor: Predictor, images: Sequence[Path], folder: Path, *, progress: Progress = silent
) -> FilterSheet:
    """Write filters.png.

    Args:
        predictor: The model.
        images: Where patches are looked for; empty: kernels alone.
        folder: Where the image is written.
        progress: Told how far it is.

    Raises:
        ConfigError: An export, or a network without a first convolution.
        RunError: The image cannot be written.
    """
    backend = network_of(predictor, "--filters")
    from foveal.explain.learnt.filter_sheet import MOST, filter_sheet
    from foveal.explain.learnt.filters import Responses, filters_of

    filters, notes = filters_of(backend), list[str]()
    shown = filters[:MOST]
    if len(filters) > MOST:
        notes.append(f"The layer has {len(filters)} kernels; the {MOST} strongest are drawn.")
    picked = np.unique(np.linspace(0, len(images) - 1, min(MOST_IMAGES, len(images))).round().astype(int)).tolist()
    chosen, bad = [images[i] for i in picked], dict[int, ImageError]()
    responses = Responses(backend, shown)
    for batch in predictor.prepare_all(chosen, bad=bad, batch_size=8):
        responses.add(batch)
        progress("looking for patches", responses.seen, len(chosen))
    if bad:
        notes.append(left_out(len(bad)))
    read = [path for i, path in enumerate(chosen) if i not in bad]
    if len(chosen) < len(images):
        notes.append(f"Patches are of {len(chosen)} images, evenly chosen among {len(images):,}.")
    saved = write_png(folder / "filters.png", filter_sheet(shown))
    documents: list[dict[str, object]] = [
        {
            "number": one.number,
            "strength": round(one.strength, 6),
            "patches": [
                {"path": str(read[patch.source]), "at": list(patch.place), "response": round(patch.response, 5)}
                for patch in one.patches
            ],
        }
        for one in filters
    ]
    return FilterSheet(saved, documents, len(shown), notes)


def images_at_hand(model: Path) -> tuple[list[Path], str]:
    """The images that a run was trained on, and a note where they are not at hand."""
    from foveal.config.files import read_config
    from foveal.runs.data import read_data

    folder = model if model.is_dir() else model.parent
    file = folder / "config.toml"
    hint = "Name images or a folder to see what they respond to: foveal explain MODEL FOLDER --filters"
    if not file.is_file():
        return [], f"Kernels alone: the model names no data set. {hint}"
    try:
        return list(read_data(read_config(file)).paths()), ""
    except FovealError:
        return [], f"Kernels alone: the data set of the run is not at hand. {hint}"
