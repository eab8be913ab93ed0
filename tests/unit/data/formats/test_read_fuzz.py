"""Damaged data sets of every family of layouts: an error in words or a data set, never a traceback.

``tests/tools/fuzz_layouts.py`` runs thousands by hand.
"""

from random import Random

import pytest
from tests.tools import fuzz_layouts
from tests.tools.layout_examples import FAMILIES

CASES = 2
SEED = 4


@pytest.mark.parametrize("family", FAMILIES)
def test_damaged_data_sets(family):
    found = fuzz_layouts.run(family, range(CASES), SEED)
    assert not {*found} - {fuzz_layouts.REFUSED}


def test_a_case_is_a_function_of_its_number(tmp_path):
    def files(name, number):
        fuzz_layouts.make("coco", number, SEED, tmp_path / name)
        there = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        return [(path.relative_to(tmp_path / name), path.read_bytes()) for path in there]

    assert files("one", 3) == files("other", 3)
    assert files("third", 4) != files("fourth", 5)


def test_a_traceback_and_classes_called_like_splits_are_faults(tmp_path, monkeypatch, make_tree):
    def broken(*_, **__):
        return {}["key"]

    root = make_tree({"train": 2, "b": 2})
    auto = Random(2)  # names nothing
    with monkeypatch.context() as patched:
        patched.setattr(fuzz_layouts, "read", broken)
        assert fuzz_layouts.fault(root, auto).startswith("KeyError at ")
    genuine = fuzz_layouts.read
    monkeypatch.setattr(fuzz_layouts, "read", lambda path, **_: genuine(path, format="image_folder"))
    assert fuzz_layouts.fault(root, auto) == "classes of image_folder called like splits or layouts"
