"""Feature maps of each stage, and what one place sees."""

import numpy as np
import pytest
import torch
from tests.unit.explain.learnt.networks import backend_of, network, noise

from foveal.explain.case import Case
from foveal.explain.learnt.activations import activity_of, stages_of
from foveal.explain.learnt.map_sheet import channel_image, scale_of, seen_of, stages_sheet


def test_receptive_fields_of_four_blocks() -> None:
    with network(size=96) as predictor:
        stages = stages_of(Case(predictor, predictor.prepare(noise(96))))
    # a 3 x 3 convolution and a pool of 2: 4 pixels, then 4 + 6 x the stride of the stage before
    assert [stage.sees for stage in stages] == [(4, 4), (10, 10), (22, 22), (46, 46)]
    assert [stage.maps.shape for stage in stages] == [(32, 48, 48), (64, 24, 24), (128, 12, 12), (256, 6, 6)]
    assert [stage.step(96) for stage in stages] == [2, 4, 8, 16]
    for stage in stages:
        assert all(1 <= half <= sees for half, sees in zip(stage.half, stage.sees, strict=True))
        falling = activity_of(stage.maps)[list(stage.order)]
        assert (np.diff(falling) <= 0).all() and sorted(stage.order) == list(range(len(falling)))
    assert seen_of(stages[0], np.zeros((96, 96, 3), np.uint8)).startswith(
        "one place sees 4 x 4 px, half of its influence lies within "
    )


@pytest.mark.parametrize(("backbone", "size"), [("test_vit", 160), ("test_convnext", 64), ("test_maxvit", 160)])
def test_any_family(backbone: str, size: int) -> None:
    with network(backbone, size) as predictor:
        case = Case(predictor, predictor.prepare(noise(size)))
        before = torch.get_rng_state()
        stages = stages_of(case)
        assert 1 <= len(stages) <= 6 and all(np.isfinite(stage.maps).all() for stage in stages)
        assert torch.equal(before, torch.get_rng_state())
        model = backend_of(predictor).graph.model
        assert all(p.grad is None for p in model.parameters()) and not model.training
        assert stages_sheet(case.pixels, stages).dtype == np.uint8


@pytest.mark.parametrize(("task", "backbone"), [("detect", "conv5"), ("segment", "conv5")])
def test_other_tasks(task: str, backbone: str) -> None:
    with network(backbone, 64, task) as predictor:
        assert len(stages_of(Case(predictor, predictor.prepare(noise())))) > 1


def test_positive_is_warm_negative_cool_and_zero_dark() -> None:
    with network() as predictor:
        (stage, *_) = stages_of(Case(predictor, predictor.prepare(noise())))
    values = np.zeros_like(stage.maps)
    values[0, 0, 0], values[0, 0, 1] = 2.0, -2.0
    object.__setattr__(stage, "maps", values)
    drawn = channel_image(stage, 0, size=(32, 32), scale=scale_of(stage, [0])).astype(int)
    assert drawn[0, 0, 0] > drawn[0, 0, 2] + 50 and drawn[0, 1, 2] > drawn[0, 1, 0] + 30
    assert drawn[16, 16].max() < 10
