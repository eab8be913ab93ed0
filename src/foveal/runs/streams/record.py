"""What a run on a stream records about itself, and prints when it starts."""

from pathlib import Path

from foveal.config.schema import RunConfig
from foveal.data.notes import plural
from foveal.data.streams.stream import Stream
from foveal.engine.logs.log import Log, duration
from foveal.runs.record import size_in_words
from foveal.runs.streams.plan import StreamPlan
from foveal.runs.streams.report import network_in_words


def describe(stream: Stream, plan: StreamPlan) -> dict[str, object]:
    """The contents of data.json."""
    return {
        "path": str(stream.path),
        "kind": stream.spec.kind,
        "fingerprint": stream.fingerprint(),
        "files": [piece.name for piece in stream.pieces],
        **sizes(plan),
    }


def sizes(plan: StreamPlan) -> dict[str, int]:
    """Steps in training and held out."""
    return {"train": len(plan.train_set), "held_out": len(plan.val_set)}


def begin(log: Log, config: RunConfig, plan: StreamPlan, folder: Path) -> None:
    """Say what the run chose."""
    own, parameters = plan.output.own, sum(p.numel() for p in plan.network.parameters())
    limit = f"{plan.epochs:,} epoch{'s' * (plan.epochs != 1)}"
    length = limit if config.train.time_s is None else f"{duration(config.train.time_s)}, at most {limit}"
    log.say(
        {
            "model": f"{network_in_words(own)}, {size_in_words(parameters)}",
            "plan": f"{length} of {plural(plan.batches_per_epoch, 'step')} with {plan.streams} x {own.window}"
            f" {plan.unit} on {plan.runtime.device.type}, seed {config.seed}",
            "run": str(folder),
        }
    )
    log.start(
        {
            "run": str(folder),
            "task": config.task,
            "data": {"path": config.data.path, **sizes(plan)},
            "model": {**own.model_dump(), "parameters": parameters},
            "epochs": plan.epochs,
            "time_s": config.train.time_s,
            "steps_per_epoch": plan.batches_per_epoch,
            "streams": plan.streams,
            "lr": config.optim.lr,
            "device": plan.runtime.device.type,
            "seed": config.seed,
            "metric": plan.goal.metric,
        }
    )
