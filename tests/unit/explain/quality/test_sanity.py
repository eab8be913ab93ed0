"""The sanity check: a method that does not depend on the weights fails it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import foveal
from foveal.explain.case import Case, Effort, Found
from foveal.explain.methods import METHODS
from foveal.explain.quality.randomise import randomised
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.types.predictions.subject import Subject


def edges(case: Case, subjects: Sequence[Subject], effort: Effort) -> list[tuple[Subject, Found]]:
    """An edge detector."""
    gray = case.pixels.astype(np.float32).mean(-1)
    found = np.abs(np.diff(gray, axis=0, prepend=gray[:1])) + np.abs(np.diff(gray, axis=1, prepend=gray[:, :1]))
    return [(subject, Found(found)) for subject in subjects]


def test_an_edge_detector_fails_and_a_method_passes(
    here: Callable[..., Any], quick_run: Path, squares: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("explain", quick_run, "--evaluate", squares, "--split", "train", "--count", "24", "--json")
    honest = here(*words)
    assert honest.code == 0, honest.err
    document = json.loads(honest.out)
    assert document["sanity"]["passed"] and document["method"] == "cam"
    assert {"value", "low", "high", "chance", "maps"} == set(document["quality"]["grid_energy"])
    assert document["quality"]["grid_energy"]["value"] > 0.6
    for part in ("random_head", "random_network"):
        check = document["sanity"][part]
        assert check["passed"] and {"rank_correlation", "grid_energy", "grid_pointing"} < set(check)
        assert 0 <= check["rank_correlation"]["low"] <= check["rank_correlation"]["high"] <= 1

    monkeypatch.setitem(METHODS, "cam", edges)  # type: ignore[misc]
    stubbed = here(*words)
    assert stubbed.code == 1, stubbed.err
    document = json.loads(stubbed.out)
    assert document["sanity"]["passed"] is False
    assert document["sanity"]["random_network"]["rank_correlation"]["value"] == 1
    screen = here(*words[:-1])
    assert screen.code == 1
    assert "The sanity check failed" in screen.out


def test_options_that_say_nothing_are_refused(here: Callable[..., Any], quick_run: Path, squares: Path) -> None:
    refused = here("explain", quick_run, "--evaluate", squares, "--class", "class0")
    assert refused.code == 2
    assert "--class has no use with --evaluate" in refused.err
    assert "--count is for --evaluate" in here("explain", quick_run, squares, "--count", "8").err


def test_shuffled_weights_are_a_copy_with_statistics_of_its_own(quick_run: Path, squares: Path) -> None:
    model = foveal.load(quick_run, device="cpu")
    images = [model.prepare(path) for path in sorted(squares.rglob("*.png"))[:16]]
    assert isinstance(model.backend, TorchBackend)
    before = {name: value.clone() for name, value in model.backend.graph.model.state_dict().items()}
    head, network, again = (
        randomised(model, part, images, seed=0).backend.graph.model.state_dict()  # type: ignore[attr-defined]
        for part in ("head", "network", "network")
    )
    assert all(torch.equal(value, before[name]) for name, value in model.backend.graph.model.state_dict().items())
    changed = {name for name in before if not torch.equal(head[name], before[name])}
    assert changed and not any(name.startswith("backbone.") for name in changed)
    assert all(torch.equal(network[name], again[name]) for name in before)
    for name, value in network.items():
        if name.endswith("weight") and value.ndim > 1:
            assert not torch.equal(value, before[name])
            assert torch.equal(value.flatten().sort().values, before[name].flatten().sort().values)
    means = [name for name in before if name.endswith("running_mean")]
    assert all(not torch.equal(network[name], before[name]) for name in means)
