import shutil

import numpy as np

from foveal.data.formats.read import read
from foveal.data.inspection.check import Problem, check


def test_all_is_well(make_tree):
    seen = []
    assert check(read(make_tree({"a": 2, "b": 2})), progress=seen.append) == []
    assert seen == [1, 2, 3, 4]


def test_every_kind_of_problem(make_tree, make_image):
    root = make_tree({"train/a": 2, "train/b": 2, "val/a": 1})
    shutil.copy(root / "train/a/000.png", root / "val/a/leak.png")
    shutil.copy(root / "train/a/001.png", root / "train/b/twin.png")
    make_image(root / "train/b/dot.png", 60, (1, 1))
    make_image(root / "train/b/strip.png", 61, (200, 10))
    make_image(root / "train/b/photo.jpg", 62).rename(root / "train/b/photo.png")
    (root / "train/b/text.jpg").write_text("hello")
    (root / "train/b/cut.png").write_bytes((root / "train/b/strip.png").read_bytes()[:2000])
    assert check(read(root)) == [
        Problem("train/b/cut.png", "unreadable", "is truncated"),
        Problem("train/b/dot.png", "tiny", "is 1 x 1 pixels; below 8 little can be recognised"),
        Problem("train/b/photo.png", "suffix", "is a JPEG file with another suffix"),
        Problem("train/b/strip.png", "aspect", "is 200 x 10 pixels, an aspect ratio of over 10 to 1"),
        Problem("train/b/text.jpg", "unreadable", "is not an image (starts with b'hello')"),
        Problem("train/b/twin.png", "two_classes", "is labelled b; the same file train/a/001.png is labelled a"),
        Problem("val/a/leak.png", "leak", "in val is the same file as train/a/000.png in train"),
    ]


def test_copies_without_a_split_are_no_leak(make_tree):
    root = make_tree({"a": 2, "b": 2})
    shutil.copy(root / "a/000.png", root / "a/copy.png")
    assert check(read(root)) == []


def test_masks_are_looked_at(make_masks):
    clear, other = np.zeros((8, 8), int), np.eye(8, dtype=int)
    root = make_masks({"a": other, "b": clear, "c": np.full((8, 8), 255)})
    shutil.copy(root / "images/a.jpg", root / "images/b.jpg")
    catalog = read(root)
    assert check(catalog) == [
        Problem("images/b.jpg", "two_masks", "is the same file as images/a.jpg, but their masks differ"),
        Problem("images/c.jpg", "no_class", "has a mask without any class"),
    ]
    make_masks({"c": np.full((8, 8), 7)})
    assert check(catalog)[1] == Problem(
        "images/c.jpg", "mask", f"{root}/masks/c.png: the pixel value 7 at x 0, y 0 is not a class."
    )
