"""The training loop, in the order things happen. It asks the task and never asks which one it is.

Shapes: B images per batch.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from timm.utils import ModelEmaV3
from torch import Tensor

from foveal.artifact.card import Card
from foveal.artifact.store import save
from foveal.data.catalog.catalog import Catalog
from foveal.data.loading.order import derive
from foveal.engine.config import OptimConfig, ScheduleConfig, TrainConfig
from foveal.engine.evaluate import kept, score
from foveal.engine.log import Log
from foveal.engine.optim import build_optimizer, freeze, num_frozen, set_rate
from foveal.engine.run import Run
from foveal.engine.runtime import Runtime
from foveal.engine.schedule import factor, plateau
from foveal.errors import ConfigError, ShapeError, TrainingError
from foveal.inference.predictor import Predictor, Source
from foveal.inference.torch_backend import TorchBackend
from foveal.models.contract import Model
from foveal.models.normalize import Normalize
from foveal.tasks.contract import Task
from foveal.types.samples import Batch

SECONDS_BETWEEN_CHECKPOINTS = 60.0
RESERVE = 0.04
"""Part of a time budget that is kept for the last evaluation and the report."""


@dataclass(frozen=True)
class Plan:
    """All that a run needs, built from a RunConfig before the first step."""

    task: Task
    model: Model
    card: Card
    train_set: Catalog
    val_set: Catalog
    batches: Any
    """Called with ``start``, ``rank`` and ``world``: batches from number ``start`` on."""
    mix: Any
    """Called with images and targets: both, blended."""
    batches_per_epoch: int
    epochs: int
    seed: int
    optim: OptimConfig
    schedule: ScheduleConfig
    train: TrainConfig
    runtime: Runtime
    run: Run
    log: Log
    config_key: str
    """All values that the result depends on; a resumed run must have the same."""


@dataclass
class State:
    """Where a run is; with the weights, all that resuming needs. Random numbers are functions of the step."""

    step: int = 0
    elapsed_s: float = 0.0
    best: float | None = None
    best_loss: float = 0.0
    best_epoch: int = 0
    loss_sum: float = 0.0
    images_s: float = 0.0
    stopped: bool = False
    num_threads: int = field(default_factory=torch.get_num_threads)
    rows: list[dict[str, float]] = field(default_factory=list)


class Training:
    """A run in progress."""

    def __init__(self, plan: Plan, saved: Mapping[str, Any] | None) -> None:
        self.plan = plan
        self.runtime = plan.runtime
        self.state = State(**saved["state"]) if saved else State()
        torch.set_num_threads(self.state.num_threads)
        self.steps_per_epoch = max(1, plan.batches_per_epoch // plan.optim.accumulate)
        self.model = plan.model
        if saved:
            self.model.load_state_dict(saved["model"])
        self.runtime.place(self.model)
        decay = plan.optim.ema_decay
        self.ema = ModelEmaV3(self.model, decay=decay, use_warmup=True) if decay else None
        self.optimizer = build_optimizer(self.model, plan.optim)
        if saved:
            self.optimizer.load_state_dict(saved["optimizer"])
            if self.ema:
                self.ema.module.load_state_dict(saved["ema"])
        self.wrapped, self.stepper = self.runtime.wrap(self.model, self.optimizer)
        self.runtime.load_scaler(saved["scaler"] if saved else {})
        self.normalize = Normalize(plan.card.input).to(self.runtime.device)
        self.goal = plan.task.goal(plan.task.decode(plan.card.decode))
        self.images: Sequence[Source] | None = None
        self.started = time.monotonic() - self.state.elapsed_s
        self.saved_at = time.monotonic()
        if not saved:
            self.checkpoint()

    def fit(self, *, eval_first: bool = False) -> State:
        """Train to the end.

        Args:
            eval_first: Whether the weights are worth evaluation before the first step, as a warm start's are.

        Raises:
            TrainingError: The loss is not finite; the last good state stays in the run's folder.
        """
        plan, state = self.plan, self.state
        batches = plan.batches(
            start=state.step * plan.optim.accumulate, rank=self.runtime.rank, world=self.runtime.world
        )
        if eval_first and not state.rows:
            self.finish_epoch(-1)
        for epoch in range(state.step // self.steps_per_epoch, plan.epochs):
            if state.stopped:
                break
            self.model.train()
            frozen = num_frozen(plan.optim, len(self.model.stages()), epoch)
            freeze(self.model, frozen, norms=bool(plan.optim.freeze_norm))
            began, first = time.perf_counter(), state.step
            for step in range(state.step, (epoch + 1) * self.steps_per_epoch):
                self.set_rate(step, epoch)
                torch.manual_seed(derive(plan.seed, 3, step, self.runtime.rank))
                loss = self.gradients(batches)
                self.stepper.step()
                self.stepper.zero_grad()
                if self.ema:
                    self.ema.update(self.model, step=step)
                state.step = step + 1
                state.loss_sum += loss
                self.report_step(epoch, loss)
                if self.checkpoint_due() and state.step % self.steps_per_epoch:
                    self.check_weights()
                    self.checkpoint()
                if self.out_of_time():
                    break
            state.images_s = self.images_per_s(state.step - first, time.perf_counter() - began)
            last = epoch + 1 == plan.epochs or self.out_of_time()
            if (epoch + 1) % (plan.train.eval_every or 1) and not last:
                if self.checkpoint_due():
                    self.check_weights()
                    self.checkpoint()
                continue
            self.finish_epoch(epoch)
            if state.stopped:
                break
        return state

    def set_rate(self, step: int, epoch: int) -> None:
        """The learning rate of a step."""
        schedule = self.plan.schedule
        scale = factor(schedule, self.progress(step), epoch=epoch)
        if schedule.name == "plateau":
            scores = [row[self.goal.metric] for row in self.state.rows]
            scale *= plateau(schedule, scores, maximize=self.goal.maximize)
        set_rate(self.optimizer, (self.plan.optim.lr or 0.0) * scale)

    def gradients(self, batches: Iterator[Batch]) -> float:
        """Add up the clipped gradients of a step's batches.

        Returns:
            The mean loss.

        Raises:
            TrainingError: The loss or its gradient is not finite.
        """
        plan, parts = self.plan, self.plan.optim.accumulate
        total, keys = 0.0, []
        for part in range(parts):
            batch = next(batches).to(self.runtime.device)
            keys += batch.keys
            with self.runtime.no_sync(self.wrapped, skip=part < parts - 1):
                images, targets = plan.mix(self.normalize(batch.images), batch.targets)
                losses = self.model.losses(self.outputs(images), targets)
                loss: Tensor = torch.stack(list(losses.values())).sum() / parts
                self.runtime.backward(loss)
            total += float(loss.detach())
        norm = float(self.runtime.clip(self.model.parameters(), plan.optim.clip_norm))
        if not math.isfinite(total) or not (math.isfinite(norm) or self.runtime.scales):
            raise self.not_finite(total, keys)
        return total

    def outputs(self, images: Tensor) -> Any:
        """What the network says of a batch.

        Raises:
            ConfigError: Batch norm is given one value a channel: a single image whose map is one place wide.
        """
        try:
            return self.wrapped(images)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise ConfigError(
                f"Batch norm needs more than one value a channel, and a batch of {len(images)} at {images.shape[-1]} px"
                " leaves it one.",
                "Train with --batch-size 2 or more, or with a larger --size.",
            ) from None

    def not_finite(self, loss: float, keys: list[int]) -> TrainingError:
        """The error for a loss that is not finite; nothing of this step is kept."""
        names = [self.plan.train_set.names[key] for key in keys]
        listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        return TrainingError(
            f"Step {self.state.step + 1}: the loss is {loss} or its gradient is not finite. The batch: {listed}.",
            self.advice(),
        )

    def advice(self) -> str:
        """What to do when numbers stop being numbers."""
        return (
            f"The last good state is kept in {self.plan.run.folder}. Look at the images, or start again with a"
            f" smaller --lr than {self.plan.optim.lr}."
        )

    def finish_epoch(self, epoch: int) -> None:
        """Evaluate, log, keep the best, decide whether to stop, save."""
        plan, state = self.plan, self.state
        steps = state.step - (int(state.rows[-1]["step"]) if state.rows else 0)
        plan.log.evaluating()
        try:
            values = self.validate()
        except ShapeError:  # what predictions raise that are not numbers
            raise TrainingError(f"Epoch {epoch + 1}: the network's outputs are not finite.", self.advice()) from None
        self.check_weights()
        row = {
            "epoch": epoch + 1,
            "step": state.step,
            **({"train_loss": round(state.loss_sum / steps, 6)} if steps else {}),
            **{name: round(value, 6) for name, value in values.items()},
            "lr": self.optimizer.param_groups[-1]["lr"] / self.optimizer.param_groups[-1]["scale"],
            "images_per_s": round(state.images_s, 1),
            "seconds": round(time.monotonic() - self.started, 1),
        }
        state.rows.append(row)
        state.loss_sum = 0.0
        score = values[self.goal.metric]
        loss = values.get("log_loss", 0.0)
        # Of equal scores, common in small sets, the one with the smaller loss is kept; without a loss the later one.
        best = self.goal.better(score, state.best) or (score == state.best and loss <= state.best_loss)
        if best:
            state.best, state.best_loss, state.best_epoch = score, loss, epoch + 1
            self.save_model()
        patience = plan.train.patience
        state.stopped = self.out_of_time() or bool(patience and epoch + 1 - state.best_epoch >= patience)
        if self.runtime.is_main:
            plan.run.write_metrics(state.rows)
            plan.log.epoch(row, epochs=plan.epochs, best=best)
            self.runtime.track({k: v for k, v in row.items() if k != "epoch"}, epoch + 1)
        self.checkpoint()

    def check_weights(self) -> None:
        """Only good states are kept: running statistics can overflow while the loss still looks well.

        Raises:
            TrainingError: A weight or a running statistic is not finite.
        """
        for model in (self.model, *([self.ema.module] if self.ema else [])):
            for name, value in model.state_dict().items():
                if value.is_floating_point() and not bool(torch.isfinite(value).all()):
                    raise TrainingError(f"Step {self.state.step}: {name} is not finite.", self.advice())

    def validate(self) -> dict[str, float]:
        """Headline numbers of the averaged (or plain) weights on the validation split."""
        plan, runtime = self.plan, self.runtime
        evaluated = self.ema.module if self.ema else self.model
        training = evaluated.training
        evaluated.eval()
        mine = range(runtime.rank, len(plan.val_set), runtime.world)
        with Predictor(TorchBackend(evaluated, plan.card, device=runtime.device)) as predictor:
            if self.images is None:
                self.images = kept(predictor, [plan.val_set.path(i) for i in mine])
            predictions = list(zip(mine, predictor.stream(self.images), strict=True))
        evaluated.train(training)
        everyones = dict(runtime.gather(predictions))
        truths = plan.task.truths(plan.val_set, range(len(plan.val_set)))
        ordered = [everyones[i] for i in range(len(plan.val_set))]
        results = score(predictor, truths, ordered, num_resamples=0, seed=0)
        shown = {self.goal.metric: results.metrics[self.goal.metric].value}
        if "log_loss" in results.metrics:
            shown["log_loss"] = results.metrics["log_loss"].value
        return shown

    def save_model(self) -> None:
        """Write the model file."""
        if self.runtime.is_main:
            weights = (self.ema.module if self.ema else self.model).state_dict()
            save(self.plan.run.model, self.plan.card, {k: v.cpu().numpy() for k, v in weights.items()})

    def close(self) -> None:
        """The run is evaluated and reported: there is nothing left to resume."""
        self.checkpoint(finished=True)
        self.runtime.close()

    def checkpoint(self, *, finished: bool = False) -> None:
        """Save all that resuming needs."""
        self.state.elapsed_s = time.monotonic() - self.started
        self.saved_at = time.monotonic()
        if self.runtime.is_main:
            self.plan.run.save_state(
                {
                    "model": self.model.state_dict(),
                    "ema": self.ema.module.state_dict() if self.ema else {},
                    "optimizer": self.optimizer.state_dict(),
                    "scaler": self.runtime.scaler_state(),
                    "state": asdict(self.state),
                    "config": self.plan.config_key,
                    "finished": finished,
                }
            )

    def checkpoint_due(self) -> bool:
        """Whether the time or the number of steps has come."""
        every = self.plan.train.checkpoint_steps
        if every is not None:
            return self.state.step % every == 0
        return time.monotonic() - self.saved_at > SECONDS_BETWEEN_CHECKPOINTS

    def progress(self, step: int) -> float:
        """Part of the run that is done, by steps or, under a time budget, by time."""
        by_steps = step / (self.plan.epochs * self.steps_per_epoch)
        budget = self.plan.train.time_s
        if budget is None:
            return by_steps
        by_time = (time.monotonic() - self.started) / (budget * (1 - RESERVE))
        return min(1.0, max(by_steps, by_time))

    def out_of_time(self) -> bool:
        """Whether the time budget is spent; all processes agree."""
        budget = self.plan.train.time_s
        if budget is None:
            return False
        return self.runtime.any(time.monotonic() - self.started > budget * (1 - RESERVE))

    def images_per_s(self, steps: int, seconds: float) -> float:
        """Training speed of an epoch, evaluation left out."""
        batch = (self.plan.train.batch_size or 1) * self.plan.optim.accumulate
        return steps * batch / max(seconds, 1e-9)

    def report_step(self, epoch: int, loss: float) -> None:
        """Move the bar."""
        if self.runtime.is_main:
            self.plan.log.step(
                epoch=epoch,
                epochs=self.plan.epochs,
                step=self.state.step - epoch * self.steps_per_epoch,
                steps=self.steps_per_epoch,
                images=(self.plan.train.batch_size or 1) * self.plan.optim.accumulate,
                loss=loss,
            )
