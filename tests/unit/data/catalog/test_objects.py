from dataclasses import replace

import pytest

from foveal.data.catalog.columns import Names
from foveal.data.catalog.objects import Object, Objects

SQUARE = [[0, 0, 2, 0, 2, 2, 0, 2]]


@pytest.fixture
def objects():
    """Of three images: two, none and one."""
    rows = [[Object((0, 0, 2, 2), 0, segmentation=SQUARE), Object((1, 1, 3, 4), 1, 4, 5.0, 7)], []]
    return Objects.of([*rows, [Object((0, 0, 9, 9), 2, extras={"coco": {"score": 1}})]])


def test_rows_come_back(objects):
    assert len(objects) == 3 and [len(objects[i]) for i in range(3)] == [2, 0, 1]
    assert objects[0][1] == Object((1, 1, 3, 4), 1, 4, 5.0, 7)
    assert objects[2][0] == Object((0, 0, 9, 9), 2, area=81.0, extras={"coco": {"score": 1}})


def test_places_and_spans_agree(objects):
    assert [list(objects.places(i)) for i in range(3)] == [[0, 1], [], [2]]
    assert [list(range(3))[objects.span(i)] for i in range(3)] == [[0, 1], [], [2]]


def test_segmentations_are_read_without_the_extras(objects):
    """Extras of every object, parsed for every image of every epoch, would cost more than the masks."""
    broken = replace(objects, extras=Names.of(["no JSON"] * 3))
    assert [broken.segmentation(i) for i in range(3)] == [SQUARE, None, None]
    with pytest.raises(ValueError, match="Expecting value"):
        broken[0]


def test_taking_images_takes_their_objects(objects):
    taken = objects.take([2, 0])
    assert [taken[i] for i in range(2)] == [objects[2], objects[0]]
