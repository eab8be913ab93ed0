"""Mutated trees and documents of each family of layouts: never a traceback, never classes named after splits.

    python tests/tools/fuzz_layouts.py --family coco --count 2000 --seed 0 [--keep FOLDER]
    python tests/tools/fuzz_layouts.py --family all --count 200
    python tests/tools/fuzz_layouts.py --family coco --seed 0 --only 17 --keep FOLDER

Each case is a small valid data set of the family (``layout_examples``) with one to four damages (``layout_mutations``),
read and inspected as ``foveal data inspect`` does. It depends on family, seed and number alone. Equal failures are told
once, with the number of the first; ``--keep`` leaves its files there.
"""

import argparse
import json
import re
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.tools.layout_examples import FAMILIES  # noqa: E402
from tests.tools.layout_mutations import DAMAGES  # noqa: E402

from foveal.data.catalog.catalog import Catalog  # noqa: E402
from foveal.data.config import Format  # noqa: E402
from foveal.data.formats.image_folder.words import LAYOUT_WORDS  # noqa: E402
from foveal.data.formats.read import read  # noqa: E402
from foveal.data.formats.registry import FORMATS  # noqa: E402
from foveal.data.formats.splits import split_name  # noqa: E402
from foveal.data.inspection.inspect import inspect  # noqa: E402
from foveal.errors import FovealError  # noqa: E402

LIMIT_S = 20
"""A case that takes longer hangs."""
FORCED = 0.2
"""Share of cases of which the format is named, and of those of which the annotations are."""
FROM_FOLDERS = ("image_folder",)
"""Formats whose classes are names of folders."""


def make(family: str, number: int, seed: int, root: Path) -> list[str]:
    """Write one case; returns the names of its damages."""
    rng = Random(f"{family}/{seed}/{number}")
    root.mkdir(parents=True)
    FAMILIES[family](root, rng)
    chosen = rng.choices(DAMAGES, k=rng.choice((0, 1, 1, 1, 2, 2, 3, 4)))
    for damage in chosen:
        with suppress(OSError):  # a name that the file system does not take
            damage(root, rng)
    return [damage.__name__ for damage in chosen]


REFUSED = "refused"
"""Outcome of a data set that is an error in words."""


def fault(root: Path, rng: Random) -> str:
    """What is wrong with how a data set is read; empty: nothing, or ``REFUSED``.

    Most are recognised; of some the format, the images or the annotations are named as a user could.
    """
    named = rng.random()
    format: Format = rng.choice([*FORMATS]) if named < FORCED else "auto"  # type: ignore[arg-type]  # noqa: A001
    there = sorted(path.relative_to(root).as_posix() for path in root.rglob("*")) or [""]
    labels = rng.choice(there) if FORCED / 2 < named < 2 * FORCED else ""
    images = rng.choice(there) if 1.5 * FORCED < named < 2 * FORCED else ""
    try:
        with _limit(), warnings.catch_warnings():
            warnings.simplefilter("error")
            catalog = read(root, format=format, labels=labels, images=images)
            json.dumps(inspect(catalog).to_dict())
    except FovealError as error:
        return REFUSED if error.what.strip() else "an error without a message"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)
        own = next((frame for frame in reversed(last) if "/src/foveal/" in frame.filename), last[-1])
        where = f"{own.filename.rpartition('/src/')[2]}:{own.lineno} {own.name}"
        return f"{type(error).__name__} at {where}: {str(error)[:160]}"
    return _classes_fault(catalog) if format == "auto" else ""


def _classes_fault(catalog: Catalog) -> str:
    """Folders of splits or of layouts that were read as classes."""
    if catalog.format not in FROM_FOLDERS:
        return ""
    names = catalog.categories.names
    splits = [name for name in names if split_name(name) is not None]
    words = [name for name in names if any(_is_word(part) for part in (name, *re.split(r"[\s_-]+", name)))]
    if splits or 2 * len(words) >= len(names):
        return f"classes of {catalog.format} called like splits or layouts"
    return ""


def _is_word(text: str) -> bool:
    return split_name(text) is not None or text.lower() in LAYOUT_WORDS


@contextmanager
def _limit() -> Iterator[None]:
    """Raise after LIMIT_S."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"takes more than {LIMIT_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(family: str, numbers: range, seed: int, keep: Path | None = None) -> dict[str, list[int]]:
    """The faults of a family, each with the numbers of its cases; ``REFUSED`` among them."""
    found: dict[str, list[int]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            root = Path(folder) / "set"
            damages = make(family, number, seed, root)
            what = fault(root, Random(f"{family}/{seed}/{number}/how"))
            if what not in ("", REFUSED, *found) and keep is not None:
                target = keep / f"{family}-{number}"
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(root, target, symlinks=True)
            if what:
                found[what].append(number)
                if len(numbers) == 1:
                    print(f"{family} {number}: {', '.join(damages)}")
            shutil.rmtree(root)
    return found


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=[*FAMILIES, "all"], default="all")
    parser.add_argument("--count", type=int, default=2000, help="cases per family")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one case by its number")
    parser.add_argument("--keep", type=Path, help="folder for the files of the first case of each fault")
    given = parser.parse_args()
    numbers = range(given.count) if given.only is None else range(given.only, given.only + 1)
    total = 0
    for family in FAMILIES if given.family == "all" else [given.family]:
        found = run(family, numbers, given.seed, given.keep)
        refused = len(found.pop(REFUSED, []))
        total += len(found)
        failed = sum(map(len, found.values()))
        print(
            f"{family}: {len(numbers) - refused - failed} read, {refused} refused, {failed} fail in {len(found)} ways"
        )
        for what, cases in found.items():
            print(f"  {len(cases):4} x from {cases[0]:4}: {what}")
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
