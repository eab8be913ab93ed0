import pytest
import torch

from foveal.models.classic.conv4 import Conv4, num_pools


@pytest.mark.parametrize(
    ("side", "pools"), [(1, 0), (2, 0), (3, 0), (4, 1), (8, 2), (16, 3), (31, 3), (32, 4), (500, 4)]
)
def test_small_images_skip_the_first_pools(side: int, pools: int) -> None:
    assert num_pools(side) == pools
    out = Conv4().eval()(torch.zeros(1, 3, side, side))
    assert out.shape == (1, 256, side >> pools, side >> pools)
    assert side == 1 or out.shape[2] >= 2 or side < 4
