"""What a run says about itself."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from foveal.engine.checkpoint import State
from foveal.engine.parts import Part
from foveal.models.taking import Taken
from foveal.runs.plan import ImagePlan
from foveal.runs.record import exceeded, facts_in_words, starts_as_given


def test_a_budget_counts_from_where_a_part_begins() -> None:
    state = State(parts=[Part(3), Part(9, time_s=40.0, from_s=100.0)])
    training: Any = SimpleNamespace(train=SimpleNamespace(time_s=40.0), state=state, clock=SimpleNamespace())
    training.clock.elapsed_s = 139.0
    assert exceeded(training) == []
    training.clock.elapsed_s = 150.0
    assert exceeded(training) == [
        "the time budget of 40 s was exceeded: it took 50 s, start and report included",
    ]


@pytest.mark.parametrize(
    ("taken", "given"),
    [
        (None, False),
        (Taken("backbone.pth", ("a",)), False),
        (Taken("run", ("a",), known=("cat",), new=("dog",)), False),  # its head is fitted to the new class
        (Taken("run", ("a",), known=("cat", "dog")), True),
    ],
)
def test_what_epoch_0_is(taken: Taken | None, given: bool) -> None:
    plan = SimpleNamespace(network=SimpleNamespace(taken=taken))
    assert starts_as_given(cast(ImagePlan, plan)) == given


def test_under_a_time_budget_the_epochs_are_a_limit() -> None:
    facts: dict[str, Any] = {
        "model": {
            "backbone": "conv4",
            "pretrained": False,
            "weights": None,
            "parameters": 4e5,
            "stages": 8,
            "frozen": 2,
        },
        "input": {"size": 32, "eval_size": 32},
        "epochs": 32, "time_s": 40.0, "steps_per_epoch": 8, "batch_size": 9, "device": "cpu", "seed": 0, "run": "r",
    }  # fmt: skip
    assert facts_in_words(facts)["plan"].startswith("40 s, at most 32 epochs of 8 steps with batches of 9 on cpu")
    assert facts_in_words(facts)["model"] == "conv4, random weights, 0.4 M parameters, 2 of 8 stages frozen"
    assert facts_in_words({**facts, "time_s": None})["plan"].startswith("32 epochs of 8 steps with")
