"""When the loop evaluates, which epoch it keeps and when it stops, by scores that are told beforehand."""

import csv
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.clocks import set_clock
from tests.toys.table.network import predict
from tests.toys.table.plan import TablePlan, make_plan
from tests.toys.table.table import read_table, write_table
from torch import nn

from foveal.engine import clock as clock_module
from foveal.engine import loop as loop_module
from foveal.engine.checkpoint import Checkpoint, load_checkpoint
from foveal.engine.clock import Closing
from foveal.engine.config import OptimConfig, RuntimeConfig, ScheduleConfig, TrainConfig
from foveal.engine.logs.log import Log
from foveal.engine.loop import Training
from foveal.engine.parts import Part
from foveal.engine.run import Run
from foveal.engine.runtime import Runtime
from foveal.errors import ShapeError, TrainingError
from foveal.types.goal import Goal


@dataclass(frozen=True)
class Scripted(TablePlan):
    """Scores as they are told, whatever the network has learnt."""

    script: Sequence[Mapping[str, float]] = ()
    asked: list[int] = field(default_factory=list)

    def validate(self, network: nn.Module) -> dict[str, float]:
        self.asked.append(len(self.asked))
        return dict(self.script[self.asked[-1]])


def scripted(tmp_path: Path, script: Sequence[Mapping[str, float]], *, epochs: int, goal: Goal) -> Scripted:
    plan = make_plan(read_table(write_table(tmp_path / "rooms.csv")), epochs=epochs)
    values: dict[str, Any] = {**vars(plan), "goal": goal}
    return Scripted(**values, script=script)


def evaluating(train: dict[str, Any]) -> TrainConfig:
    """Each epoch is evaluated unless there is a time budget: what is left open goes by the clock."""
    return TrainConfig(**({} if "time_s" in train else {"eval_every": 1}) | train)


def training(
    plan: TablePlan,
    folder: Path,
    *,
    optim: OptimConfig | None = None,
    lr_factor: float = 1.0,
    closing: Closing | None = None,
    saved: Checkpoint | None = None,
    **train: Any,
) -> Training[Any]:
    run = Run(folder)
    if saved is None:
        run.create("", {}, {})
    return Training(
        plan,
        optim=optim or OptimConfig(lr=0.01),
        schedule=ScheduleConfig(),
        train=evaluating(train),
        runtime=Runtime(RuntimeConfig(device="cpu"), log_dir=folder),
        run=run,
        log=Log(),
        key="",
        lr_factor=lr_factor,
        closing=closing,
        saved=saved,
    )


def accuracies(*values: float) -> list[dict[str, float]]:
    return [{"accuracy": value} for value in values]


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))


def test_it_stops_after_epochs_without_improvement(tmp_path: Path) -> None:
    script = accuracies(0.5, 0.7, 0.6, 0.7 - 1e-9, 0.9, 0.9)
    plan = scripted(tmp_path, script, epochs=6, goal=Goal("accuracy"))
    state = training(plan, tmp_path / "run", patience=2).fit()
    assert (state.best_epoch, len(state.rows), state.ended) == (2, 4, "patience")


@pytest.mark.parametrize(
    "losses", [(0.5, 0.4, 0.3, 0.2, 0.1), (0.5, 0.4, 0.3, 0.3, 0.3), (0.5, 0.6, 0.4, 0.5, 0.6)], ids=str
)
def test_a_falling_loss_is_an_improvement(tmp_path: Path, losses: tuple[float, ...]) -> None:
    script = [{"accuracy": 0.7 if not i else 0.6, "val_loss": loss} for i, loss in enumerate((*losses, 1.0, 1.0, 1.0))]
    plan = scripted(tmp_path, script, epochs=8, goal=Goal("accuracy", tie_break="val_loss"))
    state = training(plan, tmp_path / "run", patience=2).fit()
    last = 1 + losses.index(min(losses))
    assert (state.best_epoch, len(state.rows), state.ended) == (1, last + 2, "patience")


def test_a_rising_loss_is_none(tmp_path: Path) -> None:
    script = [{"accuracy": 0.7 - 0.1 * i, "val_loss": 0.1 + 0.1 * i} for i in range(5)]
    plan = scripted(tmp_path, script, epochs=5, goal=Goal("accuracy", tie_break="val_loss"))
    state = training(plan, tmp_path / "run", patience=2).fit()
    assert (state.best_epoch, len(state.rows), state.ended) == (1, 3, "patience")


def test_without_patience_it_goes_to_the_end(tmp_path: Path) -> None:
    plan = scripted(tmp_path, accuracies(*[0.5] + [0.4] * 5), epochs=6, goal=Goal("accuracy"))
    state = training(plan, tmp_path / "run", patience=0).fit()
    assert (state.best_epoch, len(state.rows), state.ended) == (1, 6, "epochs")


@pytest.mark.parametrize(("goal", "best"), [(Goal("accuracy"), 3), (Goal("accuracy", tie_break="val_loss"), 2)])
def test_which_of_equal_epochs_is_kept(tmp_path: Path, goal: Goal, best: int) -> None:
    script = [{"accuracy": 1.0, "val_loss": loss} for loss in (0.5, 0.2, 0.3)]
    plan = scripted(tmp_path, script, epochs=3, goal=goal)
    assert training(plan, tmp_path / "run").fit().best_epoch == best


@pytest.mark.parametrize("patience", [0, 1])
def test_an_undefined_score_keeps_the_least_loss_and_ends_nothing(tmp_path: Path, patience: int) -> None:
    script = [{"accuracy": math.nan, "val_loss": loss} for loss in (0.5, 0.2, 0.3, 0.4, 0.5)]
    plan = scripted(tmp_path, script, epochs=5, goal=Goal("accuracy", tie_break="val_loss"))
    state = training(plan, tmp_path / "run", patience=patience).fit()
    assert (state.best_epoch, len(state.rows), state.ended) == (2, 5, "epochs")
    assert {row["accuracy"] for row in rows(tmp_path / "run")} == {""}
    assert state.rows[0]["accuracy"] is None


def test_an_undefined_score_without_a_validation_loss_keeps_the_least_train_loss(tmp_path: Path) -> None:
    plan = scripted(tmp_path, [{"mAP": math.nan}] * 4, epochs=4, goal=Goal("mAP"))
    state = training(plan, tmp_path / "run", patience=1).fit()
    losses = [row["train_loss"] or 0.0 for row in state.rows]
    assert state.best_epoch == losses.index(min(losses)) + 1
    assert (len(losses), state.ended) == (4, "epochs")


@dataclass(frozen=True)
class Phased(TablePlan):
    """Three phases; remembers what it was asked for."""

    entered: list[tuple[int, int]] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)

    def phase_at(self, progress: float) -> int:
        return int(progress >= 0.5) + int(progress >= 0.75)

    def enter(self, phase: int) -> None:
        self.entered.append((phase, len(self.begun)))

    def batches(self, *, start: int, rank: int, world: int) -> Any:
        self.begun.append(start)
        return super().batches(start=start, rank=rank, world=world)


def test_a_phase_begins_with_an_epoch_and_a_resumed_run_is_in_it_again(tmp_path: Path) -> None:
    table = read_table(write_table(tmp_path / "rooms.csv"))
    whole = Phased(**vars(make_plan(table, epochs=8)))
    state = training(whole, tmp_path / "whole").fit()
    each = whole.batches_per_epoch
    assert [phase for phase, _ in whole.entered] == [0, 1, 2]
    assert whole.begun == [0, 4 * each, 6 * each]
    assert state.phase == 2

    cut = Phased(**vars(make_plan(table, epochs=8)))
    loop = training(cut, tmp_path / "cut", checkpoint_steps=1)
    honest, steps = loop.gradients, []

    def stopping(batches: Any) -> float:
        steps.append(1)
        if len(steps) == 5 * each + 2:
            raise KeyboardInterrupt
        return honest(batches)

    loop.gradients = stopping  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        loop.fit()
    saved = load_checkpoint(Run(tmp_path / "cut").checkpoint)
    assert saved is not None and saved.state.phase == 1
    rest = Phased(**vars(make_plan(table, epochs=8)))
    training(rest, tmp_path / "cut", checkpoint_steps=1, saved=saved).fit()
    assert [phase for phase, _ in rest.entered] == [1, 2]
    assert rest.begun == [5 * each + 1, 6 * each]
    models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert models[0] == models[1]


def test_the_last_epoch_is_in_the_last_phase_and_a_further_part_begins_with_the_first(tmp_path: Path) -> None:
    table = read_table(write_table(tmp_path / "rooms.csv"))
    first = Phased(**vars(make_plan(table, epochs=3)))
    assert training(first, tmp_path / "run").fit().phase == 2
    assert [phase for phase, _ in first.entered] == [0, 2], "epochs begin at 0, 0.33 and 0.67"
    second = Phased(**vars(make_plan(table, epochs=7)))
    resumed(second, tmp_path / "run", Part(7)).fit()
    assert [phase for phase, _ in second.entered] == [0, 1, 2]


def test_patience_waits_for_the_full_size_and_the_soup(tmp_path: Path) -> None:
    script = accuracies(0.9, *[0.5] * 9)
    for schedule, soup, last in (({"first_size": 0.5}, 0.0, 7), ({}, 0.3, 9), ({}, 0.0, 3)):
        plan = scripted(tmp_path, script, epochs=10, goal=Goal("accuracy"))
        loop = training(plan, tmp_path / f"run-{last}", optim=OptimConfig(lr=0.01, soup=soup), patience=2)
        loop.schedule = ScheduleConfig(**schedule)
        assert (len(loop.fit().rows), loop.state.ended) == (last, "patience")


def test_patience_sees_an_epoch_of_the_full_size(tmp_path: Path) -> None:
    """Which begins with the seventh of ten epochs: the sixth begins before 55% of them."""
    plan = scripted(tmp_path, accuracies(0.9, *[0.5] * 9), epochs=10, goal=Goal("accuracy"))
    loop = training(plan, tmp_path / "run", patience=1)
    loop.schedule = ScheduleConfig(first_size=0.5, full_size_from=0.55)
    assert (len(loop.fit().rows), loop.state.ended) == (7, "patience")


def test_patience_waits_for_half_of_a_time_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second per epoch, of 20: more epochs are planned than fit."""
    plan = scripted(tmp_path, accuracies(0.9, *[0.5] * 39), epochs=40, goal=Goal("accuracy"))
    loop = training(plan, tmp_path / "run", patience=2, time_s=20.0)
    loop.schedule = ScheduleConfig(first_size=0.5)
    monkeypatch.setattr(clock_module.Clock, "progress", property(lambda _: len(plan.asked) / 20))
    assert (len(loop.fit().rows), loop.state.ended) == (12, "patience")


def test_a_soup_is_the_mean_of_the_last_epochs(tmp_path: Path) -> None:
    table = read_table(write_table(tmp_path / "rooms.csv"))
    kept: list[dict[str, torch.Tensor]] = []
    loop = training(make_plan(table, epochs=8), tmp_path / "run", optim=OptimConfig(lr=0.01, soup=0.25, ema_decay=0.9))
    honest = loop.train_epoch

    def remembering(epoch: int, batches: Any) -> None:
        honest(epoch, batches)
        assert loop.ema is not None
        kept.append({name: value.clone() for name, value in loop.ema.module.state_dict().items()})

    loop.train_epoch = remembering  # type: ignore[method-assign]
    loop.fit()
    assert loop.averaged is not loop.network
    assert len(kept) == 8
    for name, value in loop.averaged.state_dict().items():
        mean = torch.stack([one[name].float() for one in kept[-3:]]).mean(0)
        torch.testing.assert_close(value.float(), mean)


def test_a_time_budget_ends_training_at_the_lowest_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the time that this thread computes: other work on the machine is none of its budget."""
    set_clock(monkeypatch, clock_module, monotonic=time.thread_time)
    set_clock(monkeypatch, loop_module, monotonic=time.thread_time, perf_counter=time.thread_time)
    plan = make_plan(read_table(write_table(tmp_path / "rooms.csv")), epochs=100_000)
    loop = training(plan, tmp_path / "run", time_s=0.8, closing=Closing(passes=1, fixed_s=0.2), checkpoint_steps=10**6)
    state = loop.fit()
    assert state.ended == "time"
    assert loop.reason.endswith("the time budget of 0.8s (--time)")
    assert 0.5 < loop.clock.elapsed_s < 0.8
    assert all("train_loss" in row for row in state.rows)
    assert (state.rows[-1]["lr"] or 0.0) < 0.01 * 0.05


def test_under_a_time_budget_evaluations_take_a_tenth_of_the_time(tmp_path: Path) -> None:
    plan = Slow(**vars(scripted(tmp_path, accuracies(*[0.5] * 50), epochs=100_000, goal=Goal("accuracy"))))
    state = training(plan, tmp_path / "run", time_s=1.2, checkpoint_steps=10**6).fit()
    assert 2 <= len(state.rows) <= 4, "of 0.05 s each, the first at once and the last at the end"


def test_without_time_for_a_step_the_weights_from_before_are_kept(tmp_path: Path) -> None:
    plan = scripted(tmp_path, accuracies(0.9), epochs=3, goal=Goal("accuracy"))
    said = Said()
    loop = training(plan, tmp_path / "run", time_s=1.0, closing=Closing(fixed_s=30))
    loop.log = said
    state = loop.fit(eval_first=True)
    assert (state.step, state.best_epoch, state.ended) == (0, 0, "time")
    assert said.notes == ["the time budget leaves none to train: start, evaluation and report take 30 s"]


def test_a_resumed_run_counts_the_time_it_had_spent(tmp_path: Path) -> None:
    plan = scripted(tmp_path, accuracies(0.9), epochs=3, goal=Goal("accuracy"))
    folder = tmp_path / "run"
    first = training(plan, folder, time_s=50.0)
    first.clock.began_at -= 49.9
    first.finish_epoch(-1)
    saved = load_checkpoint(first.run.checkpoint)
    assert saved is not None and saved.state.elapsed_s > 49.9
    again = training(plan, folder, time_s=50.0, saved=saved, closing=Closing(fixed_s=1.0))
    state = again.fit(eval_first=True)
    assert (state.step, state.ended) == (0, "time")
    assert again.clock.elapsed_s < 60, "not counted twice"


def test_a_run_that_was_stopped_was_interrupted(tmp_path: Path) -> None:
    plan = scripted(tmp_path, accuracies(0.5, 0.6), epochs=4, goal=Goal("accuracy"))
    loop = training(plan, tmp_path / "run")
    with pytest.raises(IndexError):
        loop.fit()
    assert loop.reason == "interrupted in epoch 3 of 4"


def test_the_warm_start_lowers_the_rate(tmp_path: Path) -> None:
    plan = scripted(tmp_path, accuracies(0.5), epochs=1, goal=Goal("accuracy"))
    rates = [
        training(plan, tmp_path / name, lr_factor=factor).fit().rows
        for name, factor in (("usual", 1.0), ("gentle", 0.1))
        if not plan.asked.clear()
    ]
    assert rates[1][0]["lr"] == pytest.approx(0.1 * (rates[0][0]["lr"] or 0.0))


def test_evaluated_every_other_epoch_and_at_the_end(tmp_path: Path) -> None:
    plan = make_plan(read_table(write_table(tmp_path / "rooms.csv")), epochs=5)
    training(plan, tmp_path / "run", eval_every=2).fit()
    found = rows(tmp_path / "run")
    assert [row["epoch"] for row in found] == ["2", "4", "5"]
    assert [int(row["step"]) for row in found] == [10, 20, 25]


def test_weights_worth_evaluating_before_the_first_step(tmp_path: Path) -> None:
    plan = scripted(tmp_path, accuracies(0.9, 0.5), epochs=1, goal=Goal("accuracy"))
    before = {name: value.clone() for name, value in plan.network.state_dict().items()}
    state = training(plan, tmp_path / "run").fit(eval_first=True)
    assert state.best_epoch == 0
    assert [row["epoch"] for row in rows(tmp_path / "run")] == ["0", "1"]
    assert "train_loss" not in state.rows[0]
    inputs = plan.val_set.inputs
    plan.network.load_state_dict(before)
    expected = plan.network.eval()(torch.from_numpy(inputs).float()).detach().numpy()
    assert (predict(tmp_path / "run" / "model.safetensors", inputs) == expected).all()


def test_batches_are_accumulated_into_steps(tmp_path: Path) -> None:
    plan = make_plan(read_table(write_table(tmp_path / "rooms.csv", num_rows=160)), epochs=2, batch_size=15)
    assert plan.batches_per_epoch == 8
    state = training(plan, tmp_path / "run", optim=OptimConfig(lr=0.01, accumulate=4)).fit()
    assert [row["step"] for row in state.rows] == [2, 4]


def resumed(plan: TablePlan, folder: Path, following: Part, **train: Any) -> Training[Any]:
    """A further part of a finished run, whose first part had been planned to end where it did."""
    saved = load_checkpoint(Run(folder).checkpoint)
    assert saved is not None
    following = replace(following, from_epoch=saved.state.step / plan.batches_per_epoch)
    saved.state.train_on(Part(int(following.from_epoch)), following=following)
    return Training(
        plan,
        optim=OptimConfig(lr=0.01),
        schedule=ScheduleConfig(warmup=0, **train.pop("schedule", {})),
        train=evaluating(train),
        runtime=Runtime(RuntimeConfig(device="cpu"), log_dir=folder),
        run=Run(folder),
        log=Log(),
        key="",
        saved=saved,
    )


def test_a_further_part_has_a_schedule_of_its_own_and_the_history_goes_on(tmp_path: Path) -> None:
    script = accuracies(0.5, 0.9, 0.6, 0.7)
    first = scripted(tmp_path, script, epochs=2, goal=Goal("accuracy"))
    training(first, tmp_path / "run").fit()
    second = scripted(tmp_path, script[2:], epochs=4, goal=Goal("accuracy"))
    going_on = resumed(second, tmp_path / "run", Part(4))
    assert (going_on.progress(10), going_on.progress(15)) == (0, 0.5)
    going_on.set_rate(10, 2)
    assert going_on.optimizer.param_groups[-1]["lr"] == pytest.approx(0.01)
    state = going_on.fit()
    assert [row["epoch"] for row in rows(tmp_path / "run")] == ["1", "2", "3", "4"]
    assert (state.best, state.best_epoch, state.step) == ({"accuracy": 0.9}, 2, 20), "not beaten"


def test_patience_counts_from_where_a_part_begins(tmp_path: Path) -> None:
    script = accuracies(0.9, 0.5, 0.5, 0.6, 0.6, 0.6)
    first = scripted(tmp_path, script, epochs=9, goal=Goal("accuracy"))
    assert training(first, tmp_path / "run", patience=2).fit().ended == "patience"
    second = scripted(tmp_path, script[3:], epochs=9, goal=Goal("accuracy"))
    state = resumed(second, tmp_path / "run", Part(9), patience=2).fit()
    assert (len(state.rows), state.best_epoch, state.ended) == (5, 1, "patience")


def test_a_run_that_stopped_within_an_epoch_goes_on_within_it(tmp_path: Path) -> None:
    plan = make_plan(read_table(write_table(tmp_path / "rooms.csv")), epochs=2)
    started = training(plan, tmp_path / "run")
    started.train_epoch(0, plan.batches(start=0, rank=0, world=1))
    started.state.step, started.state.ended = 3, "time"  # as when the time is up
    started.checkpoint()
    going_on = resumed(plan, tmp_path / "run", Part(2))
    assert going_on.state.part.from_epoch == 0.6
    assert going_on.fit().step == 10
    assert [row["step"] for row in rows(tmp_path / "run")] == ["5", "10"]


def test_the_plateau_of_a_part_does_not_know_what_was_before(tmp_path: Path) -> None:
    script = accuracies(0.9, 0.5, 0.5, 0.5, 0.5)
    first = scripted(tmp_path, script, epochs=3, goal=Goal("accuracy"))
    training(first, tmp_path / "run").fit()
    schedule = {"name": "plateau", "plateau_patience": 2}
    second = scripted(tmp_path, script[3:], epochs=5, goal=Goal("accuracy"))
    going_on = resumed(second, tmp_path / "run", Part(5), schedule=schedule)
    going_on.fit()
    assert going_on.optimizer.param_groups[-1]["lr"] == pytest.approx(0.01)


class Slow(Scripted):
    """An evaluation that takes a while."""

    def validate(self, network: nn.Module) -> dict[str, float]:
        time.sleep(0.05)
        return super().validate(network)


class Said(Log):
    """Remembers the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


class Broken(Scripted):
    """Predictions that are no numbers."""

    def validate(self, network: nn.Module) -> dict[str, float]:
        raise ShapeError("nan")


def test_outputs_that_are_not_finite(tmp_path: Path) -> None:
    plan = scripted(tmp_path, (), epochs=1, goal=Goal("accuracy"))
    with pytest.raises(TrainingError, match=r"^Epoch 1: the network's outputs are not finite\."):
        training(Broken(**vars(plan)), tmp_path / "run").fit()
