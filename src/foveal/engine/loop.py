"""The training loop, in order of events. It knows the plan and never looks inside a batch."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Generic

import torch
from timm.utils import ModelEmaV3
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from foveal.artifact.store import save
from foveal.engine.checkpoint import Checkpoint, State, save_checkpoint
from foveal.engine.clock import Began, Clock, Closing
from foveal.engine.config import OptimConfig, ScheduleConfig, TrainConfig
from foveal.engine.contract import BatchT, Plan
from foveal.engine.ending import in_words
from foveal.engine.logs.log import Log
from foveal.engine.optim import build_optimizer, freeze, num_frozen, set_rate
from foveal.engine.run import Run
from foveal.engine.runtime import Runtime
from foveal.engine.schedule import factor, plateau
from foveal.errors import ShapeError, TrainingError
from foveal.models.contract import Network
from foveal.types.seeds import derive

SECONDS_BETWEEN_CHECKPOINTS = 60.0
UNTIMED_STEPS = 2
"""Steps that are taken before their duration is known."""
EVALUATION_SHARE = 9.0
"""Seconds of training for each second of evaluation, under a time budget."""


class Training(Generic[BatchT]):
    """A run in progress.

    Args:
        plan: Network, data and goal.
        optim: Settings of the optimiser.
        schedule: Settings of the learning rate schedule.
        train: When to evaluate, save and stop.
        runtime: Device, precision and processes.
        run: The run folder.
        log: Progress output.
        key: All settings that the result depends on, as text; kept in the checkpoint.
        saved: Where to go on from; None: from the beginning.
        lr_factor: Factor of the learning rate, from the warm start; a resumed run keeps its own.
        began: When the command began; None: now.
        closing: What is still to do after the last step, for the time budget.
    """

    def __init__(
        self,
        plan: Plan[BatchT],
        *,
        optim: OptimConfig,
        schedule: ScheduleConfig,
        train: TrainConfig,
        runtime: Runtime,
        run: Run,
        log: Log,
        key: str,
        saved: Checkpoint | None = None,
        lr_factor: float = 1.0,
        began: Began | None = None,
        closing: Closing | None = None,
    ) -> None:
        self.plan, self.optim, self.schedule, self.train = plan, optim, schedule, train
        self.runtime, self.run, self.log, self.key = runtime, run, log, key
        self.state = saved.state if saved else State(lr_factor=lr_factor)
        torch.set_num_threads(self.state.num_threads)
        self.steps_per_epoch = steps_per_epoch(plan.batches_per_epoch, optim)
        self.samples_per_step = plan.batch_size * optim.accumulate
        self.network = plan.network
        runtime.place(self.network)
        self.ema = ModelEmaV3(self.network, decay=optim.ema_decay, use_warmup=True) if optim.ema_decay else None
        self.soup = AveragedModel(self.network, use_buffers=True) if optim.soup else None
        self.optimizer = build_optimizer(self.network, optim)
        if saved:
            saved.restore(self.network, self.ema.module if self.ema else None, self.optimizer, self.soup)
            plan.carried.update(saved.carried)
        self.wrapped, self.stepper = runtime.wrap(self.network, self.optimizer)
        runtime.load_scaler(saved.scaler if saved else {})
        self.clock = Clock(
            self.state.elapsed_s,
            budget_s=train.time_s,
            since_s=self.state.part.from_s,
            began=began,
            trained_from_s=self.state.trained_from_s,
            closing=closing,
        )
        self.evaluated_at_s = self.clock.elapsed_s
        self.time_is_over = False
        self.saved_at = time.monotonic()
        if not saved:
            self.checkpoint()

    def fit(self, *, eval_first: bool = False) -> State:
        """Train to the end.

        Args:
            eval_first: Whether to evaluate before the first step, as after a warm start.

        Raises:
            TrainingError: The loss is not finite; the last good state stays in the run's folder.
        """
        plan, state = self.plan, self.state
        plan.enter(state.phase)
        batches = self.batches()
        if eval_first and not state.rows:
            self.set_rate(0, 0)
            self.finish_epoch(-1)
        self.clock.begin_training()
        state.trained_from_s = self.clock.trained_from_s
        if state.best and not state.ended and self.out_of_time():
            state.ended = "time"
        for epoch in range(state.step // self.steps_per_epoch, plan.epochs):
            if state.ended:
                break
            if self.enters_phase(epoch):
                batches = self.batches()
            self.train_epoch(epoch, batches)
            if self.soup and self.progress(state.step) >= 1 - self.optim.soup:
                self.soup.update_parameters(self.ema.module if self.ema else self.network)
            if self.evaluation_due(epoch):
                self.finish_epoch(epoch)
            elif self.checkpoint_due():
                self.check_weights()
                self.checkpoint()
        state.ended = state.ended or "epochs"
        if state.ended == "time" and state.step - state.part.from_step <= UNTIMED_STEPS and self.runtime.is_main:
            floor_s = self.clock.elapsed_s - state.part.from_s + self.clock.after_evaluation_s
            self.log.note(f"the time budget leaves none to train: start, evaluation and report take {floor_s:.0f} s")
        return state

    def batches(self) -> Iterator[BatchT]:
        """Batches from the next step on."""
        start = self.state.step * self.optim.accumulate
        return self.plan.batches(start=start, rank=self.runtime.rank, world=self.runtime.world)

    def enters_phase(self, epoch: int) -> bool:
        """Enter the phase that is due, at the beginning of an epoch; whether it is another one. None comes back.

        The last of several epochs is in the last phase, whatever fraction of the training it begins with.
        """
        state = self.state
        if state.step % self.steps_per_epoch:
            return False
        progress = 1.0 if epoch + 1 == self.plan.epochs > 1 else self.progress(state.step)
        due = max(self.runtime.gather([self.plan.phase_at(progress)]))
        if due <= state.phase:
            return False
        state.phase = due
        self.plan.enter(due)
        return True

    @property
    def reason(self) -> str:
        """Why the run ended, in words."""
        state = self.state
        epoch = -(-state.step // self.steps_per_epoch) if state.step > state.part.from_step else 0
        ended = state.ended or "interrupted"
        return in_words(ended, epoch=epoch, epochs=self.plan.epochs, train=self.train)

    def evaluation_due(self, epoch: int) -> bool:
        """Whether an epoch is evaluated.

        Without ``eval_every``, which a time budget leaves open, evaluations take up to a tenth of the time.
        """
        if epoch + 1 == self.plan.epochs or self.out_of_time():
            return True
        if self.train.eval_every is not None:
            return (epoch + 1) % self.train.eval_every == 0
        trained_s = self.clock.elapsed_s - self.evaluated_at_s
        return self.runtime.any(trained_s >= EVALUATION_SHARE * (self.clock.validation_s or 0.0))

    def train_epoch(self, epoch: int, batches: Iterator[BatchT]) -> None:
        """Take the remaining steps of an epoch, within the time budget."""
        state, began, first = self.state, time.perf_counter(), self.state.step
        last = began
        self.network.train()
        frozen = num_frozen(self.optim, len(self.network.stages()), epoch)
        freeze(self.network, frozen, norms=bool(self.optim.freeze_norm))
        for step in range(state.step, (epoch + 1) * self.steps_per_epoch):
            self.set_rate(step, epoch)
            torch.manual_seed(derive(self.plan.seed, 3, step, self.runtime.rank))
            loss = self.gradients(batches)
            self.stepper.step()
            self.stepper.zero_grad()
            if self.ema:
                self.ema.update(self.network, step=step)
            state.step = step + 1
            state.loss_sum += loss
            self.report_step(epoch, loss)
            now = time.perf_counter()
            self.clock.add_step(now - last)
            last = now
            if self.checkpoint_due() and state.step % self.steps_per_epoch:
                self.check_weights()
                self.checkpoint()
            if self.out_of_time():
                break
        seconds = time.perf_counter() - began
        state.samples_per_s = (state.step - first) * self.samples_per_step / max(seconds, 1e-9)

    def set_rate(self, step: int, epoch: int) -> None:
        """Set the learning rate of a step."""
        goal = self.plan.goal
        part = self.state.part
        scale = factor(self.schedule, self.progress(step), epoch=epoch - int(part.from_epoch))
        if self.schedule.name == "plateau":
            rows = self.state.rows[part.from_row :]
            scores = [score for row in rows if (score := row.get(goal.metric)) is not None]
            scale *= plateau(self.schedule, scores, maximize=goal.maximize)
        set_rate(self.optimizer, (self.optim.lr or 0.0) * self.state.lr_factor * scale)

    def gradients(self, batches: Iterator[BatchT]) -> float:
        """Accumulate the gradients of a step's batches and clip them.

        Returns:
            The mean loss.

        Raises:
            TrainingError: The loss or its gradient is not finite.
        """
        parts = self.optim.accumulate
        total, names = 0.0, list[str]()
        for part in range(parts):
            batch = next(batches)
            names += self.plan.names(batch)
            with self.runtime.no_sync(self.wrapped, skip=part < parts - 1):
                losses = self.plan.forward(self.wrapped, batch)
                loss: Tensor = torch.stack(list(losses.values())).sum() / parts
                self.runtime.backward(loss)
            total += float(loss.detach())
        norm = float(self.runtime.clip(self.network.parameters(), self.optim.clip_norm))
        if not math.isfinite(total) or not (math.isfinite(norm) or self.runtime.scales):
            raise self.not_finite(total, names)
        return total

    def finish_epoch(self, epoch: int) -> None:
        """Evaluate, log, keep the best, decide whether to stop, save."""
        state, goal = self.state, self.plan.goal
        self.log.evaluating()
        began = self.clock.elapsed_s
        try:
            scores = dict(self.plan.validate(self.averaged))
        except ShapeError:  # raised for outputs that are not finite
            raise TrainingError(f"Epoch {epoch + 1}: the network's outputs are not finite.", self.advice()) from None
        self.evaluated_at_s = self.clock.elapsed_s
        self.clock.validation_s = self.evaluated_at_s - began
        self.check_weights()
        row = self.row(epoch, scores)
        state.rows.append(row)
        state.loss_sum = 0.0
        defined = math.isfinite(scores[goal.metric])
        if not defined and goal.tie_break is None:
            goal = replace(goal, tie_break="train_loss")
            scores["train_loss"] = row.get("train_loss") or math.inf
        best = goal.better(scores, state.best)
        if best:
            state.best, state.best_epoch = scores, epoch + 1
            self.save_model()
        state.ended = self.ending(epoch, defined=defined)
        if self.runtime.is_main:
            self.run.write_metrics(state.rows)
            self.log.epoch(row, epochs=self.plan.epochs, best=best)
            self.runtime.track({k: v for k, v in row.items() if k != "epoch" and v is not None}, epoch + 1)
        self.checkpoint()
        if self.runtime.is_main and not state.ended:
            self.log.saved(epoch + 1, epochs=self.plan.epochs)

    def ending(self, epoch: int, *, defined: bool) -> str:
        """Why training ends after an epoch; empty: it goes on. An undefined score is no reason."""
        if epoch + 1 == self.plan.epochs:
            return "epochs"
        if epoch >= 0 and self.out_of_time():
            return "time"
        patience, state, settled = self.train.patience, self.state, self.settled_from()
        if not (defined and patience) or self.progress(state.step) < settled:
            return ""
        if state.patient_from is None:
            state.patient_from = epoch + 1 if settled else int(state.part.from_epoch)
        since = max(state.best_epoch, self.least_loss_epoch(), state.patient_from)
        return "patience" if epoch + 1 - since >= patience else ""

    def settled_from(self) -> float:
        """Fraction of the training from which the input has its full size and the soup, if one is asked for, has begun.

        Patience waits for it, as what was asked for would not come otherwise.
        """
        full = self.schedule.full_size_from if self.schedule.first_size < 1 else 0.0
        return max(full, 1 - self.optim.soup if self.optim.soup else 0.0)

    def least_loss_epoch(self) -> int:
        """The last epoch that lowered the loss which decides among equal scores, where there is one.

        On few images a score stands still by chance while the network still learns, which the loss shows.
        """
        name = self.plan.goal.tie_break or ""
        losses = [(loss, row["epoch"] or 0) for row in self.state.rows if (loss := row.get(name)) is not None]
        return int(min(losses)[1]) if losses else 0

    def row(self, epoch: int, scores: dict[str, float]) -> dict[str, float | None]:
        """An epoch's line of metrics.csv; ``train_loss`` is the mean over the steps since the last line."""
        state, last_group = self.state, self.optimizer.param_groups[-1]
        steps = state.step - (int(state.rows[-1]["step"] or 0) if state.rows else 0)
        return {
            "epoch": epoch + 1,
            "step": state.step,
            **({"train_loss": round(state.loss_sum / steps, 6)} if steps else {}),
            **{name: round(value, 6) if math.isfinite(value) else None for name, value in scores.items()},
            "lr": last_group["lr"] / last_group["scale"],
            f"{self.plan.unit}_per_s": round(state.samples_per_s, 1),
            "seconds": round(self.clock.elapsed_s, 1),
        }

    @property
    def averaged(self) -> Network:
        """The weights that are evaluated and saved: their average over the last epochs, or their moving average."""
        averaged: Any = self.network
        if self.soup is not None and int(self.soup.n_averaged):
            averaged = self.soup.module
        elif self.ema is not None:
            averaged = self.ema.module
        network: Network = averaged
        return network

    def save_model(self) -> None:
        """Write the model file."""
        if self.runtime.is_main:
            weights = self.averaged.state_dict()
            save(self.run.model, self.plan.card, {name: value.cpu().numpy() for name, value in weights.items()})

    def close(self) -> None:
        """Mark the run as complete: there is nothing left to resume."""
        self.checkpoint(finished=True)
        self.runtime.close()

    def checkpoint(self, *, finished: bool = False) -> None:
        """Save all that resuming needs."""
        self.state.elapsed_s = self.clock.elapsed_s
        self.saved_at = time.monotonic()
        if self.runtime.is_main:
            now = Checkpoint(
                key=self.key,
                state=self.state,
                network=self.network.state_dict(),
                average=self.ema.module.state_dict() if self.ema else {},
                soup=self.soup.state_dict() if self.soup else {},
                optimizer=self.optimizer.state_dict(),
                scaler=self.runtime.scaler_state(),
                finished=finished,
                carried=dict(self.plan.carried),
            )
            save_checkpoint(self.run.checkpoint, now)

    def checkpoint_due(self) -> bool:
        """Whether a checkpoint is due, by time or by number of steps."""
        every = self.train.checkpoint_steps
        if every is not None:
            return self.state.step % every == 0
        return time.monotonic() - self.saved_at > SECONDS_BETWEEN_CHECKPOINTS

    def progress(self, step: int) -> float:
        """Fraction of the run, or of its present part, that is done: by steps or, under a time budget, by time."""
        start = self.state.part.from_step
        by_steps = (step - start) / (self.plan.epochs * self.steps_per_epoch - start)
        return min(1.0, max(by_steps, self.clock.progress))

    def out_of_time(self) -> bool:
        """Whether the time budget is spent; all processes agree, and it stays so if what was estimated took less."""
        if not self.time_is_over:
            self.time_is_over = self.train.time_s is not None and self.runtime.any(self.clock.is_over)
        return self.time_is_over

    def report_step(self, epoch: int, loss: float) -> None:
        """Move the bar."""
        if self.runtime.is_main:
            self.log.step(
                epoch=epoch,
                epochs=self.plan.epochs,
                step=self.state.step - epoch * self.steps_per_epoch,
                steps=self.steps_per_epoch,
                samples=self.samples_per_step,
                unit=self.plan.unit,
                loss=loss,
            )

    def check_weights(self) -> None:
        """Only finite states are saved: running statistics can overflow while the loss is still finite.

        Raises:
            TrainingError: A weight or a running statistic is not finite.
        """
        for network in (self.network, self.averaged, *([self.ema.module] if self.ema else [])):
            for name, value in network.state_dict().items():
                if value.is_floating_point() and not bool(torch.isfinite(value).all()):
                    raise TrainingError(f"Step {self.state.step}: {name} is not finite.", self.advice())

    def not_finite(self, loss: float, names: Sequence[str]) -> TrainingError:
        """The error for a loss that is not finite; nothing of this step is kept."""
        listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        return TrainingError(
            f"Step {self.state.step + 1}: the loss is {loss} or its gradient is not finite. The batch: {listed}.",
            self.advice(),
        )

    def advice(self) -> str:
        """What to do about values that are not finite."""
        return (
            f"The last good state is kept in {self.run.folder}. Check the {self.plan.unit}, or start again with a"
            f" smaller --lr than {self.optim.lr}."
        )


def steps_per_epoch(batches: int, optim: OptimConfig) -> int:
    """Optimiser steps in a pass of so many batches."""
    return max(1, batches // optim.accumulate)
