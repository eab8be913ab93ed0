"""The grid game: mosaics of four images of different classes; the evidence for a class belongs in its own image.

Boehle et al. 2021, "Convolutional dynamic alignment networks", section 5.2. It needs no boxes, and its level of chance
is exact: the part of the mosaic that the class covers. As there, images keep their size where the network takes larger
inputs; exported files and some transformers do not, and get images of half the sides.

Shapes: S T height and width of the input, H W of a mosaic, h w of a map.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from foveal.brief import brief
from foveal.explain.case import Case, Effort
from foveal.explain.explain import evidence_of
from foveal.explain.methods import has_gradients
from foveal.explain.quality.measured import Measured, share
from foveal.explain.quality.places import Placed, in_cells
from foveal.explain.quality.sample import Region, Sample
from foveal.inference.predictor import Predictor, Prepared
from foveal.types.arrays import FloatArray
from foveal.types.geometry import Geometry
from foveal.types.predictions.subject import Subject
from foveal.types.progress import Progress, silent

CELLS = 4


@dataclass(frozen=True)
class Mosaic:
    """Four images in one input.

    Attributes:
        prepared: Its pixels (H, W, 3).
        subjects: The classes in it.
        regions: (H, W) of each class.
    """

    prepared: Prepared
    subjects: tuple[Subject, ...]
    regions: tuple[Region, ...]

    __repr__ = brief


@dataclass(frozen=True)
class Game:
    """What the maps of all mosaics gave.

    Attributes:
        placed: Of each map.
        units: The mosaic of each.
        grids: The maps themselves.
    """

    placed: Sequence[Placed]
    units: Sequence[int]
    grids: Sequence[FloatArray]

    __repr__ = brief

    def measures(self, seed: int) -> dict[str, Measured]:
        """The part of the positive evidence, and of the maxima, that lies where the class is."""
        chance = {"chance": [one.area for one in self.placed]}
        return {
            "grid_energy": share([one.energy for one in self.placed], self.units, seed=seed, beside=chance),
            "grid_pointing": share([one.hit for one in self.placed], self.units, seed=seed, beside=chance),
        }


def takes(predictor: Predictor, shape: tuple[int, int]) -> bool:
    """Whether a network takes inputs of another (height, width) than its own."""
    if not has_gradients(predictor):
        return False
    try:
        predictor.backend.run(np.zeros((1, *shape, 3), np.uint8))
    except (AssertionError, RuntimeError, ValueError):  # what networks of a fixed size raise
        return False
    return True


def doubled(shape: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a mosaic of images of this one."""
    return 2 * shape[0], 2 * shape[1]


def mosaics(samples: Sequence[Sample], *, seed: int, full: bool = False) -> list[Mosaic]:
    """As many as the images give, each image in one; with fewer than four classes a class has several cells.

    Args:
        samples: Whose subjects are classes.
        seed: Of the places in the mosaic.
        full: Whether images keep their size, so that H W are twice S T; else they are S T.
    """
    rng = np.random.default_rng(seed)
    left: dict[int, deque[Sample]] = {}
    for one in samples:
        if one.subjects and one.subjects[0].kind == "class":
            left.setdefault(one.subjects[0].label, deque()).append(one)
    found = []
    while (chosen := _four(left)) is not None:
        found.append(assemble([chosen[i] for i in rng.permutation(CELLS)], full=full))
    return found


def _four(left: dict[int, deque[Sample]]) -> list[tuple[int, Sample]] | None:
    """Four images, each with one of the chosen classes alone, out of what is left; None: there are none.

    The classes with most images come first, so that few images remain.
    """
    order = sorted((label for label in left if left[label]), key=lambda label: (-len(left[label]), label))
    num_classes = min(CELLS, len(left))
    for start in range(len(order) - num_classes + 1):
        labels = order[start : start + num_classes] if num_classes > 1 else []
        wanted = [labels[i % num_classes] for i in range(CELLS)] if labels else []
        taken: list[tuple[int, Sample]] = []
        for label in wanted:
            fits = (s for s in left[label] if s.labels & set(labels) == {label} and (label, s) not in taken)
            one = next(fits, None)
            if one is None:
                break
            taken.append((label, one))
        if len(taken) == CELLS:
            for label, one in taken:
                left[label].remove(one)
            return taken
    return None


def assemble(cells: Sequence[tuple[int, Sample]], *, full: bool = False) -> Mosaic:
    """Four images, row by row, in their size or reduced to half their sides."""
    rows, columns = doubled(cells[0][1].prepared.shape) if full else cells[0][1].prepared.shape
    pixels = np.zeros((rows, columns, 3), np.uint8)
    names: dict[int, Subject] = {}
    regions: dict[int, Region] = {}
    for place, (label, sample) in enumerate(cells):
        top, left = place // 2 * (rows // 2), place % 2 * (columns // 2)
        high, wide = rows - top if top else rows // 2, columns - left if left else columns // 2
        part = np.s_[top : top + high, left : left + wide]
        small = Image.fromarray(sample.prepared.pixels).resize((wide, high), Image.Resampling.BOX)
        pixels[part] = np.asarray(small)
        names.setdefault(label, next(s for s in sample.subjects if s.label == label))
        regions.setdefault(label, np.zeros((rows, columns), bool))[part] = True
    whole = Geometry((columns, rows), (columns, rows), (1.0, 1.0))
    return Mosaic(Prepared(pixels, whole), tuple(names.values()), tuple(regions.values()))


def play(
    predictor: Predictor,
    boards: Sequence[Mosaic],
    method: str,
    effort: Effort,
    *,
    doing: str = "grid game",
    progress: Progress = silent,
) -> Game:
    """Explain every class in every mosaic.

    Raises:
        ConfigError: A method that this model has not.
    """
    found, units, grids = list[Placed](), list[int](), list[FloatArray]()
    for number, board in enumerate(boards):
        progress(doing, number, len(boards))
        for one in evidence_of(Case(predictor, board.prepared), board.subjects, method, effort):
            if one.part:
                continue
            region = board.regions[board.subjects.index(one.subject)]
            found.append(in_cells(one, region))
            units.append(number)
            grids.append(one.grid)
    return Game(found, units, grids)
