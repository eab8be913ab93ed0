"""Memory of the loader's worker processes over many epochs.

    python benchmarks/loader_memory.py [--epochs N] [--workers N] [--cache off memory]

Keeps pages as training does, loads real JPEG files, augments them, throws the batches away, and prints after each epoch
the MB of all workers together: resident, and private, which leaves out what they share with their parent and each
other, such as the cache. A worker's heap fills its holes for some 15 epochs of seven batches; exit code 1 if private
memory still grows after that: more than 4 MB a worker from the third quarter of the epochs to the last.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
from interleave import data_folder

from foveal.data.augment.image import ImageAugment
from foveal.data.catalog.catalog import Catalog
from foveal.data.config import AugmentConfig
from foveal.data.formats.read import read
from foveal.data.loading.cache import make_cache
from foveal.data.loading.loader import TrainingImages, load_batches
from foveal.data.loading.order import Order
from foveal.inference.backends.process_tuning import keep_pages
from foveal.types.size import Size

LIMIT_MB = 4.0
"""Growth allowed a worker."""
AUGMENT = AugmentConfig(rotation_deg=10, brightness=0.2, contrast=0.2, erasing=0.2)


def make_images(catalog: Catalog, *, size: int, cache: str, workers: int) -> TrainingImages:
    """As training builds them."""
    return TrainingImages(
        catalog,
        ImageAugment(AUGMENT, Size.square(size), "bilinear"),
        seed=0,
        min_side=round(1.5 * size),
        cache=make_cache(cache, len(catalog), folder="", workers=workers),  # type: ignore[arg-type]
    )


def memory_mb(processes: Sequence[psutil.Process]) -> tuple[float, float]:
    """Resident and private MB, added up."""
    found = [process.memory_full_info() for process in processes]
    return sum(m.rss for m in found) / 1e6, sum(m.uss for m in found) / 1e6


def measure(folder: Path, *, epochs: int, workers: int, cache: str, size: int = 128) -> list[tuple[float, float]]:
    """Resident and private MB of all workers (of this process, if there are none) after each epoch."""
    keep_pages()
    catalog = read(folder)
    order = Order(len(catalog), min(32, len(catalog)), seed=0)
    images = make_images(catalog, size=size, cache=cache, workers=workers)
    batches = load_batches(images, order, workers=workers)
    found = []
    for _ in range(epochs):
        for _ in range(order.batches_per_epoch):
            next(batches)
        here = psutil.Process()
        found.append(memory_mb(here.children(recursive=True) if workers else [here]))
        print(f"epoch {len(found):>3}  resident {found[-1][0]:7.1f} MB  private {found[-1][1]:7.1f} MB", flush=True)
    return found


def growth_mb(private: Sequence[float], workers: int) -> float:
    """Growth a worker, from the third quarter of the epochs to the last."""
    quarter = max(1, len(private) // 4)
    early, late = private[-2 * quarter : -quarter], private[-quarter:]
    return (sum(late) / len(late) - sum(early) / len(early)) / max(1, workers)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where memory grows."""
    parser = argparse.ArgumentParser(description="Memory of the loader's workers over epochs.")
    parser.add_argument("--data", default="hymenoptera", help="a folder below FOVEAL_DATA")
    parser.add_argument("--epochs", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2, help="0: measure the training process itself")
    parser.add_argument("--cache", nargs="+", choices=["off", "memory"], default=["off", "memory"])
    options = parser.parse_args(arguments)
    grew = False
    for cache in options.cache:
        found = measure(data_folder(options.data), epochs=options.epochs, workers=options.workers, cache=cache)
        growth = growth_mb([private for _, private in found], options.workers)
        load = " ".join(f"{v:.1f}" for v in os.getloadavg())
        print(f"loader_memory {cache}: {growth:+.1f} MB a worker, limit {LIMIT_MB:g} (load {load})")
        grew |= growth > LIMIT_MB
    return int(grew)


if __name__ == "__main__":
    sys.exit(main())
