"""Boxes stay true: what was painted into an image is found again where its box says."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.augment.box_targets import PIECE_SIDE_PX, BoxTargets
from foveal.data.augment.boxes import BoxAugment, Boxed
from foveal.data.config import AugmentConfig
from foveal.errors import ConfigError
from foveal.imaging.decode import decode
from foveal.imaging.prepare import prepare
from foveal.types.input_spec import PAD_VALUE, InputSpec
from foveal.types.size import Size

OFF = AugmentConfig(crop_scale=1, horizontal_flip=0)
COLOUR = {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3}
ONE_BY_ONE = [
    {"crop_scale": 0.3},
    {"crop_scale": 0.5, "crop_ratio": 1.0},
    {"horizontal_flip": 1},
    {"vertical_flip": 1},
    {"zoom_out": 3},
    {"scale_jitter": 2},
    {"mosaic": 1},
    {"mosaic": 1, "scale_jitter": 1.5},
    COLOUR,
    {"hue": 0.03},
]
TOGETHER = {key: value for options in ONE_BY_ONE for key, value in options.items() if key != "hue"}
"""All but hue, which would turn one image's paint into another's."""
PAINTS = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 0, 1)])
SIDE = 96


def name(options):
    return "-".join(options) if isinstance(options, dict) else None


def painted(generator, paint, *, flags=0):
    """A black image of random size with one rectangle of a pure colour, and its target; the label is the colour."""
    width, height = generator.integers(40, 300, 2).tolist()
    box_w, box_h = int(generator.integers(12, width)), int(generator.integers(12, height))
    left, top = int(generator.integers(0, width - box_w + 1)), int(generator.integers(0, height - box_h + 1))
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[top : top + box_h, left : left + box_w] = PAINTS[paint] * 255
    return sample_of(pixels, [(left, top, left + box_w, top + box_h)], [paint], flags=[flags])


def sample_of(pixels, boxes, labels, *, flags=None):
    corners = np.array(boxes, np.float64).reshape(-1, 4)
    flags = np.array(flags or [0] * len(labels), np.uint8)
    return Boxed(torch.from_numpy(pixels), BoxTargets.of(corners, np.array(labels, np.int64), flags))


def extent(image, paint):
    """xyxy of a colour in an image (S, S, 3), or None: pixels that have at least half of the strongest of it."""
    values = np.moveaxis(image.numpy().astype(int), 2, 0)
    on, off = PAINTS[paint] == 1, PAINTS[paint] == 0
    strength = values[on].min(0) - values[off].max(0)
    if strength.max() < 40:
        return None
    rows, columns = np.nonzero(strength > strength.max() / 2)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def draw(options, seed, *, size=SIDE, make=painted):
    """One sample of as many painted images as the changes ask for; ``size`` is a side or a size."""
    size = Size.square(size) if isinstance(size, int) else size
    augment = BoxAugment(OFF.model_copy(update=options), size, "bilinear")
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    images = [make(generator, paint) for paint in range(1 + augment.draw_companions())]
    return images, *augment.change(images)


def check_painted(image, target, count, *, tolerance=1.5):
    """Each reported box is where its colour is, and each colour that can be seen well is reported."""
    for box, label in zip(target["boxes"].numpy(), target["labels"].tolist(), strict=True):
        found = extent(image, label)
        if found is not None or (box[2:] - box[:2]).min() > 2:
            np.testing.assert_allclose(found, box, atol=tolerance)
    for paint in set(range(count)) - set(target["labels"].tolist()):
        found = extent(image, paint)
        assert found is None or (found[2:] - found[:2]).min() <= PIECE_SIDE_PX + 1, "only small pieces vanish"


@pytest.mark.parametrize("options", [*ONE_BY_ONE, TOGETHER], ids=name)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 30), size=st.sampled_from([Size.square(SIDE), Size(2 * SIDE, SIDE // 2)]))
def test_boxes_stay_on_what_was_painted(options, seed, size):
    images, image, target = draw(options, seed, size=size)
    assert image.shape == (*size.shape, 3) and image.dtype == torch.uint8
    assert type(target["boxes"]) is torch.Tensor and target["boxes"].dtype == torch.float32
    assert target["labels"].dtype == torch.int64 and target["flags"].dtype == torch.uint8
    check_painted(image, target, len(images))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    degrees=st.sampled_from([5, 45, 180]),
    everything=st.booleans(),
    size=st.sampled_from([Size.square(SIDE), Size(SIDE, 2 * SIDE)]),
)
def test_turned_boxes_hold_what_was_painted(seed, degrees, everything, size):
    _, image, target = draw({**(TOGETHER if everything else {}), "rotation_deg": degrees}, seed, size=size)
    for box, label in zip(target["boxes"].numpy(), target["labels"].tolist(), strict=True):
        found = extent(image, label)
        if found is None:
            continue
        assert (found[:2] >= box[:2] - 1.5).all() and (found[2:] <= box[2:] + 1.5).all()
        if (box[:2] > 2).all() and (box[2:] < np.array(size.sides) - 2).all() and (box[2:] - box[:2]).min() > 8:
            np.testing.assert_allclose(found, box, atol=2.5)  # a tip is thinner than a pixel


@pytest.mark.parametrize("flips", [{}, {"horizontal_flip": 0.5, "vertical_flip": 0.5}], ids=["upright", "flipped"])
@pytest.mark.parametrize("mosaic", [0, 1])
def test_mixup_keeps_the_boxes_of_both(flips, mosaic):
    last = 4 if mosaic else 1

    def make(generator, paint):
        """The last image's object stands in the middle and the others' beside it, so that no colours mix."""
        pixels = np.zeros((200, 200, 3), np.uint8)
        left, top = 70 if paint == last else 5, int(generator.integers(0, 170))
        pixels[top : top + 30, left : left + 60] = PAINTS[paint] * 255
        return sample_of(pixels, [(left, top, left + 60, top + 30)], [paint])

    for seed in range(20):
        images, image, target = draw({**flips, "mosaic": mosaic, "box_mixup": 1}, seed, make=make)
        assert len(images) == last + 1
        if mosaic:
            assert target["labels"].tolist().count(last) == 1 and len(target["labels"]) > 1
        else:
            check_painted(image, target, 2)
            assert target["labels"].tolist() == [0, 1]
            shares = [image.numpy()[..., channel].max() / 255 for channel in (0, 1)]
            assert sum(shares) == pytest.approx(1, abs=0.02) and min(shares) > 0.1


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(5, 400),
    height=st.integers(5, 400),
    size=st.sampled_from([Size.square(64), Size.square(97), Size(256, 256), Size(240, 64), Size(65, 97)]),
    seed=st.integers(0, 1 << 30),
)
def test_all_off_is_the_letterbox_of_evaluation(interpolation, width, height, size, seed):
    generator = np.random.default_rng(seed)
    pixels = np.linspace(0, 255, width * height * 3).astype(np.uint8).reshape(height, width, 3)
    corners = np.sort(generator.uniform(0, 1, (6, 2, 2)), axis=1) * (width, height)
    boxes = corners.reshape(6, 4)
    augment = BoxAugment(OFF, size, interpolation)
    assert augment.draw_companions() == 0
    image, target = augment.change([sample_of(pixels, boxes, range(6))])
    spec = InputSpec(size=size, train_size=size, fit="letterbox", interpolation=interpolation)
    expected, geometry = prepare(pixels, spec)
    difference = np.abs(image.numpy().astype(int) - expected)
    assert difference.max() <= (2 if interpolation == "bilinear" else 8)  # bicubic overshoots; rounding cuts that off
    assert difference.mean() < 0.5
    moved = geometry.to_input(boxes.reshape(12, 2)).reshape(6, 4)
    kept = (moved[:, 2:] - moved[:, :2]).min(1) >= 1
    assert target["labels"].tolist() == np.flatnonzero(kept).tolist(), "a box below a pixel is no object"
    np.testing.assert_allclose(target["boxes"], moved[kept], atol=1e-3)


def test_a_real_photo_is_prepared_as_in_evaluation(real_data):
    pixels = decode(next(iter(sorted((real_data / "coco80").rglob("*.jpg"))))).pixels
    image, target = BoxAugment(OFF, Size.square(416), "bilinear").change([sample_of(pixels, [], [])])
    expected, _ = prepare(pixels, InputSpec(size=416, train_size=416, fit="letterbox", interpolation="bilinear"))
    difference = np.abs(image.numpy().astype(int) - expected)
    assert difference.max() <= 1
    assert target["boxes"].shape == (0, 4) and target["labels"].shape == target["flags"].shape == (0,)


@pytest.mark.parametrize("options", [*ONE_BY_ONE, {"rotation_deg": 20}, {"erasing": 1}, {"box_mixup": 1}], ids=name)
def test_each_change_happens_and_is_a_function_of_the_generator(options):
    outs = [draw(options, seed) for seed in range(6)]
    again = [draw(options, seed) for seed in range(6)]
    plain = [draw({}, seed) for seed in range(6)]
    for (_, image, target), (_, image2, target2) in zip(outs, again, strict=True):
        assert torch.equal(image, image2)
        assert all(torch.equal(target[key], target2[key]) for key in target)
    assert any(not torch.equal(a[1], b[1]) for a, b in zip(outs, plain, strict=True))


def test_crops_look_for_an_object():
    """A tenth of the image's side, in a corner: a random crop of a tenth of the area would rarely show it."""
    pixels = np.zeros((200, 200, 3), np.uint8)
    sample = sample_of(pixels, [(0, 0, 20, 20)], [0])
    augment = BoxAugment(OFF.model_copy(update={"crop_scale": 0.1}), Size.square(SIDE), "bilinear")
    torch.manual_seed(0)
    assert all(augment.change([sample])[1]["flags"].tolist() == [0] for _ in range(50))


def test_padding_keeps_its_gray():
    pixels = np.full((50, 100, 3), 200, np.uint8)
    _, image, _ = draw({**COLOUR, "hue": 0.1}, 3, make=lambda *_: sample_of(pixels, [], []))
    assert (image[:24] == PAD_VALUE).all() and (image[-24:] == PAD_VALUE).all()
    assert not (image[24:-24] == 200).all()


def test_a_mosaic_shows_four_images():
    augment = BoxAugment(OFF.model_copy(update={"mosaic": 1}), Size.square(SIDE), "bilinear")
    torch.manual_seed(0)
    assert augment.draw_companions() == 3
    images = [sample_of(np.full((80, 80, 3), value, np.uint8), [], []) for value in (10, 60, 160, 250)]
    image, _ = augment.change(images)
    corners = [int(image[y, x, 0]) for y in (2, -3) for x in (2, -3)]
    values, counts = np.unique(image.numpy(), return_counts=True)
    assert {10, 60, 160, 250} <= set(values[counts > 100].tolist())
    assert all(c in (10, 60, 160, 250, PAD_VALUE) for c in corners)


def test_companions_are_asked_for_as_often_as_they_are_needed():
    config = OFF.model_copy(update={"mosaic": 0.25, "box_mixup": 0.5})
    augment = BoxAugment(config, Size.square(SIDE), "bilinear")
    torch.manual_seed(0)
    counts = np.bincount([augment.draw_companions() for _ in range(2000)], minlength=5) / 2000
    np.testing.assert_allclose(counts, [0.375, 0.375, 0, 0.125, 0.125], atol=0.04)


def test_the_source_is_left_alone():
    images, _, _ = draw({**TOGETHER, "erasing": 1, "rotation_deg": 10, "box_mixup": 1}, 5)
    generator = np.random.default_rng(5)
    for paint, boxed in enumerate(images):
        original = painted(generator, paint)
        assert torch.equal(boxed.image, original.image) and np.array_equal(boxed.objects.boxes, original.objects.boxes)


def test_workers_can_be_sent_it():
    augment = pickle.loads(pickle.dumps(BoxAugment(OFF, Size.square(SIDE), "bilinear")))
    assert augment.draw_companions() == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"policy": "rand"},
            "augment.policy = rand does not support boxes: its operations move pixels but not boxes.",
        ),
        (
            {"mixup": 0.2},
            "augment.mixup = 0.2 does not support boxes: it blends class labels; augment.box_mixup blends images"
            " with boxes.",
        ),
        (
            {"cutmix": 1},
            "augment.cutmix = 1 does not support boxes: it blends class labels; augment.mosaic combines images with"
            " boxes.",
        ),
    ],
    ids=name,
)
def test_operations_without_support_for_boxes_are_refused(options, message):
    with pytest.raises(ConfigError) as error:
        BoxAugment(AugmentConfig(**options), Size.square(SIDE), "bilinear")
    assert error.value.what == message
    assert error.value.hint == f"Leave it at {'none' if 'policy' in options else '0'}."
