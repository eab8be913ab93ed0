"""Poses, oriented boxes and polygons are told apart."""

import math

import pytest
from tests.annotated import write_files

from foveal.data.formats.convert import convert
from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.flags import Flag

KPT_SHAPE = " are not read, their boxes are (kpt_shape in data.yaml)."
NUMBERS = " are not read, their boxes are (the numbers 0, 1 and 2 behind each point)."
HEAD = "0 0.5 0.5 0.25 0.5 "
FOUR_OF_3 = HEAD + "0.40 0.30 2 0.60 0.30 2 0.60 0.70 1 0.40 0.70 0\n"
EIGHT_OF_2 = HEAD + "0.40 0.30 0.45 0.30 0.5 0.3 0.6 0.3 0.6 0.7 0.5 0.7 0.45 0.7 0.40 0.70\n"
SEVENTEEN_OF_3 = HEAD + "0.4 0.3 1 " * 17 + "\n"
ROTATED = "0 0.5 0.25 0.6875 0.5 0.5 0.75 0.3125 0.5\n"
"""A square of 17 pixels on its corner, in an image of 64 x 48."""
UPRIGHT = "0 0.25 0.25 0.5 0.25 0.5 0.5 0.25 0.5\n"
SLANTED = "0 0.1 0.1 0.7 0.1 0.6 0.8 0.2 0.8\n"


@pytest.fixture
def lay(tmp_path):
    """A data set of one image, from its lines and what data.yaml says besides."""

    def make(lines, more="", name="set"):
        yaml = f"train: images\nnames: [gate]\n{more}"
        return write_files(tmp_path / name, {"images/a.jpg": None, "labels/a.txt": lines, "data.yaml": yaml})

    return make


@pytest.mark.parametrize(
    ("lines", "more", "note"),
    [
        (
            FOUR_OF_3,
            "kpt_shape: [4, 3]",
            "4 key points of each of 1 object" + KPT_SHAPE,
        ),
        (
            EIGHT_OF_2,
            "kpt_shape: [8, 2]",
            "8 key points of each of 1 object" + KPT_SHAPE,
        ),
        (
            EIGHT_OF_2,
            "kpt_shape: '8, 2'",
            "8 key points of each of 1 object" + KPT_SHAPE,
        ),
        (
            SEVENTEEN_OF_3,
            "kpt_shape: [17, 3]",
            "17 key points of each of 1 object" + KPT_SHAPE,
        ),
        (EIGHT_OF_2, "task: pose", "The key points of 1 object are not read, their boxes are (task in data.yaml)."),
        (
            FOUR_OF_3,
            "",
            "4 key points of each of 1 object" + NUMBERS,
        ),
        (
            SEVENTEEN_OF_3,
            "",
            "17 key points of each of 1 object" + NUMBERS,
        ),
    ],
)
def test_poses_are_read_for_their_boxes(lay, lines, more, note):
    root = lay(lines, more)
    catalog = read(root, bad="error", annotations=["boxes"])
    (one,) = catalog.objects[0]
    assert (one.box, one.segmentation) == ((24, 12, 40, 36), None)
    assert catalog.notes == (note,)
    if "kpt_shape" in more:
        with pytest.raises(DataError, match="has no masks: it is YOLO"):
            read(root, annotations=["masks"])


def pose(x, y, width, height, places):
    points = [f"{x + (a - 0.5) * width:.4f} {y + (b - 0.5) * height:.4f}" for a, b in places]
    return f"0 {x} {y} {width} {height} {' '.join(points)}\n"


PLACES = ((0.1, 0.05), (0.9, 0.1), (0.5, 0.5), (0.2, 0.95))


def test_a_pose_of_points_without_visibilities(lay):
    lines = pose(0.5, 0.5, 0.25, 0.5, PLACES) + pose(0.3, 0.6, 0.2, 0.3, PLACES[::-1])
    catalog = read(lay(lines), bad="error")
    assert [item.segmentation for item in catalog.objects[0]] == [None, None]
    assert catalog.objects[0][0].box == (24, 12, 40, 36)
    assert catalog.notes == (
        "4 key points of each of 2 objects are not read, their boxes are (the box that each line begins with is around"
        " its points). If they are polygons, write 'task: segment' into data.yaml.",
    )
    assert read(lay(lines, "task: segment", name="other")).objects[0][0].segmentation is not None


@pytest.mark.parametrize("sides", [5, 6, 8, 12])
@pytest.mark.parametrize("radius", [0.02, 0.1, 0.3, 0.45])
def test_polygons_of_one_number_of_points_are_polygons(lay, sides, radius):
    lines = ""
    for start in range(sides):
        angles = [math.tau * (at + start) / sides for at in range(sides)]
        ring = [(0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle)) for angle in angles]
        lines += f"0 {' '.join(f'{x:.4f} {y:.4f}' for x, y in ring)}\n"
    catalog = read(lay(lines), bad="error")
    assert all(item.segmentation is not None for item in catalog.objects[0])
    assert catalog.notes == ()


def test_a_pose_with_other_key_points_than_declared(lay):
    catalog = read(lay(FOUR_OF_3 + EIGHT_OF_2, "kpt_shape: [4, 3]"))
    message = "the line has 21 fields; a box has 5, one with 4 key points of 3 numbers 17"
    assert [fault.message for fault in catalog.repairs] == [message]


@pytest.mark.parametrize(
    ("lines", "more", "name", "source"),
    [
        (SLANTED, "task: obb", "set", "task in data.yaml"),
        (SLANTED, "path: ../datasets/DOTAv1-obb", "set", "data.yaml"),
        (SLANTED, "", "nuts.v1i.yolov8-obb", "the name of the folder"),
    ],
)
def test_oriented_boxes_are_boxes(lay, lines, more, name, source):
    catalog = read(lay(lines, more, name), bad="error")
    (one,) = catalog.objects[0]
    assert one.box == pytest.approx((6.4, 4.8, 44.8, 38.4)) and one.segmentation is None
    assert f"1 object with oriented boxes, read as the boxes around their corners ({source})." in catalog.notes


def test_oriented_boxes_of_dota(tmp_path):
    """Roboflow's YOLOv5 OBB: corners in pixels and the name of the class, in labelTxt."""
    lines = "imagesource:x\ngsd:0.1\n16 12 32 8 40 20 20 30 gate 1\n"
    files = {"images/a.jpg": None, "labelTxt/a.txt": lines, "data.yaml": "train: images\nnames: [door, gate]\n"}
    catalog = read(write_files(tmp_path, files), bad="error")
    (one,) = catalog.objects[0]
    assert (one.box, one.label, one.flags, one.segmentation) == ((16, 8, 40, 30), 1, Flag.DIFFICULT, None)
    assert catalog.notes == (
        "The label files of 1 image lie in another folder than usual: labelTxt (for images).",
        "1 object with corners in pixels and a class name, as in DOTA: read as the boxes around them.",
    )


def test_oriented_boxes_are_known_by_their_angles(lay, tmp_path):
    catalog = read(lay(ROTATED + UPRIGHT), bad="error")
    assert [(o.box, o.segmentation) for o in catalog.objects[0]] == [((20, 12, 44, 36), None), ((16, 12, 32, 24), None)]
    assert catalog.notes == (
        "2 objects with oriented boxes, read as the boxes around their corners (the right angles of all). If they are"
        " polygons, write 'task: segment' into data.yaml.",
    )
    assert read(tmp_path / "set", annotations=["masks"]).annotation == "masks", "wanted as polygons"
    assert all(o.segmentation for o in read(lay(ROTATED, "task: segment", "polygons")).objects[0])
    assert all(o.segmentation for o in read(lay(ROTATED + SLANTED, "", "mixed")).objects[0])
    assert all(o.segmentation for o in read(lay(UPRIGHT, "", "upright")).objects[0]), "nothing is lost as polygons"
    convert(read(tmp_path / "polygons"), tmp_path / "again", to="yolo")
    assert all(o.segmentation for o in read(tmp_path / "again").objects[0])
