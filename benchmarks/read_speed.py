"""Reading large data sets: a COCO file against pycocotools and datumaro, a folder and a table through `data inspect`.

    python benchmarks/read_speed.py [--small] [--images N] [--objects N] [--datumaro PYTHON] [--only ...]

The COCO file is generated: boxes alone, and with polygons of 24 points each, as long as those of COCO's own file. Its
images are hard links to a few small files, since only their headers are read. Each measurement runs in a process of
its own, in turn, and is timed after its imports; memory is the process's peak (ru_maxrss). "headers" is reading the
headers of all images alone, as the reader does it.

Ratios of COCO: (ours - headers) / pycocotools' load; datumaro's import / ours without the headers (datumaro looks at no
image while it imports). Growth: the processor time per object at full size over that at a quarter, for three sizes.

`--datumaro` names a Python that has datumaro installed, with its own dependencies. `--small` is a fiftieth of
everything, to see that it runs; its ratios say little.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from interleave import verdict
from PIL import Image

LINKS = 30_000
"""Hard links per file; ext4 allows 65,000."""
SIDE_PX = (640, 480)
CLASSES = 80
SMALL = 50
LIMIT_LOAD, LIMIT_MB, LIMIT_PEER, LIMIT_GROWTH = 1.5, 1536.0, 2.0, 1.3
GROWTH_ROUNDS = 3
LIMIT_FOLDER_S, LIMIT_TABLE_S = 10.0, 20.0
Found = dict[str, float]


def write_images(folder: Path, names: Sequence[str]) -> None:
    """Hard links to a few files."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(names), LINKS):
        first, *others = names[start : start + LINKS]
        (folder / first).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", SIDE_PX, start // LINKS).save(folder / first)
        for name in others:
            (folder / name).parent.mkdir(parents=True, exist_ok=True) if "/" in name else None
            os.link(folder / first, folder / name)


def write_coco(root: Path, *, images: int, objects: int, points: int) -> Path:
    """A data set in the layout of COCO, written part by part."""
    names = [f"{i:012d}.jpg" for i in range(images)]
    write_images(root / "images" / "train2017", names)
    chance = random.Random(0)
    file = root / "annotations" / "instances_train2017.json"
    file.parent.mkdir()
    with file.open("w") as out:
        out.write('{"info": {"year": 2017}, "licenses": [], "images": [')
        for i, name in enumerate(names):
            entry = {"id": i, "file_name": name, "width": SIDE_PX[0], "height": SIDE_PX[1], "license": 1}
            out.write(("" if i == 0 else ", ") + json.dumps(entry))
        out.write('], "annotations": [')
        for i in range(objects):
            out.write(("" if i == 0 else ", ") + json.dumps(annotation(i, chance.randrange(images), points, chance)))
        out.write('], "categories": ')
        json.dump([{"id": k + 1, "name": f"class {k}", "supercategory": "things"} for k in range(CLASSES)], out)
        out.write("}")
    return file


def annotation(key: int, image: int, points: int, chance: random.Random) -> dict[str, object]:
    """One object; every hundredth with a polygon is a crowd, with a mask."""
    x, y = round(chance.uniform(0, 500), 2), round(chance.uniform(0, 380), 2)
    w, h = round(chance.uniform(5, 139), 2), round(chance.uniform(5, 99), 2)
    ring = [
        round(x + w * chance.random(), 2) if i % 2 == 0 else round(y + h * chance.random(), 2)
        for i in range(2 * points)
    ]
    record = {"segmentation": [ring] if ring else [], "area": round(w * h, 4), "iscrowd": 0, "image_id": image}
    return record | {"bbox": [x, y, w, h], "category_id": chance.randrange(CLASSES) + 1, "id": key + 1}


def write_folder(root: Path, images: int) -> Path:
    """An image folder of ten classes."""
    write_images(root, [f"class{i % 10}/{i:07d}.jpg" for i in range(images)])
    return root


def write_table(root: Path, rows: int) -> Path:
    """A table beside its images."""
    names = [f"images/{i // 1000:04d}/{i:07d}.jpg" for i in range(rows)]
    write_images(root, names)
    with (root / "labels.csv").open("w") as out:
        out.write("image,label\n")
        out.writelines(f"{name},class{i % 10}\n" for i, name in enumerate(names))
    return root / "labels.csv"


def child_pycocotools(file: Path) -> Callable[[], object]:
    from pycocotools.coco import COCO

    return lambda: COCO(str(file))


def child_read(file: Path) -> Callable[[], object]:
    from foveal.data.formats.read import read

    return lambda: read(file.parent.parent)


def child_headers(file: Path) -> Callable[[], object]:
    from foveal.imaging.header import read_size
    from foveal.ops.threads import in_threads

    folder = file.parent.parent / "images" / "train2017"
    names = sorted(path.name for path in folder.iterdir())
    return lambda: list(in_threads(read_size, (folder / name for name in names), per_call=64))


def child_datumaro(file: Path) -> Callable[[], object]:
    import datumaro

    return lambda: len(datumaro.Dataset.import_from(str(file.parent.parent), "coco_instances"))


CHILDREN = {
    "pycocotools": child_pycocotools,
    "ours": child_read,
    "headers": child_headers,
    "datumaro": child_datumaro,
}


def run_child(name: str, file: Path) -> None:
    """Measure in this process, and print the figures as the last line."""
    call = CHILDREN[name](file)
    wall, cpu = time.perf_counter(), time.process_time()
    kept = call()
    found = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "kept": float(kept is not None)}
    found["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("\n" + json.dumps(found))


def measure(name: str, file: Path, python: str = sys.executable) -> Found:
    """The figures of a side, in a process of its own."""
    command = [python, __file__, "--child", name, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed: {done.stderr[-2000:]}")
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def measure_inspect(path: Path) -> Found:
    """The figures of a whole `foveal data inspect`."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "foveal", "data", "inspect", str(path)], capture_output=True, text=True
    )
    seconds, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"data inspect failed: {done.stderr[-2000:]}")
    return {"seconds": seconds, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def has_datumaro(python: str) -> bool:
    """Whether a Python can import it."""
    return subprocess.run([python, "-c", "import datumaro"], capture_output=True, check=False).returncode == 0


def compare_coco(options: argparse.Namespace, points: int) -> Iterator[bool]:
    """Whether each limit is met."""
    title = f"{options.images:,} images, {options.objects:,} objects, " + (f"{points} points" if points else "boxes")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        file = write_coco(Path(folder) / "coco", images=options.images, objects=options.objects, points=points)
        print(f"COCO: {title}, {file.stat().st_size / 1e6:.0f} MB")
        sides = ["pycocotools", "headers", "ours"]
        python = options.datumaro or sys.executable
        peer = has_datumaro(python)
        rounds: dict[str, list[Found]] = {name: [] for name in [*sides, *(["datumaro"] if peer else [])]}
        for _ in range(options.rounds):
            for name in sides:
                rounds[name].append(measure(name, file))
        if peer:
            rounds["datumaro"].append(measure("datumaro", file, python))
        for name, found in rounds.items():
            told = [
                f"{statistics.median(one[key] for one in found):.2f} {unit}"
                for key, unit in (("seconds", "s"), ("cpu", "s of processor time"), ("mb", "MB"))
            ]
            print(f"  {name}: {', '.join(told)}")
        load, head, ours = ([one["cpu"] for one in rounds[name]] for name in sides)
        parts = [(o - h) / p for p, h, o in zip(load, head, ours, strict=True)]
        yield verdict(
            f"read_speed coco {title}: (ours - headers) / pycocotools",
            statistics.median(parts),
            LIMIT_LOAD,
            at_most=True,
        )
        yield verdict(f"read_speed coco {title}: MB", max(one["mb"] for one in rounds["ours"]), LIMIT_MB, at_most=True)
        if peer:
            ratio = rounds["datumaro"][0]["cpu"] / statistics.median(o - h for o, h in zip(ours, head, strict=True))
            yield verdict(f"read_speed coco {title}: datumaro / ours without headers", ratio, LIMIT_PEER)
        else:
            print("  datumaro is not installed here; name a Python that has it with --datumaro")


def compare_growth(options: argparse.Namespace) -> Iterator[bool]:
    """Whether time grows with the number of objects; the sizes in turn, as a machine is quicker at times."""
    counts = [(options.images // part, options.objects // part) for part in (4, 2, 1)]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        files = [
            write_coco(Path(folder) / str(objects), images=images, objects=objects, points=0)
            for images, objects in counts
        ]
        rounds = [[measure("ours", file) for file in files] for _ in range(max(GROWTH_ROUNDS, options.rounds))]
    for (images, objects), found in zip(counts, zip(*rounds, strict=True), strict=True):
        cpu, mb = (statistics.median(one[key] for one in found) for key in ("cpu", "mb"))
        print(f"  {images:,} images, {objects:,} objects: {cpu:.2f} s of processor time, {mb:.0f} MB")
    (_, small), _, (_, full) = counts
    ratios = [one[2]["cpu"] / full / (one[0]["cpu"] / small) for one in rounds]
    yield verdict(
        "read_speed growth of the time per object, full size / quarter",
        statistics.median(ratios),
        LIMIT_GROWTH,
        at_most=True,
    )


def compare_inspect(options: argparse.Namespace) -> Iterator[bool]:
    """Whether a folder and a table are inspected in time."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = measure_inspect(write_folder(Path(folder) / "set", options.files))
        print(f"  folder of {options.files:,} files: {found['cpu']:.2f} s of processor time")
        yield verdict("read_speed data inspect of a folder: s", found["seconds"], LIMIT_FOLDER_S, at_most=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = measure_inspect(write_table(Path(folder) / "set", options.rows))
        print(f"  table of {options.rows:,} rows: {found['cpu']:.2f} s of processor time")
        yield verdict("read_speed data inspect of a table: s", found["seconds"], LIMIT_TABLE_S, at_most=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description="Reading large data sets.")
    parser.add_argument("--small", action="store_true", help="a fiftieth of everything")
    parser.add_argument("--images", type=int, default=118_000)
    parser.add_argument("--objects", type=int, default=860_000)
    parser.add_argument("--points", type=int, nargs="+", default=[0, 24], help="points per polygon; 0: boxes alone")
    parser.add_argument("--files", type=int, default=100_000, help="of the image folder")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the table")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--datumaro", default="", help="a Python that has datumaro")
    parser.add_argument("--folder", type=Path, help="where to generate; default: the system's temporary folder")
    parser.add_argument(
        "--only", nargs="+", choices=("coco", "growth", "inspect"), default=("coco", "growth", "inspect")
    )
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        run_child(options.child[0], Path(options.child[1]))
        return 0
    if options.small:
        for name in ("images", "objects", "files", "rows"):
            setattr(options, name, getattr(options, name) // SMALL)
    met = []
    if "coco" in options.only:
        met += [one for points in options.points for one in compare_coco(options, points)]
    if "growth" in options.only:
        met += list(compare_growth(options))
    if "inspect" in options.only:
        met += list(compare_inspect(options))
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
