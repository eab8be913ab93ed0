"""Characters per second of a training run on text, against a bare torch loop on the same network in the same process.

python benchmarks/sequence_speed.py TEXT.txt [--cell lstm] [--hidden 512] [--steps 60] [--rounds 5]

Both take the same number of steps with the same batches, clip, weight average and optimiser; the bare loop has no
Foveal in it but the network's settings. Rounds alternate; the figures are medians of the rounds' ratios: of seconds,
and of seconds of CPU time, which other work on the machine hardly changes. 0.85 is wanted.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from foveal.config.schema import parse_config
from foveal.engine.config import TrainConfig
from foveal.engine.logs.log import Log
from foveal.engine.run import Run
from foveal.engine.runtime import Runtime
from foveal.runs.streams.plan import make_plan
from foveal.runs.streams.resolve import resolve
from foveal.runs.streams.settings import open_stream_data
from foveal.runs.streams.train import make_training


class Bare(nn.Module):
    """What somebody would write: embedding, cells, logits."""

    def __init__(self, size: int, cell: str, hidden: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size, width)
        self.cells = getattr(nn, cell.upper())(width, hidden, batch_first=True)
        self.narrow = nn.Linear(hidden, width, bias=False) if width != hidden else nn.Identity()
        self.bias = nn.Parameter(torch.zeros(size))
        self.dropout = nn.Dropout(0.1)

    def forward(self, steps, state=None):  # type: ignore[no-untyped-def]
        """Logits and the state after the last step."""
        states, state = self.cells(self.dropout(self.embedding(steps)), state)
        return nn.functional.linear(self.narrow(self.dropout(states)), self.embedding.weight, self.bias), state


def bare(network: Bare, text: torch.Tensor, *, streams: int, window: int, steps: int) -> tuple[float, float]:
    """Seconds of so many steps, and of CPU time."""
    length = len(text) // streams
    rows = text[: length * streams].view(streams, length)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    average = [p.detach().clone() for p in network.parameters()]
    state, began, worked = None, time.perf_counter(), time.process_time()
    for step in range(steps):
        at = step * window % (length - window - 1)
        logits, state = network(rows[:, at : at + window], state)
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, at + 1 : at + window + 1].flatten())
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        torch._foreach_lerp_(average, [p.detach() for p in network.parameters()], 0.01)
        loss.item()
    return time.perf_counter() - began, time.process_time() - worked


def rounds_of_ours(path: str, cell: str, hidden: int, steps: int) -> Iterator[tuple[float, float, int, int, int]]:
    """Seconds of so many steps each time, of CPU time; streams, window, features of an embedding."""
    own = {"cell": cell, "hidden": hidden}
    config = parse_config({"task": "sequence", "data": {"path": path}, "sequence": own}, where="here")
    stream = open_stream_data(config)
    while True:
        with tempfile.TemporaryDirectory() as folder:
            chosen = resolve(config, stream)
            plan = make_plan(chosen, stream, runtime=Runtime(chosen.runtime, log_dir=Path(folder)))
            plan.epochs = 1
            run = Run(Path(folder) / "run")
            run.create("", {}, {})
            chosen = chosen.model_copy(update={"train": TrainConfig(epochs=1)})
            training = make_training(plan, chosen, run=run, log=Log())
            training.steps_per_epoch = steps
            training.checkpoint = lambda **_: None  # type: ignore[method-assign]
            training.save_model = lambda: None  # type: ignore[method-assign]
            began, worked = time.perf_counter(), time.process_time()
            training.train_epoch(0, plan.batches(start=0))
            seconds, cpu = time.perf_counter() - began, time.process_time() - worked
            width = plan.network.cells.input_size
            yield seconds, cpu, plan.streams, plan.window, width


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("--cell", default="lstm", choices=["rnn", "lstm", "gru"])
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    text = Path(chosen.text).read_text()
    alphabet = sorted(set(text))
    numbers = {character: place for place, character in enumerate(alphabet)}
    ids = torch.tensor([numbers[character] for character in text])
    ratios, of_cpu, speeds = [], [], []
    ours = rounds_of_ours(chosen.text, chosen.cell, chosen.hidden, chosen.steps)
    for number in range(chosen.rounds + 1):
        seconds, cpu, streams, window, width = next(ours)
        network = Bare(len(alphabet), chosen.cell, chosen.hidden, width)
        plain, plain_cpu = bare(network, ids, streams=streams, window=window, steps=chosen.steps)
        if number:  # the first round warms up
            ratios.append(plain / seconds)
            of_cpu.append(plain_cpu / cpu)
            speeds.append(streams * window * chosen.steps / seconds)
    print(
        json.dumps(
            {
                "cell": chosen.cell,
                "hidden": chosen.hidden,
                "threads": torch.get_num_threads(),
                "characters_per_s": round(statistics.median(speeds)),
                "ratio_to_bare": round(statistics.median(ratios), 3),
                "ratio_of_cpu_time": round(statistics.median(of_cpu), 3),
                "ratios": [round(ratio, 3) for ratio in ratios],
            }
        )
    )


if __name__ == "__main__":
    main()
