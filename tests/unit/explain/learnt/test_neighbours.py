"""The nearest images by the angle of their features."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from tests.unit.explain.learnt.networks import network, noise
from tests.unit.explain.scenes import redness

from foveal.errors import ConfigError, ImageError
from foveal.explain.learnt.neighbours import Vectors, vectors_of


def test_as_a_slow_search_finds_them() -> None:
    rng = np.random.default_rng(0)
    known, asked = rng.normal(size=(300, 12)).astype(np.float32) + 3, rng.normal(size=(7, 12)).astype(np.float32) + 3
    found = Vectors(known, list(range(300))).nearest(asked, top=4)
    middle = known.mean(0, dtype=np.float64)
    for row, near in zip(asked, found, strict=True):
        cosines = [
            float((row - middle) @ (one - middle) / np.linalg.norm(row - middle) / np.linalg.norm(one - middle))
            for one in known
        ]
        best = sorted(range(300), key=lambda i: -cosines[i])[:4]
        assert [place for place, _ in near] == best
        assert [likeness for _, likeness in near] == pytest.approx([cosines[i] for i in best], abs=1e-5)


def test_itself_first_and_never_more_than_there_are() -> None:
    known = np.eye(3, dtype=np.float32)
    found = Vectors(known, [4, 7, 9]).nearest(known, top=5)
    assert [near[0] for near in found] == [(4, pytest.approx(1)), (7, pytest.approx(1)), (9, pytest.approx(1))]
    assert all(len(near) == 3 for near in found)


def test_images_that_are_all_alike_have_no_direction() -> None:
    assert Vectors(np.ones((2, 4), np.float32), [0, 1]).nearest(np.ones((1, 4), np.float32), top=1) == [[(0, 0.0)]]


@pytest.mark.slow
def test_changed_photos_find_their_source(real_data: Path) -> None:
    files = sorted((real_data / "hymenoptera").rglob("*.jpg"))[::3]
    rng, changed = np.random.default_rng(0), list[Image.Image]()
    chosen = rng.choice(len(files), 18, replace=False).tolist()
    for i in chosen:
        with Image.open(files[i]) as file:
            photo = file.convert("RGB")
        width, height = photo.size
        left, top = (rng.random(2) * 0.13 * photo.size).astype(int).tolist()
        changed += [
            photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
            ImageEnhance.Brightness(photo).enhance(1.3),
            photo.crop((left, top, left + round(0.866 * width), top + round(0.866 * height))),  # 75% of the area
        ]
    with network("tf_efficientnet_lite0", 160, pretrained=True) as predictor:
        known, asked = vectors_of(predictor, files), vectors_of(predictor, changed)
    hits = [near[0][0] for near in known.nearest(asked.values, top=1)]
    assert np.mean([hit == chosen[i // 3] for i, hit in enumerate(hits)]) >= 0.98


def test_places_skip_what_cannot_be_read() -> None:
    bad: dict[int, ImageError] = {}
    with network() as predictor:
        found = vectors_of(predictor, [b"no", noise(), b"image", noise(seed=1), noise(seed=2)], bad=bad, batch_size=2)
        alone = vectors_of(predictor, [noise(seed=1)])
        assert found.places == [1, 3, 4] and sorted(bad) == [0, 2]
        assert found.values[1] == pytest.approx(alone.values[0], abs=1e-5)
        with pytest.raises(ImageError):
            vectors_of(predictor, [noise(), b"no"])


def test_an_export() -> None:
    with pytest.raises(ConfigError) as e:
        vectors_of(redness(), [noise()])
    assert e.value.what == "An exported file gives predictions only, not the features by which images are compared."
    assert e.value.hint == "Name the run that it was exported from."
