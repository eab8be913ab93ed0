import numpy as np
import pytest
import torch

from foveal.models.pooling import (
    AttentionPooling,
    AveragePooling,
    CompactBilinearPooling,
    GeMPooling,
    MaxPooling,
    MultiheadPooling,
)


@pytest.fixture
def features() -> torch.Tensor:
    return torch.rand(2, 6, 3, 4, generator=torch.Generator().manual_seed(0)) + 0.1


def test_average_and_max(features: torch.Tensor) -> None:
    x = features.numpy()
    np.testing.assert_allclose(AveragePooling(6)(features)[0], x.mean((2, 3)), rtol=1e-6)
    np.testing.assert_allclose(MaxPooling(6)(features)[0], x.max((2, 3)), rtol=1e-6)


def test_gem_lies_between_average_and_max(features: torch.Tensor) -> None:
    gem = GeMPooling(6)
    expected = (features.numpy().astype(np.float64) ** 3).mean((2, 3)) ** (1 / 3)
    np.testing.assert_allclose(gem(features)[0].detach(), expected, rtol=1e-5)
    gem.p.data.fill_(1.0)
    torch.testing.assert_close(gem(features)[0], AveragePooling(6)(features)[0])
    gem.p.data.fill_(50.0)
    torch.testing.assert_close(gem(1 + features)[0], MaxPooling(6)(1 + features)[0], rtol=0.06, atol=0)


@pytest.mark.parametrize("hidden", [0, 5])
def test_attention_by_hand(features: torch.Tensor, hidden: int) -> None:
    torch.manual_seed(0)
    pool = AttentionPooling(6, hidden)
    vector, looked = pool(features)
    for b in range(2):
        places = features[b].flatten(1).T.double()  # (N, C)
        scores = pool.double().score(places)[:, 0]
        alpha = (scores - scores.max()).exp()
        alpha = alpha / alpha.sum()
        expected = sum((a * v for a, v in zip(alpha, places, strict=True)), torch.zeros(6).double())
        torch.testing.assert_close(vector[b].double(), expected, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(looked[b].double(), alpha.view(3, 4), rtol=1e-5, atol=1e-6)
    assert pool.out_features == 6


def test_attention_looks_where_the_score_is_high() -> None:
    pool = AttentionPooling(2, hidden=0)
    pool.score.weight.data = torch.tensor([[10.0, 0.0]])
    features = torch.zeros(1, 2, 2, 2)
    features[0, 0, 1, 0] = 1
    assert pool(features)[1].flatten().argmax() == 2


def test_one_head_is_attention_with_a_dot_product(features: torch.Tensor) -> None:
    multi, single = MultiheadPooling(6, heads=1), AttentionPooling(6, hidden=0)
    single.score.weight.data = multi.queries.data * multi.scale
    for a, b in zip(multi(features), single(features), strict=True):
        torch.testing.assert_close(a, b)
    assert MultiheadPooling(6, heads=3).out_features == 18 == MultiheadPooling(6, heads=3)(features)[0].shape[1]


def test_compact_bilinear_is_the_sketch_of_all_products(features: torch.Tensor) -> None:
    pool = CompactBilinearPooling(6, dim=16)
    (h1, h2), (s1, s2) = pool.places.tolist(), pool.signs.tolist()
    x = features.flatten(2).double().numpy()  # (B, C, N)
    expected = np.zeros((2, 16))
    for i in range(6):
        for j in range(6):
            expected[:, (h1[i] + h2[j]) % 16] += s1[i] * s2[j] * (x[:, i] * x[:, j]).mean(1)[:]
    rooted = expected / np.sqrt(np.abs(expected) + pool.FLOOR)
    rooted *= 4 / np.linalg.norm(rooted, axis=1, keepdims=True)
    np.testing.assert_allclose(pool(features)[0], rooted, atol=1e-4)


def test_compact_bilinear_keeps_inner_products_of_outer_products() -> None:
    """Before the root, <sketch(x), sketch(y)> is an unbiased estimate of <x, y>^2 (Pham and Pagh)."""
    x, y = torch.rand(2, 64, generator=torch.Generator().manual_seed(0)).unbind(0)
    pool = CompactBilinearPooling(64, dim=8192)
    sketches = []
    for v in (x, y):
        parts = [torch.fft.rfft(pool._sketch(v[None, None], i)) for i in range(2)]
        sketches.append(torch.fft.irfft(parts[0] * parts[1], n=8192)[0, 0])
    assert float(sketches[0] @ sketches[1]) == pytest.approx(float(x @ y) ** 2, rel=0.1)


def test_hashes_do_not_depend_on_the_seed_of_the_run() -> None:
    torch.manual_seed(1)
    a = CompactBilinearPooling(8, dim=64).state_dict()
    torch.manual_seed(2)
    b = CompactBilinearPooling(8, dim=64).state_dict()
    assert a.keys() == {"places", "signs"}
    assert all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(
    "pool", [AttentionPooling(6), MultiheadPooling(6), CompactBilinearPooling(6, 32), GeMPooling(6)]
)
def test_order_of_places_does_not_matter(pool: torch.nn.Module, features: torch.Tensor) -> None:
    torch.testing.assert_close(pool(features)[0], pool(features.flip(2, 3))[0], rtol=1e-4, atol=1e-4)
