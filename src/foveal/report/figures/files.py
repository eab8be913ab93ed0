"""Panels as PNG files, for slides and papers."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.metrics.contract import Matrix, Panel
from foveal.report.figures.density import Density
from foveal.report.figures.drawing import Drawn, png
from foveal.report.figures.matrix import in_percent


def write_figures(folder: Path, panels: Sequence[Panel | Density], classes: Sequence[str] = ()) -> list[Path]:
    """Draw each panel but the tables into a file named after its title; a matrix of counts in percent, too.

    Args:
        folder: Where to; created if need be. Files of the same names are replaced.
        panels: Tables among them are left out.
        classes: The class map, for colours that are the same in every figure.

    Returns:
        The files, in order.

    Raises:
        MissingExtraError: matplotlib is not installed.
        RunError: The folder cannot be written.
    """
    make_folder(folder)
    paths: list[Path] = []
    for panel in panels:
        if isinstance(panel, Drawn):
            path = folder / f"{_slug(panel.title, [p.stem for p in paths])}.png"
            write_atomic(path, png(panel, classes))
            paths.append(path)
        if isinstance(panel, Matrix) and panel.of:
            path = paths[-1].with_stem(f"{paths[-1].stem}-in-percent")
            write_atomic(path, png(in_percent(panel), classes))
            paths.append(path)
    return paths


def _slug(title: str, taken: Sequence[str]) -> str:
    """A file name of small letters, digits and dashes that is not taken yet."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "figure"
    return slug if slug not in taken else next(s for n in range(2, 1000) if (s := f"{slug}-{n}") not in taken)
