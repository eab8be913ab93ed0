"""JPEG file to normalised 224 tensor: Foveal's path against Pillow and torchvision, and whether the answers are equal.

    python benchmarks/decode_speed.py [--data NAME ...] [--images N] [--rounds N] [--no-answers]

One thread on both sides, every picture read from its file. Ours: ``decode``, ``InputSpec.prepare``, ``Normalize``, as
evaluation does it. Theirs: Image.open, Resize, CenterCrop, PILToTensor, ToDtype, Normalize, as torchvision's
classification reference does it, to the same size. The answers are the top classes of tf_efficientnet_lite0 with its
packaged ImageNet weights.

Limits: 2.0 times as fast, 99.5 % equal answers.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from interleave import data_folder, interleave, median_ratio, seconds, verdict
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms import v2

from foveal.imaging.decode import decode
from foveal.imaging.input_spec import InputSpec
from foveal.inference.memory import keep_pages
from foveal.models.normalize import Normalize
from foveal.models.weights import input_statistics, resolve

BACKBONE = "tf_efficientnet_lite0"
LIMIT, LIMIT_EQUAL = 2.0, 0.995
BATCH = 32

Path2Tensor = Callable[[Path], Tensor]


def make_spec(size: int = 224) -> InputSpec:
    """What ``foveal train`` writes into a model of this backbone."""
    mean, std = input_statistics(BACKBONE)
    return InputSpec(size=size, train_size=size, mean=mean, std=std)


def foveal_path(spec: InputSpec) -> Path2Tensor:
    """File to (1, 3, S, S) float32."""
    normalize = Normalize(spec)

    def load(path: Path) -> Tensor:
        pixels, _ = spec.prepare(decode(path, min_side=spec.decode_side))
        result: Tensor = normalize(torch.from_numpy(pixels)[None].permute(0, 3, 1, 2))
        return result

    return load


def pillow_path(spec: InputSpec) -> Path2Tensor:
    """The same by Pillow and torchvision."""
    steps = v2.Compose(
        [
            v2.Resize(spec.decode_side, interpolation=v2.InterpolationMode(spec.interpolation), antialias=True),
            v2.CenterCrop(spec.size),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(spec.mean, spec.std),
        ]
    )

    def load(path: Path) -> Tensor:
        with Image.open(path) as image:
            result: Tensor = steps(image.convert("RGB"))[None]
        return result

    return load


def find_jpegs(folder: Path, count: int) -> list[Path]:
    """JPEG files spread over a folder; of an image folder with val/, that split."""
    inside = folder / "val" if (folder / "val").is_dir() else folder
    files = sorted(p for p in inside.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
    return [files[i] for i in np.unique(np.linspace(0, len(files) - 1, count).astype(int))]


def compare(files: Sequence[Path], *, rounds: int, per_round: int) -> tuple[dict[str, list[float]], float]:
    """Seconds of each side over the same files, and the ratio."""
    spec = make_spec()
    paths = {"pillow": pillow_path(spec), "foveal": foveal_path(spec)}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for load in paths.values():
        load(files[0])
    found: dict[str, list[float]] = {name: [] for name in paths}
    for r in range(rounds):
        part = [files[(r * per_round + i) % len(files)] for i in range(per_round)]
        sides = {name: lambda load=load: seconds(lambda: [load(f) for f in part]) for name, load in paths.items()}
        for name, values in interleave(sides, rounds=1).items():
            found[name] += values
    torch.set_num_threads(threads)
    return found, median_ratio(found["pillow"], found["foveal"])


def answers(net: nn.Module, load: Path2Tensor, files: Sequence[Path]) -> Tensor:
    """(N,) top classes."""
    tops = []
    with torch.inference_mode():
        for i in range(0, len(files), BATCH):
            batch = torch.cat([load(f) for f in files[i : i + BATCH]])
            tops.append(net(batch.contiguous(memory_format=torch.channels_last)).argmax(1))
    return torch.cat(tops)


def imagenet_net() -> nn.Module:
    """The backbone with its ImageNet classifier."""
    import timm

    weights = resolve(BACKBONE, "auto", allow_download=False)
    net: nn.Module = timm.create_model(BACKBONE)
    net.load_state_dict(dict(weights.tensors), strict=False)
    return net.eval().to(memory_format=torch.channels_last)


def equal_answers(files: Sequence[Path]) -> float:
    """Part of the pictures for which both paths lead to the same class."""
    spec, net = make_spec(), imagenet_net()
    return float((answers(net, foveal_path(spec), files) == answers(net, pillow_path(spec), files)).double().mean())


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description="JPEG to tensor, against Pillow and torchvision.")
    parser.add_argument("--data", nargs="+", default=["imagenette", "hymenoptera"], help="folders below FOVEAL_DATA")
    parser.add_argument("--images", type=int, default=1000, help="for the answers")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-answers", action="store_true", help="measure the time only")
    options = parser.parse_args(arguments)
    keep_pages()
    missed = False
    for name in options.data:
        files = find_jpegs(data_folder(name), options.images)
        found, ratio = compare(files, rounds=options.rounds, per_round=48)
        each = {side: 1000 * sum(values) / (48 * len(values)) for side, values in found.items()}
        print(f"{name}: " + ", ".join(f"{side} {value:.2f} ms a picture" for side, value in each.items()))
        missed |= not verdict(f"decode_speed {name}", ratio, LIMIT)
        if not options.no_answers:
            missed |= not verdict(f"equal answers {name} ({len(files)} pictures)", equal_answers(files), LIMIT_EQUAL)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
