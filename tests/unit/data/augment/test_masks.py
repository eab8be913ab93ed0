from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.augment import masks
from foveal.data.augment.contract import Loaded
from foveal.data.augment.masks import MaskAugment
from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.errors import ConfigError
from foveal.imaging.prepare import prepare
from foveal.types.input_spec import PAD_VALUE, InputSpec
from foveal.types.predictions.masks import IGNORE
from foveal.types.size import Size

OFF = {"crop_scale": 1.0, "horizontal_flip": 0.0}


def scene(height=60, width=80, seed=0):
    """An image of flat patches whose red channel is ten times the class id."""
    generator = np.random.default_rng(seed)
    small = generator.integers(0, 8, (height // 20, width // 20), dtype=np.uint8)
    ids = np.kron(small, np.ones((20, 20), np.uint8))
    image = np.stack([ids * 10, np.full_like(ids, 80), np.full_like(ids, 160)], axis=2)
    return Loaded(torch.from_numpy(image), {"mask": torch.from_numpy(ids)})


def sample(config, size=64, eval_size=None, seed=0):
    augment = MaskAugment(AugmentConfig(**config), Size.square(size), "bilinear", Size.square(eval_size or size))
    torch.manual_seed(seed)
    return augment.change([scene()])


def test_without_changes_it_is_the_letterbox_of_evaluation():
    image, target = sample(OFF)
    spec = InputSpec(size=64, train_size=64, fit="letterbox", interpolation="bilinear")
    want, geometry = prepare(scene().image.numpy(), spec)
    assert np.abs(image.numpy().astype(int) - want).max() <= 1
    top = round(geometry.offset[1])
    assert (target["mask"][:top] == IGNORE).all()
    assert (target["mask"][top:-top] != IGNORE).all()


CHANGES = {
    "flip": {**OFF, "horizontal_flip": 1.0},
    "upside down": {**OFF, "vertical_flip": 1.0},
    "both": {**OFF, "horizontal_flip": 1.0, "vertical_flip": 1.0},
    "scale": {**OFF, "scale_jitter": 2.0},
    "crop": {"crop_scale": 0.3, "horizontal_flip": 0.5},
    "out": {**OFF, "zoom_out": 3.0},
    "rare": {**OFF, "scale_jitter": 2.0, "rare_crops": 1.0},
    "turn": {**OFF, "rotation_deg": 30.0},
}


@pytest.mark.parametrize("config", CHANGES.values(), ids=CHANGES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), use=st.sampled_from((64, 96)))
def test_masks_stay_true(config, seed, use):
    image, target = sample(config, eval_size=use, seed=seed)
    assert image.shape == (64, 64, 3)
    assert target["mask"].shape == (64, 64)
    red, ids = image[..., 0].numpy().astype(int), target["mask"].numpy().astype(int)
    padded = ids == IGNORE
    # Inside flat patches, away from their borders, the image says its class.
    flat = np.ones_like(padded)
    for axis in (0, 1):
        for step in (-3, -2, -1, 1, 2, 3):
            flat &= np.roll(ids, step, axis) == ids
    flat[:3] = flat[-3:] = flat[:, :3] = flat[:, -3:] = False
    inside = flat & ~padded
    assert (np.abs(red - 10 * ids)[inside] <= 1).all()
    assert (np.abs(red - PAD_VALUE)[flat & padded] <= 1).all()


def test_rare_crops_show_every_class_as_often():
    ids = np.zeros((200, 200), np.uint8)
    ids[10:14, 20:24] = 3
    loaded = Loaded(torch.zeros(200, 200, 3, dtype=torch.uint8), {"mask": torch.from_numpy(ids)})
    seen = {0.0: 0, 1.0: 0}
    for chance in seen:
        config = AugmentConfig(**OFF, rare_crops=chance)
        augment = MaskAugment(config, Size.square(32), "bilinear", eval_size=Size.square(200))
        torch.manual_seed(0)
        for _ in range(100):
            _, target = augment.change([loaded])
            seen[chance] += bool((target["mask"] == 3).any())
    assert seen[0.0] < 15
    assert 35 < seen[1.0] < 75


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_masks_of_images_decoded_smaller_stay_in_place(factor, monkeypatch):
    """Each pixel takes the class of a source pixel at most half a pixel from its centre."""
    ramp = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    monkeypatch.setattr(masks, "read_mask", lambda *_: ramp)
    augment = MaskAugment(AugmentConfig(**OFF), Size.square(32), "bilinear", eval_size=Size.square(32))
    small = np.zeros((64 // factor, 64 // factor, 3), np.uint8)
    row = augment.load(cast(Catalog, None), 0, small).target["mask"][0].numpy()
    centres = (np.arange(64 // factor) + 0.5) * factor - 0.5
    assert (np.abs(row - centres) <= 0.5).all()


def test_a_mask_without_a_known_pixel():
    mask = torch.full((40, 40), IGNORE, dtype=torch.uint8)
    loaded = Loaded(torch.zeros(40, 40, 3, dtype=torch.uint8), {"mask": mask})
    _, target = MaskAugment(
        AugmentConfig(rare_crops=1.0), Size.square(32), "bilinear", eval_size=Size.square(32)
    ).change([loaded])
    assert (target["mask"] == IGNORE).all()


@pytest.mark.parametrize(("name", "value"), [("policy", "rand"), ("mixup", 0.2), ("cutmix", 0.2), ("mosaic", 0.5)])
def test_operations_without_support_for_masks_are_refused(name, value):
    with pytest.raises(ConfigError, match=f"augment.{name} = {value} does not support masks: "):
        MaskAugment(AugmentConfig(**{name: value}), Size.square(32), "bilinear", eval_size=Size.square(32))


def test_pasted_classes_bring_their_pixels():
    """Half of the other image's classes, each whole; image and mask change together."""
    augment = MaskAugment(AugmentConfig(**OFF, copy_paste=1.0), Size(80, 60), "bilinear", Size(80, 60))
    one, other = scene(seed=0), scene(seed=1)
    assert augment.draw_companions() == 1
    pasted = set()
    for seed in range(20):
        torch.manual_seed(seed)
        image, target = augment.change([one, other])
        ids = target["mask"]
        assert (image[..., 0] == ids * 10).all()
        there = ids != one.target["mask"]
        assert (ids[there] == other.target["mask"][there]).all()
        classes = set(other.target["mask"].unique().tolist())
        whole = {c for c in classes if (ids[other.target["mask"] == c] == c).all()}
        assert len(whole) >= (len(classes) + 1) // 2
        pasted |= whole
    assert pasted == classes


def test_without_it_nothing_is_drawn():
    augment = MaskAugment(AugmentConfig(**OFF), Size(80, 60), "bilinear", Size(80, 60))
    state = torch.get_rng_state()
    assert augment.draw_companions() == 0
    assert (torch.get_rng_state() == state).all()
