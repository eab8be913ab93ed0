"""What is written for many images, one by one."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import ConfigError
from foveal.inference.names import OutputNames
from foveal.inference.writers import JsonList, Writer, write_coco, write_csv, write_images, write_json, write_masks
from foveal.ops.masks import rle_of_polygons
from foveal.tasks.table import AnyOutput
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores
from foveal.types.predictions.masks import ClassMap
from foveal.types.predictions.prediction import Prediction

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
IDS = {Path("12.png"): 12, Path("1.png"): 1, Path("x.png"): "x", Path("a.png"): 7}
SCORES = ClassScores(np.array([0.25, 0.75]), Categories(("cat", "dog")), (4, 3))


def output(**methods: Callable[..., Any]) -> AnyOutput:
    """One that has these methods alone."""
    return cast(AnyOutput, SimpleNamespace(**methods))


def some_names(folder: Path) -> OutputNames:
    return OutputNames(folder, {}, ".jpg", once=frozenset())


def with_rows(rows: list[dict[str, str | float]]) -> Prediction:
    """A prediction that has these rows alone."""
    return cast(Prediction, SimpleNamespace(rows=lambda: rows))


def class_map() -> ClassMap:
    pixels = np.zeros((5, 7), np.uint8)
    pixels[1:3, 2:6] = 1
    return ClassMap.of(pixels, Categories(("ground", "thing")))


def write(writer: Writer, predictions: Mapping[str, Any]) -> None:
    with writer as add:
        for name, prediction in predictions.items():
            add(Path(name), cast(Prediction, prediction))


def break_off(writer: Writer, error: BaseException) -> None:
    with writer as add:
        add(Path("a.png"), cast(Prediction, class_map()))
        raise error


@given(st.lists(values, max_size=4), st.sampled_from([None, 2]))
def test_a_list_in_pieces_is_the_text_of_the_whole(elements: list[object], indent: int | None) -> None:
    out = io.StringIO()
    pieces = JsonList(out.write, indent=indent)
    for element in elements:
        pieces.add(element)
    pieces.close()
    assert out.getvalue() == json.dumps(elements, ensure_ascii=False, indent=indent)


@pytest.mark.parametrize("names", [[], ["a.jpg"], ["a.jpg", "\udcff.jpg", "c\n.jpg"]])
def test_one_json_document(names: list[str]) -> None:
    out = io.StringIO()
    write(write_json(out), dict.fromkeys(names, SCORES))
    whole = [{"path": name, **SCORES.to_dict()} for name in names]
    assert out.getvalue() == json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def test_a_table_has_the_columns_of_its_first_row(tmp_path: Path) -> None:
    rows = {
        "none.jpg": with_rows([]),
        "two.jpg": with_rows([{"name": "cat", "score": 0.75, "x1": 3}, {"name": "dog", "score": 0.25, "x1": 5}]),
    }
    write(write_csv(tmp_path / "t.csv"), rows)
    assert (tmp_path / "t.csv").read_text() == (
        "path,rank,name,score,x1\ntwo.jpg,1,cat,0.750000,3\ntwo.jpg,2,dog,0.250000,5\n"
    )
    write(write_csv(tmp_path / "e.csv"), {"none.jpg": with_rows([])})
    assert (tmp_path / "e.csv").read_text() == "path,rank,name,score\n"


def test_masks_bear_the_names_of_their_images(tmp_path: Path) -> None:
    def masks(files: Mapping[str, bytes]) -> AnyOutput:
        return output(mask_png=lambda found: {suffix: found + content for suffix, content in files.items()})

    predictions = {"a/cat.jpg": b"first ", "b/cat.png": b"second ", "b/dog.jpg": b"third "}
    names = OutputNames(tmp_path / "one", {Path(name): name[:-4] for name in predictions}, ".png", once=frozenset())
    write(write_masks(tmp_path / "one", masks({"": b"map"}), names), predictions)
    for name, content in (("a/cat", b"first map"), ("b/cat", b"second map"), ("b/dog", b"third map")):
        assert (tmp_path / "one" / f"{name}.png").read_bytes() == content
    names = OutputNames(tmp_path / "several", {Path("cat.jpg"): "cat"}, ".png", once=frozenset())
    write(write_masks(tmp_path / "several", masks({"_0": b"x", "_1": b"y"}), names), {"cat.jpg": b""})
    assert sorted(p.name for p in (tmp_path / "several").iterdir()) == ["cat_0.png", "cat_1.png", "index.csv"]


def test_no_folder_where_there_are_no_masks(tmp_path: Path) -> None:
    def refuse(_: object) -> None:
        raise ConfigError("This model has no masks.")

    with pytest.raises(ConfigError):
        write(write_masks(tmp_path / "masks", output(mask_png=refuse), some_names(tmp_path)), {"a.jpg": SCORES})
    assert list(tmp_path.iterdir()) == []


def test_masks_as_polygons(tmp_path: Path) -> None:
    out = io.StringIO()
    write(write_json(out, polygons=True), {"12.png": class_map()})
    (document,) = json.loads(out.getvalue())
    assert document["mask"]["thing"] == [[2, 1, 6, 1, 6, 3, 2, 3]]
    assert (rle_of_polygons(document["mask"]["thing"], (5, 7)).mask() == (class_map().ids > 0)).all()
    write(write_coco(tmp_path / "c.json", IDS, polygons=True), {"12.png": class_map()})
    rows = json.loads((tmp_path / "c.json").read_text())
    assert [r["segmentation"] for r in rows if r["category_id"] == 2] == [[[2, 1, 6, 1, 6, 3, 2, 3]]]
    out = io.StringIO()
    write(write_json(out), {"12.png": class_map()})
    assert json.loads(out.getvalue())[0]["mask"]["thing"]["size"] == [5, 7], "RLE by default"


def test_coco_results_are_one_list(tmp_path: Path) -> None:
    write(write_coco(tmp_path / "c.json", IDS), {"1.png": class_map(), "x.png": class_map()})
    rows = [row for image_id in (1, "x") for row in class_map().to_coco(image_id)]
    assert (tmp_path / "c.json").read_text() == json.dumps(rows, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("error", [ConfigError("no"), KeyboardInterrupt()], ids=["error", "Ctrl-C"])
@pytest.mark.parametrize("before", [None, "old"])
def test_the_first_prediction_is_kept_and_before_it_nothing_changes(
    tmp_path: Path, error: BaseException, before: str | None
) -> None:
    def writers() -> dict[str, Writer]:
        return {"t.csv": write_csv(tmp_path / "t.csv"), "c.json": write_coco(tmp_path / "c.json", IDS)}

    for name, writer in writers().items():
        if before is not None:
            (tmp_path / name).write_text(before)
        with pytest.raises(type(error)), writer:
            raise error
        assert [p.read_text() for p in tmp_path.iterdir()] == ([] if before is None else [before])
        (tmp_path / name).unlink(missing_ok=True)
    for name, writer in writers().items():
        with pytest.raises(type(error)):
            break_off(writer, error)
        assert (tmp_path / name).read_text().count("\n") == (3 if name == "t.csv" else 1)
    assert json.loads((tmp_path / "c.json").read_text()) == class_map().to_coco(7)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.json", "t.csv"]


@pytest.mark.parametrize("error", [ConfigError("no"), KeyboardInterrupt()], ids=["error", "Ctrl-C"])
def test_a_list_that_ends_early_is_closed(error: BaseException) -> None:
    out = io.StringIO()
    with pytest.raises(type(error)):
        break_off(write_json(out), error)
    assert [row["path"] for row in json.loads(out.getvalue())] == ["a.png"]
    out = io.StringIO()
    with pytest.raises(type(error)), write_json(out):
        raise error
    assert out.getvalue() == ""


def test_json_for_a_stream_without_unicode() -> None:
    binary = io.BytesIO()
    out = io.TextIOWrapper(binary, "ascii", newline="")
    write(write_json(out), {"\u00e9\udcff\U0001f600.jpg": SCORES})
    assert json.loads(binary.getvalue())[0]["path"] == "\u00e9\udcff\U0001f600.jpg"


def test_an_unreadable_image_is_not_drawn(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(Exception, match=r"bad\.png: is not an image"):
        write(
            write_images(tmp_path / "drawn", output(draw=lambda image, _: image), some_names(tmp_path)),
            {str(tmp_path / "bad.png"): SCORES},
        )
    assert list((tmp_path / "drawn").iterdir()) == []


def test_a_table_can_be_read_back(tmp_path: Path) -> None:
    name = 'com,ma "quoted"\n.jpg'
    write(write_csv(tmp_path / "t.csv"), {name: with_rows([{"name": "cat", "score": 1}])})
    with (tmp_path / "t.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [{"path": name, "rank": "1", "name": "cat", "score": "1.000000"}]
