"""``foveal.predict`` on a video: what it predicts on the frames as images, with their numbers and times."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.clips import damage, frames, write_clip

import foveal
from foveal.errors import ConfigError, ImageError


def test_predictions_are_those_of_images(quick_export: Path, squares: Path, squares_clip: Path) -> None:
    paths = sorted(squares.rglob("*.png"))
    with foveal.load(quick_export) as model:
        expected = foveal.predict(model, paths)
        shots = foveal.predict(model, foveal.Video(squares_clip))
        for number, (shot, image) in enumerate(zip(shots, expected, strict=True)):
            assert shot.frame == number and shot.time == pytest.approx(number / 25)
            np.testing.assert_allclose(shot.prediction.scores, image.scores, atol=1e-6)  # type: ignore[attr-defined]
            np.testing.assert_array_equal(shot.image, np.asarray(Image.open(paths[number])))
        assert shot.to_dict() == {"frame": 35, "time": 1.4, **shot.prediction.to_dict()}
        assert shot.rows()[0].keys() == {"frame", "time", "name", "score"}
        assert shot.draw().size == shot.size == (32, 32)


def test_a_path_is_enough_and_an_open_model_stays_open(quick_export: Path, squares_clip: Path) -> None:
    # Type checkers take a path for that of an image; `foveal.Video` says that it is a video.
    assert [shot.frame for shot in foveal.predict(quick_export, str(squares_clip))][-1] == 35  # type: ignore[attr-defined]
    with foveal.load(quick_export) as model:
        first = next(foveal.predict(model, foveal.Video(squares_clip, every=5)))
        assert first.frame == 0
        assert model.predict(first.image).size == (32, 32)


def test_broken_frames_are_a_warning(quick_export: Path, tmp_path: Path) -> None:
    clip = damage(write_clip(tmp_path / "a.mp4", frames(12)), 6)
    with pytest.warns(UserWarning, match="1 broken frame left out"):
        assert len(list(foveal.predict(quick_export, foveal.Video(clip)))) == 11


def test_errors_come_at_once(quick_export: Path, tmp_path: Path, squares_clip: Path) -> None:
    (tmp_path / "a.mp4").write_text("no video")
    with pytest.raises(ImageError, match="is not a video that FFmpeg reads"):
        foveal.predict(quick_export, tmp_path / "a.mp4")
    with pytest.raises(ConfigError, match="--max-objects is for objects"):
        foveal.predict(quick_export, foveal.Video(squares_clip), max_objects=3)
    with pytest.raises(ConfigError, match="`crops` is for images"):
        foveal.predict(quick_export, foveal.Video(squares_clip), crops=tmp_path)
    with foveal.load(quick_export) as model, pytest.raises(ImageError) as error:
        model.predict(tmp_path / "a.mp4")
    assert error.value.hint == "Predict on it with foveal.predict."
