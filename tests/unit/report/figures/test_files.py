from pathlib import Path

import numpy as np
from PIL import Image

from foveal.metrics.contract import Lines, Matrix, Table
from foveal.report.figures.files import write_figures

LINES = Lines("Same title", "x", "y", {"$a$ 蜂 \U00013000": (np.arange(3.0), np.arange(3.0)), "b": (np.ones(1),) * 2})


def test_a_matrix_of_counts_is_drawn_in_percent_too(tmp_path: Path):
    panels = [Matrix("Mix-ups", np.eye(2), ("a", "b"), of="images"), Matrix("Shares", np.eye(2), ("a", "b"))]
    assert [p.name for p in write_figures(tmp_path, panels)] == ["mix-ups.png", "mix-ups-in-percent.png", "shares.png"]


def test_panels_become_files_of_their_own(tmp_path: Path):
    panels = [LINES, LINES, Table("t", ("a",), []), Matrix("蜂", np.eye(40), tuple(str(k) for k in range(40)))]
    paths = write_figures(tmp_path / "new" / "figures", panels)
    assert [p.name for p in paths] == ["same-title.png", "same-title-2.png", "figure.png"]
    for path in paths:
        with Image.open(path) as image:
            assert min(image.size) > 400
