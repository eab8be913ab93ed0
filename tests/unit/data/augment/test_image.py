import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from foveal.data.augment.contract import Loaded
from foveal.data.augment.image import ImageAugment, build_mix
from foveal.data.config import AugmentConfig
from foveal.data.formats.read import read
from foveal.errors import ConfigError
from foveal.types.size import Size

OFF = AugmentConfig(crop_scale=1, horizontal_flip=0)
ONE_BY_ONE = [
    {"crop_scale": 0.3},
    {"horizontal_flip": 1},
    {"vertical_flip": 1},
    {"rotation_deg": 30},
    {"zoom_out": 2},
    {"brightness": 0.5},
    {"contrast": 0.5},
    {"saturation": 0.5},
    {"hue": 0.2},
    {"policy": "trivial"},
    {"policy": "rand"},
    {"erasing": 1},
]


def change(image, config, size, *, interpolation="bilinear"):
    """(H, W, 3) in, (S, S, 3) out."""
    return ImageAugment(config, Size.square(size), interpolation).change([Loaded(image, {})])[0]


@pytest.fixture
def image():
    """A smooth image."""
    y, x = np.mgrid[0:60, 0:80].astype(np.float32)
    pixels = np.stack([x * 3, y * 4, 255 - x * 2], -1).astype(np.uint8)
    return torch.from_numpy(pixels)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_without_augmentation_it_is_a_plain_resize(image, interpolation):
    out = change(image, OFF, 32, interpolation=interpolation)
    mode = v2.InterpolationMode(interpolation)
    expected = v2.functional.resize(image.permute(2, 0, 1), [32, 32], interpolation=mode, antialias=True)
    assert type(out) is torch.Tensor and out.dtype == torch.uint8
    assert out.is_contiguous()
    assert (out.int() - expected.permute(1, 2, 0).int()).abs().max() <= 1


@pytest.mark.parametrize("options", ONE_BY_ONE, ids=lambda options: next(iter(options)))
def test_each_change_alone(image, options):
    config = OFF.model_copy(update=options)
    plain = change(image, OFF, 32)
    outs = []
    for seed in range(8):
        torch.manual_seed(seed)
        outs.append(change(image, config, 32))
        torch.manual_seed(seed)
        assert torch.equal(change(image, config, 32), outs[-1]), "torch's generator alone decides"
    assert all(out.shape == (32, 32, 3) and out.dtype == torch.uint8 for out in outs)
    assert any(not torch.equal(out, plain) for out in outs)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("policy", ["trivial", "rand"])
def test_everything_at_once(image, interpolation, policy):
    values = {key: value for options in ONE_BY_ONE for key, value in options.items()}
    config = AugmentConfig(**{**values, "policy": policy})
    for seed in range(40):  # enough for a policy to draw each of its operations
        torch.manual_seed(seed)
        out = change(image, config, 24, interpolation=interpolation)
        assert out.shape == (24, 24, 3) and out.dtype == torch.uint8


def test_the_default_is_worth_its_speed(image):
    reference = v2.Compose(
        [
            v2.RandomResizedCrop(32, scale=(0.35, 1), ratio=(1 / 1.3333, 1.3333), antialias=True),
            v2.RandomHorizontalFlip(0.5),
        ]
    )
    for seed in range(20):
        torch.manual_seed(seed)
        ours = change(image, AugmentConfig(), 32)
        torch.manual_seed(seed)
        theirs = reference(tv_tensors.Image(image.permute(2, 0, 1))).permute(1, 2, 0)
        assert (ours.int() - theirs.int()).abs().max() <= 1


def test_targets_pass_beside_the_image(image):
    augment = ImageAugment(AugmentConfig(), Size.square(16), "bilinear")
    assert augment.draw_companions() == 0
    out, same = augment.change([Loaded(image, {"label": torch.tensor(3)})])
    assert out.shape == (16, 16, 3) and same["label"].item() == 3


def test_labels_are_loaded_as_ids_or_as_zeros_and_ones(tmp_path):
    for i in range(3):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{i}.png")
    augment, pixels = ImageAugment(OFF, Size.square(16), "bilinear"), np.zeros((8, 8, 3), np.uint8)

    def labels(*rows):
        (tmp_path / "t.csv").write_text("path,label\n" + "".join(f"{i}.png,{row}\n" for i, row in enumerate(rows)))
        catalog = read(tmp_path / "t.csv")
        return [augment.load(catalog, i, pixels).target["label"] for i in range(3)]

    assert [(label.dtype, label.item()) for label in labels("b", "a", "b")] == [(torch.int64, i) for i in (1, 0, 1)]
    several = labels("b|c", "", "a")
    assert [label.tolist() for label in several] == [[0, 1, 1], [0, 0, 0], [1, 0, 0]]
    assert several[0].dtype == torch.float32


def test_the_source_is_left_alone(image):
    before = image.clone()
    change(image, AugmentConfig(erasing=1, brightness=0.5), 60)
    assert torch.equal(before, image)


@pytest.mark.parametrize("name", ["scale_jitter", "mosaic", "box_mixup"])
def test_changes_that_need_boxes_are_refused(name):
    value = {"scale_jitter": 1.5}.get(name, 1)
    with pytest.raises(ConfigError) as error:
        ImageAugment(AugmentConfig(**{name: value}), Size.square(16), "bilinear")
    assert error.value.what == f"augment.{name} = {value:g} needs images with boxes, and these have labels."
    assert error.value.hint == f"Leave it at {1 if name == 'scale_jitter' else 0}."


def test_mix_is_none_when_off():
    assert build_mix(OFF, 3) is None


@pytest.mark.parametrize("options", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1.0}])
@pytest.mark.parametrize("labels", [torch.tensor([0, 2, 1, 1]), torch.eye(3)[[0, 2, 1, 1]]], ids=["ids", "targets"])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_mix_blends_images_and_targets(options, labels, dtype):
    torch.manual_seed(0)
    images = (torch.rand(4, 3, 8, 8) * 255).to(dtype)
    mixed, targets = build_mix(OFF.model_copy(update=options), 3)(images, labels)
    assert mixed.shape == images.shape and mixed.dtype == torch.float32
    assert targets.shape == (4, 3) and torch.allclose(targets.sum(1), torch.ones(4))
    assert not torch.equal(mixed, images.float())
    assert mixed.max() <= 255 and mixed.max() > 1
