"""The example of a classifier without Foveal predicts what Foveal predicts."""

from pathlib import Path

import pytest
from tests.examples.outside import photos, predicted, run_example, write_variants


def test_the_example_classifies_the_same(quick_export: Path, squares: Path, tmp_path: Path) -> None:
    images = write_variants([*sorted(squares.rglob("*.png"))[::12], *photos()], tmp_path)
    rows = run_example("onnx_classify", quick_export, images)
    for image, ours in zip(images, predicted(quick_export, images), strict=True):
        scores = {one["name"]: one["score"] for one in ours["classes"]}
        assert rows[image][0][0] == ours["classes"][0]["name"]
        # Pillow rounds a pixel in a hundred to the level beside Foveal's.
        assert [float(score) for _, score in rows[image]] == pytest.approx(
            [scores[n] for n, _ in rows[image]], abs=1e-3
        )
