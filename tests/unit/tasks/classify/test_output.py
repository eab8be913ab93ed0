"""From scores to a prediction: several views of one image."""

import numpy as np
import pytest

from foveal.errors import ConfigError
from foveal.tasks.classify.decode import ClassifyOptions
from foveal.tasks.classify.output import ClassifyOutput
from foveal.types.categories import Categories
from foveal.types.geometry import Geometry
from foveal.types.predictions.class_scores import ClassScores
from foveal.types.selection import Selection
from foveal.types.view import View

CATEGORIES = Categories(("ant", "bee"))
WHOLE = (0, 0, 30, 20)


def merged(views: list[View], scores: list[list[float]], **options: bool) -> ClassScores:
    arrays = [{"scores": np.array(row, np.float32)} for row in scores]
    geometry = Geometry((30, 20), (8, 8), (8 / 30, 8 / 20))
    output = ClassifyOutput(CATEGORIES, ClassifyOptions(**options))
    return output.merge(arrays, [geometry] * len(views), views, (30, 20))


def test_views_of_the_whole_are_averaged() -> None:
    views = [View(WHOLE), View(WHOLE, flipped=True), View((-10, -5, 40, 25))]
    got = merged(views, [[0.9, 0.1], [0.3, 0.7], [0.3, 0.7]])
    assert got.scores.tolist() == pytest.approx([0.5, 0.5]) and got.size == (30, 20)
    several = merged(views[:2], [[0.9, 0.8], [0.3, 0.7]], multi_label=True)
    assert [c.name for c in several.present()] == ["bee", "ant"]


@pytest.mark.parametrize("part", [(0, 0, 29, 20), (1, 0, 30, 20), (0, 1, 30, 20), (-5, -5, 40, 19)])
def test_a_part_says_little_of_the_whole(part: tuple[int, int, int, int]) -> None:
    with pytest.raises(ConfigError) as error:
        merged([View(WHOLE), View(part)], [[0.9, 0.1], [0.3, 0.7]])
    assert str(error.value) == (
        "This model classifies full images; tiles are for detection and segmentation.\n"
        "Leave out --tile, and --scales above 1, which crop."
    )


def test_classes_are_no_masks() -> None:
    with pytest.raises(ConfigError) as error:
        ClassifyOutput(CATEGORIES, ClassifyOptions()).mask_png(ClassScores(np.array([0.5, 0.5]), CATEGORIES, (30, 20)))
    assert str(error.value) == "This model has no masks.\nLeave out --masks."


def test_another_number_of_classes_and_another_threshold() -> None:
    geometry = Geometry((30, 20), (8, 8), (8 / 30, 8 / 20))
    arrays = {"scores": np.array([[0.6, 0.9]], np.float32)}
    several = ClassifyOutput(CATEGORIES, ClassifyOptions(multi_label=True, threshold=0.7))
    assert [row["name"] for row in several.assemble(arrays, [geometry])[0].rows()] == ["bee"]
    lower = several.select(Selection(threshold=0.5))
    assert [row["name"] for row in lower.assemble(arrays, [geometry])[0].rows()] == ["bee", "ant"]
    assert lower.remarks([], [], before=several) == [
        "Threshold 0.5 in place of the model's 0.7: it changes precision, recall and F1; average precision counts all"
        " scores."
    ]
    assert several.remarks([], [], before=several) == []
    first = several.select(Selection(top=1)).select(Selection(threshold=0.1)).assemble(arrays, [geometry])[0]
    assert [row["name"] for row in first.rows()] == ["bee"] and len(first.to_dict()["classes"]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [{"threshold": 0.5}, {"max_objects": 3}, {"only": ("ant",)}])
def test_what_a_classifier_refuses(given: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="which this model does not predict"):
        ClassifyOutput(CATEGORIES, ClassifyOptions()).select(Selection(**given))  # type: ignore[arg-type]
