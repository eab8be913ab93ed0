import pytest

from foveal.metrics.contract import Results
from foveal.report.findings.contract import Evidence
from foveal.report.findings.objects import at_limit, not_found
from foveal.types.size import Size


def found(per_class, sizes, *, side_px=320, **more) -> Evidence:
    """(found, total) by class."""
    rows = {name: {"recall": hits / total, "objects": float(total)} for name, (hits, total) in per_class.items()}
    return Evidence(Results(20, {}, rows, sizes=sizes), "mAP", input_size=Size.square(side_px), noun="objects", **more)


def test_small_objects_are_missed():
    (one,) = not_found(found({"Platelets": (0, 25), "RBC": (90, 100)}, {"Platelets": 9 / 320, "RBC": 0.2}))
    assert one.severity == "problem"
    assert one.text == "Platelets: 0 of 25 found, median 9 px at this input: try --size 640."


@pytest.mark.parametrize(
    ("median_px", "side_px", "advice"),
    [(9, 160, ": try --size 320."), (15, 320, ": try --size 384."), (2, 1024, ": try --size 1536.")],
)
def test_the_size_that_would_do(median_px, side_px, advice):
    (one,) = not_found(found({"a": (1, 9)}, {"a": median_px / side_px}, side_px=side_px))
    assert (one.severity, one.text) == ("warning", f"a: 1 of 9 found, median {median_px} px at this input{advice}")


def test_beyond_the_largest_input_tiles_help():
    (one,) = not_found(found({"a": (1, 9)}, {"a": 4 / 1536}, side_px=1536))
    assert one.text == "a: 1 of 9 found, median 4 px at this input: cut the images into tiles with --tile."


def test_large_objects_of_a_rare_class():
    (one,) = not_found(found({"a": (1, 9)}, {"a": 0.5}, trained={"a": 12}))
    assert one.text == "a: 1 of 9 found, median 160 px at this input; it has 12 training objects."
    (one,) = not_found(found({"a": (1, 9)}, {"a": 0.5}, trained={"a": 500}))
    assert one.text == "a: 1 of 9 found, median 160 px at this input."


def test_many_classes_are_one_line():
    lines = not_found(found(dict.fromkeys("abcdef", (0, 9)), {}))
    assert [one.text for one in lines] == [
        "a: 0 of 9 found.",
        "b: 0 of 9 found.",
        "Less than half is found of c, d, e and 1 more too.",
    ]


def test_all_is_found_or_there_is_too_little_to_tell():
    assert not_found(found({"a": (5, 9), "b": (0, 2)}, {"a": 0.01, "b": 0.01})) == []


def test_counts_at_the_limit():
    def counted(predicted, true):
        return Evidence(Results(3, {}, {}), "mAP", limit=100, predicted=predicted, true=true)

    (one,) = at_limit(counted([100, 100, 3], [130, 120, 3]))
    assert one.text == (
        "2 images have more than 100 objects, the most that this model predicts in one: counts are too low. Raise"
        " --max-objects."
    )
    (one,) = at_limit(counted([100, 4, 3], [90, 4, 3]))
    assert one.text == (
        "In 1 image the 100 detections that the model gives at most were reached: counts may be too low. Raise"
        " --max-objects."
    )
    assert at_limit(counted([99, 4], [100, 4])) == []
    assert at_limit(Evidence(Results(1, {}, {}), "accuracy", predicted=[3], true=[500])) == [], "no limit"
