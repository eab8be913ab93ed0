import numpy as np
import torch

from foveal.data.augment.chance import happens, uniform


def test_what_happens_never_or_always():
    state = torch.get_rng_state()
    assert not happens(0) and torch.equal(state, torch.get_rng_state())
    assert all(happens(1) for _ in range(100))


def test_as_often_as_given_and_uniformly():
    torch.manual_seed(0)
    assert abs(np.mean([happens(0.3) for _ in range(2000)]) - 0.3) < 0.04
    drawn = np.array([uniform(-2, 6) for _ in range(2000)])
    assert -2 <= drawn.min() < -1.9 and 5.9 < drawn.max() <= 6 and abs(drawn.mean() - 2) < 0.2
