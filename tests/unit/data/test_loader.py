"""Promise 1: the same order and the same changes for the same seed, whatever the number of workers."""

import itertools
from pathlib import Path

import pytest
import torch

from foveal.data.augment import build_augment
from foveal.data.cache import DecodedCache
from foveal.data.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.data.loader import TrainingPictures, load_batches
from foveal.data.order import Order
from foveal.data.read import read

AUGMENT = AugmentConfig(crop_scale=0.3, rotation_deg=20, brightness=0.4, erasing=0.5, policy="trivial")


def pictures(catalog: Catalog, *, cache: bool = False) -> TrainingPictures:
    return TrainingPictures(
        catalog,
        build_augment(AUGMENT, 24, interpolation="bilinear"),
        lambda c, place: {"label": torch.tensor(int(c.labels[place][0]))},
        seed=5,
        min_side=24,
        cache=DecodedCache(len(catalog), 1 << 20) if cache else None,
    )


def take(catalog: Catalog, count: int, *, start: int = 0, workers: int = 0, cache: bool = False) -> list[torch.Tensor]:
    torch.manual_seed(workers + 100 * start)  # the global state must not matter
    order = Order(len(catalog), 6, seed=5)
    batches = load_batches(pictures(catalog, cache=cache), order, start=start, workers=workers)
    return [batch.images for batch in itertools.islice(batches, count)]


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize(("workers", "cache"), [(0, True), (1, False), (4, True)])
def test_workers_and_cache_change_nothing(squares: Path, workers: int, cache: bool) -> None:
    catalog = read(squares)
    expected = take(catalog, 13)  # two epochs and a bit
    for a, b in zip(expected, take(catalog, 13, workers=workers, cache=cache), strict=True):
        assert torch.equal(a, b)


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
    pictures(catalog).__getitems__(next(Order(len(catalog), 4, seed=0).batches()))
    assert torch.equal(before, torch.get_rng_state())


def test_batches_are_channels_last(squares: Path) -> None:
    batch = take(read(squares), 1)[0]
    assert batch.dtype == torch.uint8
    assert batch.shape == (6, 3, 24, 24)
    assert batch.is_contiguous(memory_format=torch.channels_last)
