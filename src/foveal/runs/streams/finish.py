"""The end of a run on a stream: evaluate the best weights, write the final model file; and samples on the way."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.artifact.card import Card
from foveal.artifact.store import load, save
from foveal.engine.run import Run
from foveal.inference.streams.generate import generate
from foveal.inference.streams.run_over import run_over
from foveal.inference.streams.torch_stepper import TorchStepper, open_network
from foveal.metrics.contract import Results
from foveal.runs.record import versions
from foveal.runs.streams.plan import StreamPlan
from foveal.types.arrays import FloatArray

SAMPLES = "samples"
"""Folder of what the model wrote at each stage."""
SAMPLE_LENGTH, SAMPLE_TEMPERATURE = 400, 0.8


def finish(plan: StreamPlan, file: Path, *, data: Mapping[str, object]) -> tuple[Card, Results, Sequence[FloatArray]]:
    """Evaluate the best weights with intervals, and store the results with them.

    Returns:
        The final card, the results, and what is kept of each prediction.
    """
    _, tensors = load(file)
    stepper = open_network(plan.card, tensors, where=str(file))
    facts = run_over(stepper, plan.output, plan.val_set.pieces)
    results = plan.output.results(facts, plan.val_set.pieces, seed=plan.seed)
    metrics = {name: (i.value, i.low, i.high) for name, i in results.metrics.items() if i.value == i.value}
    card = Card.model_validate(
        {**plan.card.model_dump(), "metrics": metrics, "data": dict(data), "versions": dict(versions())}
    )
    save(file, card, tensors)
    return card, results, facts


def write_sample(run: Run, step: int, stepper: TorchStepper, seed: int) -> None:
    """What the model writes at this stage, beside the run's other files."""
    folder = run.folder / SAMPLES
    make_folder(folder)
    text = "".join(generate(stepper, temperature=SAMPLE_TEMPERATURE, length=SAMPLE_LENGTH, seed=seed))
    write_atomic(folder / f"step-{step:07d}.txt", text.encode("utf-8", "replace"))
