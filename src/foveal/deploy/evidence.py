"""The gate of exported cell scores: they must be the network's, and have their peaks in the same cells.

Shapes: N images, K classes, S T height and width of the input, h w of the map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from foveal.deploy.parity import Parity
from foveal.errors import ConfigError
from foveal.inference.backends.contract import EVIDENCE, Backend, GivesCells
from foveal.inference.predictor import Predictor, Prepared
from foveal.types.arrays import Array, FloatArray

PEAKS = "evidence_peaks"
"""The measure of peaks: the fraction of maps that have theirs in another cell."""
TOLERANCES: Mapping[str, float] = {EVIDENCE: 1e-4, PEAKS: 0.01}
TOLERANCES_FP16: Mapping[str, float] = {EVIDENCE: 0.02, PEAKS: 0.05}
"""With weights rounded to half precision."""
FLAT = 1e-5
"""A map whose values differ by less than this part of the largest has no peak."""
BATCHES = (16, 7)
"""Two sizes, so that a fixed batch size would show."""


def check_evidence(*, evidence: bool, int8: bool, exported: bool) -> None:
    """Refuse options that exclude each other.

    Raises:
        ConfigError: The message names them.
    """
    if evidence and int8:
        raise ConfigError(
            "--evidence and --int8 exclude each other: cell scores of 8-bit integers are not the network's.",
            "Export twice: the one file explains, the other is fast.",
        )
    if evidence and exported:
        raise ConfigError("--evidence needs the network itself.", "Export the run or its model.safetensors.")


def check_source(model: Predictor, *, int8: bool) -> None:
    """Refuse to quantise an exported file that has cell scores, as the network it came from would be.

    Raises:
        ConfigError: It has.
    """
    if int8 and model.card.evidence:
        raise ConfigError(
            "This file was exported with --evidence, which excludes --int8: cell scores of 8-bit integers are not the"
            " network's.",
            "Use --int8 on the run, or on a file that was exported without --evidence.",
        )


def with_cells(parity: Parity, network: Predictor, exported: Predictor, prepared: Sequence[Prepared]) -> Parity:
    """The comparison with the cell scores among what must agree.

    Args:
        parity: Of the predictions.
        network: What the export was written from.
        exported: The export, with cell scores.
        prepared: The images that were compared.
    """
    ours, theirs = (
        cells_of(one.backend, prepared, size) for one, size in zip((network, exported), BATCHES, strict=True)
    )
    found = differences(ours, theirs)
    known = parity.differences
    return replace(
        parity,
        differences={**known, **{name: max(value, known.get(name, 0.0)) for name, value in found.items()}},
        tolerances={**parity.tolerances, **TOLERANCES},
    )


def cells_of(backend: Backend, prepared: Sequence[Prepared], batch_size: int) -> FloatArray:
    """(N, K, h, w) cell scores of prepared images, whatever runs the network."""
    rows: list[Array] = []
    for start in range(0, len(prepared), batch_size):
        images = np.stack([one.pixels for one in prepared[start : start + batch_size]])
        outputs = backend.cells(images) if isinstance(backend, GivesCells) else backend.run(images)
        rows.append(outputs[EVIDENCE])
    return np.concatenate(rows)


def differences(ours: FloatArray, theirs: FloatArray) -> dict[str, float]:
    """The largest difference of a cell, and the fraction of maps with a peak in another one.

    Cell scores are logits of single places, often far from 0: a difference counts as a part of the strongest evidence
    in its image, of at least 1.

    Args:
        ours: (N, K, h, w).
        theirs: The same.
    """
    if ours.shape != theirs.shape or not np.isfinite(theirs).all():
        return {EVIDENCE: float("inf"), PEAKS: 1.0}
    first, second = (maps.reshape(-1, maps.shape[2] * maps.shape[3]) for maps in (ours, theirs))
    peaked = np.ptp(first, 1) > FLAT * np.abs(first).max(1)
    moved = (first.argmax(1) != second.argmax(1))[peaked]
    strongest = np.abs(ours).max((1, 2, 3)).clip(1)
    apart = np.abs(ours - theirs).max((1, 2, 3)) / strongest
    return {EVIDENCE: float(apart.max()), PEAKS: float(moved.mean()) if len(moved) else 0.0}
