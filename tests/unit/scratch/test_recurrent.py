"""The cells written out in NumPy equal torch's."""

import numpy as np
import pytest
import torch
from torch import nn

from foveal.scratch import GRU, LSTM, RNN


@pytest.mark.parametrize(
    ("ours", "theirs"), [(RNN, nn.RNN), (GRU, nn.GRU), (LSTM, nn.LSTM)], ids=["rnn", "gru", "lstm"]
)
def test_cells_equal_torchs(ours, theirs) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    layer = theirs(5, 7, batch_first=True).double()
    weights = [p.detach().numpy() for p in layer.parameters()]
    x, state = torch.randn(3, 11, 5).double(), torch.randn(1, 3, 7).double()
    memory = torch.randn(1, 3, 7).double()
    with torch.no_grad():
        out, last = layer(x, (state, memory) if ours is LSTM else state)
    cell = ours(*weights)
    starts = (state[0].numpy(), memory[0].numpy()) if ours is LSTM else (state[0].numpy(),)
    states, end = cell.forward(x.numpy(), *starts)
    np.testing.assert_allclose(states, out.numpy(), rtol=0, atol=1e-10)
    for mine, other in zip(end if ours is LSTM else [end], last if ours is LSTM else [last], strict=True):
        np.testing.assert_allclose(mine, other[0].numpy(), rtol=0, atol=1e-10)


def test_weights_of_another_cell() -> None:
    with pytest.raises(ValueError, match="LSTM has 4 x 2 rows, not 6"):
        LSTM(np.zeros((6, 3)), np.zeros((6, 2)), np.zeros(6), np.zeros(6))
