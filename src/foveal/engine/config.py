"""Settings of the optimiser, the schedule, the training loop and the hardware."""

from typing import Annotated, Literal

from pydantic import Field

from foveal.types.settings import Settings

TrackerName = Literal["tensorboard", "wandb", "mlflow", "comet_ml", "clearml", "aim", "dvclive", "swanlab", "trackio"]
"""Trackers that Accelerate knows, as it calls them."""
SGD = ("sgd", "nesterov", "momentum")
SGD_RATE = 10.0
"""Learning rate of SGD as a multiple of AdamW's, where none is given."""
PENALTY = (*SGD, "adam", "nadam", "radam", "adamax", "rmsprop", "adagrad", "adadelta")
"""Optimisers whose weight decay is an L2 penalty: a term of the gradient, which grows with the steps, not the rate."""
DECAY, PENALTY_DECAY = 0.05, 1e-4


class OptimConfig(Settings):
    """The optimiser, and which layers it trains."""

    name: str = "adamw"
    """Optimiser: adamw, adam, sgd (with momentum), nesterov, or any other timm optimiser by name."""
    lr: Annotated[float, Field(gt=0, le=100)] | None = None
    """Learning rate of the head layers after warm-up; default: the task's own, ten times as much for SGD."""
    adapt_lr: bool | None = None
    """Lower lr where the head fitted to pretrained features leaves little to learn; default: true unless lr is set."""
    pretrained_lr_scale: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Learning rate of the pretrained layers, as a multiple of lr."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Learning rate factor per backbone stage, counted from the head; 1: the same rate for all stages."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] | None = None
    """Weight decay, not of norms and biases; default: 0.05, decoupled; 1e-4 where it is an L2 penalty (sgd, adam)."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Momentum of SGD, or beta1 of the Adam family."""
    clip_norm: Annotated[float, Field(ge=0)] = 1.0
    """Clip gradients to this norm; 0: no clipping."""
    accumulate: Annotated[int, Field(ge=1, le=1024)] = 1
    """Gradient accumulation: batches per optimiser step."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay of the exponential moving average (EMA) of the weights, which is evaluated and saved; 0: no EMA."""
    soup: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Last fraction of the training over which the weights after each epoch are averaged, to be evaluated and saved in
    place of the last ones; 0: none."""
    freeze: Annotated[int, Field(ge=0)] | Literal["backbone"] | None = None
    """Number of backbone stages to freeze, counted from the input; backbone: all of them; default: those up to stride 4
    of a pretrained detector, else 0."""
    freeze_norm: bool | None = None
    """Freeze the backbone's batch-norm statistics; default: true with pretrained weights."""
    unfreeze_every: Annotated[int, Field(ge=0)] = 0
    """Unfreeze one more stage every N epochs, the one nearest the head first; 0: never."""

    @property
    def has_penalty(self) -> bool:
        """Whether its weight decay is an L2 penalty."""
        return self.name.lower() in PENALTY

    def rates(self, lr: float, *, decay: float = DECAY) -> dict[str, float]:
        """Learning rate and weight decay, those given or what suits the optimiser.

        Args:
            lr: The task's own learning rate, which is AdamW's.
            decay: The task's own decoupled weight decay.
        """
        usual = lr * SGD_RATE if self.name.lower() in SGD else lr
        decay = PENALTY_DECAY if self.has_penalty else decay
        return {
            "lr": usual if self.lr is None else self.lr,
            "weight_decay": decay if self.weight_decay is None else self.weight_decay,
        }


class ScheduleConfig(Settings):
    """The learning rate schedule."""

    name: Literal["cosine", "step", "onecycle", "plateau", "constant"] = "cosine"
    """Learning rate schedule after warm-up."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Fraction of all steps over which the learning rate rises from zero."""
    final: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Learning rate at the end (cosine, onecycle) or its minimum (plateau), as a fraction of lr."""
    step_epochs: Annotated[int, Field(ge=1)] = 10
    """Epochs between learning rate drops (step)."""
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Factor of each learning rate drop (step, plateau)."""
    plateau_patience: Annotated[int, Field(ge=1)] = 3
    """Epochs without improvement before a drop (plateau)."""
    first_size: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Sides of the training input at first, as a fraction of input.size, to which they grow; 1: always that size."""
    full_size_from: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Fraction of the training after which the input has its full size."""


class TrainConfig(Settings):
    """Length of the training, evaluation and checkpoints."""

    epochs: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Number of passes over the training data."""
    batch_size: Annotated[int, Field(ge=1, le=65536)] | None = None
    """Images per step, or streams of a text or series side by side, over all processes together."""
    time_s: Annotated[float, Field(gt=0)] | None = None
    """Time budget in seconds; the schedule is fitted to it."""
    patience: Annotated[int, Field(ge=0)] | None = None
    """Early stopping: epochs without a better metric or validation loss; 0: never; default: 2 for a pretrained
    classifier, else 0."""
    eval_every: Annotated[int, Field(ge=1)] | None = None
    """Epochs between evaluations on the validation split; default: 1; more from 100 epochs on, from
    20 of a detector or segmenter. The last is evaluated."""
    checkpoint_steps: Annotated[int, Field(ge=1)] | None = None
    """Save a checkpoint for --resume every N steps; default: about once a minute and after every epoch."""


class RuntimeConfig(Settings):
    """Hardware, numerical precision and tracking."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to train on; auto: a GPU if there is one."""
    precision: Literal["auto", "fp32", "fp16", "bf16"] = "auto"
    """Numerical precision; auto: bf16 on GPUs that support it, else fp32."""
    channels_last: bool = True
    """Use the channels-last memory format, which is the fastest for convolutions."""
    compile: bool = False
    """Compile the network with torch.compile: 30 to 90 s longer to start, faster steps afterwards."""
    keep_pages: bool = True
    """Keep freed memory in the process instead of returning it to the kernel; faster steps, more memory (glibc)."""
    tracker: Literal["none"] | TrackerName = "none"
    """Experiment tracker for metrics, settings and images, besides the run's own files; it stays offline."""
