"""A training plan for images: a network, augmented batches, and a validation split.

Shapes: B images per batch.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from foveal.artifact.card import Card
from foveal.artifact.given import given_card
from foveal.config.phases import Phase, phases_of
from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.data.loading.cache import make_cache
from foveal.data.loading.loader import TrainingImages, load_batches
from foveal.data.loading.order import Draw, Order
from foveal.data.loading.statistics import channel_statistics, fit_whitening, sample_images
from foveal.data.loading.workers import AHEAD, fit_workers, told
from foveal.engine.runtime import Runtime
from foveal.errors import ConfigError
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.inference.predictor import BATCH_SIZE, Predictor, Source
from foveal.models.contract import Model, Network
from foveal.models.normalize import Normalize
from foveal.models.taking import Taken
from foveal.models.weights import expected_input
from foveal.runs.evaluation import cautions_of, kept, score
from foveal.runs.going_on.origin import recall
from foveal.tasks.table import AnyTask, bind_task, get_spec
from foveal.types.goal import Goal
from foveal.types.input_spec import InputSpec
from foveal.types.samples import Batch
from foveal.types.seeds import derive
from foveal.types.size import Size

VAL_LOSS = "val_loss"
"""Name of the tie-break of a task's goal in metrics.csv."""


@dataclass
class ImagePlan:
    """``engine.contract.Plan`` for images.

    Attributes:
        task: The task.
        network: The network.
        card: The model card.
        train_set: The training split.
        val_set: The validation split.
        images: Training samples, augmented.
        order: Order of the samples.
        phases: Sizes and augmentation over the training; ``enter`` chooses one.
        runtime: Device, precision and processes.
        epochs: Passes over the training images.
        workers: Number of data loading processes.
        seed: The run's seed.
        ahead: Batches that each of these processes makes ahead.
    """

    task: AnyTask
    network: Model
    card: Card
    train_set: Catalog
    val_set: Catalog
    images: TrainingImages
    order: Order
    phases: Sequence[Phase]
    runtime: Runtime
    epochs: int
    workers: int
    seed: int
    ahead: int = AHEAD
    unit: str = field(default="images", init=False)
    carried: dict[str, Tensor] = field(default_factory=dict, init=False)
    augment: AugmentConfig = field(init=False)
    """Names and strengths of the present phase."""
    _kept: Sequence[Source] | None = field(default=None, init=False, repr=False)
    """This process's share of the validation split, preprocessed if it fits into memory."""

    def __post_init__(self) -> None:
        """Set up the network's first layer and the first phase."""
        self.enter(0)
        self.normalize = Normalize(self.card.input_as(InputSpec)).to(self.runtime.device)

    @property
    def goal(self) -> Goal:
        """The task's goal, with its loss as ``val_loss``."""
        goal = self.task_goal
        return goal if goal.tie_break is None else replace(goal, tie_break=VAL_LOSS)

    @property
    def task_goal(self) -> Goal:
        """The task's goal, by the names of its metrics."""
        return self.task.output.goal

    @property
    def batches_per_epoch(self) -> int:
        """Whole batches in a pass."""
        return self.order.batches_per_epoch

    @property
    def batch_size(self) -> int:
        """Images per batch, over all processes together."""
        return self.order.batch_size

    def phase_at(self, progress: float) -> int:
        """The last phase that begins at or before this fraction of the training."""
        return max(number for number, phase in enumerate(self.phases) if phase.start <= progress)

    def enter(self, phase: int) -> None:
        """Make images as in a phase from now on."""
        self.augment = self.phases[phase].augment
        self.images.augment = self.task.augment(self.augment, self.phases[phase].spec)

    @property
    def evaluation_batch(self) -> int:
        """Images evaluated at once: a forward pass without gradients takes less than half the memory of a step.

        So where little memory leaves room for small batches only, no evaluation takes more than a step.
        """
        return min(BATCH_SIZE, 2 * max(1, self.batch_size // self.runtime.world))

    @cached_property
    def cautions(self) -> list[str]:
        """Why the intervals on the validation split may be too narrow."""
        return cautions_of(self.val_set)

    def batches(self, *, start: int, rank: int = 0, world: int = 1) -> Iterator[Batch]:
        """Endless batches, from number ``start`` on."""
        return load_batches(
            self.images,
            self.order,
            start=start,
            workers=self.workers,
            rank=rank,
            world=world,
            pin_memory=self.runtime.device.type == "cuda",
            ahead=self.ahead,
        )

    def fit_shared_memory(self) -> str:
        """Take fewer workers, or fewer batches ahead, where /dev/shm has no room for more.

        Returns:
            A note for the user; empty where the workers are as many as configured.
        """
        if not (wanted := self.workers):
            return ""
        each = self.batch_size // self.runtime.world
        self.enter(-1)  # the last phase has the largest input
        self.workers, self.ahead = fit_workers(self.images[Draw(0, 0, 0)], each, workers=wanted)
        return told(wanted=wanted, workers=self.workers)

    def forward(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The losses of a batch, its images normalised and mixed.

        Raises:
            ConfigError: Batch norm gets one value per channel: a single image with a feature map of 1 x 1.
        """
        batch = batch.to(self.runtime.device)
        images, targets = self.task.mix(self.augment, self.normalize(batch.images), batch.targets)
        try:
            outputs = network(images)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise ConfigError(
                f"Batch norm needs more than one value per channel, and a batch of {len(images)} at"
                f" {Size(images.shape[-1], images.shape[-2])} px gives only one.",
                "Train with --batch-size 2 or more, or with a larger --size.",
            ) from None
        return self.network.losses(outputs, targets)

    def validate(self, network: Network) -> dict[str, float]:
        """The headline metric on the validation split and, where the task has one, the validation loss."""
        assert isinstance(network, Model), "one like the plan's own"
        everyone = range(len(self.val_set))
        mine = everyone[self.runtime.rank :: self.runtime.world]
        training = network.training
        network.eval()
        with Predictor(TorchBackend(network, self.card, device=self.runtime.device)) as predictor:
            if self._kept is None:
                self._kept = kept(predictor, [self.val_set.path(i) for i in mine])
            found = predictor.stream(self._kept, batch_size=self.evaluation_batch)
            predictions = dict(self.runtime.gather(list(zip(mine, found, strict=True))))
        network.train(training)
        truths = self.task.output.truths(self.val_set, everyone)
        metrics = score(predictor, truths, [predictions[i] for i in everyone], num_resamples=0, seed=0).metrics
        goal = self.task_goal
        scores = {goal.metric: metrics[goal.metric].value}
        return scores if goal.tie_break is None else {**scores, VAL_LOSS: metrics[goal.tie_break].value}

    def val_images(self, predictor: Predictor) -> Sequence[Source]:
        """All images of the validation split, preprocessed if they fit into memory."""
        if self._kept is not None and len(self._kept) == len(self.val_set):
            return self._kept
        return kept(predictor, list(self.val_set.paths()))

    def names(self, batch: Batch) -> list[str]:
        """The images' paths, as the catalog has them."""
        return [self.train_set.names[key] for key in batch.keys]


def make_plan(
    config: RunConfig, catalog: Catalog, *, runtime: Runtime, known: tuple[Taken, Card | None] | None = None
) -> ImagePlan:
    """Build everything a run needs.

    Args:
        config: Complete, from ``resolve``.
        catalog: With a training and a validation split.
        runtime: Device, precision and processes.
        known: What a run that is to be restored from a checkpoint once took from a file; it is not read again.

    Raises:
        FovealError: The data set lacks the annotations that the task learns from, or the network cannot be built.
    """
    torch.manual_seed(derive(config.seed, 0))
    own = config.own(config.task)
    output = get_spec(config.task).begin(own, catalog)
    train_set, val_set = catalog.split("train"), catalog.split("val")
    for part in (train_set, val_set):
        output.accept(part)
    task = bind_task(config.task, own, output)
    spec = input_spec(config, train_set, given_card(config.model.weights) if known is None else known[1])
    network = task.build(config.model, pretrained=config.model.weights != "none" and known is None)
    if known is not None:
        recall(network, known[0])
    task.criterion(network, train_set)
    assert config.train.batch_size is not None, "resolve chose it"
    assert config.train.epochs is not None, "resolve chose it"
    assert config.data.workers is not None, "resolve chose it"
    order = Order(
        len(train_set),
        config.train.batch_size,
        seed=config.seed,
        weights=task.sampling_weights(train_set) if config.data.sampling == "balanced" else None,
    )
    return ImagePlan(
        task=task,
        network=network,
        card=make_card(config, catalog, spec, task),
        train_set=train_set,
        val_set=val_set,
        images=training_images(config, train_set, spec, task),
        order=order,
        phases=phases_of(config, spec),
        runtime=runtime,
        epochs=config.train.epochs,
        workers=config.data.workers,
        seed=config.seed,
    )


def training_images(config: RunConfig, train_set: Catalog, spec: InputSpec, task: AnyTask) -> TrainingImages:
    """Augmented samples of the training split."""
    data, augment = config.data, config.augment
    side = round(spec.train_size.longer / augment.crop_scale**0.5)
    return TrainingImages(
        train_set,
        task.augment(augment, spec),
        seed=config.seed,
        min_side=side,
        shrink_side=math.ceil(max(side, spec.size.longer) * augment.scale_jitter),
        cache=make_cache(data.cache, len(train_set), folder=data.cache_dir, workers=data.workers or 0),
        reading=spec.reading,
    )


def make_card(config: RunConfig, catalog: Catalog, spec: InputSpec, task: AnyTask) -> Card:
    """The model card before there are metrics."""
    return Card.model_validate(
        {
            "task": config.task,
            "classes": catalog.categories.to_dict(),
            "input": spec,
            "model": {**config.model.model_dump(), "weights": Path(config.model.weights).name},
            "own": task.own.model_dump(),
            "decode": task.output.options.model_dump(),
            "split": {
                "seed": config.seed if config.data.split_seed is None else config.data.split_seed,
                "val_fraction": config.data.val_fraction,
                "groups": config.data.groups,
                "folds": config.data.folds,
                "fold": config.data.fold,
                "train_fraction": config.data.train_fraction,
                "fraction_seed": config.seed if config.data.train_fraction < 1 else 0,
            },
        }
    )


def input_spec(config: RunConfig, train_set: Catalog, card: Card | None) -> InputSpec:
    """The input specification, with statistics of the weights (``card``: of a given model) or of the training split."""
    chosen = config.input
    assert chosen.size is not None, "resolve chose it"
    assert chosen.eval_size is not None, "resolve chose it"
    spec = InputSpec(
        size=chosen.eval_size,
        train_size=chosen.size,
        fit=chosen.fit,
        crop_fraction=chosen.crop_fraction,
        interpolation=chosen.interpolation,
        white_level=chosen.white_level,
        black_level=chosen.black_level,
        bands=config.data.band_numbers,
    )
    if chosen.normalize == "backbone":
        return spec.model_copy(update=expected_input(config.model.backbone, card))
    if chosen.normalize == "none":
        return spec.model_copy(update={"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)})
    images = sample_images(train_set, spec)
    if chosen.normalize == "dataset" or chosen.normalize == "mean":
        mean, std = channel_statistics(images)
        return spec.model_copy(update={"mean": mean, "std": std if chosen.normalize == "dataset" else (1.0, 1.0, 1.0)})
    whitening = fit_whitening(images, kind=chosen.normalize, patch=chosen.whitening_patch)
    return spec.model_copy(update={"whitening": whitening})
