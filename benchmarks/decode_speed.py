"""JPEG files to normalised 224 tensors: Foveal's path against Pillow and torchvision; and are the predictions equal?

    python benchmarks/decode_speed.py [--data NAME ...] [--images N] [--rounds N] [--no-predictions]

One thread on both sides; every image is read from its file, and each call gives a batch. Ours: ``decode``,
``InputSpec.prepare``, stack, ``Normalize``, as evaluation does it. Theirs: Image.open, Resize, CenterCrop, PILToTensor,
ToDtype, Normalize, stack, as torchvision's classification reference does it, to the same size. The predictions are the
top classes of tf_efficientnet_lite0 with its packaged ImageNet weights.

"camera" is hymenoptera's photos enlarged to 3000 pixels on the short side, in a temporary folder: as large as those of
a phone, though smoother.

Limits: 2.0 times as fast, 99.5 % equal predictions.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from interleave import data_folder, interleave, median_ratio, seconds, verdict
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms import v2

from foveal.imaging.decode import decode
from foveal.imaging.prepare import prepare
from foveal.inference.backends.process_tuning import keep_pages
from foveal.models.normalize import Normalize
from foveal.models.weights import input_statistics, resolve
from foveal.types.input_spec import InputSpec

BACKBONE = "tf_efficientnet_lite0"
LIMIT, LIMIT_EQUAL = 2.0, 0.995
BATCH = 32

PER_ROUND = 32

Load = Callable[[Sequence[Path]], Tensor]


def make_spec(size: int = 224) -> InputSpec:
    """What ``foveal train`` writes into a model of this backbone."""
    mean, std = input_statistics(BACKBONE)
    return InputSpec(size=size, train_size=size, mean=mean, std=std)


def foveal_path(spec: InputSpec) -> Load:
    """B files to (B, 3, S, S) float32."""
    normalize = Normalize(spec)

    def load(paths: Sequence[Path]) -> Tensor:
        pixels = np.stack([prepare(decode(path, min_side=spec.decode_side).pixels, spec)[0] for path in paths])
        result: Tensor = normalize(torch.from_numpy(pixels).permute(0, 3, 1, 2))
        return result

    return load


def pillow_path(spec: InputSpec) -> Load:
    """The same by Pillow and torchvision."""
    steps = v2.Compose(
        [
            v2.Resize(spec.covered.width, interpolation=v2.InterpolationMode(spec.interpolation), antialias=True),
            v2.CenterCrop(spec.size.shape),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(spec.mean, spec.std),
        ]
    )

    def load_one(path: Path) -> Tensor:
        with Image.open(path) as image:
            result: Tensor = steps(image.convert("RGB"))
        return result

    return lambda paths: torch.stack([load_one(path) for path in paths])


def write_camera_images(folder: Path, *, count: int, short_px: int = 3000) -> Path:
    """Photos as large as a phone takes them."""
    for file in find_jpegs(data_folder("hymenoptera"), count):
        with Image.open(file) as image:
            scale = short_px / min(image.size)
            large = image.convert("RGB").resize((round(image.width * scale), round(image.height * scale)))
            large.save(folder / file.name, quality=90)
    return folder


def find_jpegs(folder: Path, count: int) -> list[Path]:
    """JPEG files spread over a folder; of an image folder with val/, that split."""
    inside = folder / "val" if (folder / "val").is_dir() else folder
    files = sorted(p for p in inside.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
    return [files[i] for i in np.unique(np.linspace(0, len(files) - 1, count).astype(int))]


def compare(files: Sequence[Path], *, rounds: int) -> tuple[dict[str, list[float]], float]:
    """Milliseconds per image of each side, round by round over the same files, and the ratio."""
    spec = make_spec()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    part = list(files[:: max(1, len(files) // PER_ROUND)])[:PER_ROUND]
    loads = {"pillow": pillow_path(spec), "foveal": foveal_path(spec)}
    sides = {name: partial(seconds, partial(load, part)) for name, load in loads.items()}
    for measure in sides.values():
        measure()
    found = interleave(sides, rounds=rounds)
    torch.set_num_threads(threads)
    milliseconds = {name: [1000 * s / len(part) for s in values] for name, values in found.items()}
    return milliseconds, median_ratio(found["pillow"], found["foveal"])


def top_classes(net: nn.Module, load: Load, files: Sequence[Path]) -> Tensor:
    """(N,) top classes."""
    tops = []
    with torch.inference_mode():
        for i in range(0, len(files), BATCH):
            batch = load(files[i : i + BATCH])
            tops.append(net(batch.contiguous(memory_format=torch.channels_last)).argmax(1))
    return torch.cat(tops)


def imagenet_net() -> nn.Module:
    """The backbone with its ImageNet classifier."""
    import timm

    weights = resolve(BACKBONE, "auto", allow_download=False)
    assert weights is not None
    net: nn.Module = timm.create_model(BACKBONE)
    net.load_state_dict(dict(weights.tensors), strict=False)
    return net.eval().to(memory_format=torch.channels_last)


def equal_predictions(files: Sequence[Path]) -> float:
    """Fraction of the images for which both paths predict the same class."""
    spec, net = make_spec(), imagenet_net()
    ours, theirs = (top_classes(net, path(spec), files) for path in (foveal_path, pillow_path))
    return float((ours == theirs).double().mean())


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description="JPEG to tensor, against Pillow and torchvision.")
    parser.add_argument(
        "--data", nargs="+", default=["imagenette", "hymenoptera", "camera"], help="folders below FOVEAL_DATA"
    )
    parser.add_argument("--images", type=int, default=1000, help="for the predictions")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-predictions", action="store_true", help="measure the time only")
    options = parser.parse_args(arguments)
    keep_pages()
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in options.data:
            camera = name == "camera"
            place = write_camera_images(Path(folder), count=12) if camera else data_folder(name)
            files = find_jpegs(place, options.images)
            found, ratio = compare(files, rounds=options.rounds)
            each = ", ".join(f"{side} {statistics.median(values):.2f} ms" for side, values in found.items())
            print(f"{name}: {each} per image")
            missed |= not verdict(f"decode_speed {name}", ratio, LIMIT)
            if not options.no_predictions and not camera:
                equal = equal_predictions(files)
                missed |= not verdict(f"equal predictions {name} ({len(files)} images)", equal, LIMIT_EQUAL)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
