"""Whether the evidence lies where the ground truth has its subject: the pointing game, and energy inside.

Zhang et al. 2018, "Top-down neural attention by excitation backprop", section 4.1, without its margin of 15 pixels;
Wang et al. 2020, "Score-CAM", section 4.3. Both say little without what the centre of the image, and the area, would
give (Fong et al. 2019, "Extremal perturbations", table 1).

Shapes: H W of an image as it is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.brief import brief
from foveal.explain.case import Case, Effort
from foveal.explain.evidence import Evidence
from foveal.explain.explain import evidence_of
from foveal.explain.quality.measured import Measured, share
from foveal.explain.quality.sample import Region, Sample
from foveal.inference.predictor import Predictor
from foveal.types.arrays import FloatArray
from foveal.types.progress import Progress, silent

PARTLY = 0.01
"""Parts of a cell below this are the rounding of its edges."""


@dataclass(frozen=True)
class Placed:
    """Where a map lies.

    Attributes:
        hit: Whether its peak is in the region; a map without evidence has none.
        energy: The part of its positive evidence in the region; 0 without evidence.
        in_box: The same for the box around the region.
        area: The part of what the model saw that is the region.
        box_area: The same for the box around it.
        centre: Whether the centre of what the model saw is in the region.
        found: Whether it has evidence at all.
    """

    hit: bool
    energy: float
    in_box: float
    area: float
    box_area: float
    centre: bool
    found: bool

    __repr__ = brief


def placed(one: Evidence, region: Region) -> Placed:
    """Compare a map with a region.

    Args:
        one: The evidence.
        region: (H, W), of the image's proportions.
    """
    height, width = region.shape
    values: FloatArray = one.at((width, height)).astype(np.float64)
    scale = (width / one.geometry.source_size[0], height / one.geometry.source_size[1]) * 2
    x1, y1, x2, y2 = (round(v * s) for v, s in zip(one.seen, scale, strict=True))
    seen = np.zeros(region.shape, bool)
    seen[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)] = True
    positive, box = values.clip(0), boxed(region)
    total = float(positive.sum())
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return Placed(
        bool(one.found and region[row, column]),
        float(positive[region].sum()) / total if one.found and total > 0 else 0.0,
        float(positive[box].sum()) / total if one.found and total > 0 else 0.0,
        float((region & seen).sum() / seen.sum()),
        float((box & seen).sum() / seen.sum()),
        bool(region[min((y1 + y2) // 2, height - 1), min((x1 + x2) // 2, width - 1)]),
        one.found,
    )


def in_cells(one: Evidence, region: Region) -> Placed:
    """The same, of a map's own cells; those that are partly in the region belong neither here nor there.

    Args:
        one: The evidence, of an image that is the input itself.
        region: (S, T).
    """
    (own_h, own_w), (width, height) = region.shape, one.geometry.input_size
    whole = np.zeros((max(height, own_h), max(width, own_w)), np.float32)
    whole[:own_h, :own_w] = region
    rows, columns = one.grid.shape
    covered = Image.fromarray(np.ascontiguousarray(whole[:height, :width]))
    inside = np.asarray(covered.resize((columns, rows), Image.Resampling.BOX))
    clean, own = (inside <= PARTLY) | (inside >= 1 - PARTLY), inside >= 1 - PARTLY
    values: FloatArray = np.where(clean, one.grid, -np.inf).astype(np.float64)
    positive = values.clip(0)
    total = float(positive.sum())
    hit = bool(one.found and total > 0 and own.ravel()[int(values.argmax())])
    energy = float(positive[own].sum()) / total if one.found and total > 0 else 0.0
    area = float(own.sum() / max(1, clean.sum()))
    return Placed(hit, energy, energy, area, area, False, one.found)


def boxed(region: Region) -> Region:
    """The box around a region."""
    box = np.zeros(region.shape, bool)
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    if len(rows):
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box


def place_all(
    predictor: Predictor,
    samples: Sequence[Sample],
    method: str,
    effort: Effort,
    *,
    masks: bool,
    progress: Progress = silent,
) -> dict[str, Measured]:
    """Pointing and energy of every subject whose place is known.

    Args:
        predictor: The model.
        samples: The images.
        method: How they are explained.
        effort: Of the method, and the seed of the intervals.
        masks: Whether places are known to the pixel.
        progress: Told how far it is.

    Returns:
        ``pointing``, ``energy_in_box`` and, with ``masks``, ``energy_in_mask``; for objects also ``own_object``.
    """
    found, units, rivals, rival_units = list[Placed](), list[int](), list[float](), list[int]()
    for number, sample in enumerate(samples):
        progress("pointing", number, len(samples))
        places = [(s, r) for s, r in zip(sample.subjects, sample.regions, strict=True) if r is not None]
        subjects, regions = [s for s, _ in places], [r for _, r in places]
        for one in evidence_of(Case(predictor, sample.prepared), subjects, method, effort):
            if one.part:
                continue
            own = subjects.index(one.subject)
            found.append(placed(one, regions[own]))
            units.append(number)
            if one.subject.kind == "object" and len(regions) > 1:
                rivals.append(_holds_most(one, own, regions))
                rival_units.append(number)
    if not found:
        return {}
    seed, area = effort.seed, [one.area for one in found]
    centre = [float(one.centre) for one in found]
    measures = {
        "pointing": share([one.hit for one in found], units, seed=seed, beside={"centre": centre, "area": area}),
        "energy_in_box": share(
            [one.in_box for one in found], units, seed=seed, beside={"area": [one.box_area for one in found]}
        ),
    }
    if masks:
        measures["energy_in_mask"] = share([one.energy for one in found], units, seed=seed, beside={"area": area})
    if rivals:
        measures["own_object"] = share(rivals, rival_units, seed=seed)
    return measures


def _holds_most(one: Evidence, own: int, regions: Sequence[NDArray[np.bool_]]) -> float:
    """1 where an object holds more of its own evidence than its nearest neighbour does, without what both cover."""
    height, width = regions[own].shape
    positive = one.at((width, height)).clip(0)
    centres = np.array([np.argwhere(region).mean(0) for region in regions])
    apart = np.hypot(*(centres - centres[own]).T)
    apart[own] = np.inf
    other = regions[int(apart.argmin())]
    mine, theirs = regions[own] & ~other, other & ~regions[own]
    return float(one.found and positive[mine].sum() > positive[theirs].sum())
