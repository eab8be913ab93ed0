import json

from foveal.data.formats.read import read
from foveal.data.inspection.masks import count_masks


def test_counting(make_masks):
    masks = {"1": [[0, 1, 1, 255]], "2": [[1, 1, 1, 1]]}
    make_masks(masks, images="train/{}.jpg", mask="trainannot/{}.png")
    root = make_masks({"3": [[0, 0, 0, 1]]}, images="val/{}.jpg", mask="valannot/{}.png")
    counts = count_masks(read(root))
    assert counts is not None
    assert counts.to_dict() == {
        "pixels": {"0": {"train": 1, "val": 3}, "1": {"train": 6, "val": 1}},
        "shares": {"0": round(4 / 11, 6), "1": round(7 / 11, 6)},
        "median_px": {"0": 2, "1": 2},
        "ignored": round(1 / 12, 6),
    }
    json.dumps(counts.to_dict())
