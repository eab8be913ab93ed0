"""When a run is trained longer, what may change with it, and how a kill in between is caught up with."""

from pathlib import Path
from typing import Any

import pytest

from foveal.config.schema import RunConfig, parse_config
from foveal.engine.checkpoint import Checkpoint, State
from foveal.engine.parts import Part
from foveal.errors import RunError
from foveal.runs.going_on.longer import (
    announcement,
    asks_for_more,
    begin_part,
    caught_up,
    complete_settings,
    split,
    with_settings,
)
from foveal.runs.identity import config_key
from foveal.types.goal import Goal

OWN = parse_config({"task": "classify", "train": {"epochs": 4, "time_s": 60.0}, "optim": {"lr": 0.1}}, where="test")


def saved(config: RunConfig = OWN, *, finished: bool = True, step: int = 20, **state: Any) -> Checkpoint:
    rows: list[dict[str, float]] = [{"epoch": step // 5}]
    return Checkpoint(config_key(config), State(step=step, rows=rows, **state), {}, {}, {}, {}, finished=finished)


def given(**train: Any) -> RunConfig:
    return parse_config({"train": train}, where="test")


@pytest.mark.parametrize(
    ("changes", "complete", "unfinished"),
    [
        (None, False, False),
        (given(patience=3), False, False),
        (given(epochs=4), True, False),  # the whole command again: a complete one may have stopped early
        (given(epochs=8), True, True),
        (given(time_s=60.0), True, False),
        (given(time_s=90.0), True, True),
    ],
)
def test_when(changes: RunConfig | None, complete: bool, unfinished: bool) -> None:
    assert asks_for_more(OWN, changes, saved()) == complete
    assert asks_for_more(OWN, changes, saved(finished=False)) == asks_for_more(OWN, changes, None) == unfinished


def test_what_belongs_to_it() -> None:
    sections = {
        "seed": 3,
        "train": {"epochs": 8, "patience": 5, "batch_size": 2},
        "optim": {"lr": 0.01, "momentum": 0.5},
        "schedule": {"name": "step", "gamma": 0.5},
    }
    ours, others = split(parse_config(sections, where="test"))
    assert ours == {
        "train": {"epochs": 8, "patience": 5},
        "optim": {"lr": 0.01},
        "schedule": {"name": "step", "gamma": 0.5},
    }
    assert others is not None
    assert others.model_dump(exclude_unset=True) == {
        "seed": 3, "train": {"batch_size": 2}, "optim": {"momentum": 0.5}
    }  # fmt: skip
    assert split(given(epochs=8))[1] is None


def test_a_new_length_replaces_the_old_one() -> None:
    plain = {"epochs": 8, "time_s": None, "eval_every": 1}
    assert complete_settings({"train": {"epochs": 8}}, OWN, saved())["train"] == plain
    assert complete_settings({"train": {"time_s": 9.0}}, OWN, saved())["train"] == {"epochs": 20, "time_s": 9.0}
    assert complete_settings({"train": {"time_s": 9.0}}, OWN, None)["train"] == {"epochs": 16, "time_s": 9.0}


def begun(settings: dict[str, Any], step: int = 20) -> Checkpoint:
    before = saved(step=step, best={"accuracy": 0.5}, best_epoch=2, elapsed_s=7.0)
    return begin_part(before, OWN, settings, batches_per_epoch=5, folder=Path("my run"))


def test_the_parts_and_their_announcement() -> None:
    settings = complete_settings({"train": {"epochs": 8}, "optim": {"lr": 0.01}}, OWN, saved())
    state = begun(settings).state
    assert state.parts == [
        Part(4, "cosine", 0.1, 60.0),
        Part(8, "cosine", 0.01, None, from_step=20, from_epoch=4.0, from_row=1, from_s=7.0, settings=settings),
    ]
    assert announcement(state, Goal("accuracy")) == (
        "trained for 4 epochs, going on to epoch 8: a new cosine schedule, lr 0.01;"
        " the best so far is epoch 2 (accuracy 0.500)"
    )


def test_an_undefined_score_is_a_dash() -> None:
    state = begun({"train": {"epochs": 8}}).state
    state.best = {"average_precision": float("nan")}
    assert announcement(state, Goal("average_precision")).endswith("is epoch 2 (average precision -)")


def test_the_rate_of_a_part_is_the_one_that_is_applied() -> None:
    """A fitted head has lowered it: the next part goes on so, but a rate that is given is kept as it is."""
    own = with_settings(OWN, {"optim": {"adapt_lr": True}})
    for given_lr, want in (({}, (0.02, 0.2)), ({"lr": 0.01}, (0.01, 1.0))):
        settings = complete_settings({"train": {"epochs": 8}, "optim": given_lr}, own, saved(own))
        after = begin_part(saved(own, lr_factor=0.2), own, settings, batches_per_epoch=5, folder=Path("run"))
        assert [part.lr for part in after.state.parts] == [0.02, want[0]]
        assert after.state.lr_factor == want[1]


def test_a_number_of_epochs_after_a_time_budget_evaluates_each() -> None:
    own = with_settings(OWN, {"train": {"eval_every": None}})
    assert complete_settings({"train": {"epochs": 8}}, own, saved())["train"]["eval_every"] == 1
    assert complete_settings({"train": {"epochs": 200}}, own, saved())["train"]["eval_every"] == 4
    boxes = with_settings(own, {"task": "detect"})
    assert complete_settings({"train": {"epochs": 19}}, boxes, saved())["train"]["eval_every"] == 1
    assert complete_settings({"train": {"epochs": 200}}, boxes, saved())["train"]["eval_every"] == 20
    assert "eval_every" not in complete_settings({"train": {"time_s": 9.0}}, own, saved())["train"]
    kept = complete_settings({"train": {"epochs": 8}}, with_settings(own, {"train": {"eval_every": 3}}), saved())
    assert "eval_every" not in kept["train"]


def test_epochs_that_are_done_already() -> None:
    with pytest.raises(RunError) as error:
        begun({"train": {"epochs": 4}})
    assert error.value.what == "my run: 4 epochs are trained already, and --epochs 4 counts from the first."
    assert error.value.hint == "For 4 more: foveal train --resume 'my run' --epochs 8"
    assert begun({"train": {"epochs": 4}}, step=19).state.part.from_epoch == 3.8


def test_a_kill_before_the_configuration_was_written() -> None:
    settings = {"train": {"epochs": 8, "time_s": None}, "schedule": {"name": "step", "gamma": 0.3}}
    after = begun(settings)
    assert caught_up(OWN, after) == with_settings(OWN, settings)
    assert caught_up(with_settings(OWN, settings), after) == with_settings(OWN, settings)
    edited = with_settings(OWN, {"optim": {"lr": 0.3}})
    assert caught_up(edited, after) == edited, "to be refused"
