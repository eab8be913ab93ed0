import json
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as theirs
from scipy import ndimage
from torch.nn import functional
from torchvision.models.detection.roi_heads import paste_masks_in_image

from foveal.errors import ShapeError
from foveal.ops import masks as ops
from foveal.ops.polygons import rles_of_polygons
from foveal.types.geometry import Geometry
from foveal.types.rle import Rle

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def rle(rows: str) -> Rle:
    """A mask drawn with # and dots."""
    return Rle.of(np.array([[c == "#" for c in row] for row in rows.split()]))


def coco(mask: Rle) -> dict:
    """As pycocotools takes it."""
    return {"size": list(mask.size), "counts": mask.to_coco()["counts"].encode()}


def equal(one: Rle, other: Rle) -> bool:
    return one.size == other.size and one.runs.tolist() == other.runs.tolist()


@st.composite
def images_of(draw, size=None):
    """Noise, blots, stripes, nothing and everything."""
    height, width = size or (draw(st.integers(1, 30)), draw(st.integers(1, 30)))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    match draw(st.sampled_from(("noise", "blots", "box", "column", "none", "all"))):
        case "noise":
            return rng.random((height, width)) < rng.random()
        case "blots":
            return ndimage.gaussian_filter(rng.normal(size=(height, width)), 2) > 0
        case "box":
            y, x = np.sort(rng.integers(0, height + 1, 2)), np.sort(rng.integers(0, width + 1, 2))
            mask = np.zeros((height, width), bool)
            mask[y[0] : y[1], x[0] : x[1]] = True
            return mask
        case "column":
            return np.repeat(rng.random((1, width)) < 0.5, height, axis=0)
        case "none":
            return np.zeros((height, width), bool)
    return np.ones((height, width), bool)


coordinate = st.integers(-3, 26).map(float) | st.floats(-8, 30) | st.integers(-20, 130).map(lambda v: v / 5)
polygon = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=12).map(
    lambda p: [v for xy in p for v in xy]
)
sizes = st.tuples(st.integers(1, 24), st.integers(1, 24))


def of_pycocotools(polygons, size) -> dict:
    return theirs.merge(theirs.frPyObjects(polygons, *size))


@given(st.lists(polygon, min_size=1, max_size=4), sizes)
@settings(max_examples=100, deadline=None)
def test_polygons_equal_pycocotools(polygons, size):
    ours, reference = ops.rle_of_polygons(polygons, size), of_pycocotools(polygons, size)
    assert coco(ours)["counts"] == reference["counts"]
    assert ours.size == size and ours.runs.sum() == size[0] * size[1]


@given(st.lists(st.lists(polygon, min_size=1, max_size=3), max_size=5), sizes)
@settings(max_examples=100, deadline=None)
def test_objects_rasterised_at_once_equal_pycocotools(objects, size):
    ours = rles_of_polygons(objects, size)
    assert [coco(one)["counts"] for one in ours] == [of_pycocotools(each, size)["counts"] for each in objects]
    assert all(one.size == size for one in ours)


def test_many_small_polygons_equal_pycocotools():
    """On the grid's points, on whole pixels and between, where rounding decides."""
    rng = np.random.default_rng(0)
    for _ in range(1500):
        size = int(rng.integers(1, 25)), int(rng.integers(1, 25))
        points = rng.uniform(-6, 30, (int(rng.integers(3, 9)), 2))
        points = (points, np.round(points), np.round(points * 5) / 5, np.round(points * 10) / 10)[rng.integers(4)]
        row = points.reshape(-1).tolist()
        assert coco(ops.rle_of_polygons([row], size))["counts"] == of_pycocotools([row], size)["counts"], (row, size)


@given(st.integers(0, 10**6), st.integers(3, 400))
@settings(max_examples=60, deadline=None)
def test_large_polygons_equal_pycocotools(seed, corners):
    """Long and steep edges, whose slopes depend on floating-point numbers, and ends far outside."""
    rng = np.random.default_rng(seed)
    points = np.round(rng.uniform(-200, 1200, (corners, 2)), int(rng.integers(0, 4))).reshape(-1).tolist()
    assert coco(ops.rle_of_polygons([points], (480, 640)))["counts"] == of_pycocotools([points], (480, 640))["counts"]


def test_a_triangle_by_hand():
    """The pixels that the slope halves stay outside."""
    assert equal(ops.rle_of_polygons([[0, 0, 4, 0, 0, 4]], (5, 5)), rle("###.. ##... #.... ..... ....."))
    twice = [[0, 0, 2, 0, 2, 2, 0, 2], [1, 1, 3, 1, 3, 3, 1, 3]]
    assert equal(ops.rle_of_polygons(twice, (4, 4)), rle("##.. ###. .##. ...."))


def test_corners_without_bounds():
    """A triangle that covers the image from far outside."""
    assert ops.rle_of_polygons([[-1e300, -1e300, 1e300, -1e300, 0, 1e300]], (3, 4)).area == 12


def test_a_segmentation_of_each_kind():
    box, size = [1, 1, 3, 2], (3, 4)
    polygons = ops.rle_of_segmentation([[1, 1, 3, 1, 3, 2, 1, 2]], box, size)
    assert equal(polygons, rle(".... .##. ....")) and equal(polygons, ops.rle_of_segmentation(None, box, size))
    for compressed in (polygons.to_coco(), {"size": [3, 4], "counts": polygons.runs.tolist()}):
        assert equal(ops.rle_of_segmentation(compressed, box, size), polygons)
    with pytest.raises(ValueError, match=r"^a mask of 4 x 3 for an image of 3 x 4$"):
        ops.rle_of_segmentation(polygons.to_coco(), box, (4, 3))
    with pytest.raises(ValueError, match=r"^runs of 7 pixels for a mask of 3 x 4$"):
        ops.rle_of_segmentation({"size": [3, 4], "counts": [3, 4]}, box, size)


@given(
    st.tuples(*[coordinate] * 4).map(lambda v: [min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3])]),
    sizes,
)
@settings(deadline=None)
def test_a_box_is_filled_as_pycocotools_fills_it(box, size):
    x1, y1, x2, y2 = box
    reference = theirs.frPyObjects([[x1, y1, x1, y2, x2, y2, x2, y1]], *size)[0]
    assert coco(ops.rle_of_segmentation(None, box, size))["counts"] == reference["counts"]


def coco80(real_data):
    """Segmentations, boxes and sizes of all objects, those of one image together."""
    document = json.loads((real_data / "coco80/annotations/instances.json").read_text())
    sizes = {i["id"]: (i["height"], i["width"]) for i in document["images"]}
    rows = sorted(document["annotations"], key=lambda a: a["image_id"])
    return [(a["segmentation"], a["bbox"], sizes[a["image_id"]], a["image_id"]) for a in rows]


def reference_of(segmentation, size) -> dict:
    if isinstance(segmentation, list):
        return of_pycocotools(segmentation, size)
    return theirs.frPyObjects(segmentation, *size)


def test_the_segmentations_of_coco80(real_data):
    rows = coco80(real_data)
    start = time.process_time()
    masks = [ops.rle_of_segmentation(segmentation, box, size) for segmentation, box, size, _ in rows]
    assert time.process_time() - start < 2
    assert len(masks) == 739
    for mask, (segmentation, _, size, _) in zip(masks, rows, strict=True):
        assert coco(mask)["counts"] == reference_of(segmentation, size)["counts"]


def test_overlaps_of_real_masks(real_data):
    """Every object with every other of its image: some thousands of pairs."""
    rows = coco80(real_data)
    masks = [ops.rle_of_segmentation(segmentation, box, size) for segmentation, box, size, _ in rows]
    owner = np.array([image for *_, image in rows])
    pairs = np.argwhere(owner[:, None] == owner)
    crowd = np.random.default_rng(0).random(len(masks)) < 0.3
    start = time.process_time()
    got = ops.paired_iou(masks, masks, pairs[:, 0], pairs[:, 1], crowd=crowd[pairs[:, 1]])
    assert time.process_time() - start < 2
    assert len(pairs) > 5000
    want = np.zeros((len(masks), len(masks)))
    for image in np.unique(owner):
        mine = np.flatnonzero(owner == image)
        rles = [coco(masks[i]) for i in mine]
        want[np.ix_(mine, mine)] = theirs.iou(rles, rles, crowd[mine].astype(int).tolist())
    assert (got == want[pairs[:, 0], pairs[:, 1]]).all()


@st.composite
def groups(draw):
    """Two groups of masks of one size, and which of the second are crowds."""
    size = draw(sizes)
    masks = st.lists(images_of(size).map(Rle.of), min_size=1, max_size=5)
    first, second = draw(masks), draw(masks)
    return first, second, np.array(draw(st.lists(st.booleans(), min_size=len(second), max_size=len(second))))


@given(groups())
@settings(max_examples=100, deadline=None)
def test_overlap_equals_pycocotools(case):
    first, second, crowd = case
    want = theirs.iou([coco(m) for m in first], [coco(m) for m in second], crowd.astype(int).tolist())
    got = ops.iou(first, second, crowd=crowd)
    assert got.shape == want.shape and (got == want).all()
    assert (ops.iou(first, first) == ops.iou(first, first).T).all()


@given(groups(), st.sampled_from([0.1, 0.5]))
@settings(deadline=None)
def test_what_reaches_the_least_overlap_is_told_exactly(case, least):
    first, second, crowd = case
    rows, columns = np.divmod(np.arange(len(first) * len(second)), len(second))
    got = ops.paired_iou(first, second, rows, columns, crowd=crowd[columns], least=least)
    whole = ops.paired_iou(first, second, rows, columns, crowd=crowd[columns])
    assert (got[whole >= least] == whole[whole >= least]).all()
    assert ((got == whole) | (got == 0)).all()


def test_pairs_are_compared_a_step_at_a_time(monkeypatch):
    rng = np.random.default_rng(0)
    masks = [Rle.of(rng.random((9, 7)) < 0.4) for _ in range(9)]
    whole = ops.iou(masks, masks)
    monkeypatch.setattr(ops, "PAIRS_AT_ONCE", 5)
    assert (ops.iou(masks, masks) == whole).all()


def test_overlap_by_hand():
    a, b, none = rle("##. ##. ..."), rle(".## .## ..."), rle("... ... ...")
    assert ops.iou([a, none], [b, a, none]).tolist() == [[2 / 6, 1, 0], [0, 0, 0]]
    assert ops.iou([a], [b], crowd=np.array([True])).tolist() == [[0.5]]
    assert ops.iou([], [a]).shape == (0, 1) and ops.iou([a], []).shape == (1, 0)
    with pytest.raises(ShapeError, match=r"^iou got masks of 2 x 1 and 3 x 3; compare masks of one image\.$"):
        ops.iou([a], [rle("##")])
    with pytest.raises(ShapeError, match=r"^union got masks of 2 x 1 and 3 x 3; pass masks of one image\.$"):
        ops.union([a, rle("##")])


def test_runs_of_no_length_change_nothing():
    """COCO's form allows them inside, as in a mask that was cut out of another."""
    odd = Rle((3, 2), np.array([1, 1, 0, 1, 2, 0, 1, 0], np.uint32))
    plain = Rle.of(odd.mask())
    assert ops.iou([odd], [plain]).tolist() == [[1.0]]
    assert equal(ops.union([odd]), plain) and ops.box_of(odd).tolist() == ops.box_of(plain).tolist() == [0, 1, 1, 3]


@given(images_of())
def test_boxes_and_areas_equal_pycocotools(mask):
    mine = Rle.of(mask)
    x, y, width, height = theirs.toBbox(coco(mine)).tolist()
    assert ops.box_of(mine).tolist() == [x, y, x + width, y + height]
    assert mine.area == theirs.area(coco(mine)) == mask.sum()


@given(st.lists(images_of((7, 6)), min_size=1, max_size=5))
def test_a_union_is_that_of_the_pixels(images):
    assert equal(ops.union([Rle.of(p) for p in images]), Rle.of(np.any(images, axis=0)))


def signed_area(polygon) -> float:
    """Shoelace formula; positive where it runs clockwise as a person sees it."""
    x, y = np.array(polygon).reshape(-1, 2).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


@given(images_of())
@settings(max_examples=100, deadline=None)
def test_polygons_rasterised_again(mask):
    polygons = ops.polygons_of(Rle.of(mask))
    rasterised = [ops.rle_of_polygons([p], mask.shape).mask() for p in polygons]
    assert (np.logical_xor.reduce([np.zeros_like(mask), *rasterised]) == mask).all()
    filled = ndimage.binary_fill_holes(mask, np.ones((3, 3))) if mask.any() else mask
    outer = [p for p in polygons if signed_area(p) > 0]
    if outer:
        assert (ops.rle_of_polygons(polygons, mask.shape).mask() == filled).all()
        assert (ops.rle_of_polygons(outer, mask.shape).mask() == filled).all()
    parts, around = ndimage.label(mask)[1], ndimage.label(np.pad(~mask, 1, constant_values=True), np.ones((3, 3)))[1]
    assert (len(outer), len(polygons) - len(outer)) == (parts, around - 1)
    assert sum(map(signed_area, polygons)) == mask.sum()


def test_polygons_by_hand():
    assert ops.polygons_of(rle(".... .##. ....")) == [[1, 1, 3, 1, 3, 2, 1, 2]]
    ring, touching = rle("### #.# ###"), rle("#. .#")
    outer, hole = ops.polygons_of(ring)
    assert outer == [0, 0, 3, 0, 3, 3, 0, 3] and (signed_area(outer), signed_area(hole)) == (9, -1)
    assert sorted(map(signed_area, ops.polygons_of(touching))) == [1, 1]
    assert ops.polygons_of(rle("... ...")) == []


def ovals(rng, num: int, side: int):
    """Probabilities of ovals with a soft edge, some cut off by the border."""
    y, x = np.mgrid[:side, :side]
    middle, reach = rng.uniform(5, side - 5, (2, num, 1, 1)), rng.uniform(4, 16, (2, num, 1, 1))
    depth = 1 - np.hypot((x - middle[0]) / reach[0], (y - middle[1]) / reach[1])
    return (1 / (1 + np.exp(-12 * depth))).astype(np.float32)


def near(mask, other) -> bool:
    """Whether all pixels of a mask are at most one away from one of the other."""
    return not (mask & ~ndimage.binary_dilation(other, np.ones((3, 3)))).any()


@pytest.mark.parametrize("seed", range(6))
def test_pasting_as_torchvision_does_within_one_pixel(seed):
    rng = np.random.default_rng(seed)
    masks, size = ovals(rng, 8, 28), (150, 200)
    corner, side = rng.uniform(-40, 120, (8, 2)), rng.uniform(40, 120, (8, 2))
    boxes = np.concatenate([corner, corner + side], axis=1)
    want = paste_masks_in_image(torch.from_numpy(masks)[:, None], torch.from_numpy(boxes).float(), size)[:, 0].numpy()
    for got, reference in zip(ops.paste(masks, boxes, size, 0.5), want >= 0.5, strict=True):
        assert got.size == size
        assert near(got.mask(), reference) and near(reference, got.mask())


def test_pasting_on_whole_cells_by_hand():
    """Cells of four pixels a side: across and down the first one weighs 5, 7, 7, 5 and 3 eighths, then less."""
    mask = np.array([[[1.0, 0.0], [0.0, 0.0]]])
    assert ops.paste(mask, [[0, 0, 8, 8]], (8, 8), 0.5)[0].mask().sum() == 12
    whole = np.ones((1, 1, 1))
    assert ops.box_of(ops.paste(whole, [[2, 1, 6, 4]], (8, 8), 0.5)[0]).tolist() == [2, 1, 6, 4]
    assert ops.paste(whole, [[3, 3, 3, 9]], (8, 8), 0.5)[0].runs.tolist() == [64]
    assert ops.paste(whole, [[20, 3, 30, 9]], (8, 8), 0.5)[0].area == 0
    assert ops.paste(np.empty((0, 3, 3)), np.empty((0, 4)), (8, 8), 0.5) == []


def slow_mixed(prototypes, coefficients, boxes, geometry, threshold):
    """torch, over the whole image, cropped at the end; also how near each pixel is to the threshold."""
    width, height = geometry.source_size
    soft = torch.einsum("nq,qhw->nhw", torch.from_numpy(coefficients), torch.from_numpy(prototypes)).sigmoid()
    x = (torch.arange(width) + 0.5) * geometry.scale[0] + geometry.offset[0]
    y = (torch.arange(height) + 0.5) * geometry.scale[1] + geometry.offset[1]
    at = torch.stack(
        torch.meshgrid(2 * x / geometry.input_size[0] - 1, 2 * y / geometry.input_size[1] - 1, indexing="xy"), -1
    )
    at = at.double()[None].expand(len(soft), -1, -1, -1)
    fine = functional.grid_sample(soft[:, None], at, padding_mode="border", align_corners=False)[:, 0]
    box = torch.from_numpy(boxes)[:, :, None, None]
    inside = (x >= box[:, 0]) & (x < box[:, 2]) & (y[:, None] >= box[:, 1]) & (y[:, None] < box[:, 3])
    return ((fine >= threshold) & inside).numpy(), (fine - threshold).abs().numpy()


geometries = st.sampled_from(
    [
        Geometry((64, 48), (64, 64), (1.0, 1.0), (0.0, 8.0)),
        Geometry((200, 130), (64, 64), (0.32, 0.32), (0.0, 11.2)),
        Geometry((40, 90), (64, 96), (1.6, 96 / 90)),
        Geometry((300, 300), (64, 64), (0.3, 0.3), (-13.0, -13.0)),
        Geometry((9, 7), (64, 64), (7.0, 7.0), (0.5, 7.5)),
    ]
)


@given(st.integers(0, 10**6), geometries, st.sampled_from([0.3, 0.5, 0.8]), st.sampled_from([4, 8]))
@settings(max_examples=60, deadline=None)
def test_mixing_as_torch_does(seed, geometry, threshold, stride):
    rng = np.random.default_rng(seed)
    width, height = geometry.input_size
    prototypes = rng.normal(size=(5, height // stride, width // stride))
    coefficients = rng.normal(size=(4, 5))
    boxes = rng.uniform(-10, 70, (4, 4))
    boxes = np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)
    want, doubt = slow_mixed(prototypes, coefficients, boxes, geometry, threshold)
    got = ops.mixed(prototypes, coefficients, boxes, geometry, threshold)
    for mask, reference, how_near in zip(got, want, doubt, strict=True):
        assert mask.size == (geometry.source_size[1], geometry.source_size[0])
        assert (mask.mask() == reference)[how_near > 1e-9].all()


def test_mixing_is_an_upsampling_where_the_image_is_the_input():
    rng = np.random.default_rng(0)
    prototypes, coefficients = rng.normal(size=(3, 8, 8)).astype(np.float32), rng.normal(size=(1, 3)).astype(np.float32)
    soft = torch.from_numpy(np.tensordot(coefficients, prototypes, 1)).sigmoid()
    want = functional.interpolate(soft[None], scale_factor=4.0, mode="bilinear")[0, 0].numpy() >= 0.5
    geometry = Geometry((32, 32), (32, 32), (1.0, 1.0))
    (got,) = ops.mixed(prototypes, coefficients, np.array([[0, 0, 32, 32]]), geometry, 0.5)
    assert 0 < got.area < 1024 and (got.mask() == want).mean() > 0.999


def test_mixing_crops_by_the_centres_of_pixels_and_never_overflows():
    geometry = Geometry((10, 10), (20, 20), (2.0, 2.0))
    sure, never = np.full((1, 5, 5), 1e4, np.float32), np.full((1, 5, 5), -1e4, np.float32)
    boxes = np.array([[4.9, 5.1, 8.9, 9.1], [-9, -9, 50, 50], [5.2, 5.2, 6.8, 6.8], [30, 2, 40, 8]])
    got = ops.mixed(sure, np.ones((4, 1), np.float32), boxes, geometry, 0.5)
    assert [ops.box_of(m).tolist() for m in got] == [[2, 3, 4, 5], [0, 0, 10, 10], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert [m.area for m in ops.mixed(never, np.ones((4, 1), np.float32), boxes, geometry, 0.5)] == [0, 0, 0, 0]
    assert ops.mixed(sure, np.empty((0, 1)), np.empty((0, 4)), geometry, 0.5) == []


def test_mixing_in_a_large_image_costs_what_its_objects_cost():
    rng = np.random.default_rng(1)
    geometry = Geometry((4000, 3000), (640, 640), (0.16, 0.16), (0.0, 80.0))
    boxes = np.concatenate([corner := rng.uniform(80, 460, (20, 2)), corner + 60], axis=1)
    prototypes, coefficients = rng.normal(size=(32, 160, 160)), rng.normal(size=(20, 32))
    start = time.process_time()
    got = ops.mixed(prototypes.astype(np.float32), coefficients.astype(np.float32), boxes, geometry, 0.5)
    assert time.process_time() - start < 2 and min(m.area for m in got) > 1000
