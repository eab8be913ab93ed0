import numpy as np
import pytest
import torch
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from foveal.errors import ShapeError
from foveal.losses.binary_cross_entropy import BinaryCrossEntropy
from foveal.losses.class_weights import MAX_POSITIVE_WEIGHT, effective_number, inverse_frequency, positive_weights
from foveal.losses.cross_entropy import CrossEntropy
from foveal.losses.focal import Focal, SigmoidFocal

B, K = 12, 4


@pytest.fixture
def logits() -> torch.Tensor:
    return 3 * torch.randn(B, K, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def labels() -> torch.Tensor:
    return torch.arange(B) % 3


@pytest.fixture
def soft() -> torch.Tensor:
    return torch.rand(B, K, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).softmax(1)


@pytest.fixture
def several() -> torch.Tensor:
    return torch.randint(0, 2, (B, K), generator=torch.Generator().manual_seed(2)).double()


WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 1.0])


def _slow(logits: np.ndarray, rows: np.ndarray, *, smoothing: float, weights: np.ndarray, gamma: float) -> float:
    """Softmax focal loss in plain loops; gamma 0 is cross-entropy."""
    total = 0.0
    for z, t in zip(logits, rows, strict=True):
        p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        w = float((t * weights).sum())
        for k in range(len(z)):
            target = t[k] * (1 - smoothing) + smoothing / len(z)
            total -= w * target * (1 - p[k]) ** gamma * np.log(p[k])
    return total / len(logits)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("gamma", [None, 0.0, 0.5, 2.0])
@pytest.mark.parametrize("hard", [True, False])
def test_softmax_losses_against_loops(
    logits: torch.Tensor,
    labels: torch.Tensor,
    soft: torch.Tensor,
    smoothing: float,
    weights: torch.Tensor | None,
    gamma: float | None,
    hard: bool,
) -> None:
    loss = (
        CrossEntropy(label_smoothing=smoothing, class_weights=weights)
        if gamma is None
        else Focal(gamma=gamma, label_smoothing=smoothing, class_weights=weights)
    )
    rows = functional.one_hot(labels, K).double() if hard else soft
    w = np.ones(K) if weights is None else weights.numpy().astype(np.float64)
    expected = _slow(logits.numpy(), rows.numpy(), smoothing=smoothing, weights=w, gamma=gamma or 0.0)
    assert float(loss(logits, labels if hard else soft)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_equals_torch(
    logits: torch.Tensor, labels: torch.Tensor, soft: torch.Tensor, smoothing: float
) -> None:
    for target in (labels, soft):
        expected = functional.cross_entropy(logits, target, label_smoothing=smoothing)
        torch.testing.assert_close(CrossEntropy(label_smoothing=smoothing)(logits, target), expected)
    weighted = functional.cross_entropy(logits, labels, weight=WEIGHTS.double(), reduction="none").mean()
    torch.testing.assert_close(CrossEntropy(class_weights=WEIGHTS)(logits, labels), weighted)


def test_halves_of_a_batch_average_to_the_whole(logits: torch.Tensor, labels: torch.Tensor) -> None:
    loss = CrossEntropy(label_smoothing=0.1, class_weights=WEIGHTS)
    halves = (loss(logits[:6], labels[:6]) + loss(logits[6:], labels[6:])) / 2
    torch.testing.assert_close(halves, loss(logits, labels))


def test_sigmoid_losses_equal_torch(logits: torch.Tensor, several: torch.Tensor) -> None:
    expected = functional.binary_cross_entropy_with_logits(logits, several, pos_weight=WEIGHTS.double())
    torch.testing.assert_close(BinaryCrossEntropy(positive_weights=WEIGHTS)(logits, several), expected)
    smoothed = functional.binary_cross_entropy_with_logits(logits, several * 0.8 + 0.1)
    torch.testing.assert_close(BinaryCrossEntropy(label_smoothing=0.2)(logits, several), smoothed)
    focal = sigmoid_focal_loss(logits, several, alpha=-1, gamma=2.0, reduction="mean")
    torch.testing.assert_close(SigmoidFocal(gamma=2.0)(logits, several), focal)
    torch.testing.assert_close(
        SigmoidFocal(gamma=0.0)(logits, several), functional.binary_cross_entropy_with_logits(logits, several)
    )


def test_class_ids_work_for_binary_losses(logits: torch.Tensor, labels: torch.Tensor) -> None:
    rows = functional.one_hot(labels, K).double()
    torch.testing.assert_close(BinaryCrossEntropy()(logits, labels), BinaryCrossEntropy()(logits, rows))


@pytest.mark.parametrize("loss", [CrossEntropy(), Focal(), Focal(gamma=0.5), SigmoidFocal(), BinaryCrossEntropy()])
def test_extreme_logits_stay_finite(loss: torch.nn.Module) -> None:
    logits = torch.tensor([[1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    value = loss(logits, torch.tensor([0, 0]))
    value.backward()
    assert value.isfinite() and logits.grad is not None and logits.grad.isfinite().all()


def test_half_precision_is_summed_in_full(logits: torch.Tensor, labels: torch.Tensor) -> None:
    assert CrossEntropy()(logits.half(), labels).dtype == torch.float32


def test_a_wrong_target_is_named(logits: torch.Tensor) -> None:
    with pytest.raises(ShapeError) as caught:
        CrossEntropy()(logits, torch.zeros(B - 1, dtype=torch.int64))
    assert str(caught.value) == (
        "A loss got logits of shape (12, 4) and targets of shape (11,), torch.int64;"
        " pass (B,) int64 class ids or (B, K) floats."
    )


def test_criteria_add_nothing_to_a_model_file() -> None:
    assert not CrossEntropy(class_weights=WEIGHTS).state_dict()
    assert not BinaryCrossEntropy(positive_weights=WEIGHTS).state_dict()


def test_inverse_frequency() -> None:
    weights = inverse_frequency([30, 10, 0, 20])
    torch.testing.assert_close(weights, torch.tensor([60 / 90, 2.0, 1.0, 1.0]))
    assert float((weights * torch.tensor([30, 10, 0, 20])).sum()) == pytest.approx(60)


def test_effective_number() -> None:
    counts = np.array([300, 10, 0, 20])
    weights = effective_number(counts, beta=0.99).numpy()
    raw = np.array([(1 - 0.99) / (1 - 0.99**n) if n else 0 for n in counts])
    np.testing.assert_allclose(weights, np.where(counts > 0, raw * counts.sum() / (raw * counts).sum(), 1), rtol=1e-5)
    np.testing.assert_array_equal(effective_number([3, 7], beta=0.0), [1, 1])
    near = effective_number([3, 7], beta=1 - 1e-9)
    torch.testing.assert_close(near, inverse_frequency([3, 7]), rtol=1e-5, atol=0)


def test_positive_weights() -> None:
    weights = positive_weights([0, 1, 50, 100], 100)
    torch.testing.assert_close(weights, torch.tensor([1.0, 99.0, 1.0, 1.0]))
    assert float(positive_weights([1], 100_000)) == MAX_POSITIVE_WEIGHT


def test_no_samples_at_all() -> None:
    torch.testing.assert_close(inverse_frequency([0, 0]), torch.ones(2))
