"""Networks for streams: equal to the cells written out in NumPy, and to themselves however a stream is cut."""

import numpy as np
import pytest
import torch

from foveal.models.recurrent.config import RecurrentConfig
from foveal.models.recurrent.network import CharacterNetwork, Recurrent, SeriesNetwork
from foveal.scratch import GRU, LSTM, RNN

K, D, B, T = 11, 7, 3, 9
BY_HAND = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


def network(cell: str, *, layers: int = 2, attention: int = 0, tied: bool = True, embedding: int = 5) -> Recurrent:
    torch.manual_seed(0)
    own = RecurrentConfig.model_validate({"cell": cell, "hidden": D, "layers": layers, "attention": attention})
    return CharacterNetwork(K, own, tied=tied, embedding=embedding).eval()


@pytest.mark.parametrize("cell", BY_HAND)
@torch.no_grad()
def test_forward_equals_the_cells_by_hand(cell: str) -> None:
    made = network(cell)
    steps = torch.randint(0, K, (B, T))
    start = {name: torch.randn_like(value) for name, value in made.begin(B).items()}
    found, after = made(steps, start)
    values = {name: value.numpy().astype(np.float64) for name, value in made.state_dict().items()}
    x = values["embedding.weight"][steps.numpy()] * 5**0.5
    for layer in range(2):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        by_hand = BY_HAND[cell](*(values[f"cells.{name}_l{layer}"] for name in names))
        x, last = by_hand.forward(x, *(start[name][layer].numpy().astype(np.float64) for name in start))
        for name, mine in zip(start, last if cell == "lstm" else [last], strict=True):
            np.testing.assert_allclose(after[name][layer].numpy(), mine, rtol=0, atol=1e-6)
    wanted = x @ values["narrow.weight"].T @ values["embedding.weight"].T + values["bias"]
    np.testing.assert_allclose(found.numpy(), wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell", BY_HAND)
@pytest.mark.parametrize("attention", [0, 4])
@torch.no_grad()
def test_a_carried_state_makes_windows_one(cell: str, attention: int) -> None:
    made, steps = network(cell, attention=attention), torch.randint(0, K, (B, T))
    whole, end = made(steps, made.begin(B))
    for cuts in ((4, 9), (1, 2, 3, 9), range(1, 10)):
        state, parts, before = made.begin(B), [], 0
        for cut in cuts:
            out, state = made(steps[:, before:cut], state)
            parts.append(out)
            before = cut
        torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=0, atol=1e-5)
        for name, value in state.items():
            torch.testing.assert_close(value, end[name], rtol=0, atol=1e-5)


@torch.no_grad()
def test_an_untrained_series_network_says_that_nothing_changes() -> None:
    made = SeriesNetwork([1.0, 5.0], [2.0, 3.0], RecurrentConfig(cell="gru", hidden=D, dropout=0.0), horizon=3)
    steps = torch.randn(B, T, 2)
    out, _ = made(steps, made.begin(B))
    torch.testing.assert_close(out, steps.repeat(1, 1, 3))


def test_series_losses_look_as_far_ahead_as_the_horizon() -> None:
    made = SeriesNetwork([0.0], [2.0], RecurrentConfig(cell="rnn", hidden=D, dropout=0.0), horizon=2)
    outputs = torch.tensor([[[1.0, 2.0], [2.0, 3.0]]])
    ahead = torch.tensor([[[1.0], [2.0], [5.0]]])
    assert float(made.losses(outputs, ahead)["error"]) == pytest.approx(2 / 2 / 4)


def test_every_parameter_gets_a_gradient() -> None:
    for tied, attention in ((True, 3), (False, 0)):
        made = network("lstm", tied=tied, attention=attention).train()
        out, _ = made(torch.randint(0, K, (B, T)), made.begin(B))
        made.losses(out, torch.randint(0, K, (B, T)))["cross_entropy"].backward()
        assert [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()] == []
