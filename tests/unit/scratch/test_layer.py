"""Each layer's gradient: torch's autograd to 1e-10 and finite differences to 1e-6, in float64."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from foveal import scratch as own

F64 = np.float64


def layers():  # type: ignore[no-untyped-def]
    """(own layer, torch's as a function of x and the parameters, shape of x)."""
    conv = functional.conv2d
    image = (3, 4, 9, 11)
    yield "linear", own.Linear(7, 5, dtype=F64), functional.linear, (6, 7)
    for k, s, p, d, mode, shape in [
        (3, 1, 0, 1, "zeros", image),
        (3, 2, 1, 1, "zeros", image),
        (1, 2, 0, 1, "zeros", image),
        (3, 1, 2, 2, "zeros", image),
        (5, 2, 2, 1, "zeros", image),
        (3, 1, 1, 1, "reflect", image),
        (5, 1, 2, 1, "reflect", image),
        (3, 2, 3, 2, "reflect", (2, 4, 9, 5)),
        (2, 3, 2, 2, "reflect", (2, 4, 8, 5)),
    ]:

        def of_torch(x, w, b, s=s, p=p, d=d, mode=mode):  # type: ignore[no-untyped-def]
            x = functional.pad(x, (p, p, p, p), mode="constant" if mode == "zeros" else mode)
            return conv(x, w, b, stride=s, dilation=d)

        layer = own.Conv2d(4, 6, k, s, p, dilation=d, padding_mode=mode, dtype=F64)
        yield f"conv {k} {s} {p} {d} {mode}", layer, of_torch, shape
    yield "relu", own.ReLU(), functional.relu, image
    yield "leaky", own.LeakyReLU(0.1), lambda x: functional.leaky_relu(x, 0.1), image
    yield "sigmoid", own.Sigmoid(), torch.sigmoid, image
    yield "tanh", own.Tanh(), torch.tanh, image
    yield "maxout", own.Maxout(2), lambda x: x.reshape(3, 2, 2, 9, 11).amax(2), image
    yield "maxout of rows", own.Maxout(4), lambda x: x.reshape(3, 2, 4).amax(2), (3, 8)
    yield "max 2", own.MaxPool2d(2), lambda x: functional.max_pool2d(x, 2), (3, 4, 8, 12)
    yield "max 3 2 1", own.MaxPool2d(3, 2, 1), lambda x: functional.max_pool2d(x, 3, 2, 1), image
    yield "mean 2", own.AvgPool2d(2), lambda x: functional.avg_pool2d(x, 2), (3, 4, 8, 12)
    yield "mean 3 2 1", own.AvgPool2d(3, 2, 1), lambda x: functional.avg_pool2d(x, 3, 2, 1), image
    yield "global", own.GlobalAvgPool2d(), lambda x: x.mean((2, 3)), image
    yield "flatten", own.Flatten(), lambda x: x.flatten(1), image
    for shape in (image, (6, 4)):
        norm = own.BatchNorm(4, dtype=F64)
        norm.weight.value[:] = [0.5, 1, 2, -1]
        yield (
            f"batch norm {len(shape)}",
            norm,
            lambda x, w, b: functional.batch_norm(x, None, None, w, b, training=True),
            shape,
        )
        used = own.BatchNorm(4, dtype=F64)
        used.mean, used.var = np.arange(4.0), np.arange(4.0) + 0.5
        used.train(False)
        yield (
            f"batch norm in use {len(shape)}",
            used,
            lambda x, w, b, u=used: functional.batch_norm(x, torch.tensor(u.mean), torch.tensor(u.var), w, b),
            shape,
        )
    yield (
        "a network",
        own.Sequential(
            own.Conv2d(4, 3, 3, padding=1, dtype=F64), own.ReLU(), own.GlobalAvgPool2d(), own.Linear(3, 2, dtype=F64)
        ),
        lambda x, w, b, v, c: functional.linear(functional.relu(conv(x, w, b, padding=1)).mean((2, 3)), v, c),
        image,
    )


CASES = list(layers())


@pytest.mark.parametrize(("layer", "of_torch", "shape"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_gradients_equal_autograd_and_finite_differences(layer, of_torch, shape):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(1)
    x = rng.normal(size=shape)
    parameters = list(layer.parameters())
    out = layer.forward(x)
    grad = rng.normal(size=out.shape)
    given = layer.backward(grad)

    leaves = [torch.tensor(v, requires_grad=True) for v in (x, *(p.value for p in parameters))]
    reference = of_torch(*leaves)
    reference.backward(torch.tensor(grad))
    assert out.dtype == given.dtype == F64
    np.testing.assert_allclose(out, reference.detach().numpy(), rtol=0, atol=1e-10)
    for own_grad, leaf in zip([given, *(p.grad for p in parameters)], leaves, strict=True):
        assert own_grad.shape == leaf.shape
        np.testing.assert_allclose(own_grad, leaf.grad.numpy(), rtol=0, atol=1e-10)

    for values, gradient in [(x, given), *((p.value, p.grad.copy()) for p in parameters)]:
        for place in rng.choice(values.size, min(12, values.size), replace=False):
            flat, before = values.reshape(-1), values.reshape(-1)[place]
            both = []
            for step in (1e-6, -1e-6):
                flat[place] = before + step
                both.append(float((layer.forward(x) * grad).sum()))
            flat[place] = before
            assert (both[0] - both[1]) / 2e-6 == pytest.approx(gradient.reshape(-1)[place], abs=1e-6, rel=1e-6)


def test_a_gradient_of_any_memory_order_is_taken() -> None:
    layer = own.Conv2d(2, 3, 3, dtype=F64)
    x = np.random.default_rng(0).normal(size=(2, 2, 6, 7))
    grad = np.random.default_rng(1).normal(size=layer.forward(x).shape)
    one = layer.backward(grad)
    layer.forward(np.asfortranarray(x))
    np.testing.assert_allclose(layer.backward(np.asfortranarray(grad)), one, atol=1e-12)


def test_loss() -> None:
    rng = np.random.default_rng(2)
    logits, labels = rng.normal(size=(5, 4)) * 50, rng.integers(0, 4, 5)
    loss = own.SoftmaxCrossEntropy()
    leaf = torch.tensor(logits, requires_grad=True)
    reference = functional.cross_entropy(leaf, torch.tensor(labels))
    reference.backward()
    assert loss.forward(logits, labels) == pytest.approx(reference.item(), abs=1e-10)
    np.testing.assert_allclose(loss.backward(), leaf.grad.numpy(), atol=1e-10)
    np.testing.assert_allclose(own.softmax(logits).sum(1), 1, atol=1e-12)
    assert np.isfinite(loss.forward(np.array([[1e4, -1e4]]), np.array([1])))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda p: own.SGD(p, 0.1, momentum=0.9, weight_decay=0.01), lambda p: torch.optim.SGD(p, 0.1, 0.9, 0, 0.01)),
        (lambda p: own.Adam(p, 0.01), lambda p: torch.optim.Adam(p, 0.01)),
    ],
    ids=["sgd", "adam"],
)
def test_steps_equal_torchs(ours, theirs) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(3)
    parameter = own.Parameter(rng.normal(size=(4, 3)))
    leaf = nn.Parameter(torch.tensor(parameter.value.copy()))
    one, other = ours([parameter]), theirs([leaf])
    for _ in range(5):
        parameter.grad = rng.normal(size=(4, 3))
        leaf.grad = torch.tensor(parameter.grad)
        one.step()
        other.step()
    np.testing.assert_allclose(parameter.value, leaf.detach().numpy(), atol=1e-10)


def test_dropout_keeps_the_mean_and_is_nothing_at_inference() -> None:
    layer = own.Dropout(0.3)
    x = np.ones((200, 500))
    out = layer.forward(x)
    assert set(np.unique(out)) == {0.0, 1 / 0.7}
    assert out.mean() == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(layer.backward(x), out)
    layer.train(False)
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(x), x)
    with pytest.raises(ValueError, match="rate of 1"):
        own.Dropout(1)


def test_batch_norm_runs_as_torchs_does() -> None:
    rng = np.random.default_rng(4)
    ours, theirs = own.BatchNorm(3, dtype=F64), nn.BatchNorm2d(3).double()
    for _ in range(3):
        x = rng.normal(size=(4, 3, 5, 5)) * 3 + 2
        ours.forward(x)
        theirs(torch.tensor(x))
    np.testing.assert_allclose(ours.mean, theirs.running_mean.numpy(), atol=1e-10)
    np.testing.assert_allclose(ours.var, theirs.running_var.numpy(), atol=1e-10)


def test_perceptron_learns_and_never_learns_xor() -> None:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], F64)
    both = own.Perceptron(2)
    assert both.learn(x, np.array([0, 0, 0, 1.0])) == 0
    np.testing.assert_array_equal(both.predict(x), [0, 0, 0, 1])
    assert own.Perceptron(2).learn(x, np.array([0, 1, 1, 0.0])) > 0


def test_nothing_else_of_foveal_is_imported() -> None:
    import re
    from pathlib import Path

    source = Path(own.__file__).parent
    for file in source.glob("*.py"):
        named = set(re.findall(r"^\s*(?:from|import)\s+([\w.]+)", file.read_text("utf-8"), re.M))
        outside = {name for name in named if not name.startswith("foveal.scratch")}
        assert outside <= {"numpy", "numpy.typing", "typing", "collections.abc", "dataclasses", "gzip", "pathlib"}, file
