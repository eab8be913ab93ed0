"""``foveal.compare``: compare models, and write what was found. No torch by itself."""

from collections.abc import Sequence
from pathlib import Path

from foveal.artifact.atomic import json_text, make_folder, write_atomic
from foveal.data.outside import check_outside
from foveal.errors import ConfigError, DataError, RunError
from foveal.ops.quiet import quiet
from foveal.runs.several.comparison import Comparison, compared
from foveal.runs.several.document import to_dict
from foveal.runs.several.page import write_page
from foveal.runs.several.sides import open_sides, runs_of
from foveal.types.progress import Progress, silent

COMPARISON = "comparison.json"
OTHERS = ("config.toml", "runs.toml", "study.toml", "metrics.json")
"""Files of runs, studies and evaluations, whose page a comparison's would replace."""


@quiet()
def compare(
    *sides: str | Path | Sequence[str | Path],
    data: str | Path = "",
    split: str | None = None,
    metric: str = "",
    margin: float | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Comparison:
    """Compare two or more models on the images that all of them were evaluated on.

    Args:
        sides: Runs, evaluations, or folders of folds or seeds; with ``data`` models too. Several seeds of one setting
            are one side: a list, or one text with commas.
        data: A data set that all are evaluated on now; empty: what they kept.
        split: Its split, as for ``evaluate``.
        metric: The one that decides; empty: the task's own.
        margin: The largest difference that does not matter: then sides may be found equivalent.
        out: Folder for comparison.json and report.html; None: nothing is written.
        seed: For the resampling.
        progress: Called as the work goes on.

    Raises:
        FovealError: What is named is not there, or cannot be compared; the message says why.
    """
    texts = [str(one) if isinstance(one, str | Path) else ",".join(map(str, one)) for one in sides]
    if margin is not None and not margin > 0:
        what = f"A margin of {margin:g} is not above 0."
        raise ConfigError(what, "Name the largest difference that does not matter.")
    if out is not None:
        check_folder(Path(out), str(data))
    check_apart(texts, data=str(data))
    given = open_sides(texts, data=str(data), split=split, progress=progress)
    progress("comparing", 0, None)
    done = compared(given, metric=metric, margin=margin, seed=seed)
    if out is not None:
        write(done, Path(out), progress=progress)
    return done


def check_folder(folder: Path, data: str = "") -> None:
    """Check, before anything is evaluated, that a comparison may be written to a folder.

    Args:
        folder: Its folder, which need not exist.
        data: The data set that the models are evaluated on now; empty: none.

    Raises:
        RunError: It is inside the data set, or holds something else than a comparison.
    """
    if data:
        check_outside(folder, Path(data))
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / COMPARISON).is_file() or any((folder / name).exists() for name in OTHERS):
        raise RunError(f"{folder} holds something else than a comparison.", "Choose another folder with --out.")


def check_apart(texts: Sequence[str], *, data: str = "") -> None:
    """Check that no run is on two sides, which would then agree for that reason alone.

    Raises:
        DataError: One is.
    """
    sides: dict[Path, int] = {}
    for side, text in enumerate(texts):
        for path, _ in runs_of(text, data=data):
            if sides.setdefault(Path(path).resolve(), side) != side:
                raise DataError(f"{path} is on more than one side.", "Name every run on one side only.")


def write(done: Comparison, folder: Path, *, progress: Progress = silent) -> list[str]:
    """Write comparison.json and report.html.

    Returns:
        A note where there is no page because a package is missing.

    Raises:
        RunError: They cannot be written, or would lie in a data set that was evaluated on.
    """
    for data in {member.data for side in done.sides for member in side.members if member.data}:
        check_outside(folder, Path(data))
    make_folder(folder)
    write_atomic(folder / COMPARISON, json_text(to_dict(done)))
    progress("drawing the report", 0, None)
    return write_page(done, folder)
