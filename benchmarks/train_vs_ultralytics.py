"""Training images/s: Foveal's loop against Ultralytics' classification trainer, on the same network and files.

    python benchmarks/train_vs_ultralytics.py [--rounds N] [--steps N]

Needs `pip install ultralytics` (AGPL-3.0: install it in an environment of its own that also sees Foveal, never with
Foveal for use). The network is Ultralytics' smallest classifier, built from yolo11n-cls.yaml without weights; Foveal
trains that very module. Mixed precision and plots are off, everything else is as shipped; nothing is downloaded or
sent.

Each side is a process of its own, since Ultralytics sets the number of threads when it is imported. They take turns:
one trains a few batches while the others wait. Times include reading, decoding, augmenting and the optimiser.

Limits: 2.0 against Ultralytics as shipped (one thread on two cores), 1.3 with its threads set to the number of cores.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from interleave import IMAGENETTE, data_folder, interleave, median_ratio, verdict

NETWORK = "yolo11n-cls.yaml"
BATCH, SIDE_PX = 32, 224
WARM_UP = 3
"""Batches that are not counted."""
LIMITS = {"shipped": 2.0, "threads": 1.3}
QUIET = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false", "WANDB_MODE": "disabled"}
MARK = "@measured "


class Gate:
    """Called after each batch: after each block it says how long that took and waits to be told to go on."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.seen = 0
        self.clock = 0.0

    def __call__(self, *_: object) -> None:
        """A batch is done."""
        self.seen += 1
        if self.seen < WARM_UP or (self.seen - WARM_UP) % self.steps:
            return
        took = time.perf_counter() - self.clock
        assert sys.__stdout__ is not None
        sys.__stdout__.write(f"{MARK}{took if self.seen > WARM_UP else 0}\n")
        sys.__stdout__.flush()
        if not sys.stdin.readline():
            raise SystemExit(0)
        self.clock = time.perf_counter()


def train_ultralytics(data: Path, out: Path, gate: Gate, *, threads: int | None) -> None:
    """Their trainer, with their defaults; ``threads`` None leaves that to them as well."""
    from ultralytics.models.yolo.classify import ClassificationTrainer

    overrides = {"model": NETWORK, "data": str(data), "imgsz": SIDE_PX, "batch": BATCH, "device": "cpu", "amp": False}
    trainer = ClassificationTrainer(
        overrides={**overrides, "plots": False, "project": str(out), "name": "peer", "verbose": False}
    )

    def set_threads(_: object) -> None:
        import torch

        if threads is not None:
            torch.set_num_threads(threads)

    trainer.add_callback("on_train_start", set_threads)
    trainer.add_callback("on_train_batch_end", gate)
    trainer.train()


def train_foveal(data: Path, out: Path, gate: Gate) -> None:
    """Foveal's loop on their network."""
    from train_speed import build_plan  # brings torch before Ultralytics sets its threads

    settings = {"input": {"size": SIDE_PX}, "train": {"batch_size": BATCH, "epochs": 1000}, "data": {"cache": "off"}}
    plan, config, run = build_plan(data, out, settings)

    from foveal.engine.logs.log import Log
    from foveal.runs.start import make_training

    class Gated(Log):
        def step(self, **_: Any) -> None:
            gate()

    borrowed = replace(plan, network=borrow(len(plan.card.categories)))
    make_training(borrowed, config, run=run, log=Gated()).fit()


def borrow(num_classes: int) -> Any:
    """Ultralytics' network as one of Foveal's."""
    import torch
    from torch import Tensor, nn

    from foveal.losses.cross_entropy import CrossEntropy
    from foveal.models.contract import Maps, Model

    threads = torch.get_num_threads()
    from ultralytics.nn.tasks import ClassificationModel

    torch.set_num_threads(threads)

    class Borrowed(Model):
        def __init__(self) -> None:
            super().__init__()
            self.net = ClassificationModel(NETWORK, nc=num_classes, verbose=False)
            self.criterion = CrossEntropy()

        def look(self, inputs: Tensor) -> Maps:
            return Maps((inputs,), (inputs.shape[2], inputs.shape[3]))

        def answer(self, maps: Maps) -> dict[str, Tensor]:
            return {"logits": self.net(maps.tensors[0])}

        def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {"cross_entropy": self.criterion(outputs["logits"], targets["label"])}

        def stages(self) -> Sequence[nn.Module]:
            return [self.net]

        @property
        def pretrained(self) -> frozenset[str]:
            return frozenset()

    return Borrowed()


class Side:
    """A process that trains block by block."""

    def __init__(self, name: str, data: Path, out: Path, *, steps: int) -> None:
        self.name = name
        arguments = ["--side", name, "--data", str(data), "--out", str(out), "--steps", str(steps)]
        environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
        self.errors = (out / f"{name}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, __file__, *arguments],
            env={**environment, **QUIET, "YOLO_CONFIG_DIR": str(out)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def __enter__(self) -> "Side":
        self._read()
        return self

    def measure(self) -> float:
        """Train one block; seconds."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self._read()

    def _read(self) -> float:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(MARK):
                return float(line.removeprefix(MARK))
        self.errors.seek(0)
        raise SystemExit(f"The side {self.name!r} ended early:\n{self.errors.read()[-3000:]}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self.errors.close()


def link_images(source: Path, folder: Path, *, count: int) -> Path:
    """An image folder of links, so that nothing is written beside the data: ``count`` train images and a few val."""
    for split, wanted in (("train", count), ("val", 50)):
        classes = sorted(p for p in (source / split).iterdir() if p.is_dir())
        for place in classes:
            (folder / split / place.name).mkdir(parents=True)
            for file in sorted(place.glob("*.*"))[: -(-wanted // len(classes))]:
                (folder / split / place.name / file.name).symlink_to(file.resolve())
    return folder


def compare(source: Path, *, rounds: int, steps: int, names: Sequence[str] = ("shipped", "threads", "foveal")) -> Any:
    """Seconds a block of each side, round by round."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        data = link_images(source, out / "images", count=BATCH * (WARM_UP + rounds * steps + 2))
        sides = [Side(name, data, out, steps=steps).__enter__() for name in names]
        try:
            return interleave({side.name: side.measure for side in sides}, rounds=rounds)
        finally:
            for side in sides:
                side.__exit__(None, None, None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description="Foveal against Ultralytics' classification trainer.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--side", choices=["shipped", "threads", "foveal"], help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if find_spec("ultralytics") is None:
        raise SystemExit("The peer is missing: pip install ultralytics (in an environment of its own, see above).")
    if options.side == "foveal":
        train_foveal(options.data, options.out / "foveal", Gate(options.steps))
        return 0
    if options.side:
        threads = len(os.sched_getaffinity(0)) if options.side == "threads" else None
        train_ultralytics(options.data, options.out / options.side, Gate(options.steps), threads=threads)
        return 0
    found = compare(data_folder(IMAGENETTE), rounds=options.rounds, steps=options.steps)
    images = BATCH * options.steps
    print(", ".join(f"{name} {images * len(s) / sum(s):.1f} images/s" for name, s in found.items()))
    reached = [
        verdict(f"train_vs_ultralytics {name}", median_ratio(found[name], found["foveal"]), limit)
        for name, limit in LIMITS.items()
    ]
    return int(not all(reached))


if __name__ == "__main__":
    sys.exit(main())
