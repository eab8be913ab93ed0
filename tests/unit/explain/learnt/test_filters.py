"""Kernels of the first layer, and the patches that they respond to."""

import numpy as np
import pytest
import torch
from tests.unit.explain.learnt.networks import backend_of, network
from torch import nn

from foveal.errors import ConfigError
from foveal.explain.learnt.filter_sheet import filter_sheet, kernel_image
from foveal.explain.learnt.filters import Responses, filters_of, first_layer
from foveal.inference.predictor import Predictor


@pytest.fixture
def red_first() -> Predictor:
    """Kernel 5 is strongest and finds red, kernel 2 finds blue, all others do nothing."""
    predictor = network()
    weight = first_layer(backend_of(predictor).graph.model).weight
    with torch.no_grad():
        weight.zero_()
        weight[5, 0], weight[2, 2] = 1.0, 0.5
        weight[5, 1:] = -1.0
    return predictor


def spot(color: tuple[int, int, int], x: int, y: int) -> np.ndarray:
    image = np.full((64, 64, 3), 100, np.uint8)
    image[y - 3 : y + 3, x - 3 : x + 3] = color
    return image


def test_strongest_first_and_the_dead_are_called_so(red_first: Predictor) -> None:
    filters = filters_of(backend_of(red_first))
    assert [one.number for one in filters[:3]] == [5, 2, 0] and len(filters) == 32
    assert [one.dead for one in filters] == [False, False] + [True] * 30
    assert filters[0].strength == pytest.approx(27**0.5)


def test_patches_lie_where_the_response_is(red_first: Predictor) -> None:
    backend = backend_of(red_first)
    filters = filters_of(backend)
    images = [spot((255, 0, 0), 40, 20), spot((0, 0, 255), 10, 50), np.full((64, 64, 3), 100, np.uint8)]
    responses = Responses(backend, filters, top=2)
    for image in images:
        responses.add([red_first.prepare(image)])
    red, blue = filters[0].patches, filters[1].patches
    assert responses.seen == 3 and len(red) == len(blue) == 2
    assert red[0].source == 0 and abs(red[0].place[0] - 40) <= 3 and abs(red[0].place[1] - 20) <= 3
    assert blue[0].source == 1 and abs(blue[0].place[0] - 10) <= 3 and abs(blue[0].place[1] - 50) <= 3
    assert red[0].response > red[1].response
    x1, y1, x2, y2 = red[0].field
    assert (x2 - x1, y2 - y1) == (3, 3) and (red[0].pixels[y1:y2, x1:x2] == (255, 0, 0)).all()
    assert not filters[5].patches, "a dead kernel responds to nothing"


def test_the_sheet(red_first: Predictor) -> None:
    backend = backend_of(red_first)
    filters = filters_of(backend)
    alone = filter_sheet(filters)
    Responses(backend, filters[:2]).add([red_first.prepare(spot((255, 0, 0), 30, 30))])
    assert filter_sheet(filters).shape[1] > 100 and alone.dtype == np.uint8
    assert (kernel_image(filters[0].kernel) == (255, 0, 0)).all()
    assert (kernel_image(0 * filters[0].kernel) == 127).all() or (kernel_image(0 * filters[0].kernel) == 128).all()


def test_a_network_without_kernels() -> None:
    with pytest.raises(ConfigError, match="This network has no first convolution that could be drawn"):
        first_layer(nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3)))


def test_patches_of_a_transformer() -> None:
    with network("test_vit", 160) as predictor:
        backend = backend_of(predictor)
        filters = filters_of(backend)
        Responses(backend, filters).add(
            [predictor.prepare(np.random.default_rng(0).integers(0, 255, (160, 160, 3), dtype=np.uint8))]
        )
        assert filters[0].kernel.shape == (16, 16, 3) and filters[0].patches
