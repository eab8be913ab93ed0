"""Exported networks against eager torch, one image at a time; and images from files against their parts.

    python benchmarks/infer_speed.py RUN... [--threads N] [--rounds N] [--clock wall|cpu]
    python benchmarks/infer_speed.py RUN --int8 RUN/model-int8.onnx --labelled imagenette
    python benchmarks/infer_speed.py DETECTOR --peer yolo11n.onnx

Each engine runs in a process of its own and they take turns, a few images each, so that other work on the machine meets
all alike; ratios are medians over the rounds. Threads of some engines spin for a while after their last image: each
turn begins with a pause and a few images that do not count. Eager torch is the network as torch runs it without our
doing: float32, contiguous, in inference mode. Foveal's own torch backend (channels last, kept pages) is a row of its
own.

A RUN has its exported ``model.onnx`` (and ``model-int8.onnx``) beside it. ``--peer`` is another network that its user
exported for one image at the same input, such as Ultralytics' smallest:
``yolo export model=yolo11n.yaml format=onnx imgsz=320``. ``--clock cpu`` counts the processes' own time, which
says more on a machine that others use; with one thread it is what the wall clock would show on a quiet one.

Limits: the faster engine in float32 >= 3 x eager for efficientnet_lite0, >= 2 x for resnet18; in INT8 >= 6 x for
efficientnet_lite0, with at most 0.5 points of accuracy lost (``--labelled``); files <= 1.1 x (decoding + network).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from interleave import data_folder, interleave, median_ratio, verdict

from foveal.artifact.store import read_card
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.inference.backends.choose import Wanted, has_openvino
from foveal.inference.load import load, open_backend
from foveal.inference.predictor import Predictor
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.class_scores import ClassScores

FLOAT = {"tf_efficientnet_lite0": 3.0, "resnet18": 2.0}
INT8 = {"tf_efficientnet_lite0": 6.0}
MOST_LOST = 0.005
FILES = 1.1
WARM_UP, BLOCK = 4, 8
PAUSE_S = 0.1


def network(kind: str, file: Path, threads: int) -> Callable[[np.ndarray], object]:
    """What runs one image, (1, S, S, 3) uint8."""
    if kind == "eager":
        import torch

        from foveal.artifact.store import load as load_file
        from foveal.inference.backends.torch_backend import Graph, build_model
        from foveal.tasks.table import open_task

        torch.set_num_threads(threads)
        card, tensors = load_file(file)
        model = build_model(card, tensors, where=str(file)).to(memory_format=torch.contiguous_format)
        graph = Graph(model, card, open_task(card)).eval()

        def eager(image: np.ndarray) -> object:
            with torch.inference_mode():
                return graph(torch.from_numpy(image))

        return eager
    if kind.startswith("peer"):
        return peer(kind, file, threads)
    return open_backend(file, Wanted(kind, "cpu", threads)).run


def peer(kind: str, file: Path, threads: int) -> Callable[[np.ndarray], object]:
    """A foreign network on the same engines, with an input of its own."""
    if kind == "peer openvino":
        from foveal.inference.backends.openvino_backend import openvino

        core = openvino().Core()
        hint = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        request = core.compile_model(core.read_model(str(file)), "CPU", hint).create_infer_request()
        given = np.random.default_rng(0).random(tuple(request.get_input_tensor(0).shape), np.float32)
        return lambda _: request.infer({0: given})
    from foveal.inference.backends.onnx_backend import CPU, runtime

    options = runtime().SessionOptions()
    options.intra_op_num_threads = threads
    session = runtime().InferenceSession(str(file), options, providers=[CPU])
    first = session.get_inputs()[0]
    fixed = np.random.default_rng(0).random(first.shape, np.float32)
    return lambda _: session.run(None, {first.name: fixed})


def child(kind: str, file: Path, threads: int, pixels: Path) -> None:
    """Run blocks when asked to, and tell how long each took by both clocks."""
    image = np.load(pixels)[:1]
    run = network(kind, file, threads)
    for _ in range(WARM_UP):
        run(image)
    print("ready", flush=True)
    for _ in sys.stdin:
        time.sleep(PAUSE_S)
        for _ in range(WARM_UP):
            run(image)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(BLOCK):
            run(image)
        print((time.perf_counter() - wall) / BLOCK, (time.process_time() - cpu) / BLOCK, flush=True)


class Side:
    """A child process."""

    def __init__(self, kind: str, file: Path, threads: int, pixels: Path, clock: str) -> None:
        words = ["--child", kind, str(file), str(threads), str(pixels)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            [sys.executable, __file__, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.column = 0 if clock == "wall" else 1
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit(f"{kind} on {file} did not start.")

    def measure(self) -> float:
        """Seconds of one image."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline().split()[self.column])

    def close(self) -> None:
        """End it."""
        self.process.communicate()


def compare(run: Path, arguments: argparse.Namespace) -> list[bool]:
    """The rows of one model."""
    file, onnx = run / "model.safetensors", run / "model.onnx"
    int8 = arguments.int8 or run / "model-int8.onnx"
    card = read_card(file)
    size = card.input_as(InputSpec).size
    backbone = str(card.model["backbone"])
    wanted = {"eager torch": ("eager", file), "Foveal on torch": ("torch", file)}
    engines = {"ONNX Runtime": "onnxruntime", **({"OpenVINO": "openvino"} if has_openvino() else {})}
    for name, kind in engines.items():
        wanted[f"{name}, float32"] = (kind, onnx)
        if int8.is_file():
            wanted[f"{name}, INT8"] = (kind, int8)
        if arguments.peer:
            wanted[f"{name}, peer"] = (f"peer {kind}", arguments.peer)
    with tempfile.TemporaryDirectory() as folder:
        pixels = Path(folder) / "pixels.npy"
        np.save(pixels, np.random.default_rng(0).integers(0, 256, (1, *size.shape, 3), np.uint8))
        sides = {
            name: Side(kind, path, arguments.threads, pixels, arguments.clock) for name, (kind, path) in wanted.items()
        }
        times = interleave({name: one.measure for name, one in sides.items()}, rounds=arguments.rounds)
        for one in sides.values():
            one.close()
    print(f"{run.name}: {card.task}, {backbone}, {size.in_px}, {arguments.threads} threads, {arguments.clock} clock")
    eager = times["eager torch"]
    ratios = {name: median_ratio(eager, found) for name, found in times.items()}
    for name, found in times.items():
        print(f"  {name:<24} {np.median(found) * 1000:8.2f} ms  {ratios[name]:5.2f} x eager", flush=True)
    good = []
    for word, limits in (("float32", FLOAT), ("INT8", INT8)):
        best = max((ratio for name, ratio in ratios.items() if name.endswith(word)), default=0.0)
        if backbone in limits and card.task == "classify" and best:
            good.append(verdict(f"{backbone}, {word}, eager / exported", best, limits[backbone]))
    return good


def accuracy(file: Path, images: Path, threads: int) -> dict[str, float]:
    """Top-1 on a folder with one sub-folder per class, by engine."""
    found = {}
    files = [path for path in sorted(images.rglob("*")) if path.suffix.lower() in IMAGE_SUFFIXES]
    for engine in ("onnxruntime", *(("openvino",) if has_openvino() else ())):
        with load(file, engine=engine, device="cpu", threads=threads) as model:
            predictions = model.predict(files)
        right = []
        for prediction, path in zip(predictions, files, strict=True):
            assert isinstance(prediction, ClassScores), f"{file} is no classifier"
            right.append(prediction.top(1)[0].name == path.parent.name)
        found[engine] = float(np.mean(right))
    return found


def end_to_end(run: Path, images: Path, arguments: argparse.Namespace) -> bool:
    """Files through ``Predictor.stream``, against decoding them and running the network on what was decoded."""
    with Predictor(open_backend(run / "model.onnx", Wanted("auto", "cpu", arguments.threads))) as model:
        files = [path for path in sorted(images.rglob("*")) if path.suffix.lower() in IMAGE_SUFFIXES]
        files = files[:: max(1, len(files) // 128)][:128]
        batches = [np.stack([one.pixels for one in batch]) for batch in model.prepare_all(files)]

        def timed(work: Callable[[], Any]) -> Callable[[], float]:
            def measure() -> float:
                clock = time.perf_counter if arguments.clock == "wall" else time.process_time
                start = clock()
                work()
                return clock() - start

            return measure

        times = interleave(
            {
                "files": timed(lambda: list(model.stream(files))),
                "decode": timed(lambda: list(model.prepare_all(files))),
                "session": timed(lambda: [model.backend.run(batch) for batch in batches]),
            },
            rounds=max(3, arguments.rounds // 4),
        )
    parts = [a + b for a, b in zip(times["decode"], times["session"], strict=True)]
    return verdict(
        f"{run.name}, {len(files)} files / (decoding + network)",
        median_ratio(times["files"], parts),
        FILES,
        at_most=True,
    )


def main() -> None:
    """Measure every run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--int8", type=Path)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--labelled", help="a set of FOVEAL_DATA with val/: accuracy in float32 and INT8")
    parser.add_argument("--files", help="a set of FOVEAL_DATA whose images are predicted from their files")
    arguments = parser.parse_args()
    good = []
    for run in arguments.runs:
        good += compare(run, arguments)
        if arguments.labelled:
            images = data_folder(arguments.labelled) / "val"
            before = accuracy(run / "model.onnx", images, arguments.threads)
            after = accuracy(arguments.int8 or run / "model-int8.onnx", images, arguments.threads)
            for engine, value in after.items():
                print(f"  {engine}: accuracy {before[engine]:.4f} in float32, {value:.4f} in INT8")
                good.append(verdict(f"{engine}, accuracy lost", before[engine] - value, MOST_LOST, at_most=True))
        if arguments.files:
            good.append(end_to_end(run, data_folder(arguments.files), arguments))
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
    else:
        main()
