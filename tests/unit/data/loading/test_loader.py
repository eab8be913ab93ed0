"""Promise 1: the same order and the same changes for the same seed, whatever the number of workers."""

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from foveal.data.augment.boxes import BoxAugment
from foveal.data.augment.image import ImageAugment
from foveal.data.augment.mask_targets import Grid
from foveal.data.augment.masks import MaskAugment
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.objects import Object, Objects
from foveal.data.config import AugmentConfig
from foveal.data.formats.read import read
from foveal.data.loading import loader
from foveal.data.loading.cache import DecodedCache
from foveal.data.loading.loader import TrainingImages, load_batches, stack
from foveal.data.loading.order import Draw, Order
from foveal.ops.threads import in_threads
from foveal.types.samples import Batch, Sample
from foveal.types.size import Size

AUGMENT = AugmentConfig(crop_scale=0.3, rotation_deg=20, brightness=0.4, erasing=0.5, policy="trivial")


def images(catalog: Catalog, *, cache: bool = False) -> TrainingImages:
    return TrainingImages(
        catalog,
        ImageAugment(AUGMENT, Size.square(24), "bilinear"),
        seed=5,
        min_side=24,
        cache=DecodedCache(len(catalog), 1 << 20) if cache else None,
    )


def take(catalog: Catalog, count: int, *, start: int = 0, workers: int = 0, cache: bool = False) -> list[torch.Tensor]:
    torch.manual_seed(workers + 100 * start)  # the global state must not matter
    order = Order(len(catalog), 6, seed=5)
    batches = load_batches(images(catalog, cache=cache), order, start=start, workers=workers)
    return [batch.images for batch in itertools.islice(batches, count)]


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize(("workers", "cache"), [(0, True), (1, False), (4, True)])
def test_workers_and_cache_change_nothing(squares: Path, workers: int, cache: bool) -> None:
    catalog = read(squares)
    expected = take(catalog, 13)  # two epochs and a bit
    for a, b in zip(expected, take(catalog, 13, workers=workers, cache=cache), strict=True):
        assert torch.equal(a, b)


def test_only_what_is_not_cached_goes_through_threads(squares: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = read(squares)
    expected = take(catalog, 4)
    half = images(catalog, cache=True)
    for place in range(0, len(catalog), 2):
        half.decoded(place)
    threaded: list[int] = []

    def watched(function: Callable[[int], Any], places: Sequence[int], *, threads: int) -> Iterator[Any]:
        threaded.extend(places)
        return in_threads(function, places, threads=threads)

    monkeypatch.setattr(loader, "in_threads", watched)
    order = Order(len(catalog), 6, seed=5)
    for _ in range(2):
        for a, b in zip(expected, load_batches(half, order, start=0, workers=0), strict=False):
            assert torch.equal(a, b.images)
    assert threaded
    assert all(place % 2 for place in threaded)
    assert len(threaded) == len(set(threaded)), "the second time all are cached"


def test_starting_later_gives_the_same_batches(squares: Path) -> None:
    catalog = read(squares)
    for a, b in zip(take(catalog, 9)[4:], take(catalog, 5, start=4), strict=True):
        assert torch.equal(a, b)


def test_epochs_show_other_crops(squares: Path) -> None:
    catalog = read(squares)
    batches = take(catalog, 12)
    assert not torch.equal(torch.cat(batches[:6]).sum(), torch.cat(batches[6:]).sum())


def test_the_callers_random_numbers_stay(squares: Path) -> None:
    catalog = read(squares)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    images(catalog).__getitems__(next(Order(len(catalog), 4, seed=0).batches()))
    assert torch.equal(before, torch.get_rng_state())


def test_batches_are_channels_last(squares: Path) -> None:
    batch = take(read(squares), 1)[0]
    assert batch.dtype == torch.uint8
    assert batch.shape == (6, 3, 24, 24)
    assert batch.is_contiguous(memory_format=torch.channels_last)


BOXED = AugmentConfig(
    crop_scale=0.5, scale_jitter=1.5, rotation_deg=10, brightness=0.3, hue=0.02, erasing=0.2, mosaic=0.4, box_mixup=0.3
)


@pytest.fixture
def boxed(squares: Path) -> Catalog:
    """The squares with 0, 1 or 2 boxes per image."""
    catalog = read(squares)
    rows = [[Object((j * 4, 3, j * 4 + 10, 30), j, flags=j) for j in range(i % 3)] for i in range(len(catalog))]
    return replace(catalog, annotation="boxes", multi_label=True, objects=Objects.of(rows))


def boxed_images(catalog: Catalog, *, cache: bool = False) -> TrainingImages:
    return TrainingImages(
        catalog,
        BoxAugment(BOXED, Size.square(24), "bilinear"),
        seed=5,
        min_side=24,
        cache=DecodedCache(len(catalog), 1 << 20) if cache else None,
    )


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize(("workers", "cache"), [(0, True), (1, False), (4, True)])
def test_workers_and_cache_change_no_boxes_and_companions(boxed: Catalog, workers: int, cache: bool) -> None:
    order = Order(len(boxed), 6, seed=5)

    def take_boxed(**options: int) -> list[Batch]:
        torch.manual_seed(workers)
        batches = load_batches(boxed_images(boxed, cache=cache and bool(options)), order, **options)
        return list(itertools.islice(batches, 13))

    for a, b in zip(take_boxed(), take_boxed(workers=workers), strict=True):
        assert torch.equal(a.images, b.images) and a.keys == b.keys
        assert a.targets.keys() == b.targets.keys() == {"boxes", "labels", "flags"}
        for name, values in a.targets.items():
            assert type(b.targets[name]) is torch.Tensor
            assert torch.equal(values, b.targets[name])


def test_companions_are_decoded_only_where_they_are_wanted(boxed: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    images = boxed_images(boxed)
    draws = next(Order(len(boxed), 36, seed=1).batches())
    wanted = [images.places(draw)[0] for draw in draws]
    assert {len(places) for places in wanted} == {1, 2, 4, 5}
    assert [places[0] for places in wanted] == [draw.place for draw in draws]
    assert wanted != [images.places(draw._replace(repeat=1))[0] for draw in draws], "each repeat has others"
    decoded: list[int] = []
    plain = TrainingImages.decoded
    monkeypatch.setattr(TrainingImages, "decoded", lambda self, place: decoded.append(place) or plain(self, place))
    batch = images.__getitems__(draws)
    assert sorted(decoded) == sorted(place for places in wanted for place in places)
    assert batch.keys == [draw.place for draw in draws]


@pytest.fixture
def large(boxed: Catalog, tmp_path: Path) -> Catalog:
    """A JPEG of 402 x 302 pixels with an object, and a mask that is 1 on its left half."""
    Image.new("RGB", (402, 302)).save(tmp_path / "large.jpg")
    ids = np.zeros((302, 402), np.uint8)
    ids[:, :201] = 1
    Image.fromarray(ids).save(tmp_path / "large.png")
    name = type(boxed.names).of
    one = replace(boxed.take(np.array([1])), root=tmp_path, names=name(["large.jpg"]), masks=name(["large.png"]))
    return replace(one, objects=Objects.of([[Object((40, 20, 402, 302), 0)]]))


@pytest.mark.parametrize(("min_side", "size"), [(302, (302, 402)), (151, (151, 201)), (60, (76, 101))])
def test_targets_shrink_with_a_jpeg_that_is_decoded_smaller(
    large: Catalog, min_side: int, size: tuple[int, int]
) -> None:
    augment = BoxAugment(BOXED, Size.square(24), "bilinear", Grid((6, 6), 4))
    sized = replace(large, sizes=np.array([[402, 302]], np.int32))
    pixels = TrainingImages(sized, augment, seed=0, min_side=min_side, cache=None).decoded(0)
    loaded = augment.load(sized, 0, pixels)
    assert loaded.image.shape == (*size, 3)
    expected = [[40 * size[1] / 402, 20 * size[0] / 302, size[1], size[0]]]
    np.testing.assert_allclose(loaded.objects.boxes, expected, rtol=1e-6)
    assert loaded.objects.masks is not None
    np.testing.assert_allclose(np.diag(loaded.objects.masks.maps[0, :, :2]), [size[1] / 402, size[0] / 302])
    masks = MaskAugment(AugmentConfig(), Size.square(24), "bilinear", eval_size=Size.square(24))
    mask = masks.load(replace(large, annotation="masks"), 0, pixels).target["mask"]
    assert mask.shape == size and abs(float(mask.float().mean()) - 0.5) < 0.01


def test_a_size_that_the_reader_did_not_tell_is_read_from_the_header(large: Catalog) -> None:
    augment = BoxAugment(BOXED, Size.square(24), "bilinear")
    assert large.sizes is None
    loaded = augment.load(large, 0, np.zeros((151, 201, 3), np.uint8))
    np.testing.assert_allclose(loaded.target["boxes"], [[20, 10, 201, 151]])


def test_lists_are_padded_to_the_longest() -> None:
    def sample(count: int) -> Sample:
        target = {
            "boxes": torch.ones(count, 4),
            "labels": torch.full((count,), 2),
            "flags": torch.full((count,), 4, dtype=torch.uint8),
            "whole": torch.tensor(1.5),
        }
        return Sample(torch.zeros(8, 8, 3, dtype=torch.uint8), target, count)

    targets = stack([sample(2), sample(0), sample(1)]).targets
    assert targets["labels"].tolist() == [[2, 2], [-1, -1], [2, -1]]
    assert targets["flags"].tolist() == [[4, 4], [0, 0], [4, 0]] and targets["flags"].dtype == torch.uint8
    assert targets["boxes"].tolist() == [[[1] * 4] * 2, [[-1] * 4] * 2, [[1] * 4, [-1] * 4]]
    assert targets["whole"].tolist() == [1.5] * 3
    assert stack([sample(0), sample(0)]).targets["boxes"].shape == (2, 0, 4)


def test_real_boxes_reach_the_batch(real_data: Path) -> None:
    catalog = read(real_data / "bccd").split("train")
    off = BoxAugment(AugmentConfig(crop_scale=1, horizontal_flip=0), Size.square(416), "bilinear")
    images = TrainingImages(catalog, off, seed=0, min_side=416, cache=None)
    batch = images.__getitems__([Draw(place, 0, 0) for place in range(4)])
    assert catalog.objects is not None
    for row, place in enumerate(batch.keys):
        boxes = catalog.objects.boxes[catalog.objects.span(place)]
        assert (batch.targets["labels"][row] >= 0).sum() == len(boxes)
        expected = boxes * 0.65 + [0, 52, 0, 52]
        np.testing.assert_allclose(batch.targets["boxes"][row, : len(boxes)], expected, atol=1e-3)


def test_a_worker_tells_of_faults_but_not_of_a_lost_parent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    loader._hush(0)
    for error in (EOFError(), ConnectionResetError(), BrokenPipeError()):
        sys.excepthook(type(error), error, None)
    assert capsys.readouterr().err == ""
    sys.excepthook(ValueError, ValueError("a fault"), None)
    assert "ValueError: a fault" in capsys.readouterr().err


def test_large_images_are_kept_no_larger_than_training_needs(boxed: Catalog, tmp_path: Path) -> None:
    """The same batches with the cache and without; a tenth of the memory."""
    generator = np.random.default_rng(0)
    names = [f"{i}.png" for i in range(6)]
    for name in names:
        Image.fromarray(generator.integers(0, 256, (120, 160, 3), dtype=np.uint8)).save(tmp_path / name)
    catalog = replace(boxed.take(np.arange(6)), root=tmp_path, names=type(boxed.names).of(names))
    cache = DecodedCache(6, 1 << 20)

    def batches(cache: DecodedCache | None) -> list[Batch]:
        augment = BoxAugment(BOXED, Size.square(24), "bilinear")
        images = TrainingImages(catalog, augment, seed=5, min_side=24, cache=cache, shrink_side=30)
        return list(itertools.islice(load_batches(images, Order(6, 6, seed=5)), 3))

    for a, b in zip(batches(None), batches(cache), strict=True):
        assert torch.equal(a.images, b.images) and torch.equal(a.targets["boxes"], b.targets["boxes"])
    kept = cache.get(0)
    assert kept is not None and kept.shape == (30, 40, 3)
