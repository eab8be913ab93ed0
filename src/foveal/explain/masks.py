"""Explanation by hiding random parts of the image: RISE. NumPy on whatever runs the network.

What is hidden is replaced by a strongly blurred copy: black or gray squares would be things of their own. The value of
a place is how much the model's support for the subject rises when the place is shown rather than hidden.

Shapes: S T height and width of the input, J subjects, N masks, g side of a map.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from foveal.explain.case import Case, Effort, Found
from foveal.types.arrays import RGB, FloatArray
from foveal.types.predictions.subject import Subject

BATCH_SIZE = 16
BLUR = 1 / 6
"""Radius of the blur, of the input's longer side."""
RISE_CELLS = 8
"""Side of RISE's random grids, as in Petsiuk et al. 2018, "RISE", section 4 (7)."""
SHOWN = 0.5
"""Probability that a cell is shown."""
RISE_GRID = 28
"""Side of its maps: masks are smooth, so more says nothing more."""
FITTED_CELLS = 14
"""Side of the grid of cells whose sum is fitted."""
SMOOTH = 1.0
"""Cells over which slopes are expected to be alike (standard deviation of the Gaussian covariance)."""
NOISES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""What of the supports the sum does not explain, tried as multiples of the mean of what it does."""
MOST_PASSES, CHECK_EVERY = 1536, 128
SEEN = 1 / 20
"""Part of the strongest evidence below which two values look alike."""
CONVERGED, OPTIMISM = 0.9, 0.03
"""Rank correlation with the map of as many other masks from which a map is taken as converged, and by how much what is
worked out from halves exceeds it where it first reaches that, as measured on photos."""
Pixels = NDArray[np.float32]


def rise(case: Case, subjects: Sequence[Subject], effort: Effort) -> list[tuple[Subject, Found]]:
    """Show random parts of the image, in pairs of opposites, until both halves of the masks give the same map.

    Petsiuk et al. 2018, "RISE"; a place's value is the slope of the support over the mask, so it is 0 where showing it
    changes nothing, whatever the score is.

    Raises:
        ConfigError: The budget is under one forward pass.
    """
    start = perf_counter()
    fill, image = blurred(case.pixels).astype(np.float32), case.pixels.astype(np.float32)
    both, halves = Slopes(), (Slopes(), Slopes())
    passes, converged = 0, False
    for masks, small in random_masks(case.prepared.shape, effort.seed):
        before = perf_counter()
        shown = (fill + (image - fill) * masks[..., None]).round().astype(np.uint8)
        values = case.support(shown, subjects)
        effort.check((perf_counter() - before) / len(masks))
        both.add(values, small)
        halves[passes // BATCH_SIZE % 2].add(values, small)
        passes += len(masks)
        if passes % CHECK_EVERY == 0:
            maps = [half.maps() for half in halves]
            converged = all(of_both(agreement(a, b)) >= CONVERGED + OPTIMISM for a, b in zip(*maps, strict=True))
        spent = perf_counter() - start
        if converged or passes >= MOST_PASSES or (effort.budget_s is not None and spent >= effort.budget_s):
            break
    return [(s, Found(m, converged, passes)) for s, m in zip(subjects, both.maps(), strict=True)]


@dataclass
class Slopes:
    """How J supports rise with each place of the masks.

    A place's slope is its covariance with the support over its variance. Measured as it stands, what the other places
    add by chance disturbs it; so a sum over cells is fitted, whose slopes are known. Neighbouring cells are expected to
    be alike, and how much of the supports is noise is chosen by its marginal likelihood (MacKay 1992, "Bayesian
    interpolation"), so that a few masks do not fit noise.
    """

    values: list[FloatArray] = field(default_factory=list)
    masks: list[Pixels] = field(default_factory=list)

    def add(self, values: FloatArray, masks: Pixels) -> None:
        """Add supports (J, N) of masks (N, g, g)."""
        self.values.append(values)
        self.masks.append(masks)

    def maps(self) -> FloatArray:
        """(J, g, g) slopes: the change of the support from hidden to shown."""
        alike, gather, prior = likeness(), gathering(), expected()
        values = np.concatenate(self.values, 1)
        centred = values - values.mean(1, keepdims=True)  # (J, N)
        masks = np.concatenate(self.masks).astype(np.float64) - SHOWN  # (N, g, g)
        cells = (gather @ masks @ gather.T).reshape(len(masks), -1) @ prior  # (N, c c)
        strengths, turn = np.linalg.eigh(cells.T @ cells)
        strengths, seen = strengths.clip(0), centred @ cells @ turn  # (c c), (J, c c)
        noise = [likeliest(strengths, own, float(y @ y), len(masks)) for own, y in zip(seen, centred, strict=True)]
        fitted = seen / (strengths + np.array(noise)[:, None]) @ turn.T @ prior.T  # (J, c c)
        spread, side = gather @ alike, len(gather)
        known = spread.T @ fitted.reshape(-1, side, side) @ spread  # (J, g, g)
        slopes: FloatArray = known / np.outer(np.diag(alike), np.diag(alike))
        return slopes


def likeliest(strengths: FloatArray, seen: FloatArray, squares: float, count: int) -> float:
    """The noise, as the variance that is added to what is fitted, under which the values are likeliest.

    Args:
        strengths: (c c) eigenvalues of the fitted sum's products.
        seen: (c c) the values' products with it, turned to its eigenvectors.
        squares: The sum of the values' squares.
        count: N, the number of values.
    """
    best, chosen = -np.inf, 1.0
    for noise in float(strengths.mean()) * np.array(NOISES):
        left = max((squares - float((seen**2 / (strengths + noise)).sum())) / noise, 1e-300)
        size = float(np.log(strengths + noise).sum()) + (count - len(strengths)) * np.log(noise)
        likelihood = -0.5 * (count * np.log(left / count) + size)
        if likelihood > best:
            best, chosen = likelihood, float(noise)
    return chosen


def of_both(halves: float) -> float:
    """The correlation that two maps of all masks would have, from that of two maps of half of them.

    Spearman 1910 and Brown 1910: what disturbs a map halves with twice the masks.
    """
    return 2 * halves / (1 + halves) if halves > 0 else halves


@cache
def expected() -> FloatArray:
    """(c c, c c) from independent numbers to slopes of cells of which neighbours are alike."""
    apart = np.arange(FITTED_CELLS)[:, None] - np.arange(FITTED_CELLS)
    values, vectors = np.linalg.eigh(np.exp(-(apart**2) / (2 * SMOOTH**2)))
    root = vectors * np.sqrt(values.clip(0))
    return np.kron(root, root)


@cache
def likeness() -> FloatArray:
    """(g, g) how much two rows of a mask depend on the same random numbers, over all shifts; so for columns."""
    each = [weights(RISE_GRID, RISE_CELLS + 2, (i + 0.5) / 64).astype(np.float64) for i in range(64)]
    return np.asarray(np.mean([one @ one.T for one in each], axis=0))


def gathering() -> FloatArray:
    """(c, g) from rows of a mask to the mean rows of the cells that are fitted."""
    return np.repeat(np.eye(FITTED_CELLS), RISE_GRID // FITTED_CELLS, axis=1) * FITTED_CELLS / RISE_GRID


def random_masks(shape: tuple[int, int], seed: int) -> Iterator[tuple[Pixels, Pixels]]:
    """Endless batches of smooth masks in [0, 1], (N, S, T) and (N, g, g); the second half are opposites."""
    rng = np.random.default_rng(seed)
    cells = RISE_CELLS + 1
    while True:
        full, small = list[Pixels](), list[Pixels]()
        for _ in range(BATCH_SIZE // 2):
            grid = (rng.random((cells + 1, cells + 1)) < SHOWN).astype(np.float32)
            shift = rng.random(2)
            for sides, out in ((shape, full), ((RISE_GRID, RISE_GRID), small)):
                down, across = (weights(length, cells + 1, s) for length, s in zip(sides, shift, strict=True))
                out.append((down @ grid @ across.T).astype(np.float32))
        yield _with_opposites(full), _with_opposites(small)


def _with_opposites(masks: Sequence[Pixels]) -> Pixels:
    shown = np.stack(masks)
    return np.concatenate([shown, 1 - shown])


def weights(length: int, points: int, shift: float) -> Pixels:
    """(length, points) of linear interpolation, where ``RISE_CELLS`` points span the length and all are shifted."""
    at = (np.arange(length) + 0.5) / length * RISE_CELLS + shift
    out: Pixels = (1 - np.abs(at[:, None] - np.arange(points))).clip(0).astype(np.float32)
    return out


def blurred(pixels: RGB) -> RGB:
    """A copy (S, T, 3) without anything that could be recognised."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(max(pixels.shape[:2]) * BLUR)))


def mean_colour(pixels: RGB) -> RGB:
    """(S, T, 3) of the image's mean colour alone, read-only."""
    return np.broadcast_to(pixels.mean((0, 1)).round().astype(np.uint8), pixels.shape)


def agreement(a: FloatArray, b: FloatArray) -> float:
    """Rank correlation of two maps, where differences too small to be seen count as none; 1 where both are constant.

    Without that, places that bring nothing would be ranked by their noise, and there are many.
    """
    step = max(float(np.abs(a).max()), float(np.abs(b).max())) * SEEN
    return 1.0 if step < 1e-9 else rank_correlation(np.rint(a / step), np.rint(b / step))


def rank_correlation(a: FloatArray, b: FloatArray) -> float:
    """Spearman's, of two maps; 1 where both are constant, 0 where one is."""
    first, second = ranks(a), ranks(b)
    if not first.any() or not second.any():
        return float(first.any() == second.any())
    return float(first @ second / np.sqrt((first @ first) * (second @ second)))


def ranks(values: FloatArray) -> FloatArray:
    """Ranks around their mean, equal ones for equal values."""
    _, place, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    centred: FloatArray = (np.cumsum(counts) - (counts - 1) / 2)[place.ravel()] - (values.size + 1) / 2
    return centred
