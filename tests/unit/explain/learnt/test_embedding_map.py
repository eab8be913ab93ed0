"""A data set in two dimensions."""

import numpy as np
import pytest

from foveal.errors import DataError
from foveal.explain.learnt.embedding_map import places_of


def clusters(per: int = 12) -> np.ndarray:
    rng = np.random.default_rng(0)
    middles = np.repeat(np.eye(3, 20) * 5, per, 0)
    return (middles + rng.normal(size=middles.shape) * 0.3).astype(np.float32)


def test_what_lies_together_stays_together() -> None:
    values = clusters()
    places = places_of(values, seed=1)
    for layout in (places.pca, places.tsne):
        assert layout.shape == (36, 2) and np.abs(layout).max() <= 1 + 1e-6
        far = np.linalg.norm(layout[:, None] - layout[None], axis=2)
        np.fill_diagonal(far, np.inf)
        assert (far.argmin(1) // 12 == np.arange(36) // 12).all()
    assert places.explained > 0.8 and places.perplexity == pytest.approx(35 / 3)


def test_the_same_every_time() -> None:
    first, second = places_of(clusters(4)), places_of(clusters(4))
    assert first.tsne.tobytes() == second.tsne.tobytes() and first.pca.tobytes() == second.pca.tobytes()


def test_few_or_equal_images() -> None:
    with pytest.raises(DataError) as e:
        places_of(np.ones((2, 5), np.float32))
    assert e.value.what == "2 images are too few for a map."
    assert not places_of(np.ones((5, 4), np.float32)).tsne.any()
    assert np.isfinite(places_of(np.eye(3, dtype=np.float32)).tsne).all()
    assert np.isfinite(places_of(np.arange(4, dtype=np.float32)[:, None] - 1.5).pca).all()
