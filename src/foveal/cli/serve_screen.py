"""What ``foveal serve`` prints when it listens."""

import os
import signal
from ipaddress import ip_address
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from foveal.data.notes import plural
from foveal.serve.options import KEY_VARIABLE

if TYPE_CHECKING:
    from foveal.serve.models import Models


def started_screen(models: "Models", address: str, *, host: str) -> None:
    """Where it listens, its models and what runs them, and how to stop it."""
    console = Console(soft_wrap=True)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for name, live in models.live.items():
        model = live.predictor
        classes = plural(len(model.output.categories), "class")
        table.add_row(
            Text(f"  {name}", "bold"),
            model.card.task,
            classes,
            model.spec.size.in_px,
            str(live.running),
        )
    console.print(Text.assemble("  ", (address, "bold green"), "  the page; the API is described at /openapi.json"))
    console.print(table)
    reload = f"; kill -HUP {os.getpid()} opens the models anew" if hasattr(signal, "SIGHUP") else ""
    console.print(Text(f"  Ctrl-C stops it, once the requests it took are finished{reload}.", "dim"))
    if not models.options.api_key and not _is_local(host):
        note = f"Anyone who reaches this machine can use it: set a key with --api-key or {KEY_VARIABLE}."
        console.print(Text.assemble(("  note: ", "bold"), note))


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
