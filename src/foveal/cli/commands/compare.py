"""``foveal compare``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def compare(
    sides: Annotated[
        list[str],
        Parameter(help="Runs, evaluations or folders of folds or seeds; several seeds as one side: run1,run2,run3."),
    ],
    /,
    *,
    data: Annotated[
        Path | None, Parameter(help="Data set to evaluate all on now; default: the predictions that they kept.")
    ] = None,
    split: Annotated[str | None, Parameter(help="Split to compare on: train, val or test.")] = None,
    metric: Annotated[str, Parameter(help="Metric that decides; default: the task's own, such as accuracy.")] = "",
    margin: Annotated[
        float | None, Parameter(help="Largest difference that does not matter; then sides may be equivalent.")
    ] = None,
    out: Annotated[Path | None, Parameter(help="Output folder of the comparison; default: comparisons/NAME.")] = None,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
    open: Annotated[bool, Parameter(negative="", help="Show the report in the browser when done.")] = False,  # noqa: A002
) -> None:
    """Compare two or more models on the same images."""
    from foveal.artifact.free import first_free
    from foveal.cli.compare_screen import comparison_screen
    from foveal.cli.screens import print_json, print_notes, show_page
    from foveal.cli.terminal import Bar
    from foveal.data.catalog.looks import looks_kept_in
    from foveal.data.outside import cache_folder
    from foveal.runs.learnt.output import name_of
    from foveal.runs.several.compare import check_folder, write
    from foveal.runs.several.compare import compare as run
    from foveal.runs.several.document import to_dict

    names = "-vs-".join(name_of(Path(name.partition(",")[0])) for name in sides)
    folder = out if out is not None else first_free(Path("comparisons") / names[:100])
    check_folder(folder, "" if data is None else str(data))
    with Bar(shown=not json) as bar, looks_kept_in(cache_folder()):
        done = run(
            *sides,
            data="" if data is None else data,
            split=split,
            metric=metric,
            margin=margin,
            progress=bar,
        )
        notes = write(done, folder, progress=bar)
    print_notes(notes)
    if json:
        print_json(to_dict(done))
    else:
        comparison_screen(done, str(folder))
    if open:
        show_page(folder / "report.html", quiet=json)
