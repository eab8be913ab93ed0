"""Run an experiment: train every side with several seeds, compare, and write its page.

python experiments/run.py NAME [--seeds 3] [--out DIR] [--pages DIR] [--quick]
python experiments/run.py --missing      # those that have no page yet, one after the other
python experiments/run.py --list
python experiments/run.py --index

What is complete is not trained again, so a killed experiment goes on where it was.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from recipe import HERE, Experiment, names, read

from foveal.errors import FovealError, RunError

PAGES = HERE.parent / "docs" / "experiments"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments, run, and say what came out; 2 after a mistake of the user's."""
    parser = argparse.ArgumentParser(description="Run an experiment and write its page.")
    parser.add_argument("name", nargs="?", help="see --list")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each side, 2 or more")
    parser.add_argument("--out", type=Path, help="folder of the runs; default: runs/experiments/NAME")
    parser.add_argument("--pages", type=Path, help="folder of the page; default: docs/experiments, or --out if quick")
    parser.add_argument("--quick", action="store_true", help="a few images, one epoch: only shows that it works")
    parser.add_argument("--missing", action="store_true", help="run all that have no page yet")
    parser.add_argument("--list", action="store_true", help="name all experiments")
    parser.add_argument("--index", action="store_true", help="write docs/experiments/README.md again")
    options = parser.parse_args(arguments)
    try:
        if options.list:
            print(*(f"{name:<24} {read(name).title}" for name in names()), sep="\n")
        elif options.index:
            from page import write_index

            write_index(options.pages or PAGES, [read(name) for name in names()])
        elif options.missing and not options.name and options.out is None and not options.quick:
            pages = options.pages or PAGES
            for name in names():
                if not (pages / f"{name}.md").exists():
                    run(read(name), Path("runs", "experiments", name), pages, seeds=options.seeds, quick=False)
        elif not options.name or options.missing:
            parser.error("name an experiment (--list shows them), or give --missing by itself")
        else:
            out = options.out or Path("runs", "experiments", options.name + ("-quick" if options.quick else ""))
            pages = options.pages or (out if options.quick else PAGES)
            run(read(options.name), out, pages, seeds=options.seeds, quick=options.quick)
    except FovealError as error:
        print(error.what, error.hint, file=sys.stderr)
        return 2
    return 0


def run(experiment: Experiment, out: Path, pages: Path, *, seeds: int, quick: bool) -> None:
    """Train, compare, and write the page.

    Raises:
        FovealError: Data is missing, or the folder holds runs of another number of seeds or size.
    """
    if seeds < 2:
        raise RunError(f"Of {seeds} seed(s) there is no spread.", "Use --seeds 3.")
    check_same(out, {"seeds": seeds, "quick": quick})
    from data_sets import prepare
    from page import verdicts, write_index, write_page
    from sides import compare_all, train_all

    data = prepare(experiment.data, out.parent / "data", quick=quick)
    train_all(experiment, data, out, seeds=seeds, quick=quick)
    found = compare_all(experiment, data, out, seeds=seeds)
    page = pages / f"{experiment.name}.md"
    write_page(experiment, data, out, page, found, seeds=seeds)
    if pages == PAGES:
        write_index(pages, [read(name) for name in names()])
    print(*verdicts(experiment, found), f"Page: {page}", sep="\n")


def check_same(out: Path, asked: dict[str, object]) -> None:
    """Refuse to mix runs of different sizes in one folder."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / "asked.json"
    if file.exists() and json.loads(file.read_text()) != asked:
        raise RunError(f"{out} holds runs of other seeds or sizes: {file.read_text()}.", "Choose another --out.")
    file.write_text(json.dumps(asked))


if __name__ == "__main__":
    sys.exit(main())
