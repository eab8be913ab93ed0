"""``foveal models``: the available backbones."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from foveal.errors import ConfigError

if TYPE_CHECKING:
    from foveal.models.classic.table import Classic

app = App(
    name="models",
    help="List the available backbones, or show one layer by layer.\n\n"
    "The list has each backbone's parameters, multiply-accumulate operations (MACs), input size, where its pretrained "
    "weights come from and, for classic networks, the year of the paper and its top-5 error on ImageNet.",
    help_format="plaintext",
)


@app.default
def models(
    pattern: Annotated[
        str,
        Parameter(
            help="Part of a name, or a pattern with * and ?; default: Foveal's own, classic ones, and those whose "
            "weights are on this machine."
        ),
    ] = "",
    *,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """List backbones with parameters, MACs, input size, and where their weights come from."""
    from json import dumps

    from foveal.models.zoo.listing import COUNTED, zoo

    entries = zoo(pattern)
    if not entries:
        raise ConfigError(f"No backbone matches {pattern!r}.", "See all with: foveal models '*'")
    if json:
        print(dumps([entry.to_dict() for entry in entries], indent=2))
        return

    from rich.console import Console
    from rich.text import Text

    from foveal.cli.terminal import print_table

    labels = {"package": "installed", "cache": "cached", "download": "to download", "none": "-"}
    rows = []
    for entry in entries:
        macs_m = None if entry.macs_g is None else 1e3 * entry.macs_g
        numbers = ("" if n is None else f"{n:,.2f}" for n in (entry.parameters_m, macs_m))
        rows.append((entry.name, *numbers, str(entry.size), labels[entry.weights], *_paper(entry.classic)))
    console = Console()
    titles = ("backbone", "parameters (M)", "MACs (M)", "input (px)", "weights", "year", "top-5 error (%)")
    shown = len(titles) if any(entry.classic for entry in entries) else 5
    print_table(console, titles[:shown], [row[:shown] for row in rows], left=(0, 4))
    if entries[0].parameters_m is None:
        console.print(f"\n  {len(entries)} backbones; parameters and MACs are shown for up to {COUNTED} of them.")
    if not pattern:
        console.print(Text("\n  More: foveal models 'resnet*' (part of a name or a pattern), foveal models '*' (all)."))


def _paper(classic: "Classic | None") -> tuple[str, str]:
    """Year and top-5 error."""
    if classic is None:
        return "", ""
    return str(classic.year), "" if classic.top5_error is None else f"{classic.top5_error:g}"


@app.command
def show(
    name: Annotated[str, Parameter(help="A backbone, or a line such as conv:N=2,M=3,K=1.")],
    /,
    *,
    size: Annotated[
        str | None,
        Parameter(metavar="SIZE", help="Side of the input in pixels, or WIDTHxHEIGHT; default: that of its paper."),
    ] = None,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Show a backbone layer by layer: shapes, parameters, MACs, receptive field."""
    from dataclasses import asdict
    from json import dumps

    from foveal.models.classic.table import CLASSICS
    from foveal.models.declared import declared
    from foveal.models.zoo.layers import layers, totals
    from foveal.types.size import Size, read_size

    given = Size.square(declared(name).size) if size is None else read_size(size)
    rows = layers(name, size=given)
    parameters, macs = totals(rows)
    classic = CLASSICS.get(name)
    if json:
        known = {} if classic is None else {"classic": asdict(classic)}
        sums = {"name": name, "parameters": parameters, "macs": macs}
        print(dumps({**sums, **known, "layers": [row.to_dict() for row in rows]}, indent=2))
        return

    from rich.console import Console

    from foveal.cli.terminal import print_table

    titles = ("layer", "kind", "output", "parameters", "MACs (M)", "sees (px)", "kernel", "stride", "padding")
    cells = [
        (
            row.name,
            row.kind,
            " x ".join(map(str, row.shape)),
            f"{row.parameters:,}" if row.parameters else "",
            f"{row.macs / 1e6:,.2f}" if row.macs else "",
            "all" if row.receptive_px is None else str(row.receptive_px),
            *("" if n is None else str(n) for n in (row.kernel, row.stride, row.padding)),
        )
        for row in rows
    ]
    console = Console()
    print_table(console, titles, cells, left=(0, 1, 2))
    products = f"{macs / 1e9:,.3f} billion" if macs >= 1e8 else f"{macs / 1e6:,.2f} million"
    print(
        f"\n  {name}, without a classifier: {parameters:,} parameters, {products} MACs for one image of {given.in_px}"
    )
    if classic is not None:
        error = "" if classic.top5_error is None else f"; published top-5 error on ImageNet: {classic.top5_error:g} %"
        whole = f"{classic.parameters:,} parameters with {classic.classes:,} classes"
        print(f"  {classic.paper} ({classic.year}); {whole}{error}")
