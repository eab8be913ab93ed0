"""Does Foveal still compute what it did? Small runs of every task with fixed seeds, recorded and compared.

    python tests/tools/same_results.py record OUT.json [--work FOLDER]
    python tests/tools/same_results.py compare BEFORE.json AFTER.json [--rename OLD=NEW ...]

``record`` trains two epochs on digits, 64 flowers, 24 bccd, 16 camvid and 24 coco80 images (the latter with masks of
objects), one thread each, exports each model, then evaluates and predicts with both, and writes down the hash of the
model's bytes, of its tensors alone, and every JSON document. ``compare`` lists what differs; ``--rename`` says which
keys have another name now. Data: the folder ``FOVEAL_DATA``.

The file is meant to outlive the code that it was written beside: it calls the command line alone.
"""

import argparse
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("FOVEAL_DATA", "../shared/data")).resolve()
RUNS: dict[str, list[str]] = {
    "digits": ["--config", "scratch"],
    "flowers": ["--size", "64"],
    "bccd": ["--size", "128", "--batch-size", "4"],
    "camvid": ["--size", "96", "--batch-size", "4"],
    "coco80": ["--task", "instance", "--size", "128", "--batch-size", "4"],
}
SHOWN = 4
"""Images that each model predicts."""


def main() -> None:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record")
    record.add_argument("out", type=Path)
    record.add_argument("--work", type=Path)
    record.add_argument("--only", nargs="*", default=list(RUNS))
    compare = commands.add_parser("compare")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    compare.add_argument("--rename", nargs="*", default=[])
    given = parser.parse_args()
    if given.command == "record":
        found = {name: one(name, given.work or Path(tempfile.mkdtemp())) for name in given.only}
        given.out.write_text(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        return
    renames = dict(pair.split("=", 1) for pair in given.rename)
    before, after = (json.loads(path.read_text()) for path in (given.before, given.after))
    lines = differences(renamed(before, renames), after)
    print("\n".join(lines) or "the same, all of it")
    sys.exit(bool(lines))


def one(name: str, work: Path) -> dict[str, Any]:
    """Train, export, evaluate and predict on one data set."""
    folder = work / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    images = SUBSETS[name](folder / "data")
    foveal(
        folder,
        "train",
        "data",
        "--out",
        "run",
        "--epochs",
        "2",
        "--seed",
        "3",
        "--data.workers",
        "0",
        "--quiet",
        *RUNS[name],
    )
    foveal(folder, "export", "run", "--out", "model.onnx", "--data", "data")
    task = RUNS[name][1] if RUNS[name][0] == "--task" else ""
    out: dict[str, Any] = {"model": model(folder / "run" / "model.safetensors"), "task": task}
    for backend, path in (("torch", "run"), ("onnx", "model.onnx")):
        out[f"evaluate {backend}"] = document(
            folder, "evaluate", path, "data", "--json", "--out", f"evaluated-{backend}"
        )
        out[f"predict {backend}"] = document(folder, "predict", path, *images[:SHOWN], "--json")
    return out


def foveal(folder: Path, *arguments: str) -> str:
    """What a command prints, on one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    command = [sys.executable, "-m", "foveal", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{folder}: {' '.join(arguments)} left with {done.returncode}\n{done.stderr}")
    return done.stdout


def document(folder: Path, *arguments: str) -> Any:
    """The JSON document that a command prints."""
    return json.loads(foveal(folder, *arguments))


def model(path: Path) -> dict[str, Any]:
    """Hashes of a model file and of its tensors alone, and its card."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    card = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["foveal"])
    tensors = hashlib.sha256(content[8 + length :]).hexdigest()
    return {"bytes": hashlib.sha256(content).hexdigest(), "tensors": tensors, "card": card}


def digits(folder: Path) -> list[str]:
    """scikit-learn's digits, every fourth, as an image folder."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    data = load_digits()
    for i in range(0, len(data.target), 4):
        path = folder / str(data.target[i]) / f"{i:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.round(data.images[i] * (255 / 16)).astype(np.uint8)).save(path)
    return relative(folder, "*/*.png")


def flowers(folder: Path) -> list[str]:
    """64 photos, 5 classes."""
    for kind in sorted(path for path in (DATA / "flowers").iterdir() if path.is_dir()):
        take(sorted(kind.iterdir())[: 13 if kind.name != "tulip" else 12], folder / kind.name)
    return relative(folder, "*/*")


def bccd(folder: Path) -> list[str]:
    """16 photos to train and 8 to validate."""
    lists = folder / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for split, count in (("train", 16), ("val", 8)):
        names = (DATA / "bccd/ImageSets/Main" / f"{split}.txt").read_text().split()[:count]
        (lists / f"{split}.txt").write_text("\n".join(names) + "\n")
        take([DATA / "bccd/JPEGImages" / f"{name}.jpg" for name in names], folder / "JPEGImages")
        take([DATA / "bccd/Annotations" / f"{name}.xml" for name in names], folder / "Annotations")
    return relative(folder, "JPEGImages/*")


def camvid(folder: Path) -> list[str]:
    """12 photos to train and 4 to validate, with their masks."""
    for split, count in (("train", 12), ("val", 4)):
        for part in (split, f"{split}annot"):
            take(sorted((DATA / "camvid" / part).iterdir())[:count], folder / part)
    return relative(folder, "val/*")


def coco80(folder: Path) -> list[str]:
    """24 photos with the polygons of their objects."""
    file = next((DATA / "coco80/annotations").glob("*.json"))
    whole = json.loads(file.read_text())
    images = whole["images"][:24]
    ids = {image["id"] for image in images}
    kept = {**whole, "images": images, "annotations": [a for a in whole["annotations"] if a["image_id"] in ids]}
    (folder / "annotations").mkdir(parents=True)
    (folder / "annotations" / file.name).write_text(json.dumps(kept))
    take([next((DATA / "coco80/images").rglob(image["file_name"])) for image in images], folder / "images")
    return relative(folder, "images/*")


SUBSETS = {"digits": digits, "flowers": flowers, "bccd": bccd, "camvid": camvid, "coco80": coco80}


def take(files: list[Path], folder: Path) -> None:
    """Copy files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, folder / file.name)


def relative(folder: Path, pattern: str) -> list[str]:
    """Images below a folder ``data``, as seen from the folder that holds it."""
    return [path.relative_to(folder.parent).as_posix() for path in sorted(folder.glob(pattern))]


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The same with keys by their new names."""
    if isinstance(value, dict):
        return {names.get(key, key): renamed(inner, names) for key, inner in value.items()}
    return [renamed(inner, names) for inner in value] if isinstance(value, list) else value


def differences(before: Any, after: Any, where: str = "") -> list[str]:
    """A line for every value that is not the same, or is on one side only."""
    if isinstance(before, dict) and isinstance(after, dict):
        lines = []
        for key in sorted({*before, *after}):
            place = f"{where}/{key}"
            if key not in before or key not in after:
                lines.append(f"{place}: only {'after' if key in after else 'before'}")
            else:
                lines += differences(before[key], after[key], place)
        return lines
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = zip(before, after, strict=True)
        return [line for i, (a, b) in enumerate(pairs) for line in differences(a, b, f"{where}/{i}")]
    return [] if before == after else [f"{where}: {before!r} -> {after!r}"]


if __name__ == "__main__":
    main()
