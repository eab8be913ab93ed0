"""What ``foveal predict`` prints."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foveal.cli.screens import MAX_ROWS, prediction_cells, predictions_screen, print_skipped
from foveal.errors import ImageError
from foveal.inference.outputs import Outputs
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores

ROWS: list[dict[str, Any]] = [{"name": "cat", "score": 0.75}, {"name": "dog", "score": 0.25}]
SCORES = ClassScores(np.array([0.75, 0.25]), Categories(("cat", "dog")), (4, 3))


@pytest.mark.parametrize(("count", "more"), [(0, 0), (MAX_ROWS, 0), (MAX_ROWS + 7, 7)])
def test_the_first_rows_and_the_number_of_the_others(capsys: pytest.CaptureFixture[str], count: int, more: int) -> None:
    with predictions_screen(Outputs(csv=Path("t.csv"), masks=Path("[m]"))) as add:
        for i in range(count):
            add(Path(f"[{i}].jpg"), SCORES)
        assert capsys.readouterr().out == "", "nothing before all is done"
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0].split() == ["image", "prediction", "score", "runner-up"]
    assert [line.split()[0] for line in lines[1 : 1 + count - more]] == [f"[{i}].jpg" for i in range(count - more)]
    assert (f"  ... and {more} more; --csv FILE or --json gives all" in lines) == bool(more)
    assert lines[-2:] == ["  table     t.csv", "  masks     [m]"]


def test_cells_of_one_image() -> None:
    assert prediction_cells(ROWS) == ("cat", "75.0%", "dog 25.0%")
    assert prediction_cells([*ROWS, ROWS[1]]) == ("2 dog, 1 cat", "75.0%", "")
    assert prediction_cells([]) == ("nothing", "-", "")


def test_skipped_images_are_named_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_skipped(ImageError("[red].jpg", "is empty (0 bytes)"))
    assert capsys.readouterr() == ("", "skipped: [red].jpg: is empty (0 bytes).\n")
