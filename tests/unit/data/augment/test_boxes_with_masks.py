"""Masks stay true: what was painted into an image is where its mask says, whatever is done to both."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.augment.box_targets import BoxTargets
from foveal.data.augment.boxes import BoxAugment, Boxed
from foveal.data.augment.mask_targets import Grid, MaskTargets
from foveal.data.config import AugmentConfig
from foveal.data.formats.read import read
from foveal.data.loading.loader import TrainingImages, load_batches
from foveal.data.loading.order import Order
from foveal.errors import ConfigError
from foveal.types.flags import IGNORED_FLAGS, Flag
from foveal.types.rle import Rle
from foveal.types.size import Size

OFF = AugmentConfig(crop_scale=1, horizontal_flip=0)
SIDE, STRIDE = 96, 4
GRID = Grid((SIDE // STRIDE, SIDE // STRIDE), STRIDE)
SQUARE, WIDE = Size.square(SIDE), Size(2 * SIDE, SIDE // 2)
GEOMETRIC = [
    {},
    {"crop_scale": 0.3},
    {"horizontal_flip": 1},
    {"vertical_flip": 1},
    {"zoom_out": 3},
    {"scale_jitter": 2},
    {"mosaic": 1},
    {"rotation_deg": 40},
    {"mosaic": 1, "horizontal_flip": 0.5, "scale_jitter": 1.5, "rotation_deg": 10},
    {"copy_paste": 1},
    {"copy_paste": 1, "rotation_deg": 40, "scale_jitter": 2},
    {"copy_paste": 1, "mosaic": 1},
]
PAINTS = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 0, 1)])


def name(options):
    return "-".join(options) or "none"


def painted(generator, paint):
    """A black image with an ellipse and a bar across it in a pure colour, its mask and its box."""
    width, height = generator.integers(60, 300, 2).tolist()
    y, x = np.mgrid[:height, :width] + 0.5
    centre, radii = generator.uniform(0.3, 0.7, 2) * (width, height), generator.uniform(0.15, 0.3, 2) * (width, height)
    mask = ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 < 1
    mask |= (np.abs(y - centre[1]) < 0.08 * height) & (x < centre[0])
    pixels = mask[..., None] * PAINTS[paint] * 255
    rows, columns = np.nonzero(mask)
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    return sample_of(pixels.astype(np.uint8), [box], [paint], [Rle.of(mask)])


def sample_of(pixels, boxes, labels, masks):
    corners, flags = np.array(boxes, np.float64).reshape(-1, 4), np.zeros(len(labels), np.uint8)
    targets = MaskTargets.of(masks, size=pixels.shape[:2])
    return Boxed(torch.from_numpy(pixels), BoxTargets.of(corners, np.array(labels, np.int64), flags, targets))


def draw(options, seed, make=painted, size=SQUARE):
    grid = Grid((size.height // STRIDE, size.width // STRIDE), STRIDE)
    augment = BoxAugment(OFF.model_copy(update=options), size, "bilinear", grid)
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    return augment.change([make(generator, paint) for paint in range(1 + augment.draw_companions())])


def coverage(image, paint):
    """(h, w) part of each cell that shows a colour, which is 255 where it is full."""
    values = np.moveaxis(image.numpy().astype(float), 2, 0) / 255
    on, off = PAINTS[paint] == 1, PAINTS[paint] == 0
    shown = (values[on].min(0) - values[off].max(0)).clip(0, 1)
    return shown.reshape(len(shown) // STRIDE, STRIDE, -1, STRIDE).mean((1, 3))


@pytest.mark.parametrize("options", GEOMETRIC, ids=name)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1 << 30), size=st.sampled_from([SQUARE, WIDE]))
def test_masks_stay_on_what_was_painted(options, seed, size):
    image, target = draw(options, seed, size=size)
    assert target["masks"].shape == (len(target["boxes"]), size.height // STRIDE, size.width // STRIDE)
    for box, mask, label, flag in zip(*(target[n] for n in ("boxes", "masks", "labels", "flags")), strict=True):
        covered = coverage(image, int(label))
        if flag & IGNORED_FLAGS or covered.max() < 0.9:  # a thin piece: no cell is sure
            continue
        blur = 0.3  # of an edge that runs through a cell, by resampling the image and not the mask
        assert mask.numpy()[covered > 0.5 + blur].all() and not mask.numpy()[covered < 0.5 - blur].any()
        slack = STRIDE + 1.5 if not options.get("rotation_deg") else 2 * STRIDE + 1.5
        trace = 0.0 if options.get("copy_paste") else 0.05  # a thin edge may be left of what is hidden
        outer, inner = extent(covered > trace), extent(covered > 0.5)  # a bar thinner than a cell may be left out
        grows = np.array([-1, -1, 1, 1])
        assert (grows * box.numpy() <= grows * outer + slack).all()
        assert (grows * box.numpy() >= grows * inner - slack).all()


def extent(cells):
    """The box in pixels around the cells that are set."""
    rows, columns = np.nonzero(cells)
    return STRIDE * np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def test_both_images_of_mixup_keep_their_masks():
    for seed in range(10):
        image, target = draw({"box_mixup": 1}, seed)
        assert target["labels"].tolist() == [0, 1]
        assert target["masks"].flatten(1).any(1).all() and image.shape == (SIDE, SIDE, 3)


def square_at(paint, *corners, flag=0, mask=True):
    """An image of one colour, and objects of it as squares given by their corners."""
    pixels = np.broadcast_to(PAINTS[paint] * 255, (SIDE, SIDE, 3)).astype(np.uint8).copy()
    masks = []
    for x1, y1, x2, y2 in corners:
        inside = np.zeros((SIDE, SIDE), bool)
        inside[y1:y2, x1:x2] = mask
        masks.append(Rle.of(inside))
    sample = sample_of(pixels, list(corners), [paint] * len(corners), masks)
    sample.objects.flags[:] = flag
    return sample


def paste(below, above, seed=0):
    torch.manual_seed(seed)
    augment = BoxAugment(OFF.model_copy(update={"copy_paste": 1}), SQUARE, "bilinear", GRID)
    assert augment.draw_companions() == 1
    return augment.change([below, above])


def test_a_pasted_object_hides_what_lies_below():
    image, target = paste(square_at(0, (16, 16, 64, 64)), square_at(1, (40, 16, 80, 64)))
    assert (image[16:64, 40:80] == torch.tensor([0, 255, 0])).all() and (image[:, :40, 1] == 0).all()
    assert target["labels"].tolist() == [0, 1]
    assert target["boxes"].tolist() == [[16, 16, 40, 64], [40, 16, 80, 64]]
    below, above = (mask.numpy() > 0 for mask in target["masks"])
    assert below.sum() == 6 * 12 and above.sum() == 10 * 12 and not (below & above).any()


def test_half_of_the_objects_are_pasted_each_at_some_time():
    corners = [(0, 0, 16, 16), (32, 0, 48, 16), (64, 0, 80, 16)]
    seen = set()
    for seed in range(20):
        image, target = paste(square_at(0, (16, 64, 32, 80)), square_at(1, *corners), seed)
        boxes = [tuple(box) for box in target["boxes"].int().tolist()]
        assert boxes[0] == (16, 64, 32, 80) and len(boxes) == 3 and set(boxes[1:]) < set(corners)
        assert int((image[..., 1] == 255).sum()) == 2 * 16 * 16
        seen |= set(boxes[1:])
    assert seen == set(corners)


@pytest.mark.parametrize("options", [{"mask": False}, {"flag": int(Flag.CROWD)}])
def test_what_has_no_mask_or_does_not_count_is_not_pasted(options):
    image, target = paste(square_at(0, (16, 16, 64, 64)), square_at(1, (40, 16, 80, 64), **options))
    assert target["labels"].tolist() == [0] and (image[..., 1] == 0).all()


def test_a_box_without_a_mask_counts_while_enough_of_it_is_visible():
    for right, flag in ((48, 0), (72, int(Flag.IGNORE))):
        above = square_at(1, (0, 0, right, 96))
        _, target = paste(square_at(0, (16, 16, 80, 80), mask=False), above)
        assert target["flags"].tolist() == [flag, 0] and not target["masks"][0].any()


@pytest.mark.parametrize("mask", [True, False])
def test_what_is_hidden_completely_is_gone(mask):
    below = square_at(0, (16, 16, 32, 32), mask=mask)
    for least in (0.0, 0.3):
        torch.manual_seed(0)
        augment = BoxAugment(OFF.model_copy(update={"copy_paste": 1, "min_visible": least}), SQUARE, "bilinear", GRID)
        _, target = augment.change([below, square_at(1, (8, 8, 40, 40))])
        assert target["labels"].tolist() == [1]


def test_a_mask_beside_what_hides_a_corner_of_its_box_stays_as_it_is():
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    disc = Rle.of((x - 48) ** 2 + (y - 48) ** 2 < 14**2)
    objects = sample_of(np.zeros((SIDE, SIDE, 3), np.uint8), [[34, 34, 62, 62]], [0], [disc]).objects
    turned = objects.rotate(45, (48, 48))
    corner = np.zeros((SIDE, SIDE), bool)
    corner[:34, :34] = True
    assert turned.covered(corner).trained(0.3, GRID)["boxes"].tolist() == turned.trained(0.3, GRID)["boxes"].tolist()


def test_only_what_is_on_the_canvas_is_counted():
    """Of two objects one is cut away: the other is pasted each time."""
    above = square_at(1, (0, 0, 16, 16), (64, 64, 80, 80))
    cut = above.objects.clip((48, 48, SIDE, SIDE))
    for seed in range(6):
        _, target = paste(square_at(0, (16, 64, 32, 80)), Boxed(above.image, cut), seed)
        assert target["boxes"][1:].tolist() == [[64, 64, 80, 80]]


def test_of_blending_and_pasting_one_is_done():
    augment = BoxAugment(OFF.model_copy(update={"copy_paste": 0.5, "box_mixup": 0.5}), SQUARE, "bilinear", GRID)
    blended = 0
    for seed in range(60):
        torch.manual_seed(seed)
        image, _ = augment.change([square_at(0, (16, 16, 64, 64)), square_at(1, (40, 16, 80, 64))])
        blended += bool(((image > 0) & (image < 255)).any())
    assert 15 < blended < 45


def test_without_masks_nothing_can_be_pasted():
    with pytest.raises(ConfigError, match=r"augment\.copy_paste = 0\.5 needs masks: it pastes the pixels of objects\."):
        BoxAugment(OFF.model_copy(update={"copy_paste": 0.5}), SQUARE, "bilinear")


@pytest.mark.parametrize("axis", ["horizontal_flip", "vertical_flip"])
def test_a_flip_is_the_mirrored_mask(axis):
    """Painted at whole cells, so that nothing is between two of them; twice mirrored is not mirrored."""
    generator = np.random.default_rng(1)
    mask = np.kron(generator.random(GRID.shape) < 0.4, np.ones((STRIDE, STRIDE))) > 0
    sample = sample_of(np.zeros((SIDE, SIDE, 3), np.uint8), [[0, 0, SIDE, SIDE]], [0], [Rle.of(mask)])
    plain = draw({}, 0, make=lambda *_: sample)[1]["masks"][0]
    flipped = draw({axis: 1}, 0, make=lambda *_: sample)[1]["masks"][0]
    assert np.array_equal(plain.numpy(), mask[::STRIDE, ::STRIDE])
    assert torch.equal(flipped, plain.flip(1 if axis == "horizontal_flip" else 0)) and not torch.equal(flipped, plain)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_of_real_images(real_data, workers):
    catalog = read(real_data / "coco80" / "annotations" / "instances.json")
    catalog = catalog.take(np.arange(8))
    config = AugmentConfig(crop_scale=0.5, mosaic=0.5)
    augment = BoxAugment(config, Size.square(128), "bilinear", Grid((32, 32), 4))
    images = TrainingImages(catalog, augment, seed=0, min_side=181, cache=None)
    batch = next(load_batches(images, Order(8, 4, seed=0), workers=workers))
    masks, labels = batch.targets["masks"], batch.targets["labels"]
    assert masks.dtype == torch.uint8 and masks.shape == (4, labels.shape[1], 32, 32)
    assert set(batch.targets) == {"boxes", "labels", "flags", "masks"}
    assert not masks[labels < 0].any(), "there is no mask where there is no object"
    found = masks[(labels >= 0) & (batch.targets["flags"] & IGNORED_FLAGS == 0)].flatten(1).any(1)
    assert found.float().mean() > 0.9
