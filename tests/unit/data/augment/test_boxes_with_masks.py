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
from foveal.types.flags import IGNORED_FLAGS
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
        outer, inner = extent(covered > 0.05), extent(covered > 0.5)  # a bar thinner than a cell may be left out
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
