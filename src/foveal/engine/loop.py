"""The training loop, in order of events. It knows the plan and never looks inside a batch."""

import math
import time
from collections.abc import Iterator, Sequence
from typing import Generic

import torch
from timm.utils import ModelEmaV3
from torch import Tensor

from foveal.artifact.store import save
from foveal.engine.checkpoint import Checkpoint, State, save_checkpoint
from foveal.engine.clock import Clock
from foveal.engine.config import OptimConfig, ScheduleConfig, TrainConfig
from foveal.engine.contract import BatchT, Plan
from foveal.engine.log import Log
from foveal.engine.optim import build_optimizer, freeze, num_frozen, set_rate
from foveal.engine.run import Run
from foveal.engine.runtime import Runtime
from foveal.engine.schedule import factor, plateau
from foveal.errors import ShapeError, TrainingError
from foveal.models.contract import Network
from foveal.types.seeds import derive

SECONDS_BETWEEN_CHECKPOINTS = 60.0


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
    ) -> None:
        self.plan, self.optim, self.schedule, self.train = plan, optim, schedule, train
        self.runtime, self.run, self.log, self.key = runtime, run, log, key
        self.state = saved.state if saved else State()
        torch.set_num_threads(self.state.num_threads)
        self.steps_per_epoch = steps_per_epoch(plan.batches_per_epoch, optim)
        self.samples_per_step = plan.batch_size * optim.accumulate
        self.network = plan.network
        runtime.place(self.network)
        self.ema = ModelEmaV3(self.network, decay=optim.ema_decay, use_warmup=True) if optim.ema_decay else None
        self.optimizer = build_optimizer(self.network, optim)
        if saved:
            saved.restore(self.network, self.ema.module if self.ema else None, self.optimizer)
        self.wrapped, self.stepper = runtime.wrap(self.network, self.optimizer)
        runtime.load_scaler(saved.scaler if saved else {})
        self.clock = Clock(self.state.elapsed_s, budget_s=train.time_s, since_s=self.state.part.from_s)
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
        start = state.step * self.optim.accumulate
        batches = plan.batches(start=start, rank=self.runtime.rank, world=self.runtime.world)
        if eval_first and not state.rows:
            self.finish_epoch(-1)
        for epoch in range(state.step // self.steps_per_epoch, plan.epochs):
            if state.stopped:
                break
            self.train_epoch(epoch, batches)
            last = epoch + 1 == plan.epochs or self.out_of_time()
            if last or (epoch + 1) % (self.train.eval_every or 1) == 0:
                self.finish_epoch(epoch)
            elif self.checkpoint_due():
                self.check_weights()
                self.checkpoint()
        return state

    def train_epoch(self, epoch: int, batches: Iterator[BatchT]) -> None:
        """Take the remaining steps of an epoch, within the time budget."""
        state, began, first = self.state, time.perf_counter(), self.state.step
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
            scores = [row[goal.metric] for row in self.state.rows[part.from_row :]]
            scale *= plateau(self.schedule, scores, maximize=goal.maximize)
        set_rate(self.optimizer, (self.optim.lr or 0.0) * scale)

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
        try:
            scores = dict(self.plan.validate(self.averaged))
        except ShapeError:  # raised for outputs that are not finite
            raise TrainingError(f"Epoch {epoch + 1}: the network's outputs are not finite.", self.advice()) from None
        self.check_weights()
        row = self.row(epoch, scores)
        state.rows.append(row)
        state.loss_sum = 0.0
        best = goal.better(scores, state.best)
        if best:
            state.best, state.best_epoch = scores, epoch + 1
            self.save_model()
        patience, since = self.train.patience, max(state.best_epoch, int(state.part.from_epoch))
        state.stopped = self.out_of_time() or bool(patience and epoch + 1 - since >= patience)
        if self.runtime.is_main:
            self.run.write_metrics(state.rows)
            self.log.epoch(row, epochs=self.plan.epochs, best=best)
            self.runtime.track({k: v for k, v in row.items() if k != "epoch"}, epoch + 1)
        self.checkpoint()

    def row(self, epoch: int, scores: dict[str, float]) -> dict[str, float]:
        """An epoch's line of metrics.csv; ``train_loss`` is the mean over the steps since the last line."""
        state, last_group = self.state, self.optimizer.param_groups[-1]
        steps = state.step - (int(state.rows[-1]["step"]) if state.rows else 0)
        return {
            "epoch": epoch + 1,
            "step": state.step,
            **({"train_loss": round(state.loss_sum / steps, 6)} if steps else {}),
            **{name: round(value, 6) for name, value in scores.items()},
            "lr": last_group["lr"] / last_group["scale"],
            f"{self.plan.unit}_per_s": round(state.samples_per_s, 1),
            "seconds": round(self.clock.elapsed_s, 1),
        }

    @property
    def averaged(self) -> Network:
        """The weights that are evaluated and saved: their moving average, if there is one."""
        if self.ema is None:
            return self.network
        network: Network = self.ema.module
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
                optimizer=self.optimizer.state_dict(),
                scaler=self.runtime.scaler_state(),
                finished=finished,
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
        """Whether the time budget is spent; all processes agree."""
        return self.train.time_s is not None and self.runtime.any(self.clock.progress > 1)

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
        for network in (self.network, *([self.ema.module] if self.ema else [])):
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
