import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from foveal.data.catalog.columns import Names
from foveal.data.formats.groups import HOW
from foveal.data.formats.read import read as read_any
from foveal.errors import DataError


def read(path, **settings):
    """Classes with the same sub-folders are doubted, but for this option."""
    return read_any(path, **({"format": "image_folder"} if path.is_dir() else {}), **settings)


@pytest.fixture
def flowers(tmp_path):
    """Two classes, each with photos of two patients in folders of their own."""
    for number, name in enumerate(
        f"{label}/{patient}/{patient}_{i}.png" for label in "ab" for patient in ("p1", "p2") for i in range(3)
    ):
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4, 3), number, np.uint8)).save(path)
    return tmp_path / "set"


def table(folder, column, values):
    lines = [f"path,label,{column}"]
    for i, value in enumerate(values):
        Image.fromarray(np.full((4, 4, 3), i, np.uint8)).save(folder / f"{i}.png")
        lines.append(f"{i}.png,{'ab'[i % 2]},{value}")
    (folder / "t.csv").write_text("\n".join(lines))
    return folder / "t.csv"


def names(catalog) -> list[str]:
    return [catalog.groups[i] for i in range(len(catalog))]


def message(call, *args, **kwargs) -> tuple[str, str]:
    with pytest.raises(DataError) as caught:
        call(*args, **kwargs)
    return caught.value.what, caught.value.hint


def test_without_a_rule_images_are_independent(flowers):
    catalog = read(flowers)
    assert catalog.groups is None and catalog.group_ids() is None and catalog.num_groups == 12


def test_folders_are_groups_and_a_patient_of_two_classes_is_one(flowers):
    catalog = read(flowers, groups="folder")
    assert names(catalog) == (["p1"] * 3 + ["p2"] * 3) * 2
    assert catalog.group_ids().tolist() == ([0] * 3 + [1] * 3) * 2
    assert catalog.take(np.array([4, 5])).num_groups == 1
    assert catalog.notes[-1] == "12 images in 2 groups of 6 to 6 (groups 'folder')."


@pytest.mark.parametrize("rule", [r"/(p\d)/", r"p\d(?=_)", r"([^/_]+)_"])
def test_a_pattern_names_groups_by_its_first_group_or_all_it_matches(flowers, rule):
    assert names(read(flowers, groups=rule)) == (["p1"] * 3 + ["p2"] * 3) * 2


def test_a_column_names_groups_whatever_its_case(tmp_path):
    catalog = read(table(tmp_path, "Patient", ["x", "x", "y", "y", "z"]), groups="patient")
    assert names(catalog) == ["x", "x", "y", "y", "z"]


def test_a_pattern_on_the_paths_of_a_table(tmp_path):
    assert names(read(table(tmp_path, "Patient", "xxyy"), groups=r"[0-1]|[2-3]")) == ["0", "1", "2", "3"]


def test_a_field_of_cocos_images_names_groups(tmp_path):
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "1.png")
    Image.fromarray(np.ones((8, 8, 3), np.uint8)).save(tmp_path / "2.png")
    images = [{"id": i, "file_name": f"{i}.png", "width": 8, "height": 8, "video_id": 6 + i} for i in (1, 2)]
    boxes = [{"id": i, "image_id": i, "category_id": 1, "bbox": [1, 1, 4, 4], "area": 16} for i in (1, 2)]
    document = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "a"}]}
    (tmp_path / "instances.json").write_text(json.dumps(document))
    assert names(read(tmp_path / "instances.json", groups="video_id")) == ["7", "8"]
    del images[1]["video_id"]
    (tmp_path / "instances.json").write_text(json.dumps(document))
    what, hint = message(read, tmp_path / "instances.json", groups="video_id")
    assert what.endswith("1 of 2 images lack the field 'video_id' that names their group, such as '2.png'.")
    assert hint == "Fill it in; an image that stands alone is a group of its own."


def test_no_column_of_that_name(tmp_path):
    path = table(tmp_path, "Patient", "xxyy")
    what, hint = message(read, path, groups="patients")
    assert what == f"{path} has no column 'patients' for the groups."
    assert hint == "Its columns: path, label, Patient. Did you mean 'Patient'?"


def test_a_group_that_is_empty_or_contradicts_itself(tmp_path):
    path = table(tmp_path, "Patient", ["x", "", "y"])
    what, _ = message(read, path, groups="patient")
    assert what == f"{path}, line 3: the group is empty."
    path.write_text("path,label,Patient\n0.png,a,x\n1.png,b,x\n0.png,a,y\n")
    what, _ = message(read, path, groups="patient")
    assert what == f"{path}, line 4: '0.png' is in group 'y' here and in 'x' above."


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("x(", "The groups rule 'x(' is no regular expression (missing ), unterminated subpattern at position 1)."),
        ("video", "{}: the groups rule 'video' matches none of 12 images; not 'a/p1/p1_0.png'."),
        ("(p1)_", "{}: the groups rule '(p1)_' matches only 6 of 12 images; not 'a/p2/p2_0.png'."),
        ("()p", "{}: the groups rule '()p' matches none of 12 images; not 'a/p1/p1_0.png'."),
        ("png", "{}: the groups rule 'png' puts all 12 images into one group, 'png'."),
    ],
)
def test_a_rule_that_does_not_fit_is_told_in_words(flowers, rule, what):
    assert message(read, flowers, groups=rule) == (what.format(flowers), HOW)


def test_images_in_no_folder_of_their_own(flowers):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(flowers / "a" / "x.png")
    what, _ = message(read, flowers, groups="folder")
    assert re.search(r": 1 of 13 images lie in no sub-folder that names their group, such as 'a/x\.png'\.$", what)


def test_groups_follow_their_images(flowers):
    catalog = read(flowers, groups="folder")
    other = replace(catalog, groups=Names.of([f"g{i}" for i in range(12)]))
    assert names(other.take(np.array([7, 2]))) == ["g7", "g2"]
