"""The public surface is frozen: a change here is a change for users and belongs into CHANGELOG.md."""

import json
import os
from pathlib import Path

import foveal
from foveal.config.schema import option_names

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def check(name: str, found: list[str]) -> None:
    path = GOLDEN / name
    if os.environ.get("FOVEAL_ACCEPT"):
        path.write_text(json.dumps(found, indent=1) + "\n")
    known = json.loads(path.read_text()) if path.exists() else []
    assert found == known, f"{name} changed; accept with: FOVEAL_ACCEPT=1 pytest {__file__}"


def test_public_names() -> None:
    check(
        "public_names.json", sorted(name for name in dir(foveal) if not name.startswith("__") or name == "__version__")
    )
    for name in foveal.__all__:
        assert getattr(foveal, name) is not None


def test_settings() -> None:
    check("settings.json", option_names())


def test_commands_and_options() -> None:
    from cyclopts import App

    from foveal.cli.app import app

    found: list[str] = []

    def walk(node: App, prefix: str) -> None:
        for name in sorted(n for n in node if not n.startswith("-")):
            child = node[name]
            if child.default_command is not None:
                options = {
                    option
                    for argument in child.assemble_argument_collection()
                    for option in argument.names
                    if not option.startswith("--") or "." not in option
                }
                found.extend(f"{prefix}{name} {option}" for option in sorted(options))
            else:
                walk(child, f"{prefix}{name} ")

    walk(app, "")
    check("options.json", found)
