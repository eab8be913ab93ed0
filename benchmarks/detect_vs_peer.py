"""mAP after the same wall-clock time: Foveal's default detector against Ultralytics' smallest YOLO from its .yaml.

    python benchmarks/detect_vs_peer.py [--minutes M] [--threads N] [--data bccd]

Needs `pip install ultralytics pycocotools` (AGPL-3.0: install it in an environment of its own that also sees Foveal,
never with Foveal for use). Both train on the same train split for the same time, one after the other, each as shipped;
the peer's network starts from yolo11n.yaml, since nothing is downloaded, Foveal's from the packaged ImageNet weights
that its default recipe uses. Both are evaluated on the val split by pycocotools: all boxes from a score of 0.01 on, at
most 100 an image.

Limit: 1.15 times the peer's mAP@[.5:.95].
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from interleave import data_folder, verdict

NETWORK, LIMIT = "yolo11n.yaml", 1.15
MIN_SCORE, MAX_OBJECTS = 0.001, 100
QUIET = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false", "WANDB_MODE": "disabled"}

Results = list[dict[str, Any]]


def train_foveal(data: Path, out: Path, *, minutes: float, seed: int) -> Path:
    """``foveal train`` with a time budget."""
    arguments = [
        "train",
        str(data),
        "--out",
        str(out),
        "--time",
        f"{minutes * 60:.0f}s",
        "--seed",
        str(seed),
        "--quiet",
    ]
    subprocess.run([sys.executable, "-m", "foveal", *arguments], check=True)
    return out


def train_peer(data: Path, out: Path, *, minutes: float, seed: int, threads: int | None) -> Path:
    """Their trainer with their defaults and a time budget, in a process of its own."""
    code = (
        "import torch\nfrom ultralytics import YOLO\n"
        f"net = YOLO({NETWORK!r})\n"
        + (f"net.add_callback('on_train_start', lambda _: torch.set_num_threads({threads}))\n" if threads else "")
        + f"net.train(data={str(data)!r}, time={minutes / 60}, seed={seed}, device='cpu', plots=False,"
        f" project={str(out)!r}, name='peer', verbose=False)\n"
    )
    environment = {**os.environ, **QUIET, "YOLO_CONFIG_DIR": str(out.parent)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, stdout=subprocess.DEVNULL)
    return next(out.rglob("best.pt"))


def write_yolo(data: Path, out: Path) -> Path:
    """The data set as the peer reads it."""
    subprocess.run(
        [sys.executable, "-m", "foveal", "data", "convert", str(data), str(out), "--to", "yolo"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return out / "data.yaml"


def predict_foveal(run: Path, images: Sequence[Path]) -> list[Results]:
    """COCO results of each image."""
    import foveal

    return [p.to_coco(i) for i, p in enumerate(foveal.load(run).predict(list(images)))]


def predict_peer(weights: Path, images: Sequence[Path]) -> list[Results]:
    """COCO results of each image; their class numbers are ours, since ``convert`` wrote them."""
    from ultralytics import YOLO

    net, found = YOLO(weights), []
    for i, image in enumerate(images):
        (result,) = net.predict(str(image), conf=MIN_SCORE, max_det=MAX_OBJECTS, device="cpu", verbose=False)
        rows = zip(result.boxes.xyxy.tolist(), result.boxes.conf.tolist(), result.boxes.cls.tolist(), strict=True)
        found.append(
            [
                {"image_id": i, "category_id": int(k) + 1, "bbox": [x1, y1, x2 - x1, y2 - y1], "score": score}
                for (x1, y1, x2, y2), score, k in rows
            ]
        )
    return found


def judge(catalog: Any, found: Sequence[Results]) -> tuple[float, float]:
    """mAP@[.5:.95] and AP50 by pycocotools; 0 where nothing was found at all."""
    if not any(found):
        return 0.0, 0.0
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    annotations: Results = []
    for i in range(len(catalog)):
        for o in catalog.objects[i]:
            x1, y1, x2, y2 = o.box
            row = {"image_id": i, "category_id": o.label + 1, "bbox": [x1, y1, x2 - x1, y2 - y1], "area": o.area}
            annotations.append({**row, "id": len(annotations) + 1, "iscrowd": 0})
    truth = COCO()
    truth.dataset = {
        "images": [{"id": i} for i in range(len(catalog))],
        "annotations": annotations,
        "categories": [{"id": i + 1, "name": name} for i, name in enumerate(catalog.categories)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        verdict_of = COCOeval(truth, truth.loadRes([row for rows in found for row in rows]), "bbox")
        verdict_of.evaluate()
        verdict_of.accumulate()
        verdict_of.summarize()
    return float(verdict_of.stats[0]), float(verdict_of.stats[1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where the limit is missed."""
    parser = argparse.ArgumentParser(description="Detection after the same time, against Ultralytics.")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each side")
    parser.add_argument("--threads", type=int, help="of the peer; left out: as shipped")
    parser.add_argument("--data", default="bccd", help="a folder below FOVEAL_DATA with train and val splits")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    missing = [name for name in ("ultralytics", "pycocotools") if find_spec(name) is None]
    if missing:
        raise SystemExit(f"Missing: pip install {' '.join(missing)} (in an environment of its own, see above).")
    from foveal.data.formats.read import read

    data = data_folder(options.data)
    catalog = read(data).split("val")
    images = list(catalog.paths())
    given = {"minutes": options.minutes, "seed": options.seed}
    scores: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        started = time.perf_counter()
        run = train_foveal(data, out / "foveal", **given)
        took = {"foveal": time.perf_counter() - started}
        yaml = write_yolo(data, out / "yolo")
        started = time.perf_counter()
        weights = train_peer(yaml, out / "peer", **given, threads=options.threads)
        took["peer"] = time.perf_counter() - started
        for side, found in (("foveal", predict_foveal(run, images)), ("peer", predict_peer(weights, images))):
            scores[side], ap50 = judge(catalog, found)
            print(
                json.dumps({"side": side, "mAP": scores[side], "AP50": ap50, "seconds": round(took[side])}), flush=True
            )
    return int(not verdict("detect_vs_peer", scores["foveal"] / max(scores["peer"], 1e-9), LIMIT))


if __name__ == "__main__":
    sys.exit(main())
