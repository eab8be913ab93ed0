"""Attention over the past: never ahead, never across the batch."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.models.recurrent.attention import PastAttention, attend, causal


@settings(max_examples=40)
@given(
    streams=st.integers(1, 3),
    steps=st.integers(1, 8),
    window=st.integers(1, 5),
    seed=st.integers(0, 1000),
    place=st.tuples(st.integers(0, 2), st.integers(0, 7)),
)
def test_a_step_changes_itself_and_later_ones_of_its_own_stream(
    streams: int, steps: int, window: int, seed: int, place: tuple[int, int]
) -> None:
    torch.manual_seed(seed)
    attention, states = PastAttention(4, window), torch.randn(streams, steps, 4)
    stream, step = place[0] % streams, place[1] % steps
    changed = states.clone()
    changed[stream, step] += 1.0
    before, _ = attention(states, attention.begin(states[:, 0]))
    after, _ = attention(changed, attention.begin(states[:, 0]))
    moved = (before != after).any(2).detach()
    reach = torch.zeros(streams, steps, dtype=torch.bool)
    reach[stream, step : step + window + 1] = True
    assert not (moved & ~reach).any(), "only what may see it"
    assert moved[stream, step], "and itself"
    weights = attention.weights
    assert weights is not None
    torch.testing.assert_close(weights.sum(2), torch.ones(streams, steps))
    now = torch.arange(steps)[:, None] + window
    then = torch.arange(window + steps)[None]
    assert not weights[:, (then > now) | (then < window)].any(), "neither ahead nor what was never there"


def test_it_is_the_published_formula() -> None:
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 5, 4)), rng.standard_normal((2, 5, 4))
    allowed = causal(3, 5, window=2)
    assert allowed.int().tolist() == [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1]]
    found, weights = attend(*(torch.from_numpy(x) for x in (q, k, v)), allowed)
    scores = np.where(allowed.numpy(), np.einsum("btd,bsd->bts", q, k) / 2, -np.inf)
    shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    np.testing.assert_allclose(weights.numpy(), shares, atol=1e-12)
    np.testing.assert_allclose(found.numpy(), shares @ v, atol=1e-12)


def test_who_may_see_nothing_gets_nothing() -> None:
    x = torch.randn(1, 2, 4)
    found, weights = attend(x, x, x, torch.tensor([[True, False], [False, False]]))
    assert not found[0, 1].any() and not weights[0, 1].any()
