import numpy as np
import pytest

from foveal.errors import ConfigError, ShapeError
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores

CATEGORIES = Categories(("ant", "bee", "wasp"))


def test_best_first_and_ties_keep_the_earlier_class() -> None:
    scores = ClassScores(np.array([0.25, 0.5, 0.25]), CATEGORIES, (640, 480))
    assert (scores.name, scores.score) == ("bee", 0.5)
    assert [c.name for c in scores.top(3)] == ["bee", "ant", "wasp"]
    assert scores.to_dict() == {
        "size": [640, 480],
        "classes": [{"name": "bee", "score": 0.5}, {"name": "ant", "score": 0.25}, {"name": "wasp", "score": 0.25}],
    }


def test_several_labels_are_those_above_the_threshold() -> None:
    scores = ClassScores(np.array([0.9, 0.2, 0.6]), CATEGORIES, (8, 8), multi_label=True, threshold=0.6)
    assert [c.name for c in scores.present()] == ["ant", "wasp"]


def test_it_is_frozen() -> None:
    scores = ClassScores(np.array([0.2, 0.3, 0.5]), CATEGORIES, (8, 8))
    with pytest.raises(ValueError, match="read-only"):
        scores.scores[0] = 1


@pytest.mark.parametrize("bad", [np.array([0.5, 0.5]), np.array([0.5, 0.4, np.nan]), np.array([2.0, -1.0, 0.0])])
def test_it_validates_itself(bad: np.ndarray) -> None:
    with pytest.raises(ShapeError):
        ClassScores(bad, CATEGORIES, (8, 8))


def test_classes_have_no_place_in_coco_results() -> None:
    with pytest.raises(ConfigError) as error:
        ClassScores(np.array([0.2, 0.3, 0.5]), CATEGORIES, (8, 8)).to_coco(1)
    assert str(error.value) == ("This model classifies images, so there are no COCO results.\nUse --json or --csv.")
