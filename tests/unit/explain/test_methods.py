"""Which method suits a model, and what is told where one does not."""

import pytest
from tests.unit.explain.scenes import redness, scene

from foveal.errors import CategoryError, ConfigError
from foveal.explain.explain import explain_image
from foveal.types.categories import Categories
from foveal.types.predictions.subject import Asked, Subject

IMAGE = scene(64, 64, (10, 10, 40, 40))


def test_auto_takes_cells_where_an_export_has_them_and_rise_where_not() -> None:
    assert explain_image(redness(), IMAGE).method == "cells"
    assert explain_image(redness(evidence=False), IMAGE).method == "rise"


@pytest.mark.parametrize("method", ["cam", "layercam", "ig", "smooth"])
def test_gradients_of_an_export(method: str) -> None:
    with pytest.raises(ConfigError) as e:
        explain_image(redness(), IMAGE, method=method)
    assert e.value.what == f"--method {method} needs gradients, which an exported file does not have."
    assert e.value.hint == (
        "Explain the run that it was exported from, or use --method rise or occlusion; or cells, where it was exported"
        " with --evidence."
    )


def test_cells_of_an_export_without_them() -> None:
    with pytest.raises(ConfigError) as e:
        explain_image(redness(evidence=False), IMAGE, method="cells")
    assert e.value.what == "This export has no cell scores."
    assert e.value.hint == "Export the run again with --evidence, or use --method rise or occlusion."


def test_attention_of_a_model_without() -> None:
    with pytest.raises(ConfigError, match="This model has no attention"):
        explain_image(redness(), IMAGE, method="attention")


def test_an_unknown_method_and_class() -> None:
    with pytest.raises(ConfigError) as e:
        explain_image(redness(), IMAGE, method="gradcam")
    assert e.value.what == "Unknown method 'gradcam'." and e.value.hint.startswith("Methods: auto, cam, layercam")
    with pytest.raises(CategoryError) as c:
        explain_image(redness(), IMAGE, asked=Asked(("rad",)))
    assert c.value.what == "--class: unknown class 'rad'." and c.value.hint.startswith("Did you mean 'red'?")
    with pytest.raises(CategoryError, match="--against: unknown class 'blue'"):
        explain_image(redness(), IMAGE, asked=Asked(against="blue"))


def test_questions_that_make_no_sense() -> None:
    with pytest.raises(ConfigError, match="--object is for models that predict objects"):
        explain_image(redness(), IMAGE, asked=Asked(object=1))
    with pytest.raises(ConfigError, match="--against red: a class is not compared with itself"):
        explain_image(redness(), IMAGE, asked=Asked(("red",), against="red"))
    with pytest.raises(ConfigError, match="--object 0 is not possible"):
        Asked(object=0)


def test_the_predicted_class_is_never_its_own_rival() -> None:
    assert explain_image(redness(), IMAGE)[0].subject.name == "red"
    assert explain_image(redness(), IMAGE, asked=Asked(against="red"))[0].subject.title == "other, not red"


def test_an_object_of_the_rivals_own_class_is_refused() -> None:
    categories = Categories(("WBC", "RBC"))
    subjects = [Subject("object", "RBC", 1, 0.5, number=2), Subject("object", "WBC", 0, 0.4, number=3)]
    with pytest.raises(ConfigError) as e:
        Asked(object=2, against="RBC").compare(subjects[:1], categories)
    assert e.value.what == "--against RBC: object 2 is RBC, and a class is not compared with itself."
    assert [s.title for s in Asked(against="RBC").compare(subjects, categories)] == ["3 WBC, not RBC"]
    assert Asked(object="all", against="RBC").compare(subjects[:1], categories) == []
