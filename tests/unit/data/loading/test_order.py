import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.loading.order import Draw, Order
from foveal.errors import ConfigError
from foveal.types.seeds import derive


def first(order: Order, count: int, **options: int) -> list[list[Draw]]:
    return list(itertools.islice(order.batches(**options), count))


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**62), st.integers(0, 40))
def test_starting_later_is_skipping(num: int, batch: int, seed: int, start: int) -> None:
    if batch > num:
        return
    order = Order(num, batch, seed=seed)
    assert first(order, start + 5)[start:] == first(order, 5, start=start)


@given(st.integers(4, 60), st.integers(0, 2**62))
def test_each_image_at_most_once_per_epoch(num: int, seed: int) -> None:
    order = Order(num, 4, seed=seed)
    places = [draw.place for batch in first(order, order.batches_per_epoch) for draw in batch]
    assert len(set(places)) == len(places) == num // 4 * 4


def test_processes_share_each_batch() -> None:
    order = Order(50, 8, seed=3)
    whole = first(order, 9)
    halves = zip(first(order, 9, rank=0, world=2), first(order, 9, rank=1, world=2), strict=True)
    assert [a + b for a, b in halves] == whole


def test_epochs_and_seeds_differ() -> None:
    order = Order(40, 8, seed=0)
    assert not np.array_equal(order.epoch(0), order.epoch(1))
    assert not np.array_equal(order.epoch(0), Order(40, 8, seed=1).epoch(0))
    assert np.array_equal(order.epoch(7), Order(40, 8, seed=0).epoch(7))


def test_weights_draw_rare_images_often_and_count_repeats() -> None:
    order = Order(1000, 10, seed=0, weights=np.r_[np.full(990, 1 / 990), np.full(10, 1 / 10)])
    draws = [draw for batch in first(order, 100) for draw in batch]
    assert 0.4 < np.mean([d.place >= 990 for d in draws]) < 0.6
    assert len(set(draws)) == len(draws), "each use of an image has a number of its own"
    assert max(d.repeat for d in draws) > 10


def test_batch_larger_than_the_data() -> None:
    with pytest.raises(ConfigError) as error:
        Order(40, 64, seed=0)
    assert error.value.what == "The batch size 64 is larger than the 40 training images."
    assert error.value.hint == "Use --batch-size 40 or less."


def test_derived_seeds_do_not_collide() -> None:
    seeds = {derive(seed, epoch, place) for seed in range(10) for epoch in range(10) for place in range(100)}
    assert len(seeds) == 10_000
