import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as theirs

from foveal.types.rle import Rle

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@st.composite
def masks(draw):
    height, width, seed = draw(st.integers(1, 40)), draw(st.integers(1, 40)), draw(st.integers(0, 999))
    part = draw(st.sampled_from((0.0, 0.05, 0.5, 1.0)))
    return (np.random.default_rng(seed).random((height, width)) < part).astype(np.uint8)


@given(masks())
def test_equal_to_pycocotools(mask):
    reference = theirs.encode(np.asfortranarray(mask))
    ours = Rle.of(mask).to_coco()
    assert ours == {"size": list(mask.shape), "counts": reference["counts"].decode()}
    assert (Rle.from_coco(ours).mask() == mask).all()
    plain = Rle.of(mask).to_coco(compressed=False)
    assert theirs.frPyObjects(plain, *mask.shape)["counts"] == reference["counts"]
    assert (Rle.from_coco(plain).mask() == mask).all()


def test_long_runs():
    mask = np.zeros((900, 1100), np.uint8)
    mask[3:800, 17:1000] = 1
    assert Rle.of(mask).to_coco()["counts"] == theirs.encode(np.asfortranarray(mask))["counts"].decode()


def test_the_masks_of_coco80(real_data):
    document = json.loads((real_data / "coco80/annotations/instances.json").read_text())
    crowds = [a for a in document["annotations"] if a["iscrowd"]]
    assert len(crowds) == 8
    for crowd in crowds:
        mask = Rle.from_coco(crowd["segmentation"]).mask()
        assert (mask == theirs.decode(theirs.frPyObjects(crowd["segmentation"], *mask.shape))).all()
        assert Rle.of(mask).to_coco(compressed=False)["counts"] == crowd["segmentation"]["counts"]


@pytest.mark.parametrize("counts", [[3, 4], [-1, 13], [12, 1]])
def test_runs_that_do_not_fill_the_mask(counts):
    with pytest.raises(ValueError, match="for a mask of 3 x 4"):
        Rle.from_coco({"size": [3, 4], "counts": counts}).mask()
