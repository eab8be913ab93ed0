import pytest
import torch

from foveal.models.detection.anchors import map_sizes
from foveal.models.detection.prototypes import Prototypes, prototype_shape
from foveal.types.size import Size


@pytest.mark.parametrize(("stride", "size", "side"), [(8, 64, 8), (4, 64, 16), (8, 100, 13), (4, 100, 26), (4, 9, 4)])
def test_prototypes_have_the_side_that_targets_are_painted_at(stride, size, side):
    ((rows, columns),) = map_sizes(size, size, (8,))
    made = Prototypes(6, 5, channels=8, stride=stride)(torch.randn(2, 6, rows, columns))
    assert made.shape == (2, 5, side, side) and prototype_shape(Size.square(size), stride) == (side, side)
    assert float(made.detach().min()) >= 0, "never negative"


def test_every_parameter_gets_a_gradient():
    torch.manual_seed(0)
    net = Prototypes(6, 5, channels=8, stride=4)
    net(torch.randn(2, 6, 8, 8)).sum().backward()
    assert not [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
