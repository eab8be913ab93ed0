"""How weights are changed, for how long, on what."""

from typing import Annotated, Literal

from pydantic import Field

from foveal.types.settings import Settings


class OptimConfig(Settings):
    """The optimiser and which layers it trains."""

    name: str = "adamw"
    """adamw, adam, sgd (momentum), nesterov, or any other timm optimiser by name."""
    lr: Annotated[float, Field(gt=0, le=100)] | None = None
    """Head learning rate, at its highest."""
    pretrained_lr_scale: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Rate of pretrained layers, as a multiple of lr."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Factor on the rate for each stage further from the head; 1 keeps all equal."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.05
    """Decoupled weight decay; norms and biases are spared."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Momentum of SGD, or beta1 of the Adam family."""
    clip_norm: Annotated[float, Field(ge=0)] = 1.0
    """Largest gradient norm; 0: no clipping."""
    accumulate: Annotated[int, Field(ge=1, le=1024)] = 1
    """Batches whose gradients are accumulated before a step."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay of the moving average of weights that is evaluated and kept; 0: none."""
    freeze: Annotated[int, Field(ge=0)] | Literal["backbone"] = 0
    """Stages of the backbone, from the input on, that stay frozen; backbone: all of them."""
    freeze_norm: bool | None = None
    """Keep the batch-norm statistics of the backbone as they are; by default with pretrained weights."""
    unfreeze_every: Annotated[int, Field(ge=0)] = 0
    """Unfreeze one more stage every so many epochs, the last first; 0: never."""


class ScheduleConfig(Settings):
    """How the learning rate moves, step by step."""

    name: Literal["cosine", "step", "onecycle", "plateau", "constant"] = "cosine"
    """Shape of the curve after warm-up."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Fraction of all steps in which the rate rises from zero."""
    final: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Rate at the end (cosine, one-cycle) or lowest rate (plateau), as a fraction of lr."""
    step_epochs: Annotated[int, Field(ge=1)] = 10
    """Epochs between drops (step)."""
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Factor at each drop (step, plateau)."""
    plateau_patience: Annotated[int, Field(ge=1)] = 3
    """Epochs without improvement before a drop (plateau)."""


class TrainConfig(Settings):
    """How long to train, when to evaluate and when to stop."""

    epochs: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Passes over the training images."""
    batch_size: Annotated[int, Field(ge=1, le=65536)] | None = None
    """Images per step, over all processes together."""
    time_s: Annotated[float, Field(gt=0)] | None = None
    """Time budget in seconds; the schedule is fitted to it."""
    patience: Annotated[int, Field(ge=0)] | None = None
    """Stop after so many epochs without improvement; 0: never; by default 2 with pretrained weights."""
    eval_every: Annotated[int, Field(ge=1)] | None = None
    """Epochs between two evaluations on the validation images; the last epoch is always evaluated."""
    checkpoint_steps: Annotated[int, Field(ge=1)] | None = None
    """Save the state for resuming every so many steps; default: about once a minute and after every epoch."""


class RuntimeConfig(Settings):
    """Device, precision and memory format."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU if there is one."""
    precision: Literal["auto", "fp32", "fp16", "bf16"] = "auto"
    """auto: bf16 on GPUs that have it, else fp32."""
    channels_last: bool = True
    """Memory format in which convolutions are fastest."""
    compile: bool = False
    """torch.compile the network: 30 to 90 s more at the start, faster steps after."""
    keep_pages: bool = True
    """Keep large buffers from going back to the kernel after every layer (glibc)."""
    tracker: Literal["none", "tensorboard"] = "none"
    """Where metrics go besides metrics.csv."""
