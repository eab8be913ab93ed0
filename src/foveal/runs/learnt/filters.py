"""``foveal explain MODEL --filters``: the first layer's kernels, and what they respond to most."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foveal.errors import FovealError, ImageError
from foveal.inference.predictor import Predictor, Source
from foveal.runs.learnt.like import left_out
from foveal.runs.learnt.network import network_of
from foveal.runs.learnt.output import Sheet, name_of_image
from foveal.types.progress import Progress, silent

if TYPE_CHECKING:
    from foveal.explain.learnt.filters import Filter

MOST_IMAGES = 400
"""Images whose patches are compared: evenly chosen among all."""


@dataclass(frozen=True, eq=False)
class FilterSheet(Sheet):
    """The kernels of a network's first layer.

    Attributes:
        filters: The kernels, strongest first, each with the patches that it responds to most.
        names: Of the images that the patches are of, by their ``source``.
        notes: What a user should know.
    """

    filters: "Sequence[Filter]"
    names: Sequence[str]
    notes: Sequence[str] = ()

    def __len__(self) -> int:
        """The number of kernels."""
        return len(self.filters)

    def __repr__(self) -> str:
        """One line: ``FilterSheet(32 kernels of 3 x 3 pixels, 2 dead)``."""
        height, width = self.filters[0].kernel.shape[:2]
        dead = sum(one.dead for one in self.filters)
        return f"FilterSheet({len(self)} kernels of {width} x {height} pixels{f', {dead} dead' if dead else ''})"

    def noting(self, note: str) -> "FilterSheet":
        """The same with another note first."""
        return replace(self, notes=(note, *self.notes))

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "filters": [
                {
                    "number": one.number,
                    "strength": round(one.strength, 6),
                    "patches": [
                        {
                            "path": self.names[patch.source],
                            "at": list(patch.place),
                            "response": round(patch.response, 5),
                        }
                        for patch in one.patches
                    ],
                }
                for one in self.filters
            ]
        }


def draw_filters(predictor: Predictor, images: Sequence[Source], *, progress: Progress = silent) -> FilterSheet:
    """Draw the kernels, and the patches that each responds to most.

    Args:
        predictor: The model.
        images: Where patches are looked for; empty: kernels alone.
        progress: Told how far it is.

    Raises:
        ConfigError: An export, or a network without a first convolution.
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
    names = [name_of_image(image, place) for place, image in zip(picked, chosen, strict=True)]
    if len(chosen) < len(images):
        notes.append(f"Patches are of {len(chosen)} images, evenly chosen among {len(images):,}.")
    read = [name for i, name in enumerate(names) if i not in bad]
    return FilterSheet(filters, read, notes, pixels=filter_sheet(filters, most=MOST))


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
