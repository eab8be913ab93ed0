"""Tables: every task's rows fit its columns, empty or not, and Parquet gives back what JSON lines say."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.inference.test_views import RedSquare

from foveal.inference.predictor import Predictor
from foveal.inference.writers import with_polygons
from foveal.jobs.items import Item
from foveal.jobs.parquet import Parquet
from foveal.jobs.table import Format, JsonLines
from foveal.jobs.work import Work, columns_of, predict_part
from foveal.tasks.output import Shows
from foveal.tasks.table import TASKS, AnyOutput, get_spec
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores
from foveal.types.predictions.columns import Columns, ListOf, polygon_columns
from foveal.types.predictions.detections import Detections
from foveal.types.predictions.masks import ClassMap, Instances
from foveal.types.rle import Rle

NAMES = Categories(names=("cat", "dog", "hen"))
BOXES = np.array([[1, 2, 8, 9], [0, 0, 5.5, 3]], float)
MASK = Rle.of(np.arange(120).reshape(10, 12) % 7 == 0)
SIZE = (12, 10)
NONE = np.zeros((0, 4)), np.zeros(0), np.zeros(0, int)
SOME = BOXES, np.array([0.9, 0.5]), np.array([1, 0])
PREDICTIONS: dict[str, list[Any]] = {
    "classify": [
        ClassScores(np.array([0.2, 0.7, 0.1]), NAMES, SIZE),
        ClassScores(np.array([0.2, 0.1, 0.1]), NAMES, SIZE, multi_label=True),
    ],
    "detect": [Detections(*SOME, NAMES, SIZE, full=True), Detections(*NONE, NAMES, SIZE)],
    "segment": [ClassMap.of(np.arange(120).reshape(10, 12) % 3, NAMES), ClassMap.of(np.zeros((10, 12)), NAMES)],
    "instance": [Instances(*SOME, NAMES, SIZE, masks=(MASK, MASK)), Instances(*NONE, NAMES, SIZE)],
}


def output_of(task: str) -> AnyOutput:
    return get_spec(task).open(NAMES, {})


def round_trip(form: Format, rows: list[dict[str, object]], columns: Columns, folder: Path) -> list[Any]:
    """The rows in two parts and an empty one, joined."""
    parts = []
    for part in (rows[:1], [], rows[1:]):
        encoder = form.encoder(columns)
        for row in part:
            encoder.add(row)
        parts.append(folder / f"{len(parts)}{form.suffix}")
        parts[-1].write_bytes(encoder.finish())
    file = folder / f"joined{form.suffix}"
    assert form.join(parts, file, columns, {"job": "x"}) == len(rows)
    if form.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text().splitlines()]
    table = pytest.importorskip("pyarrow.parquet").read_table(file)
    assert table.schema.names == list(columns) and table.schema.metadata[b"foveal.job"] == b"x"
    return table.to_pylist()


def test_every_task_has_an_example() -> None:
    assert PREDICTIONS.keys() == TASKS.keys()


@pytest.mark.parametrize("polygons", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_rows_come_back_as_they_were(task: str, polygons: bool, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    output = output_of(task)
    rows: list[Any] = [output.table_row(prediction) for prediction in PREDICTIONS[task]]
    columns: Any = output.table_columns
    if polygons:
        rows, columns = [with_polygons(row) for row in rows], polygon_columns(columns)
    assert all(list(row) == list(columns) for row in rows)
    assert round_trip(JsonLines(), rows, columns, tmp_path) == rows
    assert round_trip(Parquet(), rows, columns, tmp_path) == rows


def test_rows_hold_what_the_json_object_holds() -> None:
    classify, detect, segment, instance = (
        [(row := output_of(task).table_row(one), one.to_dict()) and (row, one.to_dict()) for one in PREDICTIONS[task]]
        for task in ("classify", "detect", "segment", "instance")
    )
    assert [(row["label"], row["score"]) for row, _ in classify] == [("dog", 0.7), (None, None)]
    assert [row["classes"] for row, _ in classify] == [document["classes"] for _, document in classify]
    for row, document in (*detect, *instance):
        objects = document["objects"]
        assert row["objects"] == objects and row["num_objects"] == len(objects)
        assert (row["label"], row["score"]) == (("dog", 0.9) if objects else (None, None))
    assert [row["full"] for row, _ in detect] == [True, False]
    row, document = segment[0]
    assert {one["name"]: one["mask"] for one in row["classes"]} == document["mask"]
    assert [one["share"] for one in row["classes"]] == pytest.approx([1 / 3] * 3, abs=1e-6)


def test_a_task_without_columns_of_its_own_has_its_json_in_one() -> None:
    prediction = PREDICTIONS["detect"][0]
    row = Shows.table_row(output_of("detect"), prediction)
    assert list(row) == list(Shows.table_columns)
    assert json.loads(str(row["prediction"])) == prediction.to_dict()


def test_polygons_take_the_place_of_run_lengths() -> None:
    assert polygon_columns({"a": "text", "b": ListOf({"mask": "rle"})}) == {
        "a": "text",
        "b": ListOf({"mask": ListOf(ListOf("number"))}),
    }


def test_names_and_reasons_that_are_not_unicode(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    item = Item("photo-\udcff.jpg", num_bytes=None)
    with Predictor(RedSquare()) as predictor:
        for form in (JsonLines(), Parquet()):
            done = predict_part(predictor, Work(tmp_path), [item], form)
            assert done.bad is not None and b"photo-\\" in done.bad and (done.num_bad, done.missing) == (1, "")
            assert columns_of(predictor)["objects"]


def test_an_image_that_was_there_is_told_from_one_that_never_was(tmp_path: Path) -> None:
    items = [Item("never.jpg"), Item("gone.jpg", num_bytes=3)]
    with Predictor(RedSquare()) as predictor:
        assert predict_part(predictor, Work(tmp_path), items, JsonLines()).missing == "gone.jpg"
