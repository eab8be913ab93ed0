"""Two answers for one image: what counts as the same."""

import numpy as np

from foveal.deploy.documents import NOTHING, Apart, apart
from foveal.types.rle import Rle


def document(**content: object) -> dict[str, object]:
    return {"path": "a.jpg", "size": [20, 10], **content}


def found(name: str, score: float, *box: float) -> dict[str, object]:
    return {"name": name, "score": score, "box": list(box)}


def test_classes() -> None:
    ours = document(classes=[{"name": "a", "score": 0.7}, {"name": "b", "score": 0.3}])
    near = document(classes=[{"name": "a", "score": 0.69995}, {"name": "b", "score": 0.30005}])
    other = document(classes=[{"name": "b", "score": 0.6}, {"name": "a", "score": 0.4}])
    assert apart(ours, near).passed and apart(ours, near).same_top == 1
    assert not apart(ours, other).passed and apart(ours, other).same_top == 0
    assert abs(apart(ours, other).score - 0.3) < 1e-9


def test_objects_in_another_order_and_near_the_threshold() -> None:
    a, b = found("a", 0.9, 0, 0, 10, 10), found("a", 0.5, 10, 0, 20, 10)
    moved = found("a", 0.9, 0, 0.4, 10, 10)
    ours = document(objects=[a, b])
    assert apart(ours, document(objects=[moved, b])) == Apart(1, 1, 0.0, 0.4, None)
    assert apart(ours, document(objects=[b, a])).passed
    assert not apart(ours, document(objects=[a])).passed
    assert apart(document(objects=[a, found("a", 0.50002, 10, 0, 20, 10)]), document(objects=[a]), threshold=0.5).passed
    assert not apart(ours, document(objects=[a, found("b", 0.5, 10, 0, 20, 10)])).passed
    assert apart(document(objects=[]), document(objects=[])).passed


def test_masks() -> None:
    mask = np.zeros((10, 20), bool)
    mask[:, :10] = True
    other = mask.copy()
    other[0, 10] = True
    ours = document(mask={"a": Rle.of(mask).to_coco(), "b": Rle.of(~mask).to_coco()})
    theirs = document(mask={"a": Rle.of(other).to_coco(), "b": Rle.of(~other).to_coco()})
    assert apart(ours, ours).mask == 1.0
    assert apart(ours, theirs).mask == 199 / 200 and not apart(ours, theirs).passed


def test_of_many_images_the_worst_counts() -> None:
    total = NOTHING + Apart(1, 1, 1e-5, 0.1) + Apart(1, 0, 1e-3, None, 0.5)
    assert total == Apart(2, 1, 1e-3, 0.1, 0.5)


def test_another_size_is_another_image() -> None:
    ours = document(objects=[])
    assert not apart(ours, {**ours, "size": [20, 11]}).passed
