"""``foveal export``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def export(
    model: Annotated[Path, Parameter(help="Run folder or .safetensors file.")],
    *,
    out: Annotated[Path | None, Parameter(help="ONNX file to write; default: model.onnx next to the model.")] = None,
    data: Annotated[
        Path | None,
        Parameter(help="Images to compare the two models on; default: those of the run."),
    ] = None,
    json: Annotated[bool, Parameter(negative="", help="Print the comparison as one JSON document.")] = False,
) -> None:
    """Export a model to one ONNX file, if it agrees with the original on real images."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.text import Text

    from foveal.cli.screens import print_json
    from foveal.cli.terminal import Bar
    from foveal.data.notes import plural
    from foveal.engine.logs.log import RichLog
    from foveal.runs.export import export as ship

    with Bar(shown=not json) as bar:
        file, parity, source = ship(model, out=out, data=data, progress=bar)
    if json:
        print_json({"path": str(file), **asdict(parity), "passed": True})
        return
    console = Console()
    name, allowed = parity.worst, parity.tolerances[parity.worst]
    size = f"  {file.stat().st_size / 1e6:.1f} MB"
    console.print(Text.assemble("  ", (str(file), "bold green"), size), soft_wrap=True)
    RichLog(console).say(
        {
            "compared": f"with the original on {plural(parity.images, 'image')} ({source})",
            "differs": f"{name.replace('_', ' ')} by at most {parity.differences[name]:.1e} (allowed: {allowed:g})",
            "agrees": f"on the top prediction of {parity.agreement:.1%}",
        }
    )
