"""``foveal export``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from foveal.deploy.parity import Parity
    from foveal.deploy.streams.export import StreamParity

SHOWN_LAYERS = 4


def export(
    model: Annotated[Path, Parameter(help="Run folder, .safetensors file, or exported .onnx file in float32.")],
    *,
    out: Annotated[
        Path | None,
        Parameter(help="ONNX file to write; default: model.onnx, -int8.onnx or -fp16.onnx next to the model."),
    ] = None,
    data: Annotated[
        Path | None,
        Parameter(help="Images to compare the two models on, labelled ones for --int8; default: those of the run."),
    ] = None,
    to: Annotated[
        Literal["onnx", "openvino"],
        Parameter(help="Engine it is for. OpenVINO reads the same file; it must then be installed, to be compared."),
    ] = "onnx",
    int8: Annotated[
        bool, Parameter(negative="", help="Compute in 8-bit integers: smaller and faster; the cost is measured.")
    ] = False,
    fp16: Annotated[bool, Parameter(negative="", help="Store the weights in half precision: half the file.")] = False,
    max_drop: Annotated[
        float, Parameter(help="With --int8: points of the headline metric that may be lost, at 95% confidence.")
    ] = 1.0,
    evidence: Annotated[
        bool,
        Parameter(negative="", help="Also output the scores of cells: foveal explain then needs no PyTorch."),
    ] = False,
    json: Annotated[bool, Parameter(negative="", help="Print the comparison as one JSON document.")] = False,
) -> None:
    """Export a model to one ONNX file, if it agrees with the original on real images."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.text import Text

    from foveal.cli.screens import print_json
    from foveal.cli.terminal import Bar
    from foveal.data.catalog.looks import looks_kept_in
    from foveal.data.notes import plural
    from foveal.data.outside import cache_folder
    from foveal.deploy.parity import Parity
    from foveal.engine.logs.log import RichLog
    from foveal.runs.export import export as ship

    with Bar(shown=not json) as bar, looks_kept_in(cache_folder()):
        file, parity, source = ship(
            model, out=out, data=data, to=to, int8=int8, fp16=fp16, max_drop=max_drop, evidence=evidence, progress=bar
        )
    if json:
        print_json({"path": str(file), **asdict(parity), "passed": True})
        return
    console = Console()
    size = f"  {file.stat().st_size / 1e6:.1f} MB"
    console.print(Text.assemble("  ", (str(file), "bold green"), size), soft_wrap=True)
    if not isinstance(parity, Parity):
        RichLog(console).say(stream_lines(parity, source))
        return
    if parity.int8 is not None:
        RichLog(console).say(about_int8(parity))
        return
    name, allowed = parity.worst, parity.tolerances[parity.worst]
    headline = f"not compared: {parity.unlabelled}" if parity.headline is None else str(parity.headline)
    RichLog(console).say(
        {
            "compared": f"with the original on {plural(parity.images, 'image')} ({source})",
            "engines": "; ".join(parity.engines),
            "differs": f"{name.replace('_', ' ')} by at most {parity.differences[name]:.1e} (allowed: {allowed:g})",
            "agrees": f"on the top prediction of {parity.agreement:.1%}",
            "headline": headline,
        }
    )


def stream_lines(parity: "StreamParity", source: str) -> dict[str, str]:
    """What a model on streams was compared on, in words."""
    name = parity.worst
    return {
        "compared": f"with the network on {parity.streams} x {parity.steps} steps, at once and one by one ({source})",
        "differs": f"{name.replace('_', ' ')} by at most {parity.differences[name]:.1e}"
        f" (allowed: {parity.tolerances[name]:g})",
    }


def about_int8(parity: "Parity") -> dict[str, str]:
    """What was quantised and what it brought, in words."""
    from foveal.data.notes import listed, plural

    report = parity.int8
    assert report is not None, "a model on integers"
    left = list(report.left_in_float)
    layers = len(report.sensitivity)
    named = f": {listed(left[:SHOWN_LAYERS])}" + (", ..." if len(left) > SHOWN_LAYERS else "") if left else ""
    lines = {
        "layers": f"{layers - len(left)} of {layers} on 8-bit integers; {len(left) or 'none'} left in float{named}",
        "ranges": f"{report.rule} of {plural(report.calibration_images, 'calibration image')}, none of them evaluated",
    }
    for engine, change in report.changes.items():
        lines[engine] = f"{change}, on {plural(change.images, 'image')}"
    lines["allowed"] = f"{report.max_drop:g} point{'' if report.max_drop == 1 else 's'}, at the end of the interval"
    lines["size"] = (
        f"{report.before_bytes / 1e6:.1f} -> {report.after_bytes / 1e6:.1f} MB,"
        f" {report.before_bytes / report.after_bytes:.1f} times smaller"
    )
    for place, speed in enumerate(report.speeds):
        lines["speed" if not place else "speed "] = (
            f"{speed.before_ms:.1f} -> {speed.after_ms:.1f} ms, {speed.times:.1f} times as fast ({speed.engine})"
        )
    return lines
