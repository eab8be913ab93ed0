"""``foveal models``: the available backbones."""

from typing import Annotated

from cyclopts import Parameter

from foveal.errors import ConfigError


def models(
    pattern: Annotated[
        str,
        Parameter(help="Part of a name, or a pattern with * and ?; default: those whose weights are on this machine."),
    ] = "",
    *,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """List backbones with parameters, MACs, input size, and where their weights come from."""
    from json import dumps

    from foveal.models.zoo import COUNTED, zoo

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
        numbers = ("" if n is None else f"{n:.2f}" for n in (entry.parameters_m, entry.macs_g))
        rows.append((entry.name, *numbers, str(entry.size), labels[entry.weights]))
    console = Console()
    titles = ("backbone", "parameters (M)", "MACs (G)", "input (px)", "weights")
    print_table(console, titles, rows, left=(0, 4))
    if len(entries) > COUNTED:
        console.print(f"\n  {len(entries)} backbones; parameters and MACs are shown for up to {COUNTED} of them.")
    if not pattern:
        console.print(Text("\n  More: foveal models 'resnet*' (part of a name or a pattern), foveal models '*' (all)."))
